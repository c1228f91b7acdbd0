//! API keys: made, listed and revoked straight in the table, so that a fresh stack can have its first one.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use leadline_core::seal::{hex, sha256_hex};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::ports::Ports;
use leadline_store::access::{self, ApiKey, Scope};
use leadline_store::{ReadError, Table};

use crate::arguments::Keys;
use crate::failure::Failure;
use crate::screen;
use crate::table;

/// Who uses a key: 1 to 64 characters that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject(String);

impl Subject {
    /// Reads it.
    pub(crate) fn parse(text: &str) -> Result<Subject, String> {
        let text = text.trim();
        let fits = (1..=64).contains(&text.chars().count()) && screen::plain(text) == text;
        if fits { Ok(Subject(text.to_owned())) } else { Err("use 1 to 64 visible characters".to_owned()) }
    }
}

/// What a key may do: at least one thing, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads `all`, or names with commas between them.
    pub(crate) fn parse(text: &str) -> Result<Scopes, String> {
        if text.trim() == "all" {
            return Ok(Scopes(Scope::ALL.to_vec()));
        }
        let read = |name: &str| {
            let known = || Scope::ALL.map(Scope::name).join(", ");
            Scope::parse(name.trim()).ok_or_else(|| format!("use all, or some of {}", known()))
        };
        let mut scopes = text.split(',').map(read).collect::<Result<Vec<Scope>, String>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Scopes(scopes))
    }
}

/// The public part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyId(String);

impl KeyId {
    /// Reads 16 hexadecimal digits, or takes them out of a whole key.
    pub(crate) fn parse(text: &str) -> Result<KeyId, String> {
        let id = access::split(text).map_or(text, |(id, _)| id);
        if id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(KeyId(id.to_ascii_lowercase()))
        } else {
            Err("use the 16 hexadecimal digits that `leadctl keys list` shows".to_owned())
        }
    }
}

/// The random bits of a new key.
pub(crate) struct Drawn {
    id: [u8; 8],
    secret: [u8; 32],
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawn(…)")
    }
}

impl Drawn {
    /// Draws from the operating system's randomness.
    fn from(ports: &impl Ports) -> Drawn {
        let mut drawn = Drawn { id: [0; 8], secret: [0; 32] };
        drawn.id.copy_from_slice(&ports.random()[..8]);
        drawn.secret[..16].copy_from_slice(&ports.random());
        drawn.secret[16..].copy_from_slice(&ports.random());
        drawn
    }
}

/// What to do about a variable that is missing.
fn missing(name: &'static str) -> Failure {
    match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Failure::Unconfigured,
        _ => Failure::Unset { name },
    }
}

/// Runs `leadctl keys …`.
pub(crate) async fn run(command: &Keys, now: Timestamp, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let ports = AwsPorts::connect().await.map_err(|error| missing(error.name()))?;
    let table = ports.table();
    match command {
        Keys::Create { subject, scopes, quiet } => {
            let key = create(table, subject, scopes, &Drawn::from(&ports), now).await?;
            if *quiet {
                writeln!(out, "{key}")?;
            } else {
                writeln!(
                    out,
                    "Key for {}, may do {}. It is shown only now:\n\n  {key}\n",
                    subject.0,
                    names(&scopes.0)
                )?;
                writeln!(out, "Use it as API_KEY, or in the header `Authorization: Bearer <key>`.")?;
            }
        }
        Keys::List => write!(out, "{}", listed(access::list(table).await?))?,
        Keys::Revoke { key_id } => {
            if !access::revoke(table, &key_id.0, now).await? {
                return Err(Failure::NoSuchKey);
            }
            writeln!(out, "Key {} is revoked and opens nothing any more.", key_id.0)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Keeps a new key and returns it whole; the table has only the hash of its secret.
async fn create<T: Table>(
    table: &T,
    subject: &Subject,
    scopes: &Scopes,
    drawn: &Drawn,
    now: Timestamp,
) -> Result<String, ReadError> {
    let (key_id, secret) = (hex(&drawn.id), hex(&drawn.secret));
    let api_key = ApiKey {
        key_id: key_id.clone(),
        secret_sha256: sha256_hex(secret.as_bytes()),
        subject: subject.0.clone(),
        scopes: scopes.0.clone(),
        created_at: now,
        revoked_at: None,
    };
    access::create(table, &api_key).await?;
    Ok(access::join(&key_id, &secret))
}

fn listed(mut keys: Vec<ApiKey>) -> String {
    if keys.is_empty() {
        return "There are no keys. Make one: leadctl keys create --name SUBJECT --scopes all\n".to_owned();
    }
    keys.sort_by(|a, b| (a.created_at, &a.key_id).cmp(&(b.created_at, &b.key_id)));
    let rows = keys.into_iter().map(|key| {
        let state =
            key.revoked_at.map_or_else(|| "good".to_owned(), |at| format!("revoked {}", screen::instant(at)));
        vec![key.key_id, key.subject, screen::instant(key.created_at), state, names(&key.scopes)]
    });
    table::render(&["KEY ID", "SUBJECT", "MADE (UTC)", "STATE", "MAY DO"], rows.collect(), screen::styled())
}

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use leadline_store::Twin;

    #[tokio::test(flavor = "current_thread")]
    async fn a_key_is_found_by_its_id_and_kept_as_a_hash() {
        let table = Twin::new();
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let drawn = Drawn { id: [0xab; 8], secret: [7; 32] };
        let key = create(&table, &Subject("crm".into()), &Scopes::parse("all").unwrap(), &drawn, now)
            .await
            .unwrap();

        let (id, secret) = access::split(&key).unwrap();
        assert_eq!((id, secret), ("abababababababab", "07".repeat(32).as_str()));
        let kept = access::find(&table, id).await.unwrap().unwrap();
        // printf '07%.0s' $(seq 32) | sha256sum
        assert_eq!(kept.secret_sha256, "1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954");
        assert!(!kept.secret_sha256.contains(secret));
        assert_eq!((kept.subject.as_str(), kept.revoked_at), ("crm", None));

        let again =
            create(&table, &Subject("other".into()), &Scopes::parse("admin").unwrap(), &drawn, now).await;
        assert!(again.is_err(), "an id is never given twice");

        assert!(access::revoke(&table, &KeyId::parse(&key).unwrap().0, now).await.unwrap());
        assert!(!access::revoke(&table, "0000000000000000", now).await.unwrap());
        let shown = listed(access::list(&table).await.unwrap());
        assert!(shown.contains("abababababababab") && shown.contains("revoked 2026-11-23 12:00"), "{shown}");
        assert!(!shown.contains(secret));
    }

    #[test]
    fn scopes() {
        use Scope::{Admin, LeadsRead, LeadsWrite, PlaybookWrite};
        assert_eq!(Scopes::parse("all").unwrap().0, [LeadsRead, LeadsWrite, PlaybookWrite, Admin]);
        assert_eq!(Scopes::parse("admin, leads:read,admin").unwrap().0, [LeadsRead, Admin]);
        for wrong in ["", "leads", "all,admin", "leads:read,"] {
            assert!(Scopes::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn subjects_and_key_ids() {
        assert!(Subject::parse("Anna's CRM").is_ok());
        for wrong in ["", "  ", "a\u{1b}[31mb", "a\nb", &"x".repeat(65)] {
            assert!(Subject::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(KeyId::parse("00112233AABBCCDD").unwrap().0, "00112233aabbccdd");
        assert!(KeyId::parse("00112233").is_err());
    }
}
