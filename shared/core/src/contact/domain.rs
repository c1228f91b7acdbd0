//! Internet domains, as they stand behind the `@` of an address or in a company's profile.

use super::{characters, domain_lists, script, serialized::serialized_as_text, words};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::fmt;

/// Longer input is refused unread; a domain of 253 ASCII bytes is far shorter in any script.
const MAX_RAW_BYTES: usize = 1_024;

/// A fully qualified internet domain in ASCII lower case, without a trailing dot: `xn--bcher-kva.de`.
///
/// It has two labels or more and is no IP address; nothing says that it exists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// Why a text is not a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing but white space.
    #[error("a domain is empty")]
    Empty,
    /// More than 253 bytes, or a label of more than 63, or an empty label (as a trailing or double dot makes), or
    /// characters that UTS #46 does not allow.
    #[error("this is not a valid domain name")]
    Invalid,
    /// A single label such as `localhost`.
    #[error("a domain needs at least two labels, as in example.com")]
    Unqualified,
    /// The last label is a number, so this is an IP address.
    #[error("an IP address is not a domain")]
    Numeric,
}

impl Domain {
    /// Reads a domain in any script and case.
    ///
    /// # Errors
    ///
    /// See [`DomainError`].
    pub fn parse(raw: &str) -> Result<Self, DomainError> {
        let trimmed = characters::trim(raw);
        if trimmed.is_empty() {
            return Err(DomainError::Empty);
        }
        if trimmed.len() > MAX_RAW_BYTES || trimmed.chars().any(characters::is_invisible) {
            return Err(DomainError::Invalid);
        }
        let ascii = Uts46::new()
            .to_ascii(trimmed.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| DomainError::Invalid)?;
        let (_, last) = ascii.rsplit_once('.').ok_or(DomainError::Unqualified)?;
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DomainError::Numeric);
        }
        Ok(Self(ascii.into_owned()))
    }

    /// The domain in ASCII lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain as people read it: `bücher.de` for `xn--bcher-kva.de`.
    pub fn to_unicode(&self) -> String {
        Uts46::new()
            .to_unicode(self.0.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast)
            .0
            .into_owned()
    }

    /// The part somebody registered, by the Public Suffix List: `acme.co.uk` of `mail.acme.co.uk`.
    ///
    /// `None` for a public suffix itself (`co.uk`). Suffixes of hosting services count, so everyone at `github.io` has
    /// a registrable domain of their own.
    pub fn registrable(&self) -> Option<&str> {
        psl::domain_str(&self.0)
    }

    /// Whether this is a provider of free mailboxes, so that it says nothing about a company.
    pub fn is_free_mail(&self) -> bool {
        domain_lists::is_free_mail(&self.0) || self.registrable().is_some_and(domain_lists::is_free_mail)
    }

    /// Whether this is a provider of throw-away mailboxes, or lies under one.
    ///
    /// Providers of lasting mailboxes which the list names by mistake are left out.
    pub fn is_disposable(&self) -> bool {
        !self.ancestry().any(domain_lists::is_never_disposable)
            && self.ancestry().any(domain_lists::is_listed_disposable)
    }

    /// Whether a label mixes scripts or imitates Latin letters, as in `аpple.com` with a Cyrillic `а`.
    ///
    /// A reason to look twice, not to refuse.
    pub fn has_suspicious_unicode(&self) -> bool {
        self.0.split('.').any(|label| label.starts_with("xn--"))
            && script::imitates_or_mixes(&self.to_unicode())
    }

    /// A guess at the company's name: `Acme Robotics` for `acme-robotics.co.uk`.
    ///
    /// `None` where the domain says nothing about a company: free or disposable mailboxes, a bare public suffix.
    pub fn company_name(&self) -> Option<String> {
        if self.is_free_mail() || self.is_disposable() {
            return None;
        }
        let (label, _) = self.registrable()?.split_once('.')?;
        let unicode = Uts46::new().to_unicode(label.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow).0;
        let parts: Vec<&str> = unicode.split('-').filter(|part| !part.is_empty()).collect();
        let alone = parts.len() == 1;
        let name: Vec<String> = parts.iter().map(|part| company_word(part, alone)).collect();
        (!name.is_empty()).then(|| name.join(" "))
    }

    /// This domain and its parents up to the registrable one.
    fn ancestry(&self) -> impl Iterator<Item = &str> {
        let top = self.registrable().unwrap_or(&self.0).len();
        std::iter::successors(Some(self.0.as_str()), move |name| {
            name.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.len() >= top)
        })
    }
}

