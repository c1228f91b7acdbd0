//! The ports on AWS. What a function does not use it does not carry: [`AwsPorts`] is the table and the queues,
//! [`AwsOutbound`] adds HTTP and secrets, [`AwsCourier`] mail and the event bus.
//!
//! Credentials and region are where Lambda puts them, in the environment. The SDK's own search for them, through profiles,
//! web identities and instance metadata, would be a third of a function's code.

mod bus;
mod mail;
mod queues;
mod secrets;

#[cfg(test)]
mod scripted;

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use jiff::Timestamp;
use leadline_core::seal::{Seal, WeakSecret};
use leadline_store::DynamoTable;
use uuid::Uuid;

use crate::config::{ConfigError, local_targets, optional, queue_url, required};
use crate::guard::Guard;
use crate::ports::{
    Courier, DomainEvent, HttpError, HttpRequest, HttpResponse, Mail, MailError, Outbound, Ports, Secret,
    SecretError,
};
use crate::wake::{Hop, WakeUp};
use bus::Bus;
use mail::Mailer;
use queues::Queues;
use secrets::Secrets;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);
const ATTEMPTS: u32 = 3;
/// Doubles with each attempt, less a random part. The SDK's own second would eat most of a short deadline.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// SQS and EventBridge take so many entries in one request.
const TEN: usize = 10;
/// Requests of one kind that are under way at the same time.
const AT_ONCE: usize = 8;

/// `AWS_ENDPOINT_URL` is for emulators.
fn sdk_config() -> Result<SdkConfig, ConfigError> {
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACKOFF);
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(timeouts)
        .retry_config(retries);
    sdk.set_endpoint_url(optional("AWS_ENDPOINT_URL"));
    Ok(sdk.build())
}

