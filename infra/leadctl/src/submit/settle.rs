//! Waiting until the leads of a file have gone through enrich, score and route.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::time::Instant;

use super::progress::Progress;
use crate::api::Api;
use crate::failure::Failure;
use crate::shown_lead::ShownLead;

const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Waits until no lead of these submissions is on its way any more, or the time is over; how many still are.
pub(crate) async fn wait(
    api: &Api,
    submissions: &BTreeSet<String>,
    concurrency: usize,
    limit: Duration,
    quiet: bool,
) -> Result<usize, Failure> {
    let until = Instant::now() + limit;
    let leads = futures_util::stream::iter(submissions)
        .map(|id| lead_of(api, id))
        .buffer_unordered(concurrency)
        .try_filter_map(async |lead| Ok(lead))
        .try_collect::<BTreeSet<String>>()
        .await?;
    let mut progress = Progress::leads(leads.len(), quiet);
    let total = leads.len();
    let mut moving = leads;
    loop {
        moving = futures_util::stream::iter(moving)
            .map(async |id| Ok::<_, Failure>(is_under_way(api, &id).await?.then_some(id)))
            .buffer_unordered(concurrency)
            .try_filter_map(async |id| Ok(id))
            .try_collect()
            .await?;
        progress.show(total - moving.len(), 0);
        if moving.is_empty() || Instant::now() >= until {
            progress.end();
            return Ok(moving.len());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// The lead of a submission; none when it is gone, as after an erasure.
async fn lead_of(api: &Api, submission_id: &str) -> Result<Option<String>, Failure> {
    let found = unless_gone(api.get(&["submissions", submission_id]).await)?;
    let lead_id = |submission: Value| submission.get("lead_id")?.as_str().map(str::to_owned);
    found.map(|submission| lead_id(submission).ok_or(Failure::Answer)).transpose()
}

async fn is_under_way(api: &Api, lead_id: &str) -> Result<bool, Failure> {
    let Some(lead) = unless_gone(api.get(&["leads", lead_id]).await)? else { return Ok(false) };
    let lead: ShownLead = serde_json::from_value(lead).map_err(|_| Failure::Answer)?;
    Ok(lead.is_under_way())
}

fn unless_gone(answer: Result<Value, Failure>) -> Result<Option<Value>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;
    use serde_json::json;

    #[tokio::test(flavor = "current_thread")]
    async fn waits_for_those_that_move_and_looks_no_more_at_those_that_stand() {
        let mut looks = 0;
        let server = FakeServer::answering(move |request| {
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let lead = |stage: &str| {
                FakeServer::json(
                    200,
                    &json!({"lead_id": "ld", "version": 1, "stage": stage, "contact": {}, "company": {}}),
                )
            };
            match path.as_str() {
                "/stage/submissions/sub_a" => FakeServer::json(200, &json!({"lead_id": "ld_a"})),
                "/stage/submissions/sub_b" => FakeServer::json(200, &json!({"lead_id": "ld_b"})),
                "/stage/leads/ld_a" => lead("nurturing"),
                "/stage/leads/ld_b" => {
                    looks += 1;
                    lead(if looks < 3 { "enriched" } else { "offered" })
                }
                _ => FakeServer::json(404, &json!({"detail": "There is no such submission."})),
            }
        });
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let submissions = ["sub_a", "sub_b", "sub_erased"].map(str::to_owned).into();
        let moving = wait(&api, &submissions, 4, Duration::from_secs(60), true).await.unwrap();
        assert_eq!(moving, 0);
        let asked =
            |path: &str| server.seen().iter().filter(|r| r.starts_with(&format!("GET {path} "))).count();
        assert_eq!((asked("/stage/leads/ld_a"), asked("/stage/leads/ld_b")), (1, 3));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn says_how_many_are_left_when_time_is_over() {
        let server = FakeServer::answering(|request| {
            let stuck =
                json!({"lead_id": "ld_a", "version": 1, "stage": "received", "contact": {}, "company": {}});
            let found = if request.contains("/submissions/") { json!({"lead_id": "ld_a"}) } else { stuck };
            FakeServer::json(200, &found)
        });
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let submissions = ["sub_a", "sub_b"].map(str::to_owned).into();
        assert_eq!(wait(&api, &submissions, 4, Duration::ZERO, true).await.unwrap(), 1);
    }
}
