//! A server for tests that gives prepared answers and remembers what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};

/// Listens on a free port of this machine; ends with the test's process.
pub(crate) struct FakeServer {
    address: std::net::SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FakeServer {
    /// Gives these answers in turn, each once, then hangs up on whoever calls.
    pub(crate) fn start(answers: Vec<String>) -> FakeServer {
        let mut left = answers.into_iter();
        FakeServer::answering(move |_| left.next().unwrap_or_default())
    }

    /// Answers what `answer` makes of a request, head and body.
    pub(crate) fn answering(mut answer: impl FnMut(&str) -> String + Send + 'static) -> FakeServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&mut stream);
                let response = answer(&request);
                log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                // The caller may have gone.
                let _ = stream.write_all(response.as_bytes());
            }
        });
        FakeServer { address, seen }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> String {
        FakeServer::answer(status, "", &body.to_string())
    }

    /// An answer with extra header lines, each ending with `\r\n`.
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
    }

    /// Where it is, with a path as deployments have one.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/stage", self.address)
    }

    /// The requests so far, head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the SDK needs to call it as AWS.
pub(crate) fn sdk_at(server: &FakeServer) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .endpoint_url(server.url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            "secretEXAMPLE",
            None,
            None,
            "test",
        )))
        .build()
}

/// Reads one request whole, as far as it comes.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&bytes) {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    bytes.len() >= end + 4 + length.unwrap_or(0)
}
