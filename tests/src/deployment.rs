//! All handlers of one deployment, as a world without AWS holds them: one copy of what each function keeps between
//! calls, the way from a wake-up or a request to the right one, and what is in the table before the first lead.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use leadline_audit::Audit;
use leadline_capture::Capture;
use leadline_core::playbook::Reach;
use leadline_core::seal::{Seal, sha256_hex};
use leadline_crm::Crm;
use leadline_enrich::Enrich;
use leadline_escalate::Lateness;
use leadline_notify::Notify;
use leadline_runtime::batch::{self, Concurrency};
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Request, Response};
use leadline_runtime::ports::Courier;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::{Hop, WakeUp};
use leadline_store::access::{self, ApiKey, Scope};
use leadline_store::{Twin, playbooks};

/// What the functions keep between calls.
#[derive(Clone)]
pub(crate) struct Deployment {
    pub(crate) audit: Arc<Audit>,
    pub(crate) capture: Arc<Capture>,
    pub(crate) crm: Arc<Crm>,
    pub(crate) enrich: Arc<Enrich>,
    pub(crate) notify: Arc<Notify>,
    pub(crate) shelf: Arc<Shelf>,
}

impl Deployment {
    /// Fresh functions that answer under `public_url`.
    pub(crate) fn new(public_url: &str) -> Self {
        let seal = Seal::new(&[42; 32]).expect("long enough");
        // What a version says never changes, so that reading it once for those on a lead's way saves only time. The
        // audit reads for itself.
        let shelf = Shelf::default();
        Self {
            audit: Arc::new(Audit { seal: seal.clone(), shelf: Shelf::default() }),
            capture: Arc::new(Capture { seal: seal.clone(), shelf: shelf.clone() }),
            crm: Arc::new(Crm { seal: seal.clone(), shelf: Shelf::default(), reach: Reach::default() }),
            enrich: Arc::new(Enrich { shelf: shelf.clone(), ..Enrich::default() }),
            notify: Arc::new(Notify { seal, shelf: shelf.clone(), public_url: public_url.to_owned() }),
            shelf: Arc::new(shelf),
        }
    }

    /// The function that a queue belongs to handles one message.
    pub(crate) async fn wake<P: Courier>(&self, ports: &P, wake_up: &WakeUp) -> Result<(), HandleError> {
        match wake_up.hop {
            Hop::Enrich => leadline_enrich::handle(&self.enrich, ports, wake_up).await,
            Hop::Score => leadline_score::handle(&self.shelf, ports, wake_up).await,
            Hop::Route => leadline_route::handle(&self.shelf, ports, wake_up).await,
            Hop::Notify => leadline_notify::handle(&self.notify, ports, wake_up).await,
            Hop::Timer => leadline_escalate::handle(&self.shelf, ports, wake_up, &Lateness::default()).await,
        }
    }

    /// The function that a queue belongs to handles a batch, as its `main` does.
    pub(crate) async fn batch<P: Courier>(
        &self,
        ports: &P,
        hop: Hop,
        event: SqsEvent,
        time_left: Duration,
    ) -> SqsBatchResponse {
        let concurrency: Concurrency = match hop {
            Hop::Enrich => leadline_enrich::CONCURRENCY,
            Hop::Score => leadline_score::CONCURRENCY,
            Hop::Route => leadline_route::CONCURRENCY,
            Hop::Notify => leadline_notify::CONCURRENCY,
            Hop::Timer => leadline_escalate::CONCURRENCY,
        };
        let handle = async |wake_up: WakeUp| self.wake(ports, &wake_up).await;
        batch::run(ports, event, concurrency, time_left, handle).await
    }

    /// The function that the API hands a request to: capture when it is about a form, crm otherwise.
    pub(crate) fn door(request: &Request) -> &'static str {
        if request.path.first().is_some_and(|first| first == "forms") { "capture" } else { "crm" }
    }

    /// That function's answer.
    pub(crate) async fn answer<P: Courier>(&self, ports: &P, request: Request) -> Response {
        if Self::door(&request) == "capture" {
            leadline_capture::handle(&self.capture, ports, request).await
        } else {
            leadline_crm::handle(&self.crm, ports, request).await
        }
    }
}

/// Publishes a playbook.
pub(crate) fn publish(twin: &Twin, text: &str, by: &str, now: Timestamp) {
    now_or_never(playbooks::publish(twin, text, &sha256_hex(text.as_bytes()), by, now)).expect("published");
}

/// Makes a key with a secret of our choice and returns it as a caller presents it.
pub(crate) fn make_key(
    twin: &Twin,
    key_id: &str,
    secret: &str,
    by: &str,
    scopes: &[Scope],
    now: Timestamp,
) -> String {
    let key = ApiKey {
        key_id: key_id.to_owned(),
        secret_sha256: sha256_hex(secret.as_bytes()),
        subject: by.to_owned(),
        scopes: scopes.to_vec(),
        created_at: now,
        revoked_at: None,
    };
    now_or_never(access::create(twin, &key)).expect("created");
    access::join(key_id, secret)
}

/// Runs a future whose awaits never wait for anybody else.
pub(crate) fn now_or_never<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
