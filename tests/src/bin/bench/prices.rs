//! What AWS asks for, in US dollars: list prices of us-east-1 without a free tier, as of November 2026.

/// DynamoDB on demand since November 2024, per million write request units.
pub(crate) const WRITE_UNITS: f64 = 0.625;
/// The same for read request units.
pub(crate) const READ_UNITS: f64 = 0.125;
/// SQS, standard queues, per million requests.
pub(crate) const SQS_REQUESTS: f64 = 0.40;
/// Lambda, per million invocations.
pub(crate) const INVOCATIONS: f64 = 0.20;
/// Lambda on arm64, per million gigabyte-seconds.
pub(crate) const GIGABYTE_SECONDS: f64 = 13.3334;
/// API Gateway, REST, per million requests.
pub(crate) const API_REQUESTS: f64 = 3.50;
/// EventBridge, events of one's own, per million of at most 64 KB.
pub(crate) const EVENTS: f64 = 1.00;
/// CloudWatch Logs, per gigabyte taken in.
pub(crate) const LOG_GIGABYTE: f64 = 0.50;
