use proptest::prelude::*;

use super::*;
use crate::lead::samples::{noon, submission};
use crate::lead::{Field, FieldValue, Origin};

fn form() -> Form {
    serde_yaml_ng::from_str(
        "title: Demo
fields:
  - {name: email, label: E-mail, type: email, required: true}
  - {name: first_name, label: First name, required: true, max: 10}
  - {name: phone, label: Phone, type: tel}
  - {name: country, label: Country, type: country}
  - {name: employees, label: Employees, type: number}
  - {name: plan, label: Plan, type: select, options: [small, large]}
  - {name: role, label: Role, as: title}
  - {name: message, label: Message, type: textarea, max: 50}
consent:
  - {name: newsletter, purpose: marketing, version: '1', text: News by mail}
  - {name: terms, purpose: terms, version: '2', text: Our terms, required: true}
country: DE
thanks: {message: Thank you}",
    )
    .unwrap()
}

fn inputs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// What the form accepts, with these inputs more.
fn good(more: &[(&str, &str)]) -> Reading {
    let mut all = vec![("email", "ada@acme.example"), ("first_name", "Ada"), ("terms", "on")];
    all.extend(more);
    read(&form(), inputs(&all), noon()).unwrap()
}

fn mistakes(pairs: &[(&str, &str)]) -> Vec<String> {
    read(&form(), inputs(pairs), noon()).unwrap_err().into_iter().map(|m| m.field).collect()
}

fn text(reading: &Reading, field: Field) -> Option<String> {
    match reading.profile.get(field)? {
        FieldValue::Text(text) => Some(text),
        FieldValue::Number(number) => Some(number.to_string()),
    }
}

#[test]
fn every_mistake_is_told_at_once_and_nothing_typed_is_repeated() {
    let wrong = [
        ("email", "hunter2"),
        ("first_name", "hunter2hunter2"),
        ("country", "hunter2"),
        ("employees", "hunter2"),
        ("plan", "hunter2"),
        ("message", &"hunter2".repeat(8)),
        // A number that cannot be read is kept: the lead is worth more than its telephone number.
        ("phone", "hunter2"),
        ("role", "hunter2"),
    ];
    assert_eq!(mistakes(&wrong), ["email", "first_name", "country", "employees", "plan", "message", "terms"]);
    let told = read(&form(), inputs(&wrong), noon()).unwrap_err();
    assert!(told.iter().all(|m| !m.detail.contains("hunter2") && !m.detail.is_empty()));
    assert!(told.iter().any(|m| m.detail == "choose one of: small, large"));
    assert_eq!(mistakes(&[]), ["email", "first_name", "terms"]);
    assert_eq!(
        mistakes(&[("email", " "), ("first_name", "\t"), ("terms", "")]),
        ["email", "first_name", "terms"]
    );
}

#[test]
fn the_longest_value_is_counted_in_characters() {
    assert!(
        read(
            &form(),
            inputs(&[("email", "a@b.example"), ("first_name", "ÄÖÜäöüßéèê"), ("terms", "1")]),
            noon()
        )
        .is_ok()
    );
    assert_eq!(
        mistakes(&[("email", "a@b.example"), ("first_name", "ÄÖÜäöüßéèê!"), ("terms", "1")]),
        ["first_name"]
    );
}

#[test]
fn tracking_tokens_and_honeypot_are_kept_apart_from_the_answers() {
    let reading = good(&[
        ("utm_source", " Google "),
        ("gclid", "abc"),
        ("_page", "https://acme.example/pricing"),
        ("referrer", "https://www.google.com/"),
        ("_token", "t.1.sig"),
        ("_visitor", "v.1.sig"),
        ("_submission_key", "k"),
        ("fax_number", "  "),
        ("message", "  two\nlines "),
        ("unknown", "kept"),
    ]);
    let names: Vec<_> = reading.answers.keys().map(String::as_str).collect();
    assert_eq!(names, ["email", "first_name", "message", "terms", "unknown"]);
    assert_eq!(reading.answers["message"], "  two\nlines ", "exactly as typed");
    assert_eq!(reading.tracking.keys().collect::<Vec<_>>(), ["_page", "gclid", "referrer", "utm_source"]);
    assert_eq!((reading.token.as_deref(), reading.visitor.as_deref()), (Some("t.1.sig"), Some("v.1.sig")));
    assert!(!reading.honeypot_filled);
    assert!(good(&[("fax_number", "1")]).honeypot_filled);
    assert!(!good(&[("fax_number", "1")]).answers.contains_key("fax_number"));
    assert!(!format!("{reading:?}").contains("ada"));
}

