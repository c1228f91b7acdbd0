//! How far a playbook may reach: what a deployment would refuse at run time is refused before it is published.

use crate::enrichment::HeaderSource;
use crate::notification::ChannelRules;
use crate::target::{LocalTargets, check_url};

use super::{Mistake, Playbook};

/// What a deployment lets its playbooks reach. Stored playbooks are not measured by it: they stay readable, and what
/// they must not reach is refused when it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Whether this machine may be reached.
    pub local: LocalTargets,
    /// What the name of every secret begins with.
    pub secret_prefix: String,
}

impl Default for Reach {
    /// As the deployment template has it.
    fn default() -> Self {
        Self { local: LocalTargets::Refused, secret_prefix: "leadline/".to_owned() }
    }
}

/// Headers that frame a message or choose its host: the HTTP client alone sets them.
const CLIENTS_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

impl Playbook {
    /// Every address, secret and header that this deployment would refuse to use.
    pub fn out_of_reach(&self, reach: &Reach) -> Vec<Mistake> {
        let mut found = Vec::new();
        let doc = self.doc();
        for (name, channel) in &doc.notifications.channels {
            let at = format!("notifications.channels.{name}");
            match channel {
                ChannelRules::Webhook { url, secret } => {
                    address(reach, format!("{at}.webhook.url"), url, &mut found);
                    named(reach, format!("{at}.webhook.secret"), secret, &mut found);
                }
                ChannelRules::Slack { url_secret } => {
                    named(reach, format!("{at}.slack.url_secret"), url_secret, &mut found);
                }
            }
        }
        for (i, provider) in doc.enrichment.providers.iter().enumerate() {
            let at = format!("enrichment.providers[{i}]");
            address(reach, format!("{at}.url"), &without_braces(&provider.url), &mut found);
            for (name, source) in &provider.headers {
                let at = format!("{at}.headers.{name}");
                if !is_header(name) {
                    found.push(Mistake::new(at.clone(), "this is no header that a request may choose"));
                }
                match source {
                    HeaderSource::Secret(secret) => named(reach, at, secret, &mut found),
                    HeaderSource::Value(value) if value.chars().any(char::is_control) => {
                        found.push(Mistake::new(at, "a header has no line ends or control characters"));
                    }
                    HeaderSource::Value(_) => {}
                }
            }
        }
        found
    }
}

fn address(reach: &Reach, path: String, url: &str, found: &mut Vec<Mistake>) {
    if let Err(error) = check_url(url, reach.local) {
        let detail = format!("{error}; write the https address of a host on the open internet");
        found.push(Mistake::new(path, detail));
    }
}

fn named(reach: &Reach, path: String, secret: &str, found: &mut Vec<Mistake>) {
    if secret.strip_prefix(&reach.secret_prefix).is_none_or(str::is_empty) {
        let detail = format!(
            "begin the secret's name with {:?}: no other secret is this deployment's to read",
            reach.secret_prefix
        );
        found.push(Mistake::new(path, detail));
    }
}

/// An address with something plain for each value that is put in.
fn without_braces(url: &str) -> String {
    let mut plain = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, (_, after))) =
        rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?)))
    {
        plain.push_str(before);
        plain.push('x');
        rest = after;
    }
    plain + rest
}

/// Whether a name is a header's (RFC 9110, 5.6.2) and not the client's own.
fn is_header(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty()
        && name.bytes().all(letter)
        && !CLIENTS_HEADERS.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaching(url: &str, secret: &str, provider: &str, headers: &str) -> Vec<String> {
        let outside = format!(
            "  channels:\n    crm: {{webhook: {{url: {url:?}, secret: {secret:?}}}}}\n    chat: {{slack: {{url_secret: {secret:?}}}}}\n\
             enrichment:\n  providers:\n    - {{provider: firmo, url: {provider:?}, headers: {headers}, fields: {{company.industry: /x}}}}\n"
        );
        // The sample playbook ends with its notifications.
        let text = format!("{}{outside}", Playbook::BUNDLED.trim_end().to_owned() + "\n");
        let playbook = Playbook::read(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        playbook.out_of_reach(&Reach::default()).into_iter().map(|m| m.path).collect()
    }

    #[test]
    fn the_bundled_playbook_is_within_reach() {
        assert_eq!(Playbook::bundled().out_of_reach(&Reach::default()), []);
    }

    #[test]
    fn what_would_be_refused_at_run_time_is_told_with_its_place() {
        let good = "https://crm.example/hook";
        let asks = "https://firmo.example/{domain}?mail={email}";
        assert_eq!(reaching(good, "leadline/a", asks, "{x-key: {secret: leadline/b}}"), [""; 0]);
        for bad in [
            "http://crm.example/hook",
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://me:pw@crm.example/",
            "https://crm.example:22/",
            "https://metadata.google.internal/",
        ] {
            assert_eq!(
                reaching(bad, "leadline/a", bad, "{}"),
                ["notifications.channels.crm.webhook.url", "enrichment.providers[0].url"],
                "{bad}"
            );
        }
        for bad in [
            "crm-key",
            "leadline/",
            "other/leadline/x",
            "arn:aws:secretsmanager:eu-west-1:1:secret:leadline/x",
        ] {
            let wrong = reaching(good, bad, asks, &format!("{{x-key: {{secret: {bad:?}}}}}"));
            let places = [
                "notifications.channels.chat.slack.url_secret",
                "notifications.channels.crm.webhook.secret",
                "enrichment.providers[0].headers.x-key",
            ];
            assert_eq!(wrong, places, "{bad}");
        }
        for bad in ["Host", "content-length", "x y", "x:y"] {
            let headers = format!("{{{bad:?}: {{value: a}}}}");
            let wrong = reaching(good, "leadline/a", asks, &headers);
            assert_eq!(wrong, [format!("enrichment.providers[0].headers.{bad}")]);
        }
        let split = reaching(good, "leadline/a", asks, "{x-key: {value: \"a\\r\\nhost: b\"}}");
        assert_eq!(split, ["enrichment.providers[0].headers.x-key"]);
    }
}
