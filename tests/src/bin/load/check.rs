//! Afterwards: every submission that was acknowledged has to be there, on one lead that nobody else shares, and the audit
//! has to find nothing wrong with what changed meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use leadline_tests::door::{Door, DoorError};
use leadline_tests::screen::Progress;
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// Questions at the same time: few, so that asking does not slow down what is asked about.
const AT_ONCE: usize = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Stages of a lead that is still on its way.
const UNDER_WAY: [&str; 3] = ["received", "enriched", "scored"];

/// Where a submission is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// Somebody has its lead, so many seconds after it was received, both by the deployment's clock.
    Owned { lead_id: String, seconds: f64 },
    /// Its lead stands elsewhere, such as in nurturing or in parking.
    Settled { lead_id: String, stage: String },
    /// Its lead is still on its way.
    Moving { stage: String },
    /// Nobody knows it, or its lead.
    Missing,
    /// Its mailbox has another number of leads than one, or another lead than its own.
    Astray { leads: usize },
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By the submission's id.
    pub(crate) fates: BTreeMap<String, Fate>,
    /// Violations by the name of their rule.
    pub(crate) audit: BTreeMap<String, u64>,
}

impl Found {
    /// How many submissions share their lead with another one; each person was another, so there may be none.
    pub(crate) fn shared(&self) -> usize {
        let leads: Vec<&String> = self.fates.values().filter_map(Fate::lead).collect();
        leads.len() - leads.iter().collect::<BTreeSet<_>>().len()
    }

    /// How many fates are such.
    pub(crate) fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.fates.values().filter(|fate| is(fate)).count()
    }
}

impl Fate {
    fn lead(&self) -> Option<&String> {
        match self {
            Fate::Owned { lead_id, .. } | Fate::Settled { lead_id, .. } => Some(lead_id),
            Fate::Moving { .. } | Fate::Missing | Fate::Astray { .. } => None,
        }
    }

    fn is_final(&self) -> bool {
        matches!(self, Fate::Owned { .. } | Fate::Settled { .. })
    }
}

/// Looks for submissions, by their ids with the mailbox of each, until all have come to rest or `limit` is over; then has
/// the deployment audit what has changed since the beginning.
#[allow(clippy::disallowed_methods, reason = "a load runs in real time")]
pub(crate) async fn check(
    door: &Door,
    submissions: &[(String, String)],
    since: Timestamp,
    limit: Duration,
) -> Result<Found, DoorError> {
    let end = Instant::now() + limit;
    let mut found = Found::default();
    let mut progress = Progress::over(submissions.len(), "leads at rest");
    let mut open: Vec<&(String, String)> = submissions.iter().collect();
    loop {
        let mut looked = futures_util::stream::iter(open)
            .map(async |asked| (asked, fate(door, &asked.0, &asked.1).await))
            .buffer_unordered(AT_ONCE);
        let mut left = Vec::new();
        while let Some((asked, fate)) = looked.next().await {
            let fate = fate?;
            if !fate.is_final() {
                left.push(asked);
            }
            found.fates.insert(asked.0.clone(), fate);
            progress.show(found.count(Fate::is_final));
        }
        drop(looked);
        // What is missing now may be found when a page that lagged behind has caught up, so it is looked for again too.
        if left.is_empty() || Instant::now() >= end {
            break;
        }
        open = left;
        sleep(BETWEEN_LOOKS).await;
    }
    drop(progress);
    found.audit = audit(door, since).await?;
    Ok(found)
}

async fn fate(door: &Door, submission: &str, mailbox: &str) -> Result<Fate, DoorError> {
    let Some(known) = door.find(&format!("/submissions/{submission}")).await? else {
        return Ok(Fate::Missing);
    };
    let of_mailbox = door.get(&format!("/leads?email={mailbox}")).await?;
    let fate = judge(&known, of_mailbox["leads"].as_array().map_or(&[][..], Vec::as_slice));
    let Fate::Owned { lead_id, seconds } = fate else { return Ok(fate) };
    if seconds.is_finite() {
        return Ok(Fate::Owned { lead_id, seconds });
    }
    // Whoever has it now is not the first, so the timeline has to tell.
    let timeline = door.get(&format!("/leads/{lead_id}/timeline?limit=200")).await?;
    let mut events = timeline["events"].as_array().into_iter().flatten();
    let first = events.find(|event| event["kind"] == "offered").map(|event| &event["at"]);
    Ok(Fate::Owned { lead_id, seconds: first.map_or(f64::NAN, |at| between(&known["received_at"], at)) })
}

