//! The guard against real sockets: what is refused must not even see a connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolving};

use super::*;

fn get(url: String) -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Get,
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 2_000,
        max_response_bytes: 1_000,
    }
}

/// A listener on the loopback address that answers nobody.
fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Whether anybody has connected. On the loopback a connection is in the queue before the connecting side knows.
fn was_called(listener: &TcpListener) -> bool {
    listener.accept().is_ok()
}

/// A server on the loopback address that takes one request, answers so and hangs up. Gives the request as it came.
fn server(answer: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, request) = channel();
    std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut text = String::new();
        let mut part = [0; 4096];
        // The only body in these tests ends with a full stop.
        while !(text.ends_with("\r\n\r\n") && text.starts_with("GET") || text.ends_with("\r\n\r\nHello.")) {
            let n = peer.read(&mut part).unwrap();
            text.push_str(std::str::from_utf8(&part[..n]).unwrap());
        }
        peer.write_all(answer.as_bytes()).unwrap();
        // Nobody asks in most tests.
        let _ = seen.send(text);
    });
    (address, request)
}

/// Answers each lookup with the next list of addresses, then with the last one again. Where an address has a port and
/// the URL has none, the client connects to that port.
struct MadeUpDns {
    answers: Vec<Vec<SocketAddr>>,
    asked: Arc<AtomicUsize>,
}

impl MadeUpDns {
    fn new(answers: Vec<Vec<SocketAddr>>) -> (Self, Arc<AtomicUsize>) {
        let asked = Arc::default();
        (Self { answers, asked: Arc::clone(&asked) }, asked)
    }
}

