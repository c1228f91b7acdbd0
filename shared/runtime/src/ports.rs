//! What a handler needs of the outside world, as traits: the deployed functions get AWS, the simulator a twin.
//!
//! Each trait is one capability, so that a function links, and is permitted, only what it uses.

use std::future::Future;

use jiff::Timestamp;
use leadline_store::Table;

use crate::wake::WakeUp;

/// What every function has: the table, a way to wake another function, a clock and randomness.
pub trait Ports: Send + Sync {
    /// The table behind this deployment.
    type Table: Table;

    /// The table.
    fn table(&self) -> &Self::Table;

    /// The current instant, as this worker's clock has it.
    fn now(&self) -> Timestamp;

    /// Sixteen bytes nobody can guess.
    fn random(&self) -> [u8; 16];

    /// Waits so many milliseconds, before another try after a race.
    fn pause(&self, millis: u64) -> impl Future<Output = ()> + Send;

    /// Sends wake-ups. Best effort: the row still owes what could not be sent, so a failure is reported only to be
    /// counted. Returns the wake-ups that were not accepted.
    fn wake(&self, wake_ups: Vec<WakeUp>) -> impl Future<Output = Vec<WakeUp>> + Send;
}

/// One outbound HTTP request to a host that the playbook names.
#[derive(Clone, PartialEq)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: HttpMethod,
    /// Where to; checked against the guard before any connection is made.
    pub url: String,
    /// Header names and values; the values may be secret.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long the whole exchange may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many bytes of the answer are read; a longer answer is an error.
    pub max_response_bytes: usize,
}

/// The methods we use outbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Read.
    Get,
    /// Send.
    Post,
}

/// The answer to an [`HttpRequest`]. Redirects are never followed, they arrive here as they are.
#[derive(Clone, PartialEq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// `Retry-After` in seconds, when the receiver sent one.
    pub retry_after_s: Option<u32>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why there was no [`HttpResponse`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address is not one we connect to. A retry does not help.
    #[error("target not allowed: {0}")]
    NotAllowed(&'static str),
    /// No answer in time; the receiver may have acted all the same.
    #[error("timed out")]
    TimedOut,
    /// The connection could not be made or broke.
    #[error("unreachable")]
    Unreachable,
    /// The answer is larger than allowed.
    #[error("answer too large")]
    TooLarge,
}

/// A secret's value could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no such secret, or we may not read it. A retry does not help.
    #[error("no such secret")]
    Missing,
    /// The secret store did not answer.
    #[error("secret store unavailable")]
    Unavailable,
}

/// A secret value; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, to be used and not kept.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Functions that speak HTTP to the world.
pub trait Outbound: Ports {
    /// Sends one request through the guard.
    fn http(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send;

    /// The value of a named secret; cached for a few minutes.
    fn secret(&self, name: &str) -> impl Future<Output = Result<Secret, SecretError>> + Send;
}

/// One e-mail, plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Stable id of this delivery, sent along so that a second attempt can be recognised.
    pub delivery_id: String,
    /// The sender, an identity verified with SES.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The provider refuses this mail for good.
    #[error("mail refused")]
    Refused,
    /// The provider is unavailable or asks us to slow down; it may have accepted all the same.
    #[error("mail provider unavailable")]
    Unavailable,
}

/// One domain event: ids only, never personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainEvent {
    /// Stable id, the same on every attempt.
    pub id: String,
    /// What happened, such as `lead.offered`.
    pub kind: String,
    /// The JSON document that subscribers receive.
    pub detail: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The function that tells people and systems.
pub trait Courier: Outbound {
    /// Hands one mail to the provider.
    fn mail(&self, mail: Mail) -> impl Future<Output = Result<(), MailError>> + Send;

    /// Puts events on the bus, any number; returns the ids of those the bus did not take.
    fn publish(&self, events: Vec<DomainEvent>) -> impl Future<Output = Vec<String>> + Send;
}

macro_rules! silent {
    ($($name:ident),+) => {
        $(
            /// Shows nothing: it holds personal data or secrets.
            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(concat!(stringify!($name), "(…)"))
                }
            }
        )+
    };
}

silent!(HttpRequest, HttpResponse, Mail);
