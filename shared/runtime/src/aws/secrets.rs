//! Secrets by Secrets Manager, remembered for a few minutes so that a batch of leads costs one request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::ports::{Secret, SecretError};

/// How long a value counts: a rotated secret is in use after that.
const KEEP: Duration = Duration::from_secs(300);
/// How long it counts that there is no such secret: one that was just made is found after that.
const KEEP_MISSING: Duration = Duration::from_secs(30);

/// The secrets that a playbook may name.
#[derive(Debug)]
pub(super) struct Secrets {
    client: Client,
    prefix: String,
    kept: Mutex<Kept>,
}

impl Secrets {
    /// Secrets whose names begin with `prefix`; all others are missing without being asked for.
    pub(super) fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix, kept: Mutex::default() }
    }

    /// The value of a secret, at most [`KEEP`] old.
    pub(super) async fn value(&self, name: &str) -> Result<Secret, SecretError> {
        if !name.starts_with(&self.prefix) {
            return Err(SecretError::Missing);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(name, Instant::now());
        if let Some(answer) = kept {
            return answer.ok_or(SecretError::Missing);
        }
        let answer = read(&self.client, name).await;
        let worth_keeping = match &answer {
            Ok(secret) => Some(Some(secret.clone())),
            Err(SecretError::Missing) => Some(None),
            Err(SecretError::Unavailable) => None,
        };
        if let Some(found) = worth_keeping {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(name, found, Instant::now());
        }
        answer
    }
}

/// Answers and until when they count; `None` for a secret that is missing.
#[derive(Debug, Default)]
struct Kept(HashMap<String, (Option<Secret>, Instant)>);

impl Kept {
    fn get(&self, name: &str, now: Instant) -> Option<Option<Secret>> {
        self.0.get(name).filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    fn put(&mut self, name: &str, answer: Option<Secret>, now: Instant) {
        let keep = if answer.is_some() { KEEP } else { KEEP_MISSING };
        // Names of playbooks long gone do not pile up.
        self.0.retain(|_, (_, until)| now < *until);
        self.0.insert(name.to_owned(), (answer, now + keep));
    }
}

/// Reads a secret's current value; binary values count when they are text.
pub(super) async fn read(client: &Client, name: &str) -> Result<Secret, SecretError> {
    let answer = client.get_secret_value().secret_id(name).send().await.map_err(|error| meaning(&error))?;
    let binary = || String::from_utf8(answer.secret_binary()?.as_ref().to_vec()).ok();
    let value = answer.secret_string().map(str::to_owned).or_else(binary);
    value.filter(|value| !value.is_empty()).map(Secret::new).ok_or(SecretError::Missing)
}

fn meaning<E: ProvideErrorMetadata>(error: &SdkError<E>) -> SecretError {
    let code = error.code().unwrap_or("no_answer");
    tracing::warn!(error = code, "secret could not be read");
    match code {
        "ResourceNotFoundException"
        | "AccessDeniedException"
        | "DecryptionFailure"
        | "InvalidParameterException"
        | "InvalidRequestException"
        | "ValidationException" => SecretError::Missing,
        _ => SecretError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted;
    use super::*;

    fn value(text: &str) -> scripted::Reply {
        Some((200, format!(r#"{{"Name":"leadline/x","SecretString":"{text}"}}"#)))
    }

    fn error(status: u16, code: &str) -> scripted::Reply {
        Some((status, format!(r#"{{"__type":"{code}","Message":"no"}}"#)))
    }

    fn secrets(server: &scripted::Server) -> Secrets {
        Secrets::new(Client::new(&server.sdk()), "leadline/".to_owned())
    }

    #[tokio::test]
    async fn a_value_is_asked_for_once() {
        let server = scripted::Server::new(vec![value("one"), value("two")]);
        let secrets = secrets(&server);
        for (name, expected) in [("leadline/a", "one"), ("leadline/a", "one"), ("leadline/b", "two")] {
            assert_eq!(secrets.value(name).await.unwrap().expose(), expected);
        }
        let asked: Vec<_> = server.bodies().into_iter().map(|body| body["SecretId"].clone()).collect();
        assert_eq!(asked, ["leadline/a", "leadline/b"]);
    }

    #[tokio::test]
    async fn that_it_is_missing_is_remembered_and_that_the_store_is_down_is_not() {
        let server = scripted::Server::new(vec![error(400, "ResourceNotFoundException"), value("late")]);
        let missing = secrets(&server);
        assert_eq!(missing.value("leadline/a").await, Err(SecretError::Missing));
        assert_eq!(missing.value("leadline/a").await, Err(SecretError::Missing));
        assert_eq!(server.bodies().len(), 1);

        let server = scripted::Server::new(vec![error(500, "InternalServiceError"), value("late")]);
        let down = secrets(&server);
        assert_eq!(down.value("leadline/a").await, Err(SecretError::Unavailable));
        assert_eq!(down.value("leadline/a").await.unwrap().expose(), "late");
    }

    #[tokio::test]
    async fn names_outside_the_prefix_are_not_asked_for() {
        let server = scripted::Server::new(vec![value("no")]);
        let secrets = secrets(&server);
        for name in [
            "",
            "leadline",
            "other/x",
            "/leadline/x",
            "Leadline/x",
            "arn:aws:secretsmanager:eu-west-1:1:secret:leadline/x",
        ] {
            assert_eq!(secrets.value(name).await, Err(SecretError::Missing), "{name}");
        }
        assert_eq!(server.bodies().len(), 0);
    }

    #[tokio::test]
    async fn errors_say_whether_a_retry_helps() {
        use SecretError::{Missing, Unavailable};
        for (reply, expected) in [
            (error(400, "ResourceNotFoundException"), Missing),
            (error(400, "AccessDeniedException"), Missing),
            (error(400, "DecryptionFailure"), Missing),
            (error(400, "InvalidRequestException"), Missing),
            (error(400, "ThrottlingException"), Unavailable),
            (error(400, "ExpiredTokenException"), Unavailable),
            (error(500, "InternalServiceError"), Unavailable),
            (Some((503, String::new())), Unavailable),
            (None, Unavailable),
            (Some((200, r#"{"Name":"leadline/x"}"#.to_owned())), Missing),
            (value(""), Missing),
            (Some((200, r#"{"SecretBinary":"/w=="}"#.to_owned())), Missing),
        ] {
            let server = scripted::Server::new(vec![reply.clone()]);
            assert_eq!(secrets(&server).value("leadline/x").await, Err(expected), "{reply:?}");
        }
        let server = scripted::Server::new(vec![Some((200, r#"{"SecretBinary":"a2V5"}"#.to_owned()))]);
        assert_eq!(secrets(&server).value("leadline/x").await.unwrap().expose(), "key");
    }

    #[test]
    fn answers_count_for_so_long() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let secret = || Some(Secret::new("x".to_owned()));
        let mut kept = Kept::default();
        kept.put("there", secret(), start);
        kept.put("gone", None, start);
        assert_eq!((kept.get("there", after(29)), kept.get("gone", after(29))), (Some(secret()), Some(None)));
        assert_eq!((kept.get("there", after(299)), kept.get("gone", after(30))), (Some(secret()), None));
        assert_eq!(kept.get("there", after(300)), None);
        assert_eq!(kept.get("never", start), None);
        kept.put("new", secret(), after(300));
        assert_eq!(kept.0.len(), 1);
    }
}
