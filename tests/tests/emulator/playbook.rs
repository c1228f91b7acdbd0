//! The playbook of the tests: the sample playbook, with forms, pools and policies that make time short and room
//! scarce.

use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../infra/playbooks/acme.yaml");

/// The form whose offers must be accepted within five seconds; its pool has `quick-1` and `quick-2`.
pub(crate) const QUICK: &str = "quick";
/// The seconds to accept, and those from then until marketing has the lead.
pub(crate) const QUICK_SECONDS: (i64, i64) = (5, 3);
/// The form of one site, with a consent that must be given and five submissions a minute and address.
pub(crate) const STRICT: &str = "strict";
/// The site.
pub(crate) const STRICT_ORIGIN: &str = "https://strict.acme.example";
/// A form that is switched off.
pub(crate) const DISABLED: &str = "disabled";
/// The form whose only rep, `solo`, takes one lead at a time.
pub(crate) const PARKING: &str = "parking";
/// The form whose rep, [`HOOKED_REP`], is told by webhook only at the second try.
pub(crate) const HOOKED: &str = "hooked";
/// Whose offers the sink refuses at first.
pub(crate) const HOOKED_REP: &str = "hook-1";
/// The form of the crowd; its pool has [`CROWD_REPS`] members of the same weight.
pub(crate) const CROWD: &str = "crowd";
/// How many.
pub(crate) const CROWD_REPS: usize = 5;
/// The form of the leads whose messages get lost.
pub(crate) const LOSSY: &str = "lossy";
/// The form whose policy has all five clocks.
pub(crate) const CLOCKED: &str = "clocked";
/// Seconds of its first-touch, attempts, qualified-by and stalled clock.
pub(crate) const CLOCKED_SECONDS: [i64; 4] = [16, 14, 40, 20];
/// Who answers in the end.
pub(crate) const FALLBACK_REP: &str = "in-the-end";
/// The form of the leads whose steps nobody takes for a while, with the seconds to accept.
pub(crate) const MISSED: (&str, i64) = ("missed", 30);
/// The form whose reps come and go.
pub(crate) const ABSENT: &str = "absent";
/// The form whose reps are reminded at [`PACED_SECONDS`].
pub(crate) const PACED: &str = "paced";
/// Seconds after an offer, from three to four minutes.
pub(crate) const PACED_SECONDS: [i64; 12] = [3, 6, 10, 15, 25, 40, 60, 90, 120, 160, 200, 240];

/// Where a rep's mail goes: whose turn it is depends on the time of day.
pub(crate) fn mail_of(rep: &Value) -> String {
    let book: Value = serde_yaml_ng::from_str(SAMPLE).unwrap();
    let rep = rep.as_str().unwrap();
    match book["reps"][rep]["email"].as_str() {
        Some(email) => email.to_owned(),
        None => format!("{rep}@acme.example"),
    }
}

/// The forms that have a pool each.
const OF_THE_TESTS: [&str; 9] = [QUICK, PARKING, HOOKED, CROWD, LOSSY, CLOCKED, MISSED.0, PACED, ABSENT];

