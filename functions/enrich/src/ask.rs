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

/// How long a lead on its way waits for providers at most; who has not answered by then is asked again later.
pub(crate) const FIRST_PATIENCE_MS: u64 = 1_000;

/// Asks every provider that has enough to go by, all at once, each within its own time and `patience_ms`.
pub(crate) async fn all<P: Outbound>(
    ports: &P,
    breakers: &Breakers,
    playbook: &Playbook,
    profile: &Profile,
    patience_ms: u64,
) -> Answers {
    let mut answers = Answers::default();
    let mut asked = Vec::new();
    for provider in &playbook.doc().enrichment.providers {
        let Some(url) = provider.url_for(profile) else { continue };
        if breakers.may_ask(provider.provider.as_str(), ports.now()) {
            asked.push((provider, one(ports, provider, url, patience_ms)));
        } else {
            answers.unanswered = true;
        }
    }
    let (names, questions): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    // Facts are taken in the order of the playbook, whoever answered first.
    for (provider, answer) in names.iter().zip(futures_util::future::join_all(questions).await) {
        let name = provider.provider.as_str();
        match answer {
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

async fn one<P: Outbound>(ports: &P, provider: &Provider, url: String, patience_ms: u64) -> Answer {
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
        timeout_ms: provider.timeout_ms.min(patience_ms),
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
