//! Spam: signals that add up to a verdict with reasons. A verdict belongs to the submission, never to a lead.

use serde::{Deserialize, Serialize};

use super::SpamRules;

/// What is known about a submission besides what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The input that people do not see was filled in.
    pub honeypot_filled: bool,
    /// What the form token says.
    pub token: TokenAge,
    /// Links were typed where a name belongs.
    pub links_in_names: usize,
    /// Links in any other text.
    pub links_in_text: usize,
    /// The address is a throw-away one.
    pub disposable: bool,
    /// A browser said where it comes from.
    pub has_origin: bool,
    /// Submissions of this form in the current minute, this one included.
    pub form_burst: u32,
    /// Submissions of this e-mail address in the current hour, this one included.
    pub email_burst: u32,
}

/// What a form token tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAge {
    /// There is none: a server's integration, or a script.
    Missing,
    /// There is one that we did not make, or made for another form.
    Forged,
    /// It is ours but older than a day.
    Expired,
    /// It is ours, and so many seconds old.
    Seconds(u32),
}

/// One reason to be wary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The input that people do not see was filled in.
    Honeypot,
    /// Sent sooner than a person can type.
    TooFast,
    /// No form token.
    NoToken,
    /// A form token that is not ours.
    ForgedToken,
    /// A form token older than a day.
    ExpiredToken,
    /// A link where a name belongs.
    LinkInName,
    /// More than two links in a text.
    ManyLinks,
    /// A throw-away address.
    DisposableDomain,
    /// A flood on this form.
    FormBurst,
    /// A flood on this address.
    EmailBurst,
    /// A browser would have said where it comes from.
    NoOrigin,
}

impl Signal {
    /// The points it adds. A missing token and a missing origin stay under any quarantine threshold, alone and
    /// together: an honest server-to-server integration has neither.
    pub const fn points(self) -> u32 {
        match self {
            Signal::Honeypot => 100,
            Signal::EmailBurst => 100,
            Signal::TooFast | Signal::LinkInName => 60,
            Signal::DisposableDomain | Signal::FormBurst => 50,
            Signal::ManyLinks => 40,
            Signal::ForgedToken => 20,
            Signal::NoToken | Signal::ExpiredToken => 10,
            Signal::NoOrigin => 5,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Signal::Honeypot => "honeypot",
            Signal::TooFast => "too_fast",
            Signal::NoToken => "no_token",
            Signal::ForgedToken => "forged_token",
            Signal::ExpiredToken => "expired_token",
            Signal::LinkInName => "link_in_name",
            Signal::ManyLinks => "many_links",
            Signal::DisposableDomain => "disposable_domain",
            Signal::FormBurst => "form_burst",
            Signal::EmailBurst => "email_burst",
            Signal::NoOrigin => "no_origin",
        }
    }
}

/// The least quarantine threshold a form may set: above what honest integrations can collect.
pub const LEAST_QUARANTINE: u32 = 20;

/// How a submission is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Nothing to see.
    Clean,
    /// It goes on, marked.
    Suspect,
    /// It is quarantined.
    Spam,
}

/// The verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpamVerdict {
    /// How it is taken.
    pub verdict: VerdictKind,
    /// The sum of the points.
    pub points: u32,
    /// The signals that gave them.
    pub signals: Vec<Signal>,
}

/// Adds the signals up.
pub fn judge(rules: &SpamRules, evidence: &Evidence) -> SpamVerdict {
    let token = match evidence.token {
        TokenAge::Missing => Some(Signal::NoToken),
        TokenAge::Forged => Some(Signal::ForgedToken),
        TokenAge::Expired => Some(Signal::ExpiredToken),
        TokenAge::Seconds(age) if age < rules.min_seconds => Some(Signal::TooFast),
        TokenAge::Seconds(_) => None,
    };
    let when = |holds: bool, signal: Signal| holds.then_some(signal);
    let signals: Vec<Signal> = [
        when(evidence.honeypot_filled, Signal::Honeypot),
        token,
        when(evidence.links_in_names > 0, Signal::LinkInName),
        when(evidence.links_in_text > 2, Signal::ManyLinks),
        when(evidence.disposable, Signal::DisposableDomain),
        when(evidence.form_burst > rules.burst.per_form_per_minute, Signal::FormBurst),
        when(evidence.email_burst > rules.burst.per_email_per_hour, Signal::EmailBurst),
        when(!evidence.has_origin, Signal::NoOrigin),
    ]
    .into_iter()
    .flatten()
    .collect();
    let points = signals.iter().map(|s| s.points()).sum();
    let verdict = if points >= rules.quarantine_at {
        VerdictKind::Spam
    } else if points >= rules.suspect_at {
        VerdictKind::Suspect
    } else {
        VerdictKind::Clean
    };
    SpamVerdict { verdict, points, signals }
}
