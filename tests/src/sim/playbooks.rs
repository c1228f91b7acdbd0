//! The playbooks of a world, as a table: what is written into the document, and what the checker holds the handlers
//! to, come from the same few numbers and from nothing of the product.

use super::run::START_MS;

const DAY_MS: i64 = 86_400_000;

/// A rep's weight and limits; what is left out is unlimited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) rep: &'static str,
    pub(crate) weight: i64,
    /// Open leads.
    pub(crate) cap: u32,
    /// Offers not answered yet.
    pub(crate) unaccepted: Option<u32>,
    /// Leads within seven days, which is more than a world has.
    pub(crate) week: Option<u32>,
    /// What the open leads are worth together.
    pub(crate) value: Option<u32>,
}

/// What a lead is worth: grade B1 is the usual one here.
pub(crate) fn worth(grade: Option<&str>) -> u32 {
    match grade {
        Some("B1") => 3,
        _ => 2,
    }
}

/// One version of the rules.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) name: &'static str,
    /// Seconds from an offer until it has to be accepted.
    pub(crate) accept_s: i64,
    /// Seconds from receipt until the first touch.
    pub(crate) first_touch_s: i64,
    /// Seconds from acceptance until there were enough tries.
    pub(crate) attempts_s: i64,
    /// Seconds from acceptance until it has to be an opportunity.
    pub(crate) qualified_by_s: i64,
    /// Seconds from the last thing that sales did.
    pub(crate) stalled_s: i64,
    /// The pool of whatever no route takes.
    pub(crate) otherwise: &'static str,
    pub(crate) reps: [Terms; 4],
}

const fn terms(rep: &'static str, weight: i64, cap: u32) -> Terms {
    Terms { rep, weight, cap, unaccepted: None, week: None, value: None }
}

/// The first is in force in the beginning; operators publish the others.
pub(crate) const ALL: [Rules; 3] = [
    Rules {
        name: "calm",
        accept_s: 20,
        first_touch_s: 90,
        attempts_s: 50,
        qualified_by_s: 110,
        stalled_s: 40,
        otherwise: "first",
        reps: [
            Terms { unaccepted: Some(2), ..terms("ann", 2, 3) },
            Terms { week: Some(4), ..terms("bob", 1, 3) },
            Terms { week: Some(6), ..terms("cat", 1, 2) },
            Terms { value: Some(5), ..terms("dot", 1, 2) },
        ],
    },
    Rules {
        name: "strict",
        accept_s: 12,
        first_touch_s: 60,
        attempts_s: 30,
        qualified_by_s: 80,
        stalled_s: 60,
        otherwise: "second",
        reps: [
            terms("ann", 1, 2),
            Terms { unaccepted: Some(1), ..terms("bob", 3, 2) },
            Terms { value: Some(8), ..terms("cat", 2, 3) },
            Terms { week: Some(5), ..terms("dot", 1, 1) },
        ],
    },
    Rules {
        name: "generous",
        accept_s: 40,
        first_touch_s: 170,
        attempts_s: 90,
        qualified_by_s: 140,
        stalled_s: 90,
        otherwise: "first",
        reps: [
            Terms { week: Some(12), ..terms("ann", 3, 4) },
            Terms { value: Some(11), ..terms("bob", 2, 4) },
            Terms { unaccepted: Some(2), ..terms("cat", 1, 3) },
            terms("dot", 3, 3),
        ],
    },
];

/// How many tries are made before a lead is given up as unreachable, in every version.
pub(crate) const TRIES: usize = 2;
/// For how long a recycled lead's score alone does not bring it back, in seconds.
pub(crate) const COOL_DOWN_S: i64 = 25;
/// After so many cycles marketing looks first.
pub(crate) const MOST_CYCLES: u32 = 2;
/// Who wishes this is called at once.
pub(crate) const STRONG_WISH: &str = "2";

