//! Whether steps come when they are due, for deadlines of twenty minutes. Shorter ones are a test on the emulator.

use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use leadline_core::playbook::Playbook;
use leadline_tests::door::Door;
use leadline_tests::figures::Figure;
use leadline_tests::people::person;
use leadline_tests::ranks::percentile;
use leadline_tests::screen::Progress;
use reqwest::Method;
use serde_json::{Value, json};

use crate::deployed::now;

const FORM: &str = "paced";
const LEADS: usize = 40;
/// When the rep is reminded, in seconds from the offer; the last is the deadline.
const STEPS: [i64; 5] = [300, 600, 900, 1_080, 1_200];
/// From a lead to the next: offers come spread, and so do their steps.
const BETWEEN_LEADS: Duration = Duration::from_millis(1_500);
/// After the last deadline.
const GRACE: SignedDuration = SignedDuration::from_secs(30);
const BUDGET_S: f64 = 2.0;

/// Publishes a playbook with a form whose offers have twenty minutes, waits for them and reads from the timelines by how
/// much each step was late.
pub(crate) async fn measure(door: &Door) -> Result<Vec<Figure>, String> {
    let failed = |error: leadline_tests::door::DoorError| error.to_string();
    door.send(Method::PUT, "/playbook", &playbook()?).await.map_err(failed)?;
    let mut submissions = Vec::new();
    let mut progress = Progress::over(LEADS, "leads with twenty minutes");
    for n in 0..LEADS {
        submissions.push(door.submit(FORM, &person("paced", n)).await.map_err(failed)?);
        progress.show(n + 1);
        tokio::time::sleep(BETWEEN_LEADS).await;
    }
    drop(progress);
    wait(now() + SignedDuration::from_secs(STEPS[STEPS.len() - 1]) + GRACE).await;
    let mut late = Vec::new();
    let mut read = futures_util::stream::iter(&submissions).map(|id| steps_of(door, id)).buffer_unordered(4);
    while let Some(of_lead) = read.next().await {
        late.extend(of_lead?);
    }
    let mut at = |hundredths| percentile(&mut late, hundredths).ok_or("no step was taken");
    Ok(vec![
        Figure::told("late_p50", at(50)?, "s, of 20 min"),
        Figure::at_most("late_p99", at(99)?, "s, of 20 min", BUDGET_S),
        Figure::told("late_most", at(100)?, "s, of 20 min"),
    ])
}

/// Nobody looks meanwhile: whoever looks makes the emulator slower.
async fn wait(until: Timestamp) {
    let seconds = |span: SignedDuration| usize::try_from(span.as_secs()).unwrap_or(0);
    let total = seconds(until.duration_since(now()));
    let mut progress = Progress::over(total, "seconds waited for deadlines");
    while now() < until {
        progress.show(total.saturating_sub(seconds(until.duration_since(now()))));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// By how many seconds each step of a lead was late.
async fn steps_of(door: &Door, submission: &str) -> Result<Vec<f64>, String> {
    let get = async |path: String| door.get(&path).await.map_err(|error| error.to_string());
    let found = get(format!("/submissions/{submission}")).await?;
    let lead_id = found["lead_id"].as_str().ok_or("a submission without a lead")?.to_owned();
    let timeline = get(format!("/leads/{lead_id}/timeline?limit=200")).await?;
    lateness(timeline["events"].as_array().map_or(&[][..], Vec::as_slice))
}

fn lateness(events: &[Value]) -> Result<Vec<f64>, String> {
    let at = |event: &Value| event["at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let of = |kind: &str| events.iter().filter(|e| e["kind"] == kind).filter_map(at).collect::<Vec<_>>();
    let (offered, reminded) = (of("offered"), of("reminded"));
    let [offered] = offered.as_slice() else { return Err(format!("{} offers of one lead", offered.len())) };
    if reminded.len() != STEPS.len() {
        return Err(format!("{} of {} steps were taken", reminded.len(), STEPS.len()));
    }
    let due = STEPS.map(|seconds| *offered + SignedDuration::from_secs(seconds));
    let late = reminded.iter().zip(due).map(|(at, due)| at.duration_since(due).as_secs_f64());
    late.map(
        |seconds| if seconds < 0.0 { Err(format!("a step came {seconds} s early")) } else { Ok(seconds) },
    )
    .collect()
}

/// The sample playbook with such a form, whose two reps are there day and night.
fn playbook() -> Result<Value, String> {
    let mut book: Value = serde_yaml_ng::from_str(Playbook::BUNDLED).map_err(|e| e.to_string())?;
    book["forms"][FORM] = book["forms"]["demo-request"].clone();
    let reps = ["paced-1", "paced-2"];
    for rep in reps {
        let mail = format!("{rep}@acme.example");
        book["reps"][rep] = json!({ "name": rep, "email": mail, "calendar": "around-the-clock" });
    }
    book["pools"][FORM] = json!({ "members": reps, "manager": "head-of-sales@acme.example" });
    let route = json!({ "route": FORM, "pool": FORM, "when": { "field": "form", "is": FORM } });
    let last = STEPS[STEPS.len() - 1];
    let reminders = STEPS.map(|s| match last - s {
        0 => json!({ "at": "due", "do": "remind" }),
        before => json!({ "at": format!("-PT{before}S"), "do": "remind" }),
    });
    let accept = json!({ "within": format!("PT{last}S"), "ladder": reminders });
    let policy =
        json!({ "policy": FORM, "when": { "field": "form", "is": FORM }, "max_offers": 3, "accept": accept });
    let lists = [(route, &["routing", "routes"][..]), (policy, &["sla"][..])];
    for (entry, place) in lists {
        let list = place.iter().fold(&mut book, |value, name| &mut value[*name]);
        list.as_array_mut().ok_or("the sample playbook has no such list")?.insert(0, entry);
    }
    // Whoever fills it in has asked for a demo, too.
    let rules =
        book["scoring"]["interest"]["rules"].as_array_mut().ok_or("the sample playbook has no rules")?;
    for rule in rules.iter_mut().filter(|rule| rule["rule"] == "asked-for-a-demo") {
        rule["when"] = json!({ "field": "form", "in": ["demo-request", FORM] });
    }
    Ok(book)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playbook_is_one() {
        let text = playbook().unwrap().to_string();
        assert!(Playbook::read(&text).is_ok(), "{:?}", Playbook::read(&text).err());
    }

    fn event(kind: &str, second: i64) -> Value {
        json!({ "kind": kind, "at": Timestamp::from_second(second).unwrap() })
    }

    #[test]
    fn late_is_counted_from_when_a_step_is_due() {
        let mut events = vec![event("offered", 1_000)];
        events.extend(
            [(300, 0), (600, 1), (900, 0), (1_080, 2), (1_200, 0)]
                .map(|(s, l)| event("reminded", 1_000 + s + l)),
        );
        assert_eq!(lateness(&events), Ok(vec![0.0, 1.0, 0.0, 2.0, 0.0]));
        assert!(lateness(&events[..5]).is_err(), "a step that never came");
        events[1] = event("reminded", 1_299);
        assert!(lateness(&events).is_err(), "a step that came early");
    }
}
