//! Touches: where a submission came from.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Submission;
use crate::ids::{FormId, SubmissionId};

/// What a submission says about interest and origin.
#[derive(Clone, PartialEq, Eq)]
pub struct Touch {
    /// The submission.
    pub submission_id: SubmissionId,
    /// When.
    pub at: Timestamp,
    /// Through which form.
    pub form: FormId,
    /// `utm_source`.
    pub source: Option<String>,
    /// `utm_medium`.
    pub medium: Option<String>,
    /// `utm_campaign`.
    pub campaign: Option<String>,
    /// The landing page.
    pub page: Option<String>,
    /// The page before it.
    pub referrer: Option<String>,
    /// A click id of an advertising network came along.
    pub click_id: Option<String>,
    /// What was typed, by input name.
    pub answers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Touch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Touch({})", self.submission_id)
    }
}

/// The class of a touch's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// An advertisement: a click id, or a paid medium.
    Paid,
    /// A tagged campaign.
    Campaign,
    /// A search engine.
    Search,
    /// A social network.
    Social,
    /// Another site.
    Referral,
    /// None of these.
    Direct,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 6] = [
        Channel::Paid,
        Channel::Campaign,
        Channel::Search,
        Channel::Social,
        Channel::Referral,
        Channel::Direct,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Paid => "paid",
            Channel::Campaign => "campaign",
            Channel::Search => "search",
            Channel::Social => "social",
            Channel::Referral => "referral",
            Channel::Direct => "direct",
        }
    }
}

/// Inputs that say where somebody came from, by the names that landing pages use.
pub(crate) const TRACKING: [&str; 19] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "gclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "landing_page",
    "referrer",
    "_page",
    "_referrer",
    "_first_seen",
];

const CLICK_IDS: [&str; 8] =
    ["gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"];
const SEARCH: [&str; 8] = ["google", "bing", "duckduckgo", "ecosia", "yahoo", "baidu", "qwant", "yandex"];
const SOCIAL: [&str; 10] =
    ["linkedin", "lnkd", "facebook", "instagram", "twitter", "t.co", "x.com", "reddit", "youtube", "tiktok"];

impl Submission {
    /// The touch that this submission makes.
    pub fn touch(&self) -> Touch {
        let tracked = |names: &[&str]| {
            names
                .iter()
                .find_map(|n| self.tracking.get(*n))
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        Touch {
            submission_id: self.submission_id.clone(),
            at: self.received_at,
            form: self.form.clone(),
            source: tracked(&["utm_source"]),
            medium: tracked(&["utm_medium"]),
            campaign: tracked(&["utm_campaign"]),
            page: tracked(&["landing_page", "_page"]),
            referrer: tracked(&["referrer", "_referrer"]),
            click_id: CLICK_IDS.iter().find(|n| self.tracking.contains_key(**n)).map(|n| (*n).to_owned()),
            answers: self.answers.clone(),
        }
    }
}

/// What campaigns call themselves: words of ours, not of the person.
const CAMPAIGN: [&str; 6] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"];

impl Submission {
    /// What is left when its answers have been kept for long enough: that it came, when, through which form and from
    /// where, what was agreed to, and the verdict. Of addresses only the site stays, of a click id only that there was
    /// one, so that its channel is what it was.
    pub(crate) fn without_answers(&self, now: Timestamp) -> Submission {
        let site = |text: &String| {
            url::Url::parse(text).ok().filter(|u| u.has_host()).map(|u| u.origin().ascii_serialization())
        };
        let left = |(name, value): (&String, &String)| {
            let value = match name.as_str() {
                name if CAMPAIGN.contains(&name) => Some(value.clone()),
                name if CLICK_IDS.contains(&name) => Some(String::new()),
                "landing_page" | "_page" | "referrer" | "_referrer" => site(value),
                _ => None,
            };
            value.map(|value| (name.clone(), value))
        };
        Submission {
            answers: BTreeMap::new(),
            tracking: self.tracking.iter().filter_map(left).collect(),
            visitor: None,
            sender: String::new(),
            mailboxes: Vec::new(),
            forgotten_at: Some(now),
            ..self.clone()
        }
    }
}

impl Touch {
    /// The class of its origin. What the campaign says goes before what the referrer suggests.
    pub fn channel(&self) -> Channel {
        let medium = self.medium.as_deref().unwrap_or_default().to_lowercase();
        if self.click_id.is_some()
            || matches!(medium.as_str(), "cpc" | "ppc" | "paid" | "paidsearch" | "paid_social" | "display")
        {
            return Channel::Paid;
        }
        if self.source.is_some() || self.campaign.is_some() {
            return Channel::Campaign;
        }
        let host = self
            .referrer
            .as_deref()
            .and_then(|r| url::Url::parse(r).ok())
            .and_then(|u| u.host_str().map(str::to_owned));
        let Some(host) = host else { return Channel::Direct };
        let host = host.trim_start_matches("www.").to_lowercase();
        let is = |name: &&str| {
            let name = *name;
            if name.contains('.') { host == name } else { host.split('.').any(|label| label == name) }
        };
        if SEARCH.iter().any(&is) {
            Channel::Search
        } else if SOCIAL.iter().any(is) {
            Channel::Social
        } else {
            Channel::Referral
        }
    }
}
