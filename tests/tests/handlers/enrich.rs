//! Providers: what they are sent, what their answers fill, and that nobody waits for them.

use leadline_runtime::ports::{HttpError, HttpMethod, HttpResponse};
use leadline_tests::calm::{Calm, PLAYBOOK, logged};
use serde_json::{Value, json};

use super::scene::{accepted, history, id, offered, secs, wants_demo};

const PROVIDER: &str = "
enrichment:
  providers:
    - provider: firmo
      url: \"https://firmo.example/v1/{domain}?name={company.name}\"
      headers: {authorization: {secret: firmo-key}, x-plan: {value: basic}}
      fields: {company.employees: /size, company.industry: /branch/0}
      timeout_ms: 700
      max_bytes: 5000
";

type Answer = Result<HttpResponse, HttpError>;

fn said(status: u16, body: &str) -> Answer {
    Ok(HttpResponse { status, retry_after_s: None, body: body.as_bytes().to_vec() })
}

/// A world whose provider answers what `next` says, again and again.
fn with_provider(mut next: impl FnMut() -> Answer + Send + 'static) -> Calm {
    let calm = Calm::new(&format!("{PLAYBOOK}{PROVIDER}"));
    calm.set_secret("firmo-key", "s3cret");
    calm.receivers(|receivers| receivers.http = Box::new(move |_| next()));
    calm
}

fn asked(calm: &Calm) -> usize {
    calm.record().requests.len()
}