/// The fate of a submission by what the API says of it, and of the leads of its mailbox. The time to the owner is no number
/// when the present offer is not the first.
fn judge(known: &Value, leads: &[Value]) -> Fate {
    let [lead] = leads else { return Fate::Astray { leads: leads.len() } };
    if known["lead_id"].is_null() || lead["lead_id"] != known["lead_id"] {
        return Fate::Astray { leads: 1 };
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (lead_id, stage) = (text(&lead["lead_id"]), text(&lead["stage"]));
    let owner = &lead["owner"];
    if UNDER_WAY.contains(&stage.as_str()) {
        Fate::Moving { stage }
    } else if owner.is_null() {
        Fate::Settled { lead_id, stage }
    } else {
        let is_first = owner["offer"] == 1;
        let seconds = if is_first { between(&known["received_at"], &owner["offered_at"]) } else { f64::NAN };
        Fate::Owned { lead_id, seconds }
    }
}

/// Seconds between two instants of documents; no number when one is none.
fn between(from: &Value, to: &Value) -> f64 {
    let at = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at(from).zip(at(to)).map_or(f64::NAN, |(from, to)| to.duration_since(from).as_secs_f64())
}

/// Follows the pages of the audit to the end; violations by their rules.
async fn audit(door: &Door, since: Timestamp) -> Result<BTreeMap<String, u64>, DoorError> {
    let mut violations = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = door.get(&format!("/audit?since={since}{cursor}")).await?;
        let rules = page.as_object().into_iter().flatten();
        for (rule, counted) in rules.filter(|(name, _)| name.ends_with("_violations")) {
            let count = counted["count"].as_u64().unwrap_or_default();
            if count > 0 {
                *violations.entry(rule.clone()).or_default() += count;
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(violations),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Value {
        json!({"lead_id": "ld_a", "received_at": "2026-11-26T10:00:00.500Z"})
    }

    fn lead(id: &str, stage: &str, owner: &Value) -> Value {
        json!({"lead_id": id, "stage": stage, "owner": owner})
    }

    #[test]
    fn owned_since_the_first_offer() {
        let first = json!({"offer": 1, "offered_at": "2026-11-26T10:00:01.750Z"});
        let fate = judge(&known(), &[lead("ld_a", "offered", &first)]);
        assert_eq!(fate, Fate::Owned { lead_id: "ld_a".to_owned(), seconds: 1.25 });
        let second = json!({"offer": 2, "offered_at": "2026-11-26T10:30:00Z"});
        let fate = judge(&known(), &[lead("ld_a", "offered", &second)]);
        assert!(matches!(fate, Fate::Owned { seconds, .. } if seconds.is_nan()), "{fate:?}");
    }

    #[test]
    fn at_rest_or_on_its_way() {
        let moving = judge(&known(), &[lead("ld_a", "scored", &Value::Null)]);
        assert_eq!(moving, Fate::Moving { stage: "scored".to_owned() });
        let parked = judge(&known(), &[lead("ld_a", "parked", &Value::Null)]);
        assert_eq!(parked, Fate::Settled { lead_id: "ld_a".to_owned(), stage: "parked".to_owned() });
    }

    #[test]
    fn one_lead_and_its_own() {
        let one = lead("ld_a", "parked", &Value::Null);
        let other = lead("ld_b", "parked", &Value::Null);
        assert_eq!(judge(&known(), &[one, other.clone()]), Fate::Astray { leads: 2 });
        assert_eq!(judge(&known(), &[other]), Fate::Astray { leads: 1 });
        assert_eq!(judge(&known(), &[]), Fate::Astray { leads: 0 });
    }

    #[test]
    fn two_submissions_on_one_lead_are_found() {
        let fate = Fate::Settled { lead_id: "ld_a".to_owned(), stage: "parked".to_owned() };
        let fates = ["sub_1", "sub_2"].map(|id| (id.to_owned(), fate.clone()));
        assert_eq!(Found { fates: fates.into(), audit: BTreeMap::new() }.shared(), 1);
    }
}
