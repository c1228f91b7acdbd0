//! `leadctl lead`: one lead, and why it is where it is.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;

use crate::api::Api;
use crate::arguments::Lead;
use crate::failure::Failure;
use crate::screen::{bold, instant, plain, styled};
use crate::shown_lead::{NOTHING, ShownLead};

/// Shows a lead.
pub(crate) async fn run(wanted: &Lead, now: Timestamp, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let lead = Api::with_key()?.get(&["leads", wanted.lead_id.as_str()]).await?;
    if wanted.json {
        writeln!(out, "{lead:#}")?;
    } else {
        let lead: ShownLead = serde_json::from_value(lead).map_err(|_| Failure::Answer)?;
        write!(out, "{}", described(&lead, now, styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn described(lead: &ShownLead, now: Timestamp, styled: bool) -> String {
    let mut text = format!("{}\n", bold(&plain(&format!("{}, {}", lead.name(), lead.company())), styled));
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10} {}", plain(value));
    };
    fact("lead", &format!("{}, version {}", lead.lead_id, lead.version));
    fact(
        "stage",
        &lead.reason.as_ref().map_or_else(|| lead.stage.clone(), |why| format!("{}: {why}", lead.stage)),
    );
    let contact = &lead.contact;
    for (name, value) in [("e-mail", &contact.email), ("phone", &contact.phone), ("title", &contact.title)] {
        if let Some(value) = value {
            fact(name, value);
        }
    }
    if let Some(country) = &contact.country {
        fact("country", country);
    }
    if let Some(employees) = lead.company.employees {
        fact("employees", &employees.to_string());
    }
    let accepted = lead.owner.as_ref().and_then(|o| o.accepted_at);
    let accepted = accepted.map_or_else(String::new, |at| format!(", accepted {}", instant(at)));
    // What routing did has its own words below.
    let by_hand = lead.owner.as_ref().is_some_and(|o| o.basis.as_deref() == Some("by_hand"));
    let by_hand = if by_hand { ", given by hand" } else { "" };
    fact("owner", &format!("{}{by_hand}{accepted}", lead.held_by()));
    if let Some(because) = lead.route.as_ref().and_then(|r| r.because.as_deref()) {
        fact("", because);
    }
    for clock in &lead.clocks {
        let due = if clock.runs() { clock.due(now) } else { instant(clock.due_at) };
        fact("deadline", &format!("{} {}: {due}", clock.clock, clock.status));
        if let Some(because) = &clock.because {
            fact("", because);
        }
    }
    match &lead.score {
        None => fact("score", NOTHING),
        Some(score) => {
            fact("score", &format!("{}: fit {}, interest {}", score.grade, score.fit, score.interest));
            for reason in &score.reasons {
                // A lost point has its sign already.
                let sign = if reason.points.as_f64().is_some_and(|p| p < 0.0) { "" } else { "+" };
                fact("", &format!("{sign}{} {}: {}", reason.points, reason.axis, reason.because));
            }
        }
    }
    for touch in &lead.touches {
        let mut words = format!("{} {} ({}", instant(touch.at), touch.form_id, touch.channel);
        for part in [&touch.source, &touch.page].into_iter().flatten() {
            let _ = write!(words, ", {part}");
        }
        fact("touch", &format!("{words})"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lead_says_why_it_is_where_it_is() {
        let lead = serde_json::from_value(json!({
            "lead_id": "ld_1", "version": 4, "stage": "offered", "reason": null,
            "contact": {"email": "ada@nordlicht.example", "first_name": "Ada", "last_name": "\u{1b}[2JB", "country": "DE"},
            "company": {"name": "Nordlicht", "employees": 120},
            "score": {"fit": 75, "interest": 50, "grade": "A1", "reasons": [
                {"rule": "mid-size", "axis": "fit", "points": 30, "because": "has 50 to 5000 employees"},
                {"rule": "tiny", "axis": "fit", "points": -2.5, "because": "the group company is limited"}]},
            "owner": {"rep_id": "anna", "pool_id": "emea", "offered_at": "2026-11-23T12:00:00Z", "accepted_at": null},
            "clocks": [{"clock": "accept", "due_at": "2026-11-23T12:30:00Z", "status": "running",
                        "because": "30 working minutes = …"}],
            "touches": [{"at": "2026-11-23T12:00:00Z", "form_id": "demo-request", "channel": "paid", "source": "google"}],
            "route": {"because": "Route europe held; it was anna's turn."},
        }))
        .unwrap();
        assert_eq!(
            described(&lead, "2026-11-23T12:10:00Z".parse().unwrap(), false),
            "\
Ada [2JB, Nordlicht
  lead       ld_1, version 4
  stage      offered
  e-mail     ada@nordlicht.example
  country    DE
  employees  120
  owner      anna (emea)
             Route europe held; it was anna's turn.
  deadline   accept running: 2026-11-23 12:30 (in 20 min)
             30 working minutes = …
  score      A1: fit 75, interest 50
             +30 fit: has 50 to 5000 employees
             -2.5 fit: the group company is limited
  touch      2026-11-23 12:00 demo-request (paid, google)
"
        );
    }

    #[test]
    fn a_lead_that_somebody_gave_by_hand_says_so() {
        let lead = serde_json::from_value(json!({
            "lead_id": "ld_1", "version": 4, "stage": "offered", "contact": {}, "company": {}, "route": null,
            "owner": {"rep_id": "anna", "pool_id": "emea", "accepted_at": null, "basis": "by_hand"},
        }))
        .unwrap();
        let text = described(&lead, "2026-11-23T12:10:00Z".parse().unwrap(), false);
        assert!(text.contains("\n  owner      anna (emea), given by hand\n"), "{text}");
    }
}
