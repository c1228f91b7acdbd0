//! What can be wrong, by name: one variant a rule, each with the ids of what it concerns and the invariant it breaks.

use crate::ids::{CalendarId, DeliveryId, LeadId, PlaybookVersion, PoolId, RepId, SubmissionId};

/// The invariants that can be counted on live data, by their numbers in the design. Number 10, sums of money and credit,
/// has nothing stored yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// What was acknowledged is kept, once.
    Durable,
    /// Every open lead has somebody accountable and a due time that is kept.
    LeftBehind,
    /// The row is the truth.
    Truth,
    /// One assignment for each offer, loads and caps hold.
    Route,
    /// Everybody gets their share.
    Fairness,
    /// Each effect once, and in time.
    Effect,
    /// Stored inputs reproduce stored decisions.
    Decision,
    /// Legal moves only, gap-free.
    Moves,
    /// Deadlines follow from policy and calendar.
    Time,
    /// Erased stays erased.
    Erasure,
}

impl Invariant {
    /// All of them, in the order of their numbers.
    pub const ALL: [Invariant; 10] = [
        Invariant::Durable,
        Invariant::LeftBehind,
        Invariant::Truth,
        Invariant::Route,
        Invariant::Fairness,
        Invariant::Effect,
        Invariant::Decision,
        Invariant::Moves,
        Invariant::Time,
        Invariant::Erasure,
    ];

    /// Its number in the design.
    pub const fn number(self) -> u8 {
        match self {
            Invariant::Durable => 1,
            Invariant::LeftBehind => 2,
            Invariant::Truth => 3,
            Invariant::Route => 4,
            Invariant::Fairness => 5,
            Invariant::Effect => 6,
            Invariant::Decision => 7,
            Invariant::Moves => 8,
            Invariant::Time => 9,
            Invariant::Erasure => 11,
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Invariant::Durable => "durable acknowledgement",
            Invariant::LeftBehind => "no lead left behind",
            Invariant::Truth => "the row is the truth",
            Invariant::Route => "one route",
            Invariant::Fairness => "fairness",
            Invariant::Effect => "one effect",
            Invariant::Decision => "pure decisions",
            Invariant::Moves => "legal moves only",
            Invariant::Time => "time",
            Invariant::Erasure => "erased stays erased",
        }
    }

    /// The number in the audit's log line that counts its violations.
    pub const fn count_name(self) -> &'static str {
        match self {
            Invariant::Durable => "AuditDurableViolations",
            Invariant::LeftBehind => "AuditLeftBehindViolations",
            Invariant::Truth => "AuditTruthViolations",
            Invariant::Route => "AuditRouteViolations",
            Invariant::Fairness => "AuditFairnessViolations",
            Invariant::Effect => "AuditEffectViolations",
            Invariant::Decision => "AuditDecisionViolations",
            Invariant::Moves => "AuditMoveViolations",
            Invariant::Time => "AuditTimeViolations",
            Invariant::Erasure => "AuditErasureViolations",
        }
    }
}

macro_rules! violations {
    ($(
        #[doc = $meaning:literal]
        $name:ident { $($field:ident: $of:ty),+ } breaks $invariant:ident, counted as $key:literal;
    )+) => {
        /// One violation. The first id is the one that reports list; the others say where to look.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Violation {
            $(
                #[doc = $meaning]
                $name {
                    $(#[doc = concat!("The `", stringify!($field), "` concerned.")] $field: $of),+
                },
            )+
        }

        /// A rule of the audit: a violation without its ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $meaning] $name,)+
        }

        impl Rule {
            /// Every rule, those of one invariant together.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),+];

            /// The name under which reports count its violations.
            pub const fn key(self) -> &'static str {
                match self {
                    $(Rule::$name => concat!($key, "_violations"),)+
                }
            }

            /// The invariant that a violation of it breaks.
            pub const fn invariant(self) -> Invariant {
                match self {
                    $(Rule::$name => Invariant::$invariant,)+
                }
            }

            /// What a violation of it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                let words = match self {
                    $(Rule::$name => $meaning,)+
                };
                words.trim()
            }
        }

        impl Violation {
            /// The rule that it violates.
            pub const fn rule(&self) -> Rule {
                match self {
                    $(Violation::$name { .. } => Rule::$name,)+
                }
            }

            /// Its ids by name, the one that reports list first. Never personal data.
            pub fn ids(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Violation::$name { $($field),+ } => vec![$((stringify!($field), $field.to_string())),+],)+
                }
            }
        }
    };
}

