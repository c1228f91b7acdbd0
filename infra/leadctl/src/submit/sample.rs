//! The sample leads are what they say they are, by the sample playbook and the rules of the door.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadline_core::contact::{count_links, has_link};
use leadline_core::enrichment::{apply, derive};
use leadline_core::ids::{AttemptId, FormId, LeadId, PlaybookVersion, SubmissionId};
use leadline_core::lead::{Actor, Capture, Field, Lead, Step};
use leadline_core::playbook::Playbook;
use leadline_core::qualification::{Standing, Verdict, qualify};
use leadline_core::scoring::score;
use leadline_core::submission::{
    Evidence, Form, Reading, SpamVerdict, Submission, TokenAge, Touch, VerdictKind, judge, read,
};
use serde_json::Value;

use super::rows::{Row, of_csv, of_ndjson};

const NDJSON: &str = include_str!("../../../../tests/data/leads.ndjson");
const CSV: &str = include_str!("../../../../tests/data/leads.csv");

fn demo() -> FormId {
    FormId::parse("demo-request").unwrap()
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn form_of<'p>(playbook: &'p Playbook, row: &Row) -> &'p Form {
    playbook.form(&row.form).unwrap()
}

/// Reads a row as the door does.
fn reading(playbook: &Playbook, row: &Row) -> Option<Reading> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let inputs = row.inputs.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    read(form_of(playbook, row), inputs, noon()).ok()
}

/// Judges it as the door does what comes from a program: without a token, without an origin, in no flood.
fn verdict(playbook: &Playbook, row: &Row, reading: &Reading) -> SpamVerdict {
    let is_name = |name: &str| matches!(Field::of_input(name), Some(Field::FirstName | Field::LastName));
    let (names, texts): (Vec<_>, Vec<_>) = reading.answers.iter().partition(|(name, _)| is_name(name));
    let evidence = Evidence {
        honeypot_filled: reading.honeypot_filled,
        token: TokenAge::Missing,
        links_in_names: names.iter().filter(|(_, text)| has_link(text)).count(),
        links_in_text: texts.iter().map(|(_, text)| count_links(text)).sum(),
        disposable: reading.profile.contact.email.domain().is_disposable(),
        has_origin: false,
        form_burst: 1,
        email_burst: 1,
    };
    judge(&form_of(playbook, row).spam, &evidence)
}

fn name(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Clean => "clean",
        VerdictKind::Suspect => "suspect",
        VerdictKind::Spam => "spam",
    }
}

#[test]
fn every_row_gets_the_verdict_it_expects() {
    let playbook = Playbook::bundled();
    let rows = of_ndjson(NDJSON, &demo()).unwrap();
    assert!(rows.len() >= 60, "{}", rows.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        let line: Value = serde_json::from_str(NDJSON.lines().nth(row.number - 1).unwrap()).unwrap();
        let expected = line["_expect"].as_str().unwrap();
        let found = match reading(&playbook, row) {
            None => "refused",
            Some(reading) => name(verdict(&playbook, row, &reading).verdict),
        };
        assert_eq!(found, expected, "row {}", row.number);
        *counts.entry(found).or_default() += 1;
    }
    assert_eq!(counts.into_keys().collect::<Vec<_>>(), ["clean", "refused", "spam", "suspect"]);
}

#[test]
fn the_csv_file_is_clean() {
    let playbook = Playbook::bundled();
    let rows = of_csv(CSV, &demo()).unwrap();
    assert_eq!(rows.len(), 5);
    for row in &rows {
        let reading = reading(&playbook, row).unwrap();
        assert_eq!(verdict(&playbook, row, &reading).verdict, VerdictKind::Clean, "row {}", row.number);
    }
}

/// The lead of a row, enriched from our own lists, and the touch that the row makes.
fn captured(playbook: &Playbook, row: &Row, reading: &Reading) -> (Lead, Touch) {
    let lead_id = LeadId::from_bits([1; 16]);
    let submission = Submission {
        submission_id: SubmissionId::from_bits((row.number as u128).to_be_bytes()),
        lead_id: lead_id.clone(),
        form: row.form.clone(),
        received_at: noon(),
        answers: reading.answers.clone(),
        tracking: reading.tracking.clone(),
        consents: reading.consents.clone(),
        verdict: verdict(playbook, row, reading),
        visitor: None,
        sender: String::new(),
        mailboxes: Vec::new(),
        forgotten_at: None,
    };
    let facts = derive(&reading.profile, Some(&submission), noon());
    let (profile, _) = apply(&reading.profile, &facts);
    let capture = Capture {
        lead_id,
        submission: &submission,
        profile,
        playbook: PlaybookVersion(0),
        acknowledge: None,
    };
    let step = Step { at: noon(), actor: Actor::Prospect, attempt: AttemptId::from_bits([0; 16]) };
    (Lead::capture(capture, &step), submission.touch())
}

#[test]
fn there_is_something_for_everybody() {
    let playbook = Playbook::bundled();
    let doc = playbook.doc();
    let mut grades: BTreeMap<String, usize> = BTreeMap::new();
    let mut fates: BTreeMap<&str, usize> = BTreeMap::new();
    let mut countries: BTreeMap<&str, usize> = BTreeMap::new();
    let mut phones = 0;
    let mut people: BTreeMap<String, (Lead, Vec<Touch>)> = BTreeMap::new();
    for row in of_ndjson(NDJSON, &demo()).unwrap() {
        let Some(reading) = reading(&playbook, &row) else { continue };
        if verdict(&playbook, &row, &reading).verdict == VerdictKind::Spam {
            continue;
        }
        let email = &reading.profile.contact.email;
        // Role addresses never bring two rows together.
        let whose =
            if email.is_role() { row.number.to_string() } else { email.canonical().as_str().to_owned() };
        let (lead, touch) = captured(&playbook, &row, &reading);
        people.entry(whose).or_insert_with(|| (lead, Vec::new())).1.push(touch);
    }
    for (lead, touches) in people.values() {
        let card = score(&doc.scoring, lead, touches, PlaybookVersion(0), noon());
        let view = leadline_core::condition::View::new(lead, touches.last());
        let verdict =
            qualify(&doc.qualification, &doc.vetoes, view, card.fit, card.interest, Standing::NotYet);
        *grades.entry(card.grade).or_default() += 1;
        let fate = match verdict {
            Verdict::Qualified => "qualified",
            Verdict::Nurturing => "nurturing",
            Verdict::Disqualified(_) => "disqualified",
        };
        *fates.entry(fate).or_default() += 1;
        phones += usize::from(lead.profile.contact.phone.is_some());
        if let Some(country) = &lead.profile.contact.country {
            *countries.entry(country.as_str()).or_default() += 1;
        }
    }
    let told = format!("{grades:?} {fates:?} {phones} phones, {countries:?}");
    let count = |counts: &BTreeMap<&str, usize>, name: &str| counts.get(name).copied().unwrap_or_default();
    assert!(grades["A1"] >= 20 && grades["B1"] >= 8 && grades.len() >= 4, "{told}");
    assert!(count(&fates, "qualified") >= 30 && count(&fates, "nurturing") >= 8, "{told}");
    assert!(count(&fates, "disqualified") >= 4, "{told}");
    assert!(phones >= 40, "{told}");
    for country in ["DE", "FR", "GB", "US", "CA", "SG", "IN", "BR"] {
        assert!(count(&countries, country) > 0, "{country}: {told}");
    }
    let returning = people.values().filter(|(_, touches)| touches.len() == 3).count();
    assert!(returning >= 2, "{returning} with three touches");
}
