//! The words. Mail to the prospect holds nothing that was typed; mail to reps names the person they are to call.

use super::Acknowledgement;
use crate::ids::RepId;
use crate::lead::{EffectKind, Lead};
use crate::sla::ClockKind;

/// A message, for mail and chat alike. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message(…)")
    }
}

/// Where a rep answers an offer. Both links show a page first; only its button acts. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct OfferLinks {
    /// The page with both buttons.
    pub answer: String,
}

impl std::fmt::Debug for OfferLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OfferLinks(…)")
    }
}

/// Puts an effect into words; `None` when there is nothing to say any more, such as an offer that has moved on.
pub fn message(
    lead: &Lead,
    kind: &EffectKind,
    acknowledgement: Option<&Acknowledgement>,
    links: Option<&OfferLinks>,
) -> Option<Message> {
    let who = who(lead);
    // The number alone would fit the first offer of every cycle, and the owner is remembered after a deal is closed.
    let stands = |rep_id: &RepId, offer: u32| {
        lead.held_by() == Some(rep_id) && lead.owner.as_ref().is_some_and(|o| o.offer == offer)
    };
    let said = match kind {
        EffectKind::Acknowledge { .. } => {
            let words = acknowledgement?;
            Message { subject: words.subject.clone(), body: words.body.clone() }
        }
        EffectKind::Offer { rep_id, offer } => {
            if !stands(rep_id, *offer) {
                return None;
            }
            Message { subject: format!("New lead: {who}"), body: offer_body(lead, &who, links) }
        }
        EffectKind::Reminder { rep_id, offer, clock, .. } => {
            if !stands(rep_id, *offer) {
                return None;
            }
            let subject = format!("Reminder: {who} is waiting ({})", clock.name().replace('_', " "));
            Message { subject, body: offer_body(lead, &who, links) }
        }
        EffectKind::ManagerAlert { rep_id, clock, .. } => Message {
            subject: format!("Missed {} deadline: {who}", clock.name().replace('_', " ")),
            body: format!("{who} is with {rep_id}. {}\n\nLead: {}\n", missed(*clock), lead.lead_id),
        },
        EffectKind::OfferMoved { .. } => Message {
            subject: format!("{who} has moved on"),
            body: format!(
                "The offer of {who} to you is over: the lead goes to somebody else. Nothing is left to do.\n\nLead: {}\n",
                lead.lead_id
            ),
        },
        EffectKind::OwnerGone { rep_id, .. } => Message {
            subject: format!("Whose is {who} now?"),
            body: format!(
                "{rep_id} is not active any more and still has {who}. Nobody works on it until you pass it on.\n\nLead: {}\n",
                lead.lead_id
            ),
        },
        EffectKind::NewTouch { .. } => Message {
            subject: format!("{who} has been in touch again"),
            body: format!(
                "{who} submitted a form again. What was typed is on the lead; values that differ are listed as alternatives.\n\nLead: {}\n",
                lead.lead_id
            ),
        },
        EffectKind::ParkedAlert { .. } => Message {
            subject: "A lead is parked".to_owned(),
            body: format!(
                "Lead {} could not be given to anybody and waits. Check absences, caps and hours of its pool.\n",
                lead.lead_id
            ),
        },
        EffectKind::ReturnedToMarketing { .. } => Message {
            subject: format!("Returned to marketing: {who}"),
            body: format!(
                "Sales did not take {who} in time, so marketing has the lead again.\n\nLead: {}\n",
                lead.lead_id
            ),
        },
        EffectKind::ReviewAsked { .. } => Message {
            subject: format!("Please review: {who}"),
            body: format!(
                "{who} has been recycled as often as the playbook allows (cycle {}). Send it to sales once more with \
                 `unpark`, or disqualify it.\n\nLead: {}\n",
                lead.cycle, lead.lead_id
            ),
        },
        EffectKind::HandedOver { rep_id, offer } => {
            if !stands(rep_id, *offer) {
                return None;
            }
            Message { subject: format!("Yours from now on: {who}"), body: offer_body(lead, &who, None) }
        }
    };
    Some(Message { subject: one_line(&said.subject), body: said.body })
}

fn offer_body(lead: &Lead, who: &str, links: Option<&OfferLinks>) -> String {
    use std::fmt::Write as _;
    let contact = &lead.profile.contact;
    let mut body = format!("{who}\n");
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(body, "{label}: {}", one_line(value));
        }
    };
    line("Title", contact.title.as_deref());
    line("E-mail", Some(contact.email.as_str()));
    line("Phone", contact.phone.as_ref().map(|p| p.as_str()));
    line("Company", lead.profile.company.name.as_deref());
    line("Grade", lead.score.as_ref().map(|s| s.grade.as_str()));
    for clock in lead.clocks.iter().filter(|c| c.is_running()) {
        let _ = writeln!(body, "{}: by {}", clock.kind.name().replace('_', " "), clock.due_at);
    }
    if let Some(links) = links {
        let _ = write!(body, "\nAccept or reject: {}\n", links.answer);
    }
    let _ = write!(body, "\nLead: {}\n", lead.lead_id);
    body
}

/// The person in a few words.
fn who(lead: &Lead) -> String {
    let contact = &lead.profile.contact;
    let name = [contact.first_name.as_deref(), contact.last_name.as_deref()];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = if name.trim().is_empty() { "A new contact".to_owned() } else { name };
    let who = match &lead.profile.company.name {
        Some(company) => format!("{name} ({company})"),
        None => name,
    };
    one_line(&who)
}

/// Control characters and line ends become spaces, so that nothing typed can begin a header or another line; and what a
/// mail program would decode (RFC 2047, `=?utf-8?q?…?=`) does not begin, so that a subject is what it says.
fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    clean.replace("=?", "= ?").chars().take(200).collect()
}

/// What did not happen in time.
fn missed(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Accept => "The offer was not answered in time.",
        ClockKind::FirstTouch => "Nobody has reached out in time.",
        ClockKind::Attempts => "It has not been tried as often as the policy asks for.",
        ClockKind::QualifiedBy => "It was not confirmed as an opportunity in time.",
        ClockKind::Stalled => "Sales has done nothing about it for as long as the policy allows.",
    }
}
