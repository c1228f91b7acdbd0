//! Who calls, and what they may.

use leadline_core::seal::{same_secret, sha256_hex};
use leadline_runtime::http::{Problem, Request};
use leadline_runtime::ports::Ports;
use leadline_store::access::{Scope, find, split};

use crate::Failure;

/// A caller with a good key.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who the key is bound to; the timeline names this subject.
    pub(crate) subject: String,
    /// The public part of the key.
    pub(crate) key_id: String,
    scopes: Vec<Scope>,
}

/// Finds out who calls. No key, a malformed, an unknown and a revoked one answer the same.
pub(crate) async fn caller<P: Ports>(ports: &P, request: &Request) -> Result<Caller, Failure> {
    let presented = request.header("authorization").and_then(bearer).and_then(split);
    let Some((key_id, secret)) = presented else { return Err(unknown().into()) };
    let found = find(ports.table(), &key_id.to_ascii_lowercase()).await?;
    let hash = sha256_hex(secret.as_bytes());
    match found {
        Some(key)
            if key.revoked_at.is_none() && same_secret(key.secret_sha256.as_bytes(), hash.as_bytes()) =>
        {
            Ok(Caller { subject: key.subject, key_id: key.key_id, scopes: key.scopes })
        }
        _ => Err(unknown().into()),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

fn unknown() -> Problem {
    Problem::new(
        401,
        "no-valid-key",
        "No valid key",
        "Send `Authorization: Bearer <key>` with a key made by `leadctl keys create`.",
    )
    .with_header("www-authenticate", "Bearer")
}

impl Caller {
    /// Whether the key has a scope.
    pub(crate) fn may(&self, scope: Option<Scope>) -> Result<(), Problem> {
        match scope {
            Some(scope) if !self.scopes.contains(&scope) => Err(Problem::new(
                403,
                "missing-scope",
                "Missing scope",
                format!(
                    "This key lacks the scope `{}`. Make one that has it with `leadctl keys create`.",
                    scope.name()
                ),
            )
            .with("required_scope", scope.name())),
            _ => Ok(()),
        }
    }
}