#[test]
fn an_answer_fills_gaps_and_says_where_it_came_from() {
    let calm = with_provider(|| said(200, r#"{"size": 250.0, "branch": ["steel"]}"#));
    let answers =
        json!({ "email": "ada@firm.example", "wish": "demo", "company": "Müller & Söhne/../x?y#z" });
    let submission = calm.submitted("demo", &answers);
    calm.run_queues();
    let (at, request) = calm.record().requests.remove(0);
    assert_eq!(request.method, HttpMethod::Get);
    assert_eq!(
        request.url,
        "https://firmo.example/v1/firm.example?name=M%C3%BCller%20%26%20S%C3%B6hne%2F..%2Fx%3Fy%23z"
    );
    for (name, value) in [("authorization", "s3cret"), ("x-plan", "basic")] {
        assert!(request.headers.contains(&(name.to_owned(), value.to_owned())), "{name}");
    }
    assert_eq!((request.timeout_ms, request.max_response_bytes), (700, 5_000));
    let lead = calm.lead_of(&submission);
    assert_eq!((&lead["company"]["employees"], &lead["company"]["industry"]), (&json!(250), &json!("steel")));
    let origin = |method: &str| json!({ "source": "provider:firmo", "method": method, "at": at, "policy": "fill_empty" });
    assert_eq!(lead["provenance"]["company.employees"], origin("/size"));
    assert_eq!(lead["provenance"]["company.industry"], origin("/branch/0"));
    // A company's address and its size: 40 + 30.
    assert_eq!(lead["score"]["fit"], 70);
    assert_eq!(calm.timeline(id(&lead))[1]["details"]["providers"], json!(["firmo"]));
}

#[test]
fn no_failing_provider_holds_a_lead_up() {
    /// What a provider does, and how it comes to us.
    type Failure = (&'static str, fn() -> Answer);
    let failures: [Failure; 8] = [
        ("hangs", || Err(HttpError::TimedOut)),
        ("is not there", || Err(HttpError::Unreachable)),
        ("says too much", || Err(HttpError::TooLarge)),
        ("is not allowed", || Err(HttpError::NotAllowed("a private address"))),
        ("fails", || said(500, "")),
        ("wants us to wait", || said(429, "")),
        ("sends us elsewhere", || said(302, "")),
        ("talks garbage", || said(200, "<html>")),
    ];
    for (name, failure) in failures {
        let calm = with_provider(failure);
        let lead = offered(&calm, "ada@firm.example");
        assert_eq!(lead["owner"]["offered_at"], lead["received_at"], "a provider that {name}");
        assert_eq!(asked(&calm), 1);
        calm.advance(secs(60));
        assert_eq!(asked(&calm), 2, "a provider that {name} is asked again after a minute");
    }
    // One that knows nothing has answered.
    for (status, body) in [(404, ""), (410, ""), (422, ""), (200, "{}"), (200, r#"{"size": null}"#)] {
        let calm = with_provider(move || said(status, body));
        offered(&calm, "ada@firm.example");
        calm.advance(secs(7_200));
        assert_eq!(asked(&calm), 1, "{status} {body}");
    }
}

#[test]
fn a_provider_is_asked_again_after_one_two_four_and_eight_minutes() {
    let calm = with_provider(|| Err(HttpError::TimedOut));
    accepted(&calm, "ada@firm.example");
    calm.advance(secs(7_200));
    let since = |at: jiff::Timestamp| at.duration_since(leadline_tests::calm::START).as_secs();
    let asked: Vec<i64> = calm.record().requests.iter().map(|(at, _)| since(*at)).collect();
    assert_eq!(asked, [0, 60, 180, 420, 900]);
}

#[test]
fn late_data_scores_an_owned_lead_again_and_moves_nothing_else() {
    let mut silent = true;
    let calm = with_provider(move || {
        if std::mem::replace(&mut silent, false) {
            Err(HttpError::TimedOut)
        } else {
            said(200, r#"{"size": 250}"#)
        }
    });
    let before = accepted(&calm, "ada@firm.example");
    assert_eq!((&before["score"]["fit"], &before["company"]["employees"]), (&json!(40), &Value::Null));
    calm.advance(secs(61));
    let after = calm.lead(id(&before));
    assert_eq!((&after["score"]["fit"], &after["company"]["employees"]), (&json!(70), &json!(250)));
    for same in ["stage", "owner", "clocks", "qualified_at", "cycle"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let later: Vec<_> = history(&calm, id(&before)).into_iter().filter(|(at, _)| *at > 0).collect();
    assert_eq!(
        later,
        [(60, "enriched".to_owned()), (60, "scored".to_owned())]
            .map(|(t, k)| { (t, if k == "scored" { "rescored".to_owned() } else { k }) })
    );
}

#[test]
fn late_data_takes_a_nurtured_lead_over_the_threshold() {
    let mut silent = true;
    let calm = with_provider(move || {
        if std::mem::replace(&mut silent, false) {
            Err(HttpError::TimedOut)
        } else {
            said(200, r#"{"size": 250}"#)
        }
    });
    // A free-mail address is worth nothing by itself; its company is typed.
    let playbook =
        format!("{PLAYBOOK}{}", PROVIDER.replace("{domain}?name={company.name}", "{company.name}"));
    calm.publish(&playbook);
    let answers = json!({ "email": "ada@gmail.com", "company": "Firm", "wish": "demo" });
    let submission = calm.submitted("demo", &answers);
    calm.run_queues();
    assert_eq!(calm.lead_of(&submission)["stage"], "nurturing");
    calm.advance(secs(61));
    assert_eq!(calm.lead_of(&submission)["stage"], "offered");
}

#[test]
fn after_five_failures_a_provider_is_left_alone_for_half_a_minute() {
    let calm = with_provider(|| Err(HttpError::TimedOut));
    for n in 0..5 {
        offered(&calm, &format!("p{n}@firm.example"));
    }
    assert_eq!(asked(&calm), 5);
    offered(&calm, "p5@firm.example");
    assert_eq!(asked(&calm), 5);
    calm.advance(secs(29));
    offered(&calm, "p6@firm.example");
    assert_eq!(asked(&calm), 5);
    calm.advance(secs(1));
    offered(&calm, "p7@firm.example");
    assert_eq!(asked(&calm), 6);
}

#[test]
fn without_its_secret_a_provider_is_not_asked_and_the_operator_is_told() {
    let calm = Calm::new(&format!("{PLAYBOOK}{PROVIDER}"));
    let (lead, log) = logged(|| offered(&calm, "ada@firm.example"));
    assert_eq!(lead["stage"], "offered");
    assert_eq!(asked(&calm), 0);
    assert!(
        log.lines().any(|l| l.contains("\"ERROR\"") && l.contains("firmo") && l.contains("secret")),
        "{log}"
    );
}

#[test]
fn where_a_value_is_unknown_there_is_nothing_to_ask() {
    let calm = with_provider(|| said(200, r#"{"size": 250}"#));
    calm.submitted("demo", &wants_demo("ada@gmail.com"));
    calm.advance(secs(600));
    assert_eq!(asked(&calm), 0);
}
