//! Asking providers over HTTP.

use leadline_core::enrichment::{Fact, HeaderSource, Provider, facts_of};
use leadline_core::lead::Profile;
use leadline_core::playbook::Playbook;
use leadline_runtime::ports::{HttpMethod, HttpRequest, Outbound};

use crate::breaker::Breakers;

/// What the providers said.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// What they know.
    pub(crate) facts: Vec<Fact>,
    /// Those that answered with data.
    pub(crate) providers: Vec<String>,
    /// At least one did not answer and may later.
    pub(crate) unanswered: bool,
}

enum Answer {
    Facts(Vec<Fact>),
    NoData,
    Silence,
}

/// Asks every provider that has enough to go by, one after the other, each within its own time.
pub(crate) async fn all<P: Outbound>(
    ports: &P,
    breakers: &Breakers,
    playbook: &Playbook,
    profile: &Profile,
) -> Answers {
    let mut answers = Answers::default();
    for provider in &playbook.doc().enrichment.providers {
        let Some(url) = provider.url_for(profile) else { continue };
        let name = provider.provider.as_str();
        if !breakers.may_ask(name, ports.now()) {
            answers.unanswered = true;
            continue;
        }
        match one(ports, provider, url).await {
            Answer::Facts(facts) => {
                breakers.answered(name);
                answers.providers.push(name.to_owned());
                answers.facts.extend(facts);
            }
            Answer::NoData => breakers.answered(name),
            Answer::Silence => {
                breakers.failed(name, ports.now());
                answers.unanswered = true;
            }
        }
    }
    answers
}

async fn one<P: Outbound>(ports: &P, provider: &Provider, url: String) -> Answer {
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    for (name, source) in &provider.headers {
        let value = match source {
            HeaderSource::Value(value) => value.clone(),
            HeaderSource::Secret(secret) => match ports.secret(secret).await {
                Ok(secret) => secret.expose().to_owned(),
                Err(error) => {
                    tracing::error!(provider = %provider.provider, error = "secret", detail = %error, "provider not asked");
                    return Answer::Silence;
                }
            },
        };
        headers.push((name.clone(), value));
    }
    let request = HttpRequest {
        method: HttpMethod::Get,
        url,
        headers,
        body: Vec::new(),
        timeout_ms: provider.timeout_ms,
        max_response_bytes: provider.max_bytes,
    };
    match ports.http(request).await {
        Ok(response) if (200..300).contains(&response.status) => {
            match serde_json::from_slice::<serde_json::Value>(&response.body) {
                Ok(document) => {
                    let facts = facts_of(provider, &document, ports.now());
                    if facts.is_empty() { Answer::NoData } else { Answer::Facts(facts) }
                }
                Err(_) => {
                    tracing::warn!(provider = %provider.provider, error = "not_json", "provider's answer cannot be read");
                    Answer::Silence
                }
            }
        }
        Ok(response) if matches!(response.status, 404 | 410 | 422) => Answer::NoData,
        Ok(response) => {
            tracing::warn!(provider = %provider.provider, status = response.status, "provider did not answer");
            Answer::Silence
        }
        Err(error) => {
            tracing::warn!(provider = %provider.provider, detail = %error, "provider did not answer");
            Answer::Silence
        }
    }
}