impl Resolve for MadeUpDns {
    fn resolve(&self, _name: Name) -> Resolving {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.answers[turn.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

#[tokio::test]
async fn a_refused_literal_sees_no_connection() {
    let (listener, address) = listener();
    let port = address.port();
    let guard = Guard::new(LocalTargets::Refused);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0",
        "[::ffff:127.0.0.1]",
        "localhost",
        "127。0。0。1",
    ] {
        for scheme in ["http", "https"] {
            let answer = guard.send(get(format!("{scheme}://{host}:{port}/"))).await;
            assert!(matches!(answer, Err(HttpError::NotAllowed(_))), "{scheme} {host}: {answer:?}");
        }
    }
    assert!(!was_called(&listener));
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_sees_no_connection() {
    let (listener, address) = listener();
    let public: SocketAddr = "8.8.8.8:443".parse().unwrap();
    let url = || "https://hooks.example.com/".to_owned();

    // The same lookup without the guard does connect, or this test would prove nothing.
    let (dns, _) = MadeUpDns::new(vec![vec![address]]);
    let open =
        Client::builder().no_proxy().timeout(Duration::from_millis(200)).dns_resolver(Arc::new(dns)).build();
    assert!(open.unwrap().get(url()).send().await.is_err());
    assert!(was_called(&listener));

    for answer in [vec![address], vec![public, address], vec![address, public]] {
        for local in [LocalTargets::Refused, LocalTargets::Allowed] {
            let (dns, asked) = MadeUpDns::new(vec![answer.clone()]);
            let refusal = Guard::with_dns(local, dns).send(get(url())).await;
            assert!(matches!(refusal, Err(HttpError::NotAllowed(_))), "{answer:?}: {refusal:?}");
            assert_eq!(asked.load(Ordering::SeqCst), 1);
            assert!(!was_called(&listener));
        }
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let public: SocketAddr = "8.8.8.8:0".parse().unwrap();
    let private: SocketAddr = "10.0.0.1:0".parse().unwrap();
    let (dns, asked) = MadeUpDns::new(vec![vec![public], vec![private]]);
    let screened = Screened::new(dns, LocalTargets::Refused);
    let resolve = || screened.resolve("hooks.example.com".parse().unwrap());
    // One lookup, and what was checked is what is given out to connect to.
    assert_eq!(resolve().await.unwrap().collect::<Vec<_>>(), [public]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(resolve().await.is_err_and(|error| error.is::<Refused>()));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_exchange_is_sent_and_read_whole() {
    let (address, seen) = server(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nset-cookie: a=b\r\ntransfer-encoding: chunked\r\n\r\n\
         3\r\nnot\r\n4\r\n now\r\n0\r\n\r\n",
    );
    let mut request = get(format!("http://localhost:{}/hook?x=1", address.port()));
    request.method = HttpMethod::Post;
    request.headers = vec![("webhook-id".to_owned(), "dl_1".to_owned())];
    request.body = b"Hello.".to_vec();
    let answer = Guard::new(LocalTargets::Allowed).send(request).await;
    let expected = HttpResponse { status: 429, retry_after_s: Some(7), body: b"not now".to_vec() };
    assert_eq!(answer, Ok(expected));

    let sent = seen.recv().unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), "post /hook?x=1 http/1.1");
    lines.sort();
    let host = format!("host: localhost:{}", address.port());
    let agent = format!("user-agent: leadline/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, ["accept: */*", "content-length: 6", &host, &agent, "webhook-id: dl_1"]);
    assert_eq!(body, "Hello.");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (listener, private) = listener();
    let location = format!("HTTP/1.1 302 Found\r\nlocation: http://{private}/\r\ncontent-length: 0\r\n\r\n");
    let (address, _seen) = server(location.leak());
    let answer = Guard::new(LocalTargets::Allowed).send(get(format!("http://{address}/"))).await;
    assert_eq!(answer.map(|answer| answer.status), Ok(302));
    assert!(!was_called(&listener));
}

#[tokio::test]
async fn an_answer_longer_than_asked_for_is_not_read() {
    for (answer, limit, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345", 5, Ok(b"12345".to_vec())),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345", 4, Err(HttpError::TooLarge)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", 5, Err(HttpError::Unreachable)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n", 5, Err(HttpError::TooLarge)),
        ("HTTP/1.1 200 OK\r\n\r\n12345", 5, Ok(b"12345".to_vec())),
        ("HTTP/1.1 200 OK\r\n\r\n123456", 5, Err(HttpError::TooLarge)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n",
            5,
            Err(HttpError::TooLarge),
        ),
        // It ends before it should, or is no HTTP at all.
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123", 5, Err(HttpError::Unreachable)),
        ("SSH-2.0-OpenSSH_9.2\r\n", 5, Err(HttpError::Unreachable)),
    ] {
        let (address, _seen) = server(answer);
        let mut request = get(format!("http://{address}/"));
        request.max_response_bytes = limit;
        let read = Guard::new(LocalTargets::Allowed).send(request).await;
        assert_eq!(read.map(|answer| answer.body), expected, "{answer}");
    }
}

#[tokio::test]
async fn the_time_limit_covers_the_whole_exchange() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut request = get(format!("http://{}/", listener.local_addr().unwrap()));
        request.timeout_ms = 60;
        std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            // The whole request is far below this and comes at once.
            assert!(peer.read(&mut [0; 4096]).unwrap() > 0);
            peer.write_all(answer.as_bytes()).unwrap();
            // Holds the connection open until the client lets go of it.
            while peer.read(&mut [0; 512]).is_ok_and(|n| n > 0) {}
        });
        let sent = Guard::new(LocalTargets::Allowed).send(request).await;
        assert_eq!(sent, Err(HttpError::TimedOut), "{answer}");
    }
}

#[tokio::test]
async fn where_nobody_listens_is_unreachable() {
    let (listener, address) = listener();
    drop(listener);
    let guard = Guard::new(LocalTargets::Allowed);
    assert_eq!(guard.send(get(format!("http://{address}/"))).await, Err(HttpError::Unreachable));

    let (nowhere, _) = MadeUpDns::new(vec![vec![]]);
    let guard = Guard::with_dns(LocalTargets::Refused, nowhere);
    assert_eq!(guard.send(get("https://hooks.example.com/".to_owned())).await, Err(HttpError::Unreachable));
}

#[tokio::test]
async fn headers_that_would_bend_the_message_are_refused() {
    let (listener, address) = listener();
    let guard = Guard::new(LocalTargets::Allowed);
    for (name, value) in [
        ("x", "a\r\nhost: b"),
        ("x y", "a"),
        ("", "a"),
        ("x", "token\n"),
        ("Host", "internal"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "upgrade"),
    ] {
        let mut request = get(format!("http://{address}/"));
        request.headers = vec![(name.to_owned(), value.to_owned())];
        let answer = guard.send(request).await;
        assert!(matches!(answer, Err(HttpError::NotAllowed(_))), "{name}: {value:?}");
    }
    assert!(!was_called(&listener));
}