/// One word of a company's name: legal forms as they are written, a short name alone as an abbreviation, else a capital.
fn company_word(word: &str, alone: bool) -> String {
    match word {
        "gmbh" => "GmbH".to_owned(),
        "ag" | "kg" | "se" | "sa" | "bv" | "nv" | "ab" | "oy" | "llc" | "llp" | "plc" | "it" | "ai" => {
            word.to_uppercase()
        }
        _ if alone && word.len() <= 3 => word.to_uppercase(),
        _ => words::capitalized(word),
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serialized_as_text!(Domain, as_str, parse);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    #[test]
    fn spelling_is_ascii_lower_case() {
        for (raw, expected) in [
            ("Example.COM", "example.com"),
            (" example.com\t", "example.com"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("faß.de", "xn--fa-hia.de"),
            ("ｅxample．com", "example.com"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(domain(raw).as_str(), expected, "{raw}");
        }
        assert_eq!(domain("xn--bcher-kva.example").to_unicode(), "bücher.example");
    }

    #[test]
    fn refusals() {
        let long = format!("{}.com", "a".repeat(64));
        for (raw, error) in [
            ("", DomainError::Empty),
            ("  ", DomainError::Empty),
            ("localhost", DomainError::Unqualified),
            ("example.com.", DomainError::Invalid),
            (".example.com", DomainError::Invalid),
            ("a..com", DomainError::Invalid),
            ("-a.com", DomainError::Invalid),
            ("a_b.com", DomainError::Invalid),
            ("a b.com", DomainError::Invalid),
            ("exam\u{200B}ple.com", DomainError::Invalid),
            ("xn--a.com", DomainError::Invalid),
            ("127.0.0.1", DomainError::Numeric),
            (long.as_str(), DomainError::Invalid),
        ] {
            assert_eq!(Domain::parse(raw), Err(error), "{raw}");
        }
    }

    #[test]
    fn registrable_by_the_public_suffix_list() {
        assert_eq!(domain("mail.acme.co.uk").registrable(), Some("acme.co.uk"));
        assert_eq!(domain("acme.com").registrable(), Some("acme.com"));
        assert_eq!(domain("co.uk").registrable(), None);
        assert_eq!(domain("acme.github.io").registrable(), Some("acme.github.io"));
    }

    #[test]
    fn free_mail_also_below_a_provider() {
        for free in
            ["gmail.com", "googlemail.com", "yahoo.co.uk", "gmx.de", "mail.yahoo.com", "tuta.com", "qq.com"]
        {
            assert!(domain(free).is_free_mail(), "{free}");
        }
        for business in ["siemens.com", "acme.co.uk", "notgmail.company", "example.com"] {
            assert!(!domain(business).is_free_mail(), "{business}");
        }
    }

    #[test]
    fn disposable_also_below_a_provider_but_not_where_people_live() {
        for throw_away in ["mailinator.com", "x.y.mailinator.com", "yopmail.com", "guerrillamail.com"] {
            assert!(domain(throw_away).is_disposable(), "{throw_away}");
        }
        for lasting in
            ["gmail.com", "outlook.de", "zoho.com", "onet.pl", "bol.com.br", "tampabay.rr.com", "siemens.com"]
        {
            assert!(!domain(lasting).is_disposable(), "{lasting}");
        }
    }

    #[test]
    fn mixed_scripts_are_flagged() {
        for flagged in ["\u{430}pple.com", "раураl.com", "аррӏе.com", "login.\u{430}pple.com"] {
            assert!(domain(flagged).has_suspicious_unicode(), "{flagged}");
        }
        for fine in
            ["apple.com", "bücher.de", "пример.рф", "почта.com", "例え.jp", "日本のcompany.jp", "ελλάδα.gr"]
        {
            assert!(!domain(fine).has_suspicious_unicode(), "{fine}");
        }
    }

    #[test]
    fn company_names() {
        for (raw, expected) in [
            ("acme-robotics.co.uk", Some("Acme Robotics")),
            ("mail.acme.com", Some("Acme")),
            ("ibm.com", Some("IBM")),
            ("mueller-soehne-gmbh.de", Some("Mueller Soehne GmbH")),
            ("xn--bcher-kva.de", Some("Bücher")),
            ("gmail.com", None),
            ("mailinator.com", None),
            ("co.uk", None),
        ] {
            assert_eq!(domain(raw).company_name().as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn travels_as_a_string_and_is_checked() {
        let acme = domain("acme.com");
        assert_eq!(serde_json::to_string(&acme).unwrap(), "\"acme.com\"");
        assert_eq!(serde_json::from_str::<Domain>("\"ACME.com\"").unwrap(), acme);
        assert!(serde_json::from_str::<Domain>("\"localhost\"").is_err());
        assert_eq!(format!("{acme:?} {acme}"), "Domain(acme.com) acme.com");
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_itself_back(raw in "\\PC{0,40}") {
            if let Ok(domain) = Domain::parse(&raw) {
                prop_assert_eq!(Domain::parse(domain.as_str()).unwrap(), domain.clone());
                prop_assert_eq!(Domain::parse(&domain.to_unicode()).unwrap(), domain.clone());
                let _ = (domain.company_name(), domain.is_disposable(), domain.is_free_mail());
            }
        }

        #[test]
        fn plausible_domains_read_themselves_back(raw in "[a-zA-Z0-9äßж日-]{1,8}(\\.[a-zA-Zé]{1,5}){1,3}") {
            if let Ok(domain) = Domain::parse(&raw) {
                prop_assert!(domain.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
                prop_assert_eq!(Domain::parse(domain.as_str()).unwrap(), domain);
            }
        }
    }
}
