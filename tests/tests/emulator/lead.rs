//! People to submit, and what the API says about their leads.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment::{Deployment, until};

/// What a stage of the line may take while others use the deployment as well: the emulator needs about a tenth of a
/// second for each request, and starts a function in half a second.
pub(crate) const SOON: Duration = Duration::from_secs(40);

/// Somebody worth a call, from a company whose domain holds `token`.
///
/// By the points of the sample playbook: fit 30 + 15 + 15 + 30 = 90 (decision-maker, our-buyer, business-address,
/// mid-size), interest 50 + 20 = 70 (asked-for-a-demo, wants-to-start-soon), so grade A1; by the bands a 60 and one 50.
pub(crate) fn strong(token: &str) -> Value {
    json!({
        "email": email(token),
        "first_name": "Ada",
        "last_name": "Winter",
        "company": "Winter Works",
        "title": "VP Sales",
        "employees": "800",
        "timeline": "this month",
    })
}

/// The address of [`strong`].
pub(crate) fn email(token: &str) -> String {
    format!("ada.winter@works-{token}.example")
}

/// An instant of a document.
#[track_caller]
pub(crate) fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("not an instant: {value}"))
}

/// The name of an event.
pub(crate) fn kind(event: &Value) -> &str {
    event["kind"].as_str().unwrap_or_default()
}

/// The events of one kind.
pub(crate) fn of_kind<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|e| kind(e) == name).collect()
}

impl Deployment {
    /// What is said about a submission.
    pub(crate) async fn submission(&self, submission_id: &str) -> Value {
        self.get(&format!("/submissions/{submission_id}")).await.ok()
    }

    /// The lead that a submission belongs to.
    pub(crate) async fn lead_of(&self, submission_id: &str) -> String {
        self.submission(submission_id).await["lead_id"].as_str().unwrap().to_owned()
    }

    /// A lead.
    pub(crate) async fn lead(&self, lead_id: &str) -> Value {
        self.get(&format!("/leads/{lead_id}")).await.ok()
    }

    /// Everything that happened to a lead, page by page; without a gap.
    pub(crate) async fn timeline(&self, lead_id: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("/leads/{lead_id}/timeline?limit=7{cursor}")).await.ok();
            events.append(page["events"].as_array_mut().unwrap());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        for (event, seq) in events.iter().zip(1..) {
            assert_eq!(event["seq"], seq, "the timeline of {lead_id} has a gap: {events:?}");
        }
        events
    }

    /// Waits until a lead is at a stage, and returns it.
    pub(crate) async fn at_stage(&self, lead_id: &str, stage: &str, within: Duration) -> Value {
        until(&format!("{lead_id} to be {stage}"), within, async || {
            let lead = self.lead(lead_id).await;
            (lead["stage"] == stage).then_some(lead)
        })
        .await
    }

    /// Waits until a notification of a lead is confirmed, by the cause in its id, whatever the cycle.
    pub(crate) async fn told(&self, lead_id: &str, cause: &str) {
        self.told_within(lead_id, cause, SOON).await;
    }

    /// The same within a time of one's own.
    pub(crate) async fn told_within(&self, lead_id: &str, cause: &str, within: Duration) {
        let (lead, cause) = (format!("{lead_id}."), format!(".{cause}"));
        until(&format!("{lead_id} to be told {cause}"), within, async || {
            let events = self.timeline(lead_id).await;
            let told = of_kind(&events, "notified")
                .iter()
                .filter_map(|e| e["details"]["effects"].as_array())
                .flatten()
                .filter_map(Value::as_str)
                .any(|id| id.starts_with(&lead) && id.ends_with(&cause));
            told.then_some(())
        })
        .await;
    }

    /// Waits until nothing is owed for a lead that somebody holds, and returns it: its next due time is then that of a
    /// clock, and not of the watchdog that runs a minute behind whatever is owed.
    pub(crate) async fn at_rest(&self, lead_id: &str) -> Value {
        until(&format!("{lead_id} to rest"), SOON, async || {
            let lead = self.lead(lead_id).await;
            let steps = lead["clocks"].as_array()?.iter().filter_map(|c| c["next_step_at"].as_str());
            (lead["due_at"].as_str() == steps.min()).then_some(lead)
        })
        .await
    }

    /// Somebody strong who has been offered, whose rep has been told, and whose lead rests.
    pub(crate) async fn offered(&self, form: &str, token: &str) -> Value {
        let submission = self.taken(form, &strong(token)).await;
        let lead_id = self.lead_of(&submission).await;
        self.told(&lead_id, "offer.1").await;
        self.lead(&lead_id).await
    }

    /// The leads that have an address, the one that others join first.
    pub(crate) async fn by_email(&self, email: &str) -> Vec<Value> {
        let found = self.get(&format!("/leads?email={email}")).await.ok();
        found["leads"].as_array().unwrap().clone()
    }

    /// How many leads a rep holds.
    pub(crate) async fn open(&self, rep_id: &str) -> i64 {
        self.get(&format!("/reps/{rep_id}")).await.ok()["open"].as_i64().unwrap()
    }
}
