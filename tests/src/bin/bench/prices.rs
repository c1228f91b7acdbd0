//! What AWS asks for: list prices of us-east-1 in US dollars, without a free tier. Every price that anything here is
//! reckoned with stands in this file, with the month in which it was looked up.

/// A list price.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    /// Dollars for a million, for a gigabyte, or for one thing that stands for a month.
    pub(crate) dollars: f64,
    /// Of what.
    #[allow(dead_code, reason = "for whoever reads the file, and for the test")]
    of: &'static str,
    /// The month it was looked up in.
    #[allow(dead_code, reason = "for whoever reads the file, and for the test")]
    seen: &'static str,
    /// Where AWS says so.
    #[allow(dead_code, reason = "for whoever reads the file, and for the test")]
    page: &'static str,
}

const fn price(dollars: f64, of: &'static str, seen: &'static str, page: &'static str) -> Price {
    Price { dollars, of, seen, page }
}

const DYNAMODB: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";

/// DynamoDB on demand, as since November 2024.
pub(crate) const WRITE_UNITS: Price = price(0.625, "million write request units", "2026-11", DYNAMODB);
/// The same for reads.
pub(crate) const READ_UNITS: Price = price(0.125, "million read request units", "2026-11", DYNAMODB);
/// Standard queues.
pub(crate) const SQS_REQUESTS: Price =
    price(0.40, "million requests", "2026-11", "https://aws.amazon.com/sqs/pricing/");
/// Lambda, for each run.
pub(crate) const INVOCATIONS: Price = price(0.20, "million invocations", "2026-11", LAMBDA);
/// Lambda on arm64, for its time.
pub(crate) const GIGABYTE_SECONDS: Price = price(13.3334, "million gigabyte-seconds", "2026-11", LAMBDA);
/// API Gateway, REST.
pub(crate) const API_REQUESTS: Price =
    price(3.50, "million requests", "2026-11", "https://aws.amazon.com/api-gateway/pricing/");
/// EventBridge, events of one's own of at most 64 KB.
pub(crate) const EVENTS: Price =
    price(1.00, "million events", "2026-11", "https://aws.amazon.com/eventbridge/pricing/");
/// CloudWatch Logs, standard class.
pub(crate) const LOG_GIGABYTE: Price = price(0.50, "gigabyte taken in", "2026-11", CLOUDWATCH);
/// An alarm of standard resolution, for each metric that it looks at.
pub(crate) const ALARM_METRIC: Price = price(0.10, "metric of an alarm, a month", "2026-11", CLOUDWATCH);
/// A metric of one's own.
pub(crate) const METRIC: Price = price(0.30, "metric, a month", "2026-11", CLOUDWATCH);
/// A dashboard; three in an account are free.
pub(crate) const DASHBOARD: Price = price(3.00, "dashboard, a month", "2026-11", CLOUDWATCH);
/// Secrets Manager.
pub(crate) const SECRET: Price =
    price(0.40, "secret, a month", "2026-11", "https://aws.amazon.com/secrets-manager/pricing/");
