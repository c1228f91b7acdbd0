//! The way out to the open internet. Targets come from a playbook or from what a stranger typed into a form, so every
//! request passes the guard: only HTTPS, only public addresses, and the address that was checked is the one connected
//! to. Redirects are not followed, proxies of the environment are not used, no cookies are kept.

mod answer;
mod resolve;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use leadline_core::target::check_url;
use reqwest::dns::Resolve;
use reqwest::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};

use crate::ports::{HttpError, HttpMethod, HttpRequest, HttpResponse};
use resolve::{Refused, Screened, SystemDns};

pub use leadline_core::target::LocalTargets;

/// Includes the name lookup and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Below what servers and load balancers commonly grant, so that we are the side that closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);
const USER_AGENT: &str = concat!("Leadline/", env!("CARGO_PKG_VERSION"));
/// Headers that frame the message or choose the host: the client alone sets them.
const OURS: [HeaderName; 4] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];

/// Sends HTTP requests to public hosts, and to nothing else.
#[derive(Debug, Clone)]
pub struct Guard {
    local: LocalTargets,
    /// `None` where the machine has no root certificates to trust.
    client: Option<Client>,
}

impl Guard {
    /// A guard with connections of its own.
    pub fn new(local: LocalTargets) -> Guard {
        Guard::with_dns(local, SystemDns)
    }

    fn with_dns(local: LocalTargets, dns: impl Resolve + 'static) -> Guard {
        let client = Client::builder()
            .https_only(local == LocalTargets::Refused)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(USER_AGENT)
            .dns_resolver(Arc::new(Screened::new(dns, local)))
            .build()
            .inspect_err(
                |error| tracing::error!(error = "no_http_client", detail = %error, "nothing can be sent"),
            )
            .ok();
        Guard { local, client }
    }

    /// Sends one request and reads the whole answer, all within the request's time. A status of any kind is an
    /// answer, not an error.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = check_url(&request.url, self.local).map_err(|error| HttpError::NotAllowed(error.why()))?;
        let headers = headers(&request.headers)?;
        let client = self.client.as_ref().ok_or(HttpError::Unreachable)?;
        let outgoing = match request.method {
            HttpMethod::Get => client.request(Method::GET, url),
            HttpMethod::Post => client.request(Method::POST, url),
        };
        let outgoing = outgoing.headers(headers);
        // A read without a body does not announce one of length zero.
        let has_body = request.method == HttpMethod::Post || !request.body.is_empty();
        let outgoing = if has_body { outgoing.body(request.body) } else { outgoing };
        let exchange = async {
            let response = outgoing.send().await.map_err(|error| meaning(&error))?;
            answer::read(response, request.max_response_bytes).await
        };
        let in_time = tokio::time::timeout(Duration::from_millis(request.timeout_ms), exchange).await;
        in_time.unwrap_or(Err(HttpError::TimedOut))
    }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let malformed = HttpError::NotAllowed("a header is malformed");
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed.clone())?;
        if OURS.contains(&name) {
            return Err(HttpError::NotAllowed("a header is not the sender's to set"));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| malformed.clone())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// What an error of the client means. A connection that was not made in time was not made: nobody can have acted.
fn meaning(error: &reqwest::Error) -> HttpError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(Refused(why)) = inner.downcast_ref::<Refused>() {
            return HttpError::NotAllowed(why);
        }
        cause = inner.source();
    }
    if error.is_timeout() && !error.is_connect() { HttpError::TimedOut } else { HttpError::Unreachable }
}
