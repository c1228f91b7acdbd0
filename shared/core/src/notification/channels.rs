//! Channels of the playbook, and which notification goes where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contact::EmailAddress;
use crate::ids::RuleId;
use crate::lead::EffectKind;

/// Notifications as the playbook has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// The sender of every mail; an identity verified with SES.
    pub from: EmailAddress,
    /// The mail that the prospect gets; none when left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub acknowledgement: Option<Acknowledgement>,
    /// Webhooks and chat channels, by name.
    #[serde(default)]
    pub channels: BTreeMap<RuleId, ChannelRules>,
    /// Channels that hear of offers and reassignments, besides the rep's mail.
    #[serde(default)]
    pub offers: Vec<RuleId>,
    /// Channels that hear of escalations and returns to marketing, besides the manager's mail.
    #[serde(default)]
    pub escalations: Vec<RuleId>,
    /// Channels that hear of parked leads.
    #[serde(default)]
    pub alerts: Vec<RuleId>,
    /// Who gets alerts by mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alert_email: Option<EmailAddress>,
    /// Who gets leads that come back from sales by mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub marketing_email: Option<EmailAddress>,
}

/// The mail to the prospect. The words are the playbook's alone; nothing that was typed goes into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
}

/// A channel other than mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelRules {
    /// A webhook, signed as the Standard Webhooks specification says.
    Webhook {
        /// Where.
        url: String,
        /// The name of the secret to sign with.
        secret: String,
    },
    /// A Slack-compatible incoming webhook.
    Slack {
        /// The name of the secret that holds its address.
        url_secret: String,
    },
}

/// Who a notification is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The prospect.
    Prospect,
    /// The rep.
    Rep,
    /// The pool's manager.
    Manager,
    /// Marketing.
    Marketing,
    /// Whoever runs this.
    Operator,
}

impl Audience {
    /// Who hears of an effect.
    pub fn of(kind: &EffectKind) -> Audience {
        match kind {
            EffectKind::Acknowledge { .. } => Audience::Prospect,
            EffectKind::Offer { .. }
            | EffectKind::Reminder { .. }
            | EffectKind::OfferMoved { .. }
            | EffectKind::HandedOver { .. }
            | EffectKind::NewTouch { .. } => Audience::Rep,
            EffectKind::ManagerAlert { .. } | EffectKind::OwnerGone { .. } => Audience::Manager,
            EffectKind::ReturnedToMarketing { .. } | EffectKind::ReviewAsked { .. } => Audience::Marketing,
            EffectKind::ParkedAlert { .. } => Audience::Operator,
        }
    }
}

/// One way that a notification goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By mail to the audience.
    Mail,
    /// To a channel of the playbook.
    Channel(RuleId),
}

impl Target {
    /// Its name, as in delivery ids.
    pub fn name(&self) -> &str {
        match self {
            Target::Mail => "mail",
            Target::Channel(name) => name.as_str(),
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Target> {
        if name == "mail" { Some(Target::Mail) } else { RuleId::parse(name).ok().map(Target::Channel) }
    }
}

/// The ways that an effect goes.
pub fn channels_for(rules: &Notifications, kind: &EffectKind) -> Vec<Target> {
    let channels: &[RuleId] = match kind {
        EffectKind::Acknowledge { .. } | EffectKind::Reminder { .. } | EffectKind::NewTouch { .. } => &[],
        EffectKind::Offer { .. } | EffectKind::OfferMoved { .. } | EffectKind::HandedOver { .. } => {
            &rules.offers
        }
        EffectKind::ManagerAlert { .. }
        | EffectKind::OwnerGone { .. }
        | EffectKind::ReturnedToMarketing { .. }
        | EffectKind::ReviewAsked { .. } => &rules.escalations,
        EffectKind::ParkedAlert { .. } => &rules.alerts,
    };
    std::iter::once(Target::Mail).chain(channels.iter().cloned().map(Target::Channel)).collect()
}