#[test]
fn inputs_fill_the_lead_by_their_names_and_types() {
    let reading =
        good(&[("phone", "030 12345678"), ("employees", "250"), ("role", "CFO"), ("plan", "large")]);
    assert_eq!(text(&reading, Field::Email).as_deref(), Some("ada@acme.example"));
    assert_eq!(text(&reading, Field::FirstName).as_deref(), Some("Ada"));
    assert_eq!(text(&reading, Field::Title).as_deref(), Some("CFO"), "as the form says");
    assert_eq!(text(&reading, Field::Employees).as_deref(), Some("250"));
    assert_eq!(text(&reading, Field::Phone).as_deref(), Some("+493012345678"), "in the form's country");
    assert_eq!(text(&reading, Field::Country), None, "which is not the person's");
    assert!(reading.profile.origins.values().all(|o| *o == Origin::Form));
    let british = good(&[("phone", "020 7946 0018"), ("country", "United Kingdom")]);
    assert_eq!(
        text(&british, Field::Phone).as_deref(),
        Some("+442079460018"),
        "the person's country goes first"
    );
    assert_eq!(text(&british, Field::Country).as_deref(), Some("GB"));
    let unreadable = good(&[("phone", "call me")]);
    assert_eq!(text(&unreadable, Field::Phone), None);
    assert_eq!(unreadable.answers["phone"], "call me");
}

#[test]
fn a_consent_is_given_by_a_tick_and_kept_with_its_words() {
    for tick in ["on", "true", "TRUE", "yes", "1", " on "] {
        let reading = good(&[("newsletter", tick)]);
        let words: Vec<_> =
            reading.consents.iter().map(|c| (c.purpose.as_str(), c.version.as_str())).collect();
        assert_eq!(words, [("marketing", "1"), ("terms", "2")], "{tick}");
        assert_eq!(
            (reading.consents[0].text.as_str(), reading.consents[0].given_at),
            ("News by mail", noon())
        );
    }
    for not in ["off", "false", "0", "no", "", "please"] {
        assert_eq!(good(&[("newsletter", not)]).consents.len(), 1, "{not}");
        let refused = mistakes(&[("email", "a@b.example"), ("first_name", "A"), ("terms", not)]);
        assert_eq!(refused, ["terms"], "{not}");
    }
}

#[test]
fn head_counts_come_in_many_spellings() {
    for (typed, expected) in [
        ("250", Some("250")),
        (" 1,200 ", Some("1200")),
        ("1.200", Some("1200")),
        ("12'000", Some("12000")),
        ("51-200", Some("51")),
        ("51 – 200", Some("51")),
        ("5000+", Some("5000")),
        ("250.0", Some("250")),
        ("1,200.50", Some("1200")),
        ("many", None),
        ("-5", None),
        ("", None),
        ("99999999999", None),
    ] {
        let mut profile = crate::lead::samples::profile("a@b.example");
        let fitted = profile.set(Field::Employees, &FieldValue::Text(typed.to_owned()), Origin::Form);
        assert_eq!(fitted, expected.is_some(), "{typed}");
        let known = profile.get(Field::Employees);
        assert_eq!(known, expected.map(|n| FieldValue::Number(n.parse().unwrap())), "{typed}");
    }
}