violations! {
    /// The timeline tells of a submission that the lead does not keep.
    LostSubmission { submission_id: SubmissionId, lead_id: LeadId } breaks Durable, counted as "lost_submission";
    /// A submission is kept that has no receipt, no event that tells of it, or a lead that has gone elsewhere.
    StraySubmission { submission_id: SubmissionId, lead_id: LeadId } breaks Durable, counted as "stray_submission";
    /// A submission is kept by two leads.
    DoubledSubmission { submission_id: SubmissionId, lead_id: LeadId, other_lead_id: LeadId }
        breaks Durable, counted as "doubled_submission";
    /// The row counts more or fewer touches than there are submissions.
    MiscountedTouches { lead_id: LeadId } breaks Durable, counted as "miscounted_touch";
    /// Nobody has claimed the address of a lead that should have.
    UnclaimedAddress { lead_id: LeadId } breaks Durable, counted as "unclaimed_address";
    /// The claim on a lead's address names a lead that is gone or has another address.
    StrayClaim { lead_id: LeadId, holder: LeadId } breaks Durable, counted as "stray_claim";
    /// Another lead holds the claim on this lead's address and has the same one.
    DoubledAddress { lead_id: LeadId, holder: LeadId } breaks Durable, counted as "doubled_address";

    /// An open lead has nobody accountable: no owner although a rep should hold it, no pool although it is parked.
    Unaccountable { lead_id: LeadId } breaks LeftBehind, counted as "unaccountable";
    /// An open lead has no due time.
    Timeless { lead_id: LeadId } breaks LeftBehind, counted as "no_due_time";
    /// Something has been due for more than three minutes, two ticks and a minute's slack.
    Overdue { lead_id: LeadId } breaks LeftBehind, counted as "overdue";
    /// Something is owed and no watchdog runs.
    Unwatched { lead_id: LeadId } breaks LeftBehind, counted as "unwatched";
    /// The row's keys in an index do not follow from the row: the index does not find it, or finds it in the wrong place.
    WrongIndex { lead_id: LeadId, index: &'static str } breaks LeftBehind, counted as "wrong_index";
    /// A lead has been on its way through enrichment, scoring and routing for more than ten minutes.
    Lingering { lead_id: LeadId } breaks LeftBehind, counted as "lingering";
    /// Eight re-drives did not move a lead; it is parked for a person to look at.
    Stuck { lead_id: LeadId } breaks LeftBehind, counted as "stuck";

    /// A row cannot be read as what it should be.
    Unreadable { row_of: String, kind: &'static str } breaks Truth, counted as "unreadable_row";

    /// The timeline has one offer of one cycle twice.
    RepeatedOffer { lead_id: LeadId, offer: u32 } breaks Route, counted as "repeated_offer";
    /// A rep was offered the lead twice in one cycle.
    RepeatedRep { lead_id: LeadId, rep_id: RepId } breaks Route, counted as "repeated_rep";
    /// Owner, cycle or offers of the row are not those of the timeline's last assignment.
    WrongAssignment { lead_id: LeadId } breaks Route, counted as "wrong_assignment";
    /// A lead is held by a rep who has no row.
    UnknownRep { lead_id: LeadId, rep_id: RepId } breaks Route, counted as "unknown_rep";
    /// A rep's counters are not what the leads that the rep holds come to.
    WrongLoad { rep_id: RepId } breaks Route, counted as "wrong_load";
    /// A rep holds more leads, unanswered offers or value than the caps allowed when the last of them was offered.
    OverCap { rep_id: RepId } breaks Route, counted as "over_cap";

    /// A pool's shares, assignments and turns do not add up.
    WrongTurns { pool_id: PoolId } breaks Fairness, counted as "wrong_turn";
    /// A member of a pool that has not changed is a lead or more away from its exact share.
    Drift { pool_id: PoolId } breaks Fairness, counted as "drift";

    /// A row owes one effect twice.
    DoubledEffect { lead_id: LeadId, effect: String } breaks Effect, counted as "doubled_effect";
    /// A notification or domain event has been owed for more than ten minutes.
    OverdueEffect { lead_id: LeadId, effect: String } breaks Effect, counted as "overdue_effect";
    /// The next try of a delivery has been due for more than three minutes.
    OverdueDelivery { delivery_id: DeliveryId, lead_id: LeadId } breaks Effect, counted as "overdue_delivery";

    /// A score or an assignment has no stored record that explains it.
    MissingRecord { lead_id: LeadId, seq: u64 } breaks Decision, counted as "missing_record";

    /// The timeline has a gap.
    Gap { lead_id: LeadId, seq: u64 } breaks Moves, counted as "timeline_gap";
    /// A step of the timeline is not in the table of moves.
    IllegalStep { lead_id: LeadId, seq: u64 } breaks Moves, counted as "illegal_step";
    /// Version or stage of the row are not those of its last event.
    WrongVersion { lead_id: LeadId } breaks Moves, counted as "wrong_version";
    /// An event is dated more than five minutes before one that came earlier.
    Backwards { lead_id: LeadId, seq: u64 } breaks Moves, counted as "backwards";

    /// A clock's deadline or next step does not follow from its policy and calendar.
    WrongDeadline { lead_id: LeadId, clock: &'static str } breaks Time, counted as "wrong_deadline";
    /// A playbook version that is in force, or that a clock follows, cannot be read.
    UnreadablePlaybook { version: PlaybookVersion } breaks Time, counted as "unreadable_playbook";
    /// Within a year a calendar of the playbook in force reaches a year whose public holidays are not known.
    HolidaysEnd { calendar_id: CalendarId } breaks Time, counted as "holidays_end";

    /// Personal data is left with a lead that was erased.
    DataLeft { lead_id: LeadId } breaks Erasure, counted as "erased_data";
}

impl Rule {
    /// Reads the name under which reports count it.
    pub fn parse(key: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.key() == key)
    }
}

impl Violation {
    /// The id that reports list.
    pub fn id(&self) -> String {
        self.ids().into_iter().next().map(|(_, id)| id).unwrap_or_default()
    }
}