/// Who wishes this needs somebody who speaks German, and has a policy that comes before the other.
pub(crate) const GERMAN_WISH: &str = "german";
/// Who speaks German.
pub(crate) const GERMAN_SPEAKERS: [&str; 2] = ["ann", "cat"];
/// The policies, and which leads they are for.
pub(crate) const GERMAN_POLICY: &str = "german";
pub(crate) const OTHER_POLICY: &str = "quick";

/// Who works in shifts, and when they do not, in minutes of the day on which a world begins, at 14:13:20.
pub(crate) const SHIFT_WORKER: &str = "cat";
/// The calendar of shifts.
pub(crate) const SHIFTS: &str = "shifts";
pub(crate) const CLOSED_MINUTES: [i64; 4] = [14 * 60 + 12, 14 * 60 + 14, 14 * 60 + 16, 14 * 60 + 18];

/// The only pool whose members catch up after an absence, and by how many turns a day.
pub(crate) const CATCHES_UP: (&str, u32) = ("second", 1);

/// Whether an instant is one at which shifts are closed.
pub(crate) fn is_closed(at_ms: i64) -> bool {
    let day = START_MS.div_euclid(DAY_MS);
    at_ms.div_euclid(DAY_MS) == day && CLOSED_MINUTES.contains(&at_ms.rem_euclid(DAY_MS).div_euclid(60_000))
}

/// The intervals of that day.
fn shifts() -> String {
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let from = std::iter::once(0).chain(CLOSED_MINUTES.map(|minute| minute + 1));
    let to = CLOSED_MINUTES.into_iter().chain([24 * 60]);
    let spans: Vec<String> =
        from.zip(to).map(|(from, to)| format!(r#"["{}", "{}"]"#, time(from), time(to))).collect();
    spans.join(", ")
}

/// The pools, which are the same in every version.
pub(crate) const POOLS: [(&str, [&str; 2]); 2] = [("first", ["ann", "bob"]), ("second", ["cat", "dot"])];

/// The named account and its owner, the same in every version.
pub(crate) const ACCOUNT: (&str, &str) = ("acme.example", "dot");

/// Who answers for what nobody else can take, and after how many milliseconds in parking.
pub(crate) const FALLBACK: &str = "fay";
pub(crate) const FALLBACK_MS: i64 = 60_000;

impl Rules {
    /// The document.
    pub(crate) fn text(&self) -> String {
        let mut text = include_str!("playbook.yaml")
            .replace("<name>", self.name)
            .replace("<shifts>", &shifts())
            .replace("<accept>", &self.accept_s.to_string())
            .replace("<first_touch>", &self.first_touch_s.to_string())
            .replace("<attempts>", &self.attempts_s.to_string())
            .replace("<qualified_by>", &self.qualified_by_s.to_string())
            .replace("<stalled>", &self.stalled_s.to_string())
            .replace("<otherwise>", self.otherwise);
        let number = |cap: Option<u32>| cap.map_or("null".to_owned(), |cap| cap.to_string());
        for terms in &self.reps {
            let caps = format!(
                "open: {}, unaccepted: {}, per_7_days: {}, value: {}",
                terms.cap,
                number(terms.unaccepted),
                number(terms.week),
                number(terms.value)
            );
            text = text
                .replace(&format!("<{}.weight>", terms.rep), &terms.weight.to_string())
                .replace(&format!("<{}.caps>", terms.rep), &caps);
        }
        text
    }

    /// The rules behind a document.
    pub(crate) fn of(text: &str) -> Option<&'static Rules> {
        ALL.iter().find(|rules| text.contains(&format!("playbook: Simulated {}\n", rules.name)))
    }

    pub(crate) fn terms(&self, rep: &str) -> Option<&Terms> {
        self.reps.iter().find(|terms| terms.rep == rep)
    }
}

#[cfg(test)]
mod tests {
    use leadline_core::playbook::Playbook;

    use super::*;

    #[test]
    fn every_version_is_a_playbook_and_can_be_told_by_its_text() {
        for rules in &ALL {
            let text = rules.text();
            assert!(Playbook::read(&text).is_ok(), "{}", rules.name);
            assert_eq!(Rules::of(&text).map(|r| r.name), Some(rules.name));
        }
    }
}
