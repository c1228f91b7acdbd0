//! Somebody to submit: each of another company, each worth a call by the sample playbook, with what a form on a landing
//! page sends along.

use serde_json::{Value, json};

/// The mailbox of the n-th of a run. `run` is letters and digits that no other run has.
pub fn mailbox(run: &str, n: usize) -> String {
    format!("katrin.vogel@nordlicht-{run}{n}.example")
}

/// The answers of the n-th.
pub fn person(run: &str, n: usize) -> Value {
    json!({
        "email": mailbox(run, n),
        "first_name": "Katrin",
        "last_name": format!("Vogel {n}"),
        "company": format!("Nordlicht Logistik {n} GmbH"),
        "title": "Head of Sales Operations",
        "phone": "030 23125 118",
        "country": "DE",
        "employees": "420",
        "timeline": "this month",
        "message": "Wir wollen bis zum Quartalsende alle Niederlassungen in einem Bericht sehen.",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "reporting-emea",
        "utm_term": "sales reporting software",
        "gclid": "Cj0KCQiA-fictional-0001",
        "landing_page": "https://www.acme.example/pricing",
        "referrer": "https://www.google.com/",
    })
}
