//! `leadctl erase` and `leadctl export`: forgetting people, and telling them what is held.

use std::io::{BufRead as _, IsTerminal as _, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use leadline_core::contact::EmailAddress;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, Call};
use crate::arguments::{Erase, Whom};
use crate::failure::Failure;
use crate::screen::{instant, plain, styled};
use crate::table;

/// The address of a person, or that it is to be asked for.
#[derive(Debug, Clone)]
pub(crate) enum Mailbox {
    /// It was typed.
    Given(EmailAddress),
    /// It comes on standard input.
    Asked,
}

impl Mailbox {
    /// Reads an address, or `-`. What is no address is not repeated.
    pub(crate) fn parse(text: &str) -> Result<Mailbox, &'static str> {
        match text {
            "-" => Ok(Mailbox::Asked),
            text => {
                EmailAddress::parse(text).map(Mailbox::Given).map_err(|_| "use one e-mail address, or `-`")
            }
        }
    }

    fn address(&self) -> Result<EmailAddress, Failure> {
        match self {
            Mailbox::Given(address) => Ok(address.clone()),
            Mailbox::Asked => {
                if std::io::stdin().is_terminal() {
                    eprint!("E-mail address: ");
                }
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line)?;
                EmailAddress::parse(line.trim()).map_err(|_| Failure::NoAddress)
            }
        }
    }
}

/// A receipt, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Receipt {
    erasure_id: String,
    erased_at: Timestamp,
    finished_at: Option<Timestamp>,
    leads: Vec<String>,
    stores: Vec<Touched>,
}

#[derive(Debug, Deserialize)]
struct Touched {
    store: String,
    what: String,
    items: u64,
}

/// Erases, and prints the receipt.
pub(crate) async fn erase(wanted: &Erase, now: Timestamp, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let api = Api::with_key()?;
    // A request that is sent again must not become another erasure, whose receipt would be empty.
    let key = format!("leadctl-{}-{}", now.as_nanosecond(), std::process::id());
    let call = to_erase(&api, &wanted.whom, wanted.reason.as_deref(), &key)?;
    let receipt = api.ask(&call).await?.json()?;
    if wanted.json {
        writeln!(out, "{receipt:#}")?;
    } else {
        let receipt: Receipt = serde_json::from_value(receipt).map_err(|_| Failure::Answer)?;
        write!(out, "{}", shown(&receipt, styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what is held.
pub(crate) async fn export(whom: &Whom, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let api = Api::with_key()?;
    let document = api.ask(&to_export(&api, whom)?).await?.json()?;
    writeln!(out, "{document:#}")?;
    Ok(ExitCode::SUCCESS)
}

fn to_erase(api: &Api, whom: &Whom, reason: Option<&str>, key: &str) -> Result<Call, Failure> {
    let mut body = json!({});
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    let call = match (&whom.lead, &whom.email) {
        (Some(lead_id), _) => api.call(Method::POST, &["leads", lead_id.as_str(), "erase"]),
        (None, Some(email)) => {
            body["email"] = Value::from(email.address()?.as_str());
            api.call(Method::POST, &["erasures"])
        }
        (None, None) => return Err(Failure::NoAddress),
    };
    let call = call.header(HeaderName::from_static("idempotency-key"), key);
    Ok(call.body("application/json", body.to_string()))
}

fn to_export(api: &Api, whom: &Whom) -> Result<Call, Failure> {
    match (&whom.lead, &whom.email) {
        (Some(lead_id), _) => Ok(api.call(Method::GET, &["leads", lead_id.as_str(), "export"])),
        (None, Some(email)) => {
            let body = json!({ "email": email.address()?.as_str() });
            Ok(api.call(Method::POST, &["exports"]).body("application/json", body.to_string()))
        }
        (None, None) => Err(Failure::NoAddress),
    }
}

fn shown(receipt: &Receipt, styled: bool) -> String {
    let count = match receipt.leads.len() {
        1 => "1 lead".to_owned(),
        n => format!("{n} leads"),
    };
    let mut text =
        format!("{}: {count} erased as of {} UTC\n", plain(&receipt.erasure_id), instant(receipt.erased_at));
    for lead_id in &receipt.leads {
        text.push_str(&format!("  {}\n", plain(lead_id)));
    }
    let rows = receipt.stores.iter().map(|t| vec![t.store.clone(), t.items.to_string(), t.what.clone()]);
    text.push_str(&table::render(&["STORE", "ITEMS", "WHAT WAS DONE"], rows.collect(), styled));
    if receipt.finished_at.is_none() {
        text.push_str("It holds; what is left to do follows within minutes. GET /erasures/<id> tells when it is done.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;
    use leadline_core::ids::LeadId;

    fn whom(lead: Option<&str>, email: Option<&str>) -> Whom {
        Whom {
            lead: lead.map(|id| LeadId::parse(id).unwrap()),
            email: email.map(|address| Mailbox::parse(address).unwrap()),
        }
    }

    const LEAD: &str = "ld_0123456789abcdef0123456789abcdef";

    #[tokio::test(flavor = "current_thread")]
    async fn an_address_goes_into_the_body_and_nowhere_else() {
        let receipt = json!({"erasure_id": "er_1", "erased_at": "2026-11-23T12:00:00Z", "finished_at": null,
            "by": "me", "reason": null, "leads": [LEAD], "stores": [{"store": "leads", "what": "gone", "items": 1}]});
        let answers = vec![
            FakeServer::json(202, &receipt),
            FakeServer::json(200, &json!({"leads": []})),
            FakeServer::json(200, &receipt),
        ];
        let server = FakeServer::start(answers);
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let person = whom(None, Some("ada@acme.example"));
        let answer = api.ask(&to_erase(&api, &person, Some("asked-to"), "key-1").unwrap()).await.unwrap();
        let receipt: Receipt = serde_json::from_value(answer.json().unwrap()).unwrap();
        api.ask(&to_export(&api, &person).unwrap()).await.unwrap();
        api.ask(&to_erase(&api, &whom(Some(LEAD), None), None, "key-2").unwrap()).await.unwrap();
        let seen = server.seen();
        assert!(seen[0].starts_with("POST /stage/erasures "), "{}", seen[0]);
        assert!(seen[0].contains("idempotency-key: key-1"));
        assert!(seen[0].ends_with(r#"{"email":"ada@acme.example","reason":"asked-to"}"#), "{}", seen[0]);
        assert!(seen[1].starts_with("POST /stage/exports "));
        assert!(seen[2].starts_with(&format!("POST /stage/leads/{LEAD}/erase ")));
        assert_eq!(
            shown(&receipt, false),
            format!(
                "er_1: 1 lead erased as of 2026-11-23 12:00 UTC\n  {LEAD}\n\
                 STORE  ITEMS  WHAT WAS DONE\nleads  1      gone\n\
                 It holds; what is left to do follows within minutes. GET /erasures/<id> tells when it is done.\n"
            )
        );
    }

    #[test]
    fn no_address_shows_where_it_does_not_belong() {
        let given = format!("{:?}", whom(None, Some("ada@acme.example")));
        assert!(!given.contains("ada"), "{given}");
        assert_eq!(Mailbox::parse("ada at acme").unwrap_err(), "use one e-mail address, or `-`");
    }
}