#[test]
fn the_channel_of_a_touch() {
    let channel = |tracking: &[(&str, &str)]| {
        let mut submission = submission(1, noon());
        submission.tracking.extend(inputs(tracking));
        submission.touch().channel().name()
    };
    for (tracking, expected) in [
        (vec![], "direct"),
        (vec![("gclid", "x")], "paid"),
        (vec![("utm_source", "google"), ("utm_medium", "CPC")], "paid"),
        (vec![("utm_source", "letter"), ("utm_medium", "email")], "campaign"),
        (vec![("utm_campaign", "spring")], "campaign"),
        (vec![("utm_source", "letter"), ("referrer", "https://www.google.com/")], "campaign"),
        (vec![("referrer", "https://www.google.co.uk/search?q=x")], "search"),
        (vec![("_referrer", "https://duckduckgo.com/")], "search"),
        (vec![("referrer", "https://www.linkedin.com/feed")], "social"),
        (vec![("referrer", "https://t.co/abc")], "social"),
        (vec![("referrer", "https://x.com/acme")], "social"),
        (vec![("referrer", "https://netflix.com/")], "referral"),
        (vec![("referrer", "https://partner.example/blog")], "referral"),
        (vec![("referrer", "not a url")], "direct"),
        (vec![("utm_source", " ")], "direct"),
    ] {
        assert_eq!(channel(&tracking), expected, "{tracking:?}");
    }
}

fn honest() -> Evidence {
    Evidence {
        honeypot_filled: false,
        token: TokenAge::Seconds(30),
        links_in_names: 0,
        links_in_text: 0,
        disposable: false,
        has_origin: true,
        form_burst: 1,
        email_burst: 1,
    }
}

#[test]
fn each_signal_has_its_cause_and_its_points() {
    let clean = judge(&SpamRules::default(), &honest());
    assert_eq!((clean.verdict, clean.points, clean.signals.len()), (VerdictKind::Clean, 0, 0));
    use VerdictKind::{Clean, Spam, Suspect};
    for (evidence, signal, verdict) in [
        (Evidence { honeypot_filled: true, ..honest() }, Signal::Honeypot, Spam),
        (Evidence { token: TokenAge::Seconds(1), ..honest() }, Signal::TooFast, Suspect),
        (Evidence { token: TokenAge::Missing, ..honest() }, Signal::NoToken, Clean),
        (Evidence { token: TokenAge::Forged, ..honest() }, Signal::ForgedToken, Clean),
        (Evidence { token: TokenAge::Expired, ..honest() }, Signal::ExpiredToken, Clean),
        (Evidence { links_in_names: 1, ..honest() }, Signal::LinkInName, Suspect),
        (Evidence { links_in_text: 3, ..honest() }, Signal::ManyLinks, Clean),
        (Evidence { disposable: true, ..honest() }, Signal::DisposableDomain, Suspect),
        (Evidence { form_burst: 3_001, ..honest() }, Signal::FormBurst, Suspect),
        (Evidence { email_burst: 61, ..honest() }, Signal::EmailBurst, Spam),
        (Evidence { has_origin: false, ..honest() }, Signal::NoOrigin, Clean),
    ] {
        let judged = judge(&SpamRules::default(), &evidence);
        assert_eq!((judged.signals.as_slice(), judged.points), ([signal].as_slice(), signal.points()));
        assert_eq!(judged.verdict, verdict, "{}", signal.name());
        assert_eq!(serde_json::to_value(signal).unwrap(), signal.name());
    }
    // At the edge nothing is a signal.
    let edge = Evidence {
        token: TokenAge::Seconds(2),
        links_in_text: 2,
        form_burst: 3_000,
        email_burst: 60,
        ..honest()
    };
    assert!(judge(&SpamRules::default(), &edge).signals.is_empty());
}

#[test]
fn signals_add_up_to_the_thresholds() {
    let rules = SpamRules::default();
    // 50 + 40 + 5 = 95, and 10 more.
    let nearly = Evidence { disposable: true, links_in_text: 3, has_origin: false, ..honest() };
    let judged = judge(&rules, &nearly);
    assert_eq!((judged.points, judged.verdict), (95, VerdictKind::Suspect));
    let over = judge(&rules, &Evidence { token: TokenAge::Missing, ..nearly });
    assert_eq!((over.points, over.verdict, over.signals.len()), (105, VerdictKind::Spam, 4));
    let at = |suspect_at, quarantine_at| {
        judge(&SpamRules { suspect_at, quarantine_at, ..rules.clone() }, &honest_with_link()).verdict
    };
    fn honest_with_link() -> Evidence {
        Evidence { links_in_names: 1, ..honest() }
    }
    assert_eq!(
        (at(61, 61), at(60, 61), at(60, 60)),
        (VerdictKind::Clean, VerdictKind::Suspect, VerdictKind::Spam)
    );
}

