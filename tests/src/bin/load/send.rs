//! Sending. Each submission is due at its time, and its latency counts from then, also when it had to wait for a
//! connection: an answer that is slow delays nobody's clock but its own.

use std::sync::Arc;
use std::time::Duration;

use leadline_tests::door::Door;
use leadline_tests::people::person;
use leadline_tests::screen::Progress;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::arrivals::Arrivals;

/// What became of one.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Which.
    pub(crate) n: usize,
    /// The submission that is durable, or in a word why there is none.
    pub(crate) outcome: Result<String, String>,
    /// From when it was due to the answer.
    pub(crate) latency: Duration,
    /// From the beginning to the answer.
    pub(crate) done: Duration,
}

/// Submits people of a run over at most so many connections; returns when all have an answer, in any order.
#[allow(clippy::disallowed_methods, reason = "a load runs in real time")]
pub(crate) async fn send(
    door: &Door,
    form: &Arc<str>,
    run: &Arc<str>,
    arrivals: Arrivals,
    connections: usize,
) -> Vec<Sent> {
    let began = Instant::now();
    let places = Arc::new(Semaphore::new(connections));
    let mut under_way = JoinSet::new();
    let mut sent = Vec::with_capacity(arrivals.count);
    let mut progress = Progress::over(arrivals.count, "submissions answered");
    for n in 0..arrivals.count {
        let due = began + arrivals.at(n);
        sleep_until(due).await;
        let (door, form, run, places) =
            (door.clone(), Arc::clone(form), Arc::clone(run), Arc::clone(&places));
        under_way.spawn(async move {
            let place = places.acquire().await;
            let outcome = door.submit(&form, &person(&run, n)).await.map_err(|error| error.kind());
            drop(place);
            let now = Instant::now();
            Sent { n, outcome, latency: now.duration_since(due), done: now.duration_since(began) }
        });
        while let Some(done) = under_way.try_join_next() {
            sent.extend(done.ok());
        }
        progress.show(sent.len());
    }
    while let Some(done) = under_way.join_next().await {
        sent.extend(done.ok());
        progress.show(sent.len());
    }
    sent
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    const DELAY: Duration = Duration::from_millis(40);

    /// Takes every submission after a while, one at a time.
    fn slow_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut seen = Vec::new();
                let mut chunk = [0; 4096];
                // The answers end with a brace; nothing else in a request does.
                while !seen.ends_with(b"}") {
                    let read = stream.read(&mut chunk).unwrap_or(0);
                    seen.extend_from_slice(&chunk[..read]);
                }
                std::thread::sleep(DELAY);
                let body = r#"{"submission_id":"sub_1"}"#;
                let head = "HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length:";
                stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
            }
        });
        format!("http://{address}")
    }

    #[tokio::test(flavor = "current_thread")]
    async fn waiting_for_a_connection_is_latency() {
        let door = Door::new(&slow_server(), "").unwrap();
        let arrivals = Arrivals::new(1_000.0, 0.005).unwrap();
        let mut sent = send(&door, &"form".into(), &"run".into(), arrivals, 1).await;
        sent.sort_by_key(|s| s.n);
        assert_eq!(sent.len(), 5);
        assert!(sent.iter().all(|s| s.outcome == Ok("sub_1".to_owned())), "{sent:?}");
        // Five come within four milliseconds and are served one after another: the last was due at 4 ms and has its
        // answer after five delays at the earliest.
        assert!(sent[4].latency >= DELAY * 5 - Duration::from_millis(4), "{sent:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_is_not_there_is_counted() {
        let door = Door::new("http://127.0.0.1:1", "").unwrap();
        let sent = send(&door, &"form".into(), &"run".into(), Arrivals::new(100.0, 0.02).unwrap(), 4).await;
        assert_eq!(sent.iter().filter(|s| s.outcome == Err("no connection".to_owned())).count(), 2);
    }
}