/// The master secret could not be had; the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MasterSecretError {
    /// Its name is not configured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It could not be read.
    #[error("master secret: {0}")]
    Secret(#[from] SecretError),
    /// It is too short.
    #[error(transparent)]
    Weak(#[from] WeakSecret),
}

/// The table, the queues, the clock and the randomness of a function on Lambda.
#[derive(Debug, Clone)]
pub struct AwsPorts {
    sdk: SdkConfig,
    table: DynamoTable,
    queues: Queues,
}

impl AwsPorts {
    /// Reads `TABLE_NAME` and the queues' addresses. Makes no request; what TLS needs is loaded now rather than with
    /// the first event.
    pub async fn connect() -> Result<AwsPorts, ConfigError> {
        let table_name = required("TABLE_NAME")?;
        let sdk = sdk_config()?;
        let table = DynamoTable::new(aws_sdk_dynamodb::Client::new(&sdk), table_name);
        let urls = Hop::ALL.into_iter().filter_map(|hop| Some((hop, queue_url(hop)?))).collect();
        let queues = Queues::new(aws_sdk_sqs::Client::new(&sdk), urls);
        Ok(AwsPorts { sdk, table, queues })
    }

    /// Reads the deployment's master secret, which `MASTER_SECRET` names. Once, at start; a store that is slow just then
    /// is asked again, because a function that cannot start costs its caller an error.
    pub async fn master_secret(&self) -> Result<Seal, MasterSecretError> {
        let name = required("MASTER_SECRET")?;
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        let mut tries = 0;
        let secret = loop {
            match secrets::read(&client, &name).await {
                Err(SecretError::Unavailable) if tries < 2 => {
                    tries += 1;
                    self.pause(200 * tries).await;
                }
                read => break read?,
            }
        };
        Ok(Seal::new(secret.expose().as_bytes())?)
    }
}

impl Ports for AwsPorts {
    type Table = DynamoTable;

    fn table(&self) -> &DynamoTable {
        &self.table
    }

    #[allow(clippy::disallowed_methods, reason = "the one clock of the deployed functions")]
    fn now(&self) -> Timestamp {
        // Milliseconds are all that queues, indexes and people tell apart.
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn random(&self) -> [u8; 16] {
        let (mut bytes, more) = (Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes());
        // A version 4 UUID is random but for six bits, which are in these two bytes.
        bytes[6] = more[0];
        bytes[8] = more[1];
        bytes
    }

    async fn pause(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    async fn wake(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
        self.queues.send(wake_ups).await
    }
}

/// Passes on what a wider set of ports has from a narrower one.
macro_rules! ports_of {
    ($wider:ty, $narrower:ident) => {
        impl Ports for $wider {
            type Table = DynamoTable;

            fn table(&self) -> &DynamoTable {
                self.$narrower.table()
            }

            fn now(&self) -> Timestamp {
                self.$narrower.now()
            }

            fn random(&self) -> [u8; 16] {
                self.$narrower.random()
            }

            fn pause(&self, millis: u64) -> impl Future<Output = ()> + Send {
                self.$narrower.pause(millis)
            }

            fn wake(&self, wake_ups: Vec<WakeUp>) -> impl Future<Output = Vec<WakeUp>> + Send {
                self.$narrower.wake(wake_ups)
            }
        }
    };
}

/// The ports of a function that speaks HTTP to the world.
#[derive(Debug)]
pub struct AwsOutbound {
    ports: AwsPorts,
    guard: Guard,
    secrets: Secrets,
}

impl AwsOutbound {
    /// Reads what [`AwsPorts::connect`] reads, and `SECRET_PREFIX` and `ALLOW_LOCAL_TARGETS`.
    pub async fn connect() -> Result<AwsOutbound, ConfigError> {
        let prefix = required("SECRET_PREFIX")?;
        let ports = AwsPorts::connect().await?;
        let secrets = Secrets::new(aws_sdk_secretsmanager::Client::new(&ports.sdk), prefix);
        Ok(AwsOutbound { ports, guard: Guard::new(local_targets()), secrets })
    }

    /// The ports underneath.
    pub fn ports(&self) -> &AwsPorts {
        &self.ports
    }
}

ports_of!(AwsOutbound, ports);

impl Outbound for AwsOutbound {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.guard.send(request).await
    }

    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.secrets.value(name).await
    }
}

/// The ports of the function that tells people and systems.
#[derive(Debug)]
pub struct AwsCourier {
    outbound: AwsOutbound,
    mailer: Mailer,
    bus: Bus,
}

impl AwsCourier {
    /// Reads what [`AwsOutbound::connect`] reads, and `BUS_NAME`.
    pub async fn connect() -> Result<AwsCourier, ConfigError> {
        let bus_name = required("BUS_NAME")?;
        let outbound = AwsOutbound::connect().await?;
        let sdk = &outbound.ports.sdk;
        let mailer = Mailer::new(sdk);
        let bus = Bus::new(aws_sdk_eventbridge::Client::new(sdk), bus_name);
        Ok(AwsCourier { outbound, mailer, bus })
    }

    /// The ports underneath.
    pub fn ports(&self) -> &AwsPorts {
        &self.outbound.ports
    }
}

ports_of!(AwsCourier, outbound);

impl Outbound for AwsCourier {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.outbound.http(request).await
    }

    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.outbound.secret(name).await
    }
}

impl Courier for AwsCourier {
    async fn mail(&self, mail: Mail) -> Result<(), MailError> {
        self.mailer.send(mail).await
    }

    async fn publish(&self, events: Vec<DomainEvent>) -> Vec<String> {
        self.bus.publish(events).await
    }
}

/// Splits into tens, in order; the last may be shorter.
fn in_tens<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut items = items.into_iter();
    let next = || Some(items.by_ref().take(TEN).collect()).filter(|ten: &Vec<T>| !ten.is_empty());
    std::iter::from_fn(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tens_lose_nothing_and_keep_the_order() {
        for (items, sizes) in
            [(0, vec![]), (1, vec![1]), (10, vec![10]), (11, vec![10, 1]), (20, vec![10, 10])]
        {
            let tens = in_tens((0..items).collect());
            assert_eq!(tens.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
            assert_eq!(tens.concat(), (0..items).collect::<Vec<i32>>());
        }
    }

    #[test]
    fn every_bit_is_random() {
        let sdk = scripted::Server::new(vec![None]).sdk();
        let table = DynamoTable::new(aws_sdk_dynamodb::Client::new(&sdk), "leads".to_owned());
        let queues = Queues::new(aws_sdk_sqs::Client::new(&sdk), [].into());
        let ports = AwsPorts { sdk, table, queues };
        // A bit that is always the same would show: the chance that a random one does is one in 2^200.
        let (mut ever, mut always) = (0, u128::MAX);
        for _ in 0..200 {
            let bits = u128::from_be_bytes(ports.random());
            ever |= bits;
            always &= bits;
        }
        assert_eq!((ever, always), (u128::MAX, 0));
    }
}
