//! The mail that went out, as the emulator keeps it for tests.

use serde_json::Value;

use super::call::send;
use super::deployment::Deployment;

/// One mail.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Whom it went to.
    pub(crate) to: String,
    /// Subject.
    pub(crate) subject: String,
    /// Text.
    pub(crate) body: String,
}

impl Deployment {
    /// Every mail so far. Each emulator has a door of its own for that.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let ministack = send(self.client.get(format!("{}/_ministack/ses/messages", self.endpoint))).await;
        if ministack.status == 200 {
            let accounts = ministack.json()["messages"].take();
            let mails = accounts.as_object().unwrap().values().filter_map(Value::as_array).flatten();
            return mails.map(|m| mail(&m["To"][0], &m["Subject"], &m["BodyText"])).collect();
        }
        let localstack = send(self.client.get(format!("{}/_aws/ses", self.endpoint))).await.ok();
        let mails = localstack["messages"].as_array().unwrap().iter();
        mails
            .map(|m| mail(&m["Destination"]["ToAddresses"][0], &m["Subject"], &m["Body"]["text_part"]))
            .collect()
    }

    /// The mails about a lead, to anybody of ours.
    pub(crate) async fn mails_about(&self, lead_id: &str) -> Vec<Mail> {
        self.mails().await.into_iter().filter(|m| m.body.contains(lead_id)).collect()
    }
}

fn mail(to: &Value, subject: &Value, body: &Value) -> Mail {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Mail { to: text(to), subject: text(subject), body: text(body) }
}
