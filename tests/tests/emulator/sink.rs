//! A receiver of webhooks on this machine. It remembers what came, and takes the offers of one rep only at the second
//! try.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::deployment::now;
use super::playbook::HOOKED_REP;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// When it was here.
    pub(crate) at: Timestamp,
    /// Headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, to the byte.
    pub(crate) body: Vec<u8>,
    /// What was answered.
    pub(crate) status: u16,
}

impl Hook {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The receiver.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Hook>>>,
}

impl Sink {
    /// Starts it on a port of its own; it ends with the tests.
    pub(crate) fn start() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // Its own thread: senders keep their connections open.
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Sink { address, seen }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What came about a lead, in order.
    pub(crate) fn about(&self, lead_id: &str) -> Vec<Hook> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|h| h.json()["data"]["lead_id"] == lead_id).cloned().collect()
    }
}

/// Answers the requests of one connection until the other side closes it, or makes no sense.
fn serve(stream: TcpStream, seen: &Mutex<Vec<Hook>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut hook = read(&mut reader)?;
        {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !seen.iter().any(|h| h.header("webhook-id") == hook.header("webhook-id"));
            let refused = hook.json()["data"]["effect"]["rep_id"] == HOOKED_REP && first;
            hook.status = if refused { 500 } else { 204 };
            seen.push(hook.clone());
        }
        let answer = format!("HTTP/1.1 {} Done\r\ncontent-length: 0\r\n\r\n", hook.status);
        // A 204 has no length.
        let answer = if hook.status == 204 { answer.replace("content-length: 0\r\n", "") } else { answer };
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Hook> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Hook { at: now(), headers, body, status: 0 })
}