proptest! {
    /// Neither a browser's origin nor a form token can be expected of a server that posts for its own form.
    #[test]
    fn an_honest_integration_is_never_quarantined(
        quarantine_at in LEAST_QUARANTINE..1_000,
        suspect_at in 0_u32..1_000,
        min_seconds in 0_u32..600,
        expired in any::<bool>(),
        links_in_text in 0_usize..3,
        has_origin in any::<bool>(),
    ) {
        let suspect_at = suspect_at.min(quarantine_at);
        let rules = SpamRules { quarantine_at, suspect_at, min_seconds, ..SpamRules::default() };
        let token = if expired { TokenAge::Expired } else { TokenAge::Missing };
        let evidence = Evidence { token, links_in_text, has_origin, ..honest() };
        prop_assert_ne!(judge(&rules, &evidence).verdict, VerdictKind::Spam);
    }

    #[test]
    fn the_verdict_is_the_sum_against_the_thresholds(
        honeypot_filled in any::<bool>(),
        names in 0_usize..3,
        links in 0_usize..6,
        (disposable, has_origin) in any::<(bool, bool)>(),
        (form_burst, email_burst) in (0_u32..6_000, 0_u32..120),
        seconds in prop::option::of(0_u32..5),
        (suspect_at, quarantine_at) in (0_u32..200, 20_u32..400),
    ) {
        let token = seconds.map_or(TokenAge::Missing, TokenAge::Seconds);
        let evidence = Evidence {
            honeypot_filled, token, links_in_names: names, links_in_text: links, disposable, has_origin, form_burst,
            email_burst,
        };
        let judged = judge(&SpamRules { suspect_at, quarantine_at, ..SpamRules::default() }, &evidence);
        let sum: u32 = judged.signals.iter().map(|s| s.points()).sum();
        prop_assert_eq!(judged.points, sum);
        prop_assert_eq!(judged.verdict == VerdictKind::Spam, sum >= quarantine_at);
        prop_assert_eq!(judged.verdict == VerdictKind::Clean, sum < quarantine_at && sum < suspect_at);
    }

    /// Whatever comes in, it is read or refused with reasons, and what was typed is kept letter by letter.
    #[test]
    fn answers_are_kept_verbatim(message in "\\PC{0,40}", extra in "\\PC{0,40}") {
        let reading = good(&[("message", &message), ("extra", &extra)]);
        prop_assert_eq!(&reading.answers["message"], &message);
        prop_assert_eq!(&reading.answers["extra"], &extra);
    }
}

#[test]
fn places_are_read_by_their_usual_names_with_the_country_that_is_given() {
    let form: Form = serde_yaml_ng::from_str(
        "{title: T, thanks: {message: M}, fields: [
            {name: email, label: E, type: email, required: true}, {name: zip, label: Z}, {name: state, label: S},
            {name: country, label: C, type: country}]}",
    )
    .unwrap();
    let typed = |state, zip, country| {
        let all = [("email", "ada@acme.example"), ("state", state), ("zip", zip), ("country", country)];
        let reading = read(&form, inputs(&all), noon()).unwrap();
        (text(&reading, Field::Subdivision), text(&reading, Field::Postcode))
    };
    let is = |text: &str| Some(text.to_owned());
    assert_eq!(typed("California", "94105", "US"), (is("US-CA"), is("94105")));
    assert_eq!(typed("Ontario", "k1a0b1", "Canada"), (is("CA-ON"), is("K1A 0B1")));
    // What cannot be placed stays unknown; the answer itself is kept as typed.
    assert_eq!(typed("California", "n/a", ""), (None, None));
    assert_eq!(typed("Atlantis", "80331", "DE"), (None, is("80331")));
}
