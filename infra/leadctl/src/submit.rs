//! `leadctl submit`: the rows of a file through the public door.
//!
//! Every row carries an idempotency key made of its content. Whatever happens on the way, the same file can be sent
//! again: what was acknowledged before is recognised.

mod progress;
pub(crate) mod rows;
mod send;
mod settle;
mod summary;

#[cfg(test)]
mod sample;

use std::cell::Cell;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;

use crate::api::Api;
use crate::arguments::Submit;
use crate::failure::Failure;
use progress::Progress;
use rows::Row;
use send::{Outcome, send};
use summary::Summary;

/// Sends a file.
pub(crate) async fn run(wanted: &Submit, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let api = if wanted.wait { Api::with_key()? } else { Api::open()? };
    let rows = rows::of_file(&wanted.file, wanted.format, &wanted.form)?;
    api.knock().await?;
    let concurrency = usize::from(wanted.concurrency);
    let summary = submit(&api, &rows, concurrency, Progress::rows(rows.len(), wanted.quiet)).await;
    write!(out, "{}", summary.text())?;
    let mut good = summary.is_good(wanted.allow_refused);
    if wanted.wait {
        let limit = Duration::from_secs(wanted.wait_seconds);
        let moving = settle::wait(&api, &summary.submissions, concurrency, limit, wanted.quiet).await?;
        if moving > 0 {
            writeln!(out, "{moving} of them are still on their way after {} seconds.", wanted.wait_seconds)?;
            good = false;
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends rows, so many at the same time. Once a row has found nobody in spite of all patience, the rest stays here.
async fn submit(api: &Api, rows: &[Row], concurrency: usize, mut progress: Progress) -> Summary {
    let given_up = &Cell::new(false);
    let sending = futures_util::stream::iter(rows).map(|row| async move {
        if given_up.get() {
            return (row, Outcome::NotSent);
        }
        let outcome = send(api, row).await;
        if matches!(outcome, Outcome::Unanswered(_)) {
            given_up.set(true);
        }
        (row, outcome)
    });
    let mut outcomes = sending.buffer_unordered(concurrency);
    let mut summary = Summary::default();
    while let Some((row, outcome)) = outcomes.next().await {
        summary.add(row.number, outcome);
        progress.show(summary.sent(), summary.problems());
    }
    progress.end();
    summary
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;
    use leadline_core::ids::FormId;
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    fn rows(count: usize) -> Vec<Row> {
        let form = FormId::parse("demo-request").unwrap();
        let lines: String =
            (1..=count).map(|n| format!("{{\"email\":\"ada{n}@nordlicht.example\"}}\n")).collect();
        rows::of_ndjson(&lines, &form).unwrap()
    }

    fn acknowledged(n: u8) -> String {
        FakeServer::json(202, &json!({"submission_id": format!("sub_{n:032x}")}))
    }

    #[tokio::test(flavor = "current_thread")]
    async fn rows_are_sent_again_until_they_are_acknowledged_with_the_same_key() {
        let server = FakeServer::start(vec![
            FakeServer::answer(429, "retry-after: 0\r\n", "{}"),
            // Hung up on.
            String::new(),
            FakeServer::answer(503, "", "{}"),
            acknowledged(1),
        ]);
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let summary = submit(&api, &rows(1), 1, Progress::rows(1, true)).await;
        assert_eq!(summary.text(), "1 of 1 row acknowledged.\n");
        assert!(summary.is_good(false));

        let seen = server.seen();
        assert_eq!(seen.len(), 4);
        let keys: BTreeSet<_> =
            seen.iter().filter_map(|s| s.lines().find(|l| l.starts_with("idempotency-key: "))).collect();
        assert_eq!(keys.len(), 1);
        assert!(seen[3].starts_with("POST /stage/forms/demo-request/submissions HTTP/1.1\r\n"));
        assert!(seen[3].contains("content-type: application/json\r\n"));
        assert!(seen[3].ends_with("\r\n\r\n{\"email\":\"ada1@nordlicht.example\"}"));
        // The door is public; the key is none of its business.
        assert!(!seen[3].contains("llk_key"));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn refusals_are_final_and_told_by_row() {
        let mut sent: BTreeMap<String, u8> = BTreeMap::new();
        let server = FakeServer::answering(move |request| {
            let body = request.rsplit("\r\n").next().unwrap_or_default().to_owned();
            let n = u8::try_from(sent.len()).unwrap();
            *sent.entry(body.clone()).or_default() += 1;
            if body.contains("ada2@") {
                let errors = json!([{"field": "email", "detail": "not an address"}]);
                FakeServer::json(
                    422,
                    &json!({"title": "Invalid submission", "detail": "Mend it.", "errors": errors}),
                )
            } else {
                acknowledged(n)
            }
        });
        let api = Api::at(&server.url(), None).unwrap();
        let summary = submit(&api, &rows(3), 8, Progress::rows(3, true)).await;
        assert_eq!(
            summary.text(),
            "2 of 3 rows acknowledged, 1 refused.\n  row 2: Mend it.\n    email: not an address\n"
        );
        assert!(!summary.is_good(false) && summary.is_good(true));
        assert_eq!((server.seen().len(), summary.submissions.len()), (3, 2));
    }
}