/// The playbook as JSON.
pub(crate) fn for_tests(sink_url: &str, secret: &str) -> Value {
    let mut book: Value = serde_yaml_ng::from_str(SAMPLE).unwrap();
    let demo = book["forms"]["demo-request"].clone();
    for name in OF_THE_TESTS {
        book["forms"][name] = demo.clone();
    }
    book["forms"][DISABLED] = demo.clone();
    book["forms"][DISABLED]["enabled"] = json!(false);
    book["forms"][STRICT] = demo;
    book["forms"][STRICT]["origins"] = json!([STRICT_ORIGIN]);
    book["forms"][STRICT]["per_address"] = json!({"count": 5, "seconds": 60});
    book["forms"][STRICT]["consent"] = json!([{"name": "consent", "purpose": "contact", "version": "1", "text": "You may call me.", "required": true}]);
    // Whoever fills in one of these has asked for a demo, too.
    let asked = book["scoring"]["interest"]["rules"].as_array_mut().unwrap().iter_mut();
    for rule in asked.filter(|r| r["rule"] == "asked-for-a-demo") {
        rule["when"] = json!({"field": "form", "in": (["demo-request", STRICT].iter().chain(&OF_THE_TESTS).collect::<Vec<_>>())});
    }

    let pool = |book: &mut Value, form: &str, reps: &[String], caps: Value| {
        for rep in reps {
            let email = format!("{rep}@acme.example");
            book["reps"][rep] =
                json!({"name": rep, "email": email, "calendar": "around-the-clock", "caps": caps});
        }
        book["pools"][form] = json!({"members": reps, "manager": format!("head-of-{form}@acme.example")});
        let route = json!({"route": form, "pool": form, "when": {"field": "form", "is": form}});
        book["routing"]["routes"].as_array_mut().unwrap().insert(0, route);
    };
    let numbered = |name: &str, count: usize| (1..=count).map(|n| format!("{name}-{n}")).collect::<Vec<_>>();
    pool(&mut book, QUICK, &numbered("quick", 2), json!({}));
    pool(&mut book, PARKING, &["solo".to_owned()], json!({"open": 1}));
    pool(&mut book, HOOKED, &[HOOKED_REP.to_owned()], json!({}));
    pool(&mut book, CROWD, &numbered("crowd", CROWD_REPS), json!({}));
    pool(&mut book, LOSSY, &numbered("lossy", 2), json!({}));

    pool(&mut book, CLOCKED, &numbered(CLOCKED, 2), json!({}));
    pool(&mut book, MISSED.0, &numbered(MISSED.0, 2), json!({}));
    pool(&mut book, PACED, &numbered(PACED, 2), json!({}));
    pool(&mut book, ABSENT, &numbered(ABSENT, 2), json!({}));
    book["reps"][FALLBACK_REP] = json!({"name": FALLBACK_REP, "email": format!("{FALLBACK_REP}@acme.example"), "calendar": "around-the-clock"});
    book["routing"]["fallback"] = json!({"rep": FALLBACK_REP, "after": "PT4H"});
    book["sla"].as_array_mut().unwrap().splice(0..0, policies());

    book["notifications"]["channels"] = json!({"sink": {"webhook": {"url": sink_url, "secret": secret}}});
    book["notifications"]["offers"] = json!(["sink"]);
    book
}

/// Policies that make time short.
fn policies() -> Vec<Value> {
    let seconds = |s: i64| format!("PT{s}S");
    let policy = |form: &str, clocks: Value| {
        let mut policy = json!({"policy": form, "when": {"field": "form", "is": form}, "max_offers": 3});
        policy.as_object_mut().unwrap().extend(clocks.as_object().unwrap().clone());
        policy
    };
    let moves_on = |accept: i64, back: i64| {
        let ladder = json!([
            {"at": "50%", "do": "remind"},
            {"at": "due", "do": "reassign"},
            {"at": "due", "do": "notify_manager"},
            {"at": format!("+PT{back}S"), "do": "return_to_marketing"},
        ]);
        json!({"accept": {"within": seconds(accept), "ladder": ladder}})
    };
    let at_due = |within: i64, action: &str| json!({"within": seconds(within), "ladder": [{"at": "due", "do": action}]});
    let [first_touch, attempts, qualified_by, stalled] = CLOCKED_SECONDS;
    let mut tries = at_due(attempts, "notify_manager");
    tries["at_least"] = json!(2);
    let mut touch = at_due(first_touch, "notify_manager");
    touch["ladder"].as_array_mut().unwrap().insert(0, json!({"at": "50%", "do": "remind"}));
    let clocked = json!({
        "accept": at_due(300, "reassign"),
        "first_touch": touch,
        "attempts": tries,
        "qualified_by": at_due(qualified_by, "fallback"),
        "stalled": at_due(stalled, "remind"),
    });
    let last = PACED_SECONDS[PACED_SECONDS.len() - 1];
    let reminders: Vec<Value> = PACED_SECONDS
        .iter()
        .map(|s| match last - s {
            0 => json!({"at": "due", "do": "remind"}),
            before => json!({"at": format!("-PT{before}S"), "do": "remind"}),
        })
        .collect();
    vec![
        policy(QUICK, moves_on(QUICK_SECONDS.0, QUICK_SECONDS.1)),
        policy(CLOCKED, clocked),
        policy(MISSED.0, moves_on(MISSED.1, 300)),
        policy(PACED, json!({"accept": {"within": seconds(last), "ladder": reminders}})),
    ]
}
