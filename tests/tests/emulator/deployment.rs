//! The deployment under test: where it is, who else is using it, and the playbook that all tests share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use jiff::Timestamp;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::sink::Sink;
use super::{lead, playbook};

/// The secret that signs the webhooks of the tests; the example of the Standard Webhooks specification.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Its name.
pub(crate) const WEBHOOK_SECRET_NAME: &str = "leadline/emulator-tests";

/// Tests that measure time or disturb others run alone; the others run together.
static TURNS: RwLock<()> = RwLock::const_new(());
static STAGE: OnceLock<Sink> = OnceLock::new();

/// Held for its end: when it is dropped, others get their turn.
#[allow(dead_code, reason = "guards are held, not read")]
enum Turn {
    Alone(RwLockWriteGuard<'static, ()>),
    Together(RwLockReadGuard<'static, ()>),
    Over,
}

/// The deployment, as one test has it.
pub(crate) struct Deployment {
    /// Where the API answers.
    pub(crate) api_url: String,
    /// A key with every scope.
    pub(crate) api_key: String,
    /// Where the emulator answers.
    pub(crate) endpoint: String,
    /// For requests; its connections belong to the test's own runtime.
    pub(crate) client: reqwest::Client,
    turn: Turn,
}

impl Deployment {
    /// The deployment for a test that bears company.
    pub(crate) async fn together() -> Deployment {
        stage();
        let turn = Turn::Together(TURNS.read().await);
        Deployment::in_turn(turn)
    }

    /// The deployment for a test that measures time, or takes away what others need.
    pub(crate) async fn alone() -> Deployment {
        stage();
        let turn = Turn::Alone(TURNS.write().await);
        Deployment::in_turn(turn)
    }

    fn in_turn(turn: Turn) -> Deployment {
        Deployment {
            api_url: setting("API_URL"),
            api_key: setting("API_KEY"),
            endpoint: setting("AWS_ENDPOINT_URL"),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            turn,
        }
    }

    /// Lets the others in again; this test has nothing to do but wait.
    pub(crate) fn step_aside(&mut self) {
        self.turn = Turn::Over;
    }

    /// Where webhooks arrive.
    pub(crate) fn sink(&self) -> &'static Sink {
        stage()
    }

    /// What an AWS client needs.
    pub(crate) async fn aws(&self) -> SdkConfig {
        aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await
    }
}

/// Publishes the playbook, sends one lead through so that every function runs, and returns where webhooks arrive.
/// Whoever comes first does it for all, with a runtime of its own since the caller's must not block on itself.
fn stage() -> &'static Sink {
    STAGE.get_or_init(|| {
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(set_up())
        })
        .join()
        .unwrap_or_else(|_| panic!("the deployment cannot be set up; the first panic says why"))
    })
}

async fn set_up() -> Sink {
    let deployment = Deployment::in_turn(Turn::Over);
    let sink = Sink::start();
    let secrets = aws_sdk_secretsmanager::Client::new(&deployment.aws().await);
    let made = secrets.create_secret().name(WEBHOOK_SECRET_NAME).secret_string(WEBHOOK_SECRET).send().await;
    if let Err(error) = made {
        let error = error.into_service_error();
        assert!(error.is_resource_exists_exception(), "{error}");
    }
    let text = playbook::for_tests(&sink.url(), WEBHOOK_SECRET_NAME).to_string();
    let published = deployment.put("/playbook", &text).await;
    assert_eq!(published.status, 200, "{}", published.text);
    let submission = deployment.taken("demo-request", &lead::strong(&token())).await;
    let lead_id = deployment.lead_of(&submission).await;
    deployment.told(&lead_id, "offer.1").await;
    sink
}

/// A setting that `make test` gives.
#[allow(clippy::disallowed_methods, reason = "a test's settings")]
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: these tests need a deployment, make test makes one"))
}

/// The time now. The emulator runs on this machine, so this is its clock as well.
#[allow(clippy::disallowed_methods, reason = "a test has a clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Letters that no other test and no earlier run has, for names and domains.
pub(crate) fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}{number:02x}", now().as_microsecond())
}

/// Looks again and again until there is something to see, and returns it; says what it waited for when there is
/// nothing within the time.
pub(crate) async fn until<T>(what: &str, within: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    let end = Instant::now() + within;
    let mut pause = Duration::from_millis(50);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited {within:?} for {what}");
        tokio::time::sleep(pause).await;
        // Those who wait for long do not crowd out those who measure.
        pause = pause.mul_f32(1.25).min(Duration::from_secs(1));
    }
}
