//! What is legal in a playbook, but hardly meant: rules that never apply, territories that nobody has, pools in which
//! nobody works, deadlines that pass at night.
//!
//! Publishing refuses what cannot be; this tells what would surprise. An error is proven, never guessed. Each family of
//! rules has a file of its own, and every kind of finding is a [`Code`] with its severity.

mod accounts;
mod caps;
mod conditions;
mod hours;
mod ladders;
mod needs;
mod order;
mod people;
mod scores;
mod territories;
mod words;

use jiff::Timestamp;
use serde::Serialize;

use super::Playbook;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something in the playbook can never do what it says.
    Error,
    /// It will probably go otherwise than was meant.
    Warning,
    /// Good to know.
    Note,
}

macro_rules! codes {
    ($($severity:ident { $($(#[$doc:meta])* $code:ident = $name:literal,)+ })+) => {
        /// What kind of finding it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum Code {
            $($($(#[$doc])* #[serde(rename = $name)] $code,)+)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$($(Code::$code,)+)+];

            /// The word for it.
            pub const fn name(self) -> &'static str {
                match self { $($(Code::$code => $name,)+)+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $($(Code::$code)|+ => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    Error {
        /// No lead can meet the condition.
        NeverHolds = "never_holds",
        /// Whatever it would take, rules before it take for another end.
        Shadowed = "shadowed",
        /// The condition of a veto or a suppression holds for every lead.
        StopsEverybody = "stops_everybody",
        /// Leads are sent where nobody can ever take them.
        DeadPool = "dead_pool",
        /// Nobody active has what a route asks for, and there is no fallback.
        NeedsNobodyMeets = "needs_nobody_meets",
        /// The rules cannot give the points that qualify.
        NeverQualifies = "never_qualifies",
        /// A step comes after the lead has been taken back.
        StepAfterReturn = "step_after_return",
        /// A step wants to reassign, but only one offer is allowed.
        ReassignNever = "reassign_never",
        /// A deadline cannot be computed: there is not enough working time for it.
        ClockCannotRun = "clock_cannot_run",
    }
    Warning {
        /// Whatever it would take, rules before it take for the same end.
        Redundant = "redundant",
        /// A value that a route names is taken by routes before it.
        ValueTaken = "value_taken",
        /// A value that the subject never has.
        ImpossibleValue = "impossible_value",
        /// A form that does not exist or is disabled.
        UnknownForm = "unknown_form",
        /// An account or a list of accounts that is not under `accounts.named`.
        UnknownAccount = "unknown_account",
        /// Accounts of which nothing follows: no rule asks for their list.
        UnusedList = "unused_list",
        /// Accounts that belong to somebody who takes no leads.
        OwnerInactive = "owner_inactive",
        /// Two scoring rules count the same.
        SameCondition = "same_condition",
        /// A scoring rule that gives nothing.
        NoPoints = "no_points",
        /// A grade that no lead can get.
        BandUnreachable = "band_unreachable",
        /// A recycled lead never qualifies on the date that was agreed.
        DateBringsNobody = "date_brings_nobody",
        /// Nobody in the pool is active.
        NobodyActive = "nobody_active",
        /// No route leads to the pool.
        UnusedPool = "unused_pool",
        /// The rep is in no pool.
        RepInNoPool = "rep_in_no_pool",
        /// Nobody active has what a route asks for, so that its leads wait for the fallback.
        NeedsLeftToFallback = "needs_left_to_fallback",
        /// Another cap is always reached first.
        CapNeverReached = "cap_never_reached",
        /// No lead is worth as little as the cap allows.
        CapBelowAnyLead = "cap_below_any_lead",
        /// At some hours nobody of the pool works, nor of those it overflows to.
        PoolEmpty = "pool_empty",
        /// A deadline by the clock passes while nobody of the pool works.
        LapsesOffDuty = "lapses_off_duty",
        /// A deadline by the clock is shorter than the time in which nobody works.
        ShorterThanGap = "shorter_than_gap",
        /// Leads come to the fallback although somebody would have worked later.
        FallbackBeforeOpening = "fallback_before_opening",
        /// All holidays are past.
        HolidaysPast = "holidays_past",
        /// The calendar does not open for a long time.
        OpensLate = "opens_late",
        /// The ladder of the acceptance ends without taking the lead back.
        NoReturn = "no_return",
        /// A step would come before the clock starts.
        StepBeforeStart = "step_before_start",
        /// The same step twice.
        StepTwice = "step_twice",
        /// There is nobody else to reassign to.
        NobodyElse = "nobody_else",
        /// A step tells the manager, but there is no address.
        NobodyToTell = "nobody_to_tell",
        /// Reps cannot reject.
        NoRejections = "no_rejections",
    }
    Note {
        /// A lead fits two routes; the first wins.
        Overlap = "overlap",
        /// Values that no route takes.
        Gap = "gap",
        /// No lead falls to the last pool.
        OtherwiseUnused = "otherwise_unused",
        /// An answer that no form asks for.
        UnknownAnswer = "unknown_answer",
        /// More offers than people.
        FewerThanOffers = "fewer_than_offers",
        /// The pool is covered all week, but not on some days of the year.
        EmptyOnSomeDays = "empty_on_some_days",
        /// A calendar that nobody uses.
        UnusedCalendar = "unused_calendar",
        /// Office hours without a single holiday.
        NoHolidays = "no_holidays",
        /// The ladder of the first touch ends without taking the lead back.
        LadderEnds = "ladder_ends",
        /// Rise and fall at the same mark.
        NoHysteresis = "no_hysteresis",
        /// No reason for a rejection sends the lead to somebody else.
        NoReroute = "no_reroute",
        /// Too large to be analysed.
        NotAnalysed = "not_analysed",
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Code,
    /// Where, such as `routing.routes[2]`.
    pub place: String,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    fn new(code: Code, place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: code.severity(), code, place: place.into(), what: what.into(), fix: fix.into() }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The findings, the worst first, otherwise in the order of the families.
    pub findings: Vec<Finding>,
    /// How many are errors …
    pub errors: usize,
    /// … warnings …
    pub warnings: usize,
    /// … and notes.
    pub notes: usize,
}

/// Judges a playbook as of `now`: holidays may be past, and weeks are those that come.
pub fn lint(playbook: &Playbook, now: Timestamp) -> Report {
    let mut findings = conditions::found(playbook);
    findings.extend(order::found(playbook));
    findings.extend(territories::found(playbook));
    findings.extend(scores::found(playbook));
    findings.extend(accounts::found(playbook));
    findings.extend(people::found(playbook));
    findings.extend(needs::found(playbook));
    findings.extend(caps::found(playbook));
    findings.extend(hours::found(playbook, now));
    findings.extend(ladders::found(playbook));
    findings.sort_by_key(|finding| finding.severity);
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    Report { findings, errors, warnings, notes }
}

#[cfg(test)]
mod tests;
