//! For how long answers are kept, and what is left afterwards.

use std::collections::BTreeMap;

use super::super::samples::{at, submission, visitor};
use super::super::{Forgetting, KeepFor, PeriodMistake, RetentionRules};
use super::*;
use crate::submission::{Channel, Consent};

fn keep(text: &str) -> KeepFor {
    KeepFor::parse(text).unwrap()
}

#[test]
fn periods_count_calendar_days_and_months_in_utc() {
    for (period, from, until) in [
        ("P1D", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("P180D", "2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z"),
        ("P2W", "2026-02-20T00:00:00Z", "2026-03-06T00:00:00Z"),
        ("P1M", "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"),
        ("P6M", "2026-08-31T00:00:00Z", "2027-02-28T00:00:00Z"),
        ("P1Y", "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
        ("P1Y2M3D", "2026-01-01T00:00:00Z", "2027-03-04T00:00:00Z"),
        ("P1M1D", "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z"),
        // Europe changes its clocks in between; UTC does not.
        ("P1D", "2026-10-24T22:30:00Z", "2026-10-25T22:30:00Z"),
    ] {
        assert_eq!(keep(period).after(at(from)), at(until), "{period} from {from}");
    }
    assert_eq!(keep("P100Y").after(at("9990-01-01T00:00:00Z")), jiff::Timestamp::MAX);
}

#[test]
fn periods_are_whole_days_at_least_one_and_written_one_way() {
    use PeriodMistake::{Hours, Malformed, Nothing, TooLong};
    let mistake = |text: &str| KeepFor::parse(text).unwrap_err();
    for text in
        ["", "P", "180", "180D", "P180", "PD", "P-1D", "P1.5D", "P1D1M", "P1D2D", "p1d", "P 1D", "P1DD"]
    {
        assert_eq!(mistake(text), Malformed(text.to_owned()), "{text}");
    }
    for text in ["PT24H", "P1DT1H", "PT0S"] {
        assert_eq!(mistake(text), Hours(text.to_owned()));
    }
    for text in ["P0D", "P0M0D", "P0Y"] {
        assert_eq!(mistake(text), Nothing(text.to_owned()));
    }
    for text in ["P101Y", "P36526D", "P99999999999999999999D"] {
        assert_eq!(mistake(text), TooLong(text.to_owned()));
    }
    for (text, written) in [("P180D", "P180D"), ("P1Y6M", "P18M"), ("P2W", "P14D"), ("P1M1D", "P1M1D")] {
        assert_eq!(serde_json::to_value(keep(text)).unwrap(), written);
        assert_eq!(keep(written), keep(text));
    }
    assert!(serde_json::from_str::<RetentionRules>(r#"{"submission": "P1D"}"#).is_err());
    assert_eq!(RetentionRules::default().submissions_until(noon()), None);
}

#[test]
fn what_is_due_loses_its_answers_the_oldest_first() {
    let days = |n: i64| after(n * 86_400);
    let mut all = vec![submission(3, days(2)), submission(1, days(0)), submission(2, days(1))];
    let ids = |found: &Forgetting| found.left.iter().map(|s| s.submission_id.clone()).collect::<Vec<_>>();
    let id = super::super::samples::submission_id;
    let due = |all: &[_], most, now| Forgetting::of(all, Some(keep("P1D")), most, now);

    let early = due(&all, 9, days(1) - jiff::SignedDuration::from_secs(1));
    assert_eq!((ids(&early), early.next), (vec![], Some(days(1))));
    let two = due(&all, 9, days(2));
    assert_eq!((ids(&two), two.next), (vec![id(1), id(2)], Some(days(3))));
    // More than fit are due at once again.
    let one = due(&all, 1, days(2));
    assert_eq!((ids(&one), one.next), (vec![id(1)], Some(days(2))));
    // Whose answers are gone is not due again.
    all[1] = one.left[0].clone();
    let rest = due(&all, 9, days(9));
    assert_eq!((ids(&rest), rest.next), (vec![id(2), id(3)], None));
    let kept = Forgetting::of(&all, None, 9, days(9_000));
    assert_eq!((ids(&kept), kept.next), (vec![], None));
}

#[test]
fn facts_about_the_touch_and_consents_stay() {
    let mut whole = submission(1, noon());
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    whole.answers = text(&[("email", "ada@acme.example"), ("message", "call me on 030 901820")]);
    whole.tracking = text(&[
        ("utm_source", "google"),
        ("utm_campaign", "autumn"),
        ("gclid", "click-of-ada"),
        ("landing_page", "https://www.acme.example/demo?mail=ada"),
        ("_referrer", "https://www.google.com/search?q=ada"),
        ("_page", "not an address of ada"),
        ("_first_seen", "1790000000"),
    ]);
    whole.visitor = Some(visitor(7));
    whole.sender = "hash-of-ada".to_owned();
    whole.mailboxes = vec!["hash-of-another-ada".to_owned()];
    whole.consents = vec![Consent {
        purpose: "marketing".to_owned(),
        version: "1".to_owned(),
        text: "You may write to me.".to_owned(),
        given_at: noon(),
        effective: true,
    }];
    let later = after(86_400);
    let found = Forgetting::of(&[whole.clone()], Some(keep("P1D")), 9, later);
    let left = &found.left[0];
    assert_eq!(
        left.tracking,
        text(&[
            ("utm_source", "google"),
            ("utm_campaign", "autumn"),
            ("gclid", ""),
            ("landing_page", "https://www.acme.example"),
            ("_referrer", "https://www.google.com"),
        ])
    );
    assert!(!serde_json::to_string(left).unwrap().contains("ada"));
    assert_eq!(left.forgotten_at, Some(later));
    assert_eq!((&left.consents, &left.form, left.received_at), (&whole.consents, &whole.form, noon()));
    assert_eq!((left.touch().channel(), whole.touch().channel()), (Channel::Paid, Channel::Paid));
    whole.tracking.retain(|name, _| name == "_referrer");
    let found = Forgetting::of(&[whole], Some(keep("P1D")), 9, later);
    assert_eq!(found.left[0].touch().channel(), Channel::Search);
}

#[test]
fn the_row_has_one_time_for_it_and_says_when_it_happened() {
    let lead = lead_at(Stage::Won).kept_until(None).kept_until(Some(after(500))).kept_until(Some(after(900)));
    assert_eq!(lead.forget_at, Some(after(500)));
    let id = super::super::samples::submission_id(1);
    let next = lead.forgotten(vec![id.clone()], Some(after(900)), &step(after(500))).unwrap();
    assert_eq!((next.stage, next.forget_at), (Stage::Won, Some(after(900))));
    assert_eq!(next.last_event.kind, EventKind::Forgotten { submissions: vec![id] });
    assert_eq!((next.last_event.kind.name(), next.last_event.kind.domain_name()), ("forgotten", None));
}
