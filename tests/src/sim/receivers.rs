//! The world outside: mail, the bus, webhooks, a provider of facts. They remember what they were given.

use std::collections::BTreeMap;
use std::sync::Arc;

use leadline_runtime::ports::{
    DomainEvent, HttpError, HttpMethod, HttpRequest, HttpResponse, Mail, MailError,
};

use super::check::Harm;
use super::faults::Fault;
use super::world::World;

/// What the receivers were given, by the id that came with it.
#[derive(Default)]
pub(crate) struct Receivers {
    /// Mails that were accepted, by delivery id, with the recipient.
    pub(crate) mails: BTreeMap<String, String>,
    /// Webhooks that were accepted, by `webhook-id`, with what they were about.
    pub(crate) webhooks: BTreeMap<String, String>,
    /// Domain events, by id, as they came first.
    pub(crate) events: BTreeMap<String, DomainEvent>,
    /// None of them can be reached.
    pub(crate) down: bool,
    /// What nobody should ever have received.
    pub(crate) harm: Vec<Harm>,
}

impl Receivers {
    fn take_mail(&mut self, mail: Mail) {
        let to = self.mails.entry(mail.delivery_id.clone()).or_insert_with(|| mail.to.clone());
        if *to != mail.to {
            self.harm
                .push(Harm::DuplicateEffects(format!("delivery {} went to two people", mail.delivery_id)));
        }
    }

    /// The same id always stands for the same thing.
    fn take_webhook(&mut self, request: &HttpRequest) {
        let header = |name: &str| request.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let about = format!("{} {} {}", body["type"], body["data"]["lead_id"], body["data"]["effect"]);
        let Some(id) = header("webhook-id") else {
            self.harm.push(Harm::DuplicateEffects(format!("a webhook without an id: {about}")));
            return;
        };
        let before = self.webhooks.entry(id.clone()).or_insert_with(|| about.clone());
        if *before != about {
            self.harm.push(Harm::DuplicateEffects(format!("webhook {id} told {before}, then {about}")));
        }
    }

    fn take_event(&mut self, event: DomainEvent) {
        match self.events.get(&event.id) {
            Some(before) if *before != event => {
                self.harm.push(Harm::DuplicateEffects(format!("event {} came with two contents", event.id)));
            }
            Some(_) => {}
            None => {
                self.events.insert(event.id.clone(), event);
            }
        }
    }
}

/// Mail, once it got there.
pub(crate) async fn mail(world: &Arc<World>, mail: Mail) -> Result<(), MailError> {
    if world.lock().receivers.down || world.strikes(Fault::ReceiverFails) {
        return Err(MailError::Unavailable);
    }
    world.note(|| format!("  mail {} is taken", mail.delivery_id));
    world.lock().receivers.take_mail(mail);
    if world.strikes(Fault::ReceiverLies) { Err(MailError::Unavailable) } else { Ok(()) }
}

/// Events; those that the bus did not take are told by id.
pub(crate) fn publish(world: &Arc<World>, events: Vec<DomainEvent>) -> Vec<String> {
    let mut failed = Vec::new();
    for event in events {
        if world.strikes(Fault::PartialSend) {
            failed.push(event.id);
        } else {
            world.lock().receivers.take_event(event);
        }
    }
    failed
}

/// A webhook or a provider of facts.
pub(crate) async fn http(world: &Arc<World>, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let answer = |status: u16, body: &str| {
        Ok(HttpResponse { status, retry_after_s: None, body: body.as_bytes().to_vec() })
    };
    if world.lock().receivers.down {
        return Err(HttpError::Unreachable);
    }
    if world.strikes(Fault::ReceiverHangs) {
        world.pause(request.timeout_ms).await;
        return Err(HttpError::TimedOut);
    }
    if world.strikes(Fault::ReceiverSlow) {
        let most = i64::try_from(request.timeout_ms).unwrap_or(i64::MAX);
        let takes = world.lock().detail(Fault::ReceiverSlow, 50, most);
        world.pause(u64::try_from(takes).unwrap_or(0)).await;
    }
    if world.strikes(Fault::ReceiverFails) {
        let kind = world.lock().detail(Fault::ReceiverFails, 0, 3);
        return match kind {
            0 => Err(HttpError::Unreachable),
            1 => answer(500, "oops"),
            2 => answer(302, ""),
            _ => Ok(HttpResponse { status: 429, retry_after_s: Some(20), body: Vec::new() }),
        };
    }
    let lies = world.strikes(Fault::ReceiverLies);
    if request.method == HttpMethod::Get {
        let kind = if lies { world.lock().detail(Fault::ReceiverLies, 0, 2) } else { -1 };
        return match kind {
            0 => answer(200, "<html>surely</html>"),
            1 => answer(200, r#"{"employees":"many","industry":{"a":[1]}}"#),
            2 => Err(HttpError::TooLarge),
            _ => answer(200, r#"{"employees":250,"industry":"software"}"#),
        };
    }
    world.lock().receivers.take_webhook(&request);
    if lies { Err(HttpError::TimedOut) } else { answer(204, "") }
}
