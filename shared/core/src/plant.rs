//! Bugs that can be switched on, to see whether the simulator notices them. They exist only with the feature `plants`,
//! which no deployable binary has; without it every question is answered with no, at compile time.

macro_rules! plants {
    ($($(#[$meta:meta])* $name:ident = $word:literal, $breaks:literal;)+) => {
        /// A bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Plant {
            $($(#[$meta])* $name,)+
        }

        impl Plant {
            /// All of them.
            pub const ALL: &'static [Plant] = &[$(Plant::$name,)+];

            /// Its name in `PLANT=…`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Plant::$name => $word,)+
                }
            }

            /// The invariant that it breaks.
            pub const fn breaks(self) -> &'static str {
                match self {
                    $(Plant::$name => $breaks,)+
                }
            }
        }
    };
}

plants! {
    /// A transition commits the state and forgets what it owes.
    NoOwedEffects = "no-owed-effects", "6: an effect is owed in the row until it is confirmed";
    /// Nothing watches over what a row owes.
    NoWatchdog = "no-watchdog", "2: every open lead has one due time";
    /// An offer is committed whatever stands in the table by then.
    UnconditionalRoute = "unconditional-route", "4: one assignment per (lead, cycle, offer)";
    /// A transition replaces whatever row is there.
    NoVersionCheck = "no-version-check", "8: version strictly +1";
    /// What is no transition is written over whatever was decided meanwhile.
    AmendUnchecked = "amend-unchecked", "8: a decision is never written over";
    /// After an unclear answer nobody reads back, and nobody asks the timeline whether it was done already.
    NoReadBack = "no-read-back", "8: what was done is not refused";
    /// The sweep looks at what became due since the last one should have been.
    SweepSinceLastRun = "sweep-since-last-run", "2: however many ticks are lost, the sweep brings it home";
    /// What is owed is crossed out before it is sent.
    ConfirmBeforeSend = "confirm-before-send", "6: an effect is owed until it is confirmed";
    /// A batch never reports a failure; the sweep's re-drive, which would hide it, is off as well.
    BatchFailureSwallowed = "batch-failure-swallowed", "2: no lead left behind";
    /// A submission is recognised by the message that brought it and not by its key or its answers.
    DedupeByMessage = "dedupe-by-message", "1: a submission is one, however often it is sent";
    /// A submission is acknowledged before it is durable.
    AcknowledgeFirst = "acknowledge-first", "1: durable acknowledgement";
    /// A cap is looked at when a rep is picked, and not when the pick is committed.
    CapCheckedBefore = "cap-checked-before", "4: caps hold at commit, loads are exact";
    /// A notification's id comes from the attempt to send it.
    IdFromAttempt = "id-from-attempt", "6: attempts repeat, ids do not multiply";
    /// A deadline that moves arms no timer.
    EarlierUnarmed = "earlier-unarmed", "2: deadlines are kept to the second";
    /// A deadline that stands behind an earlier timer of its row is armed by nobody.
    HiddenDeadline = "hidden-deadline", "2: deadlines are kept to the second";
    /// A running deadline follows whatever was published last.
    ClockStartsAnew = "clock-starts-anew", "9: a running deadline keeps its version";
    /// Languages and skills are not looked at.
    NeedsForgotten = "needs-forgotten", "a lead goes to somebody who meets what its route asks for";
    /// Working hours are not looked at.
    HoursForgotten = "hours-forgotten", "a lead goes to somebody who works";
    /// The last policy that holds is the one.
    LastPolicyWins = "last-policy-wins", "9: the first policy that holds sets the deadlines";
    /// A step is told whatever the hour.
    StepOffHours = "step-off-hours", "9: steps are inside hours unless told otherwise";
    /// Whoever was absent gets all turns back at once, in whatever pool.
    CatchUpAtOnce = "catch-up-at-once", "5: a member catches up where the pool says so, by so many turns a day";
    /// Who has waited least is woken first.
    DrainedBackwards = "drained-backwards", "parking drains by priority and age";
    /// A rejected offer's turn is not given back.
    TurnKept = "turn-kept", "5: a lead that was not the rep's to have is credited back";
    /// A cap on seven days is not looked at.
    RollingCapForgotten = "rolling-cap-forgotten", "4: caps hold at commit";
    /// An offer stays with a rep who is gone.
    AbsentKeepsOffers = "absent-keeps-offers", "2: an offer of a rep who is gone moves on";
    /// A late report of an earlier holder takes the lead up for whoever has it now.
    OthersTakeUp = "others-take-up", "an offer is accepted by whoever has it";
    /// An accepted lead stays on the count of unanswered offers.
    UnacceptedKept = "unaccepted-kept", "4: a rep's load equals the leads held";
    /// The first who may take it always gets it.
    FirstComeFirstServed = "first-come-first-served", "5: assigned minus share stays within one lead";
    /// The version before leaves no event.
    EventForgotten = "event-forgotten", "8: the timeline is gap-free";
    /// An address is claimed whoever has it.
    ClaimTaken = "claim-taken", "1: one mailbox, one lead";
    /// A lead that leaves the rep's hands stays on the rep's load.
    LoadKept = "load-kept", "4: a rep's load equals the leads held";
    /// The due index is not told when a row's timers change.
    DueIndexForgotten = "due-index-forgotten", "2: the due time is written with the state";
    /// Events are taken as published whether the bus took them or not.
    BusAssumed = "bus-assumed", "6: an event is owed until it is confirmed";
    /// An erasure leaves no tombstone.
    TombstoneSkipped = "tombstone-skipped", "11: erased stays erased";
    /// What a company's leads know of each other is written by itself and not with the offer.
    CompanyClaimOutsideCommit = "company-claim-outside-commit", "4: leads of one company go to one owner, also in flight";
    /// A lead that goes to the rep who has its company takes a turn all the same.
    RelationshipTakesATurn = "relationship-takes-a-turn", "5: owner-first assignments take no turn";
    /// A ladder takes a lead away for the time in which it waited for somebody.
    TakenForThePast = "taken-for-the-past", "a rep loses a lead for no time before the offer";
    /// A lead that waits stays in the line of the pool that it was for at first.
    FirstLineKept = "first-line-kept", "a parked lead waits for the pool that it is for";
    /// A parked lead says for ever why nobody took it at first.
    ReasonsOfYesterday = "reasons-of-yesterday", "a parked lead says why nobody can take it now";
    /// Whoever asked is counted as having been brought back by a date.
    AskingCounted = "asking-counted", "only dates and scores count towards marketing's look";
    /// Nobody remembers to whom an offer was made that was taken back.
    WithdrawnForgotten = "withdrawn-forgotten", "9: late evidence is dated by when it happened";
    /// A late report of a call before a pause ends the pause.
    PauseEndedByThePast = "pause-ended-by-the-past", "9: late evidence is dated by when it happened";
    /// A late acceptance stays late, whatever was done in time.
    LateAcceptanceKept = "late-acceptance-kept", "9: late evidence can turn breached into met";
    /// A deadline that was missed before a pause is put off by it.
    MissedIsPutOff = "missed-is-put-off", "9: a deadline that was missed stays where it was";
    /// Whoever is given an opportunity answers for how long nothing has happened to it before.
    StalledHandedOver = "stalled-handed-over", "2: a stalled lead is told of, from when somebody had it";
    /// Of a turn that is given back the others keep their parts.
    SharesKept = "shares-kept", "5: a lead is shared out once";
    /// A call of a time before a pause, told after it, forgets the pause.
    PauseForgotten = "pause-forgotten", "9: a pause adds its time and no more";
    /// Nobody remembers who answers for what nobody else can take.
    FallbackForgotten = "fallback-forgotten", "2: a parked lead comes to its named fallback";
    /// A recycled lead's old points bring it back at once.
    NoCoolDown = "no-cool-down", "recycled leads do not come back by score alone within the cool-down";
    /// A lead may go round for ever.
    CyclesUncounted = "cycles-uncounted", "after so many cycles marketing looks first";
    /// A lead is called qualified whatever the checklist says.
    ChecklistSkipped = "checklist-skipped", "8: legal moves only";
    /// A lead that is given to somebody by hand takes a turn of the pool.
    HandOverTakesTurn = "hand-over-takes-turn", "5: manual assignments take no turn";
    /// A step of the ladder is told once more by every timer that comes.
    StepRepeated = "step-repeated", "6: each step of a ladder once";
    /// News about a lead counts as something that sales did.
    StalledResetByEnrichment = "stalled-reset-by-enrichment", "2: a stalled lead is told of";
    /// A pause takes as long as it might have, however soon it ended.
    PauseAddsTime = "pause-adds-time", "9: a pause adds nothing but what it took";
    /// A step that lost a race is taken on whatever the lead has become.
    LateSweepReassigns = "late-sweep-reassigns", "8: a lead that was touched meanwhile is not taken away";
    /// A deadline that is put on other rules counts from now.
    RebaseRestarts = "rebase-restarts", "9: re-basing counts from the same start";
    /// A notice is sent however late, after what it was to warn of.
    StormAfterSilence = "storm-after-silence", "6: what was overtaken is not sent";
}

#[cfg(feature = "plants")]
mod switch {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Plant;

    static ON: AtomicUsize = AtomicUsize::new(usize::MAX);

    impl Plant {
        /// Switches this bug on, and any other off.
        pub fn switch_on(self) {
            ON.store(self as usize, Ordering::Relaxed);
        }

        /// Whether it is on.
        pub fn is_on(self) -> bool {
            ON.load(Ordering::Relaxed) == self as usize
        }
    }
}

#[cfg(not(feature = "plants"))]
impl Plant {
    /// Whether it is on: never, in this build.
    pub const fn is_on(self) -> bool {
        false
    }
}
