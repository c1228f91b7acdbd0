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
    /// Every mail so far.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let url = format!("{}/_ministack/ses/messages", self.endpoint);
        let accounts = send(self.client.get(url)).await.ok();
        let accounts = accounts["messages"].as_object().unwrap();
        let mails = accounts.values().filter_map(Value::as_array).flatten();
        mails
            .map(|m| {
                let text = |name: &str| m[name].as_str().unwrap_or_default().to_owned();
                let to =
                    m["To"].as_array().and_then(|to| to.first()).and_then(Value::as_str).unwrap_or_default();
                Mail { to: to.to_owned(), subject: text("Subject"), body: text("BodyText") }
            })
            .collect()
    }

    /// The mails about a lead, to anybody of ours.
    pub(crate) async fn mails_about(&self, lead_id: &str) -> Vec<Mail> {
        self.mails().await.into_iter().filter(|m| m.body.contains(lead_id)).collect()
    }
}
