//! One try to get one notification through one channel.

use jiff::SignedDuration;
use leadline_core::contact::EmailAddress;
use leadline_core::identity::claim_key;
use leadline_core::lead::{Effect, EffectKind, Lead};
use leadline_core::notification::{Audience, ChannelRules, Message, OfferLinks, Target, message};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::seal::webhook_signature;
use leadline_core::sla::ClockKind;
use leadline_edge::offer_link::OfferLink;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::ports::{Courier, HttpError, HttpMethod, HttpRequest, Mail, MailError};
use leadline_store::{CommitError, limits};
use serde_json::json;

use crate::Notify;

/// How long a receiver may take. A round of deliveries and its confirmation must fit into the function's time.
const TIMEOUT_MS: u64 = 3_000;

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// There is nothing to say any more, or nobody to say it to.
    Beside,
    /// Not this time; the receiver may have asked for a pause.
    Failed {
        /// Seconds, when the receiver said how long.
        wait_s: Option<u32>,
    },
}

/// Tries once.
pub(crate) async fn deliver<P: Courier>(
    notify: &Notify,
    ports: &P,
    playbook: &Playbook,
    lead: &Lead,
    effect: &Effect,
    target: &Target,
) -> Result<Outcome, HandleError> {
    let of_attempt =
        Effect { id: format!("{}.{}", effect.id, ports.now().as_millisecond()), ..effect.clone() };
    let effect = if Plant::IdFromAttempt.is_on() { &of_attempt } else { effect };
    let rules = &playbook.doc().notifications;
    let links = links(notify, lead, &effect.kind);
    let Some(words) = message(lead, &effect.kind, rules.acknowledgement.as_ref(), links.as_ref()) else {
        return Ok(Outcome::Beside);
    };
    match target {
        Target::Mail => mail(notify, ports, playbook, lead, effect, words).await,
        Target::Channel(name) => match rules.channels.get(name) {
            Some(ChannelRules::Webhook { url, secret }) => {
                Ok(webhook(ports, lead, effect, url, secret, links.as_ref()).await)
            }
            Some(ChannelRules::Slack { url_secret }) => Ok(slack(ports, &words, url_secret).await),
            // Taken out of the playbook meanwhile.
            None => Ok(Outcome::Beside),
        },
    }
}

/// The signed link of an offer: good until a day after the time to accept is over, for this offer of this rep only.
fn links(notify: &Notify, lead: &Lead, kind: &EffectKind) -> Option<OfferLinks> {
    let (EffectKind::Offer { rep_id, offer } | EffectKind::Reminder { rep_id, offer, .. }) = kind else {
        return None;
    };
    let until = lead.running_clock(ClockKind::Accept)?.due_at + SignedDuration::from_hours(24);
    let link = OfferLink { lead_id: lead.lead_id.clone(), offer: *offer, rep_id: rep_id.clone() };
    let token = link.sign(&notify.seal, until);
    Some(OfferLinks { answer: format!("{}/offers/{token}", notify.public_url) })
}

async fn mail<P: Courier>(
    notify: &Notify,
    ports: &P,
    playbook: &Playbook,
    lead: &Lead,
    effect: &Effect,
    words: Message,
) -> Result<Outcome, HandleError> {
    let Some(to) = recipient(playbook, lead, &effect.kind) else { return Ok(Outcome::Beside) };
    if Audience::of(&effect.kind) == Audience::Prospect && !lead.is_new_to_its_mailbox() {
        let (address, now) = (claim_key(&notify.seal, &to.canonical()), ports.now());
        // That of the new lead.
        let uncounted = usize::from(lead.was_new_to_its_mailbox(now - SignedDuration::from_hours(24)));
        match limits::may_acknowledge(ports.table(), &address, &effect.id, uncounted, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(Outcome::Beside),
            Err(error) => return Err(CommitError::from(error).into()),
        }
    }
    let mail = Mail {
        delivery_id: effect.delivery_id(Target::Mail.name()).to_string(),
        from: playbook.doc().notifications.from.as_str().to_owned(),
        to: to.as_str().to_owned(),
        subject: words.subject,
        body: words.body,
    };
    Ok(match ports.mail(mail).await {
        Ok(()) => Outcome::Delivered,
        Err(MailError::Unavailable) => Outcome::Failed { wait_s: None },
        Err(MailError::Refused) => {
            tracing::error!(lead.id = %lead.lead_id, effect = effect.id, error = "mail_refused", "the mail provider refuses this mail");
            Outcome::Failed { wait_s: Some(3_600) }
        }
    })
}

/// Who gets the mail; `None` when the playbook names nobody.
fn recipient(playbook: &Playbook, lead: &Lead, kind: &EffectKind) -> Option<EmailAddress> {
    let doc = playbook.doc();
    let rules = &doc.notifications;
    match kind {
        EffectKind::Acknowledge { .. } => Some(lead.profile.contact.email.clone()),
        EffectKind::Offer { rep_id, .. }
        | EffectKind::Reminder { rep_id, .. }
        | EffectKind::OfferMoved { rep_id, .. }
        | EffectKind::HandedOver { rep_id, .. }
        | EffectKind::NewTouch { rep_id, .. } => doc.reps.get(rep_id).map(|r| r.email.clone()),
        EffectKind::ManagerAlert { rep_id, .. } | EffectKind::OwnerGone { rep_id, .. } => {
            let own =
                lead.owner.as_ref().filter(|o| o.rep_id == *rep_id).and_then(|o| doc.pools.get(&o.pool_id));
            let pool = own.or_else(|| doc.pools.values().find(|p| p.members.contains(rep_id)));
            pool.and_then(|p| p.manager.clone()).or_else(|| rules.alert_email.clone())
        }
        EffectKind::ReturnedToMarketing { .. } | EffectKind::ReviewAsked { .. } => {
            rules.marketing_email.clone()
        }
        EffectKind::ParkedAlert { .. } => rules.alert_email.clone(),
    }
}

/// A webhook as the Standard Webhooks specification has it. The body holds ids; the receiver reads the lead with its
/// own key.
async fn webhook<P: Courier>(
    ports: &P,
    lead: &Lead,
    effect: &Effect,
    url: &str,
    secret: &str,
    links: Option<&OfferLinks>,
) -> Outcome {
    let secret = match ports.secret(secret).await {
        Ok(secret) => secret,
        Err(error) => {
            tracing::error!(effect = effect.id, error = "secret", detail = %error, "webhook not signed");
            return Outcome::Failed { wait_s: None };
        }
    };
    let now = ports.now();
    let mut data = json!({
        "lead_id": lead.lead_id,
        "version": lead.version,
        "stage": lead.stage,
        "effect": effect.kind,
    });
    if let (Some(map), Some(links)) = (data.as_object_mut(), links) {
        map.insert("answer_url".to_owned(), json!(links.answer));
    }
    let body = json!({ "type": event_type(&effect.kind), "timestamp": now, "data": data }).to_string();
    let timestamp = now.as_second();
    let signature = webhook_signature(secret.expose(), &effect.id, timestamp, body.as_bytes());
    let request = HttpRequest {
        method: HttpMethod::Post,
        url: url.to_owned(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), effect.id.clone()),
            ("webhook-timestamp".to_owned(), timestamp.to_string()),
            ("webhook-signature".to_owned(), signature),
        ],
        body: body.into_bytes(),
        timeout_ms: TIMEOUT_MS,
        max_response_bytes: 64 * 1024,
    };
    post(ports, request, effect).await
}

fn event_type(kind: &EffectKind) -> &'static str {
    match kind {
        EffectKind::Acknowledge { .. } => "lead.acknowledged",
        EffectKind::Offer { .. } => "lead.offered",
        EffectKind::Reminder { .. } => "lead.reminder",
        EffectKind::ManagerAlert { .. } | EffectKind::OwnerGone { .. } => "lead.escalated",
        EffectKind::OfferMoved { .. } => "lead.moved",
        EffectKind::NewTouch { .. } => "lead.touched",
        EffectKind::ParkedAlert { .. } => "lead.parked",
        EffectKind::ReturnedToMarketing { .. } => "lead.returned",
        EffectKind::ReviewAsked { .. } => "lead.review",
        EffectKind::HandedOver { .. } => "lead.handed_over",
    }
}

async fn slack<P: Courier>(ports: &P, words: &Message, url_secret: &str) -> Outcome {
    let url = match ports.secret(url_secret).await {
        Ok(url) => url,
        Err(error) => {
            tracing::error!(error = "secret", detail = %error, "chat channel has no address");
            return Outcome::Failed { wait_s: None };
        }
    };
    let text = format!("*{}*\n{}", escaped(&words.subject), escaped(&words.body));
    let request = HttpRequest {
        method: HttpMethod::Post,
        url: url.expose().to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: json!({ "text": text }).to_string().into_bytes(),
        timeout_ms: TIMEOUT_MS,
        max_response_bytes: 64 * 1024,
    };
    match ports.http(request).await {
        Ok(response) if (200..300).contains(&response.status) => Outcome::Delivered,
        Ok(response) => Outcome::Failed { wait_s: response.retry_after_s },
        Err(_) => Outcome::Failed { wait_s: None },
    }
}

/// Slack's three control characters; with them gone nobody can mention a channel or hide a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn post<P: Courier>(ports: &P, request: HttpRequest, effect: &Effect) -> Outcome {
    match ports.http(request).await {
        Ok(response) if (200..300).contains(&response.status) => Outcome::Delivered,
        Ok(response) => {
            tracing::warn!(effect = effect.id, status = response.status, "webhook not taken");
            Outcome::Failed { wait_s: response.retry_after_s }
        }
        Err(error) => {
            if let HttpError::NotAllowed(why) = error {
                tracing::error!(
                    effect = effect.id,
                    error = "target_not_allowed",
                    detail = why,
                    "webhook blocked"
                );
            }
            Outcome::Failed { wait_s: None }
        }
    }
}
