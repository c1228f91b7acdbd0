//! What is deployed: how large its zips are, and how long a function takes from its start to its first question for an
//! event. No emulator is needed for that: a socket stands in for Lambda's runtime API, another for Secrets Manager.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use leadline_tests::figures::Figure;
use leadline_tests::ranks::percentile;
use leadline_tests::screen::Progress;

/// Starts of each function, of which the median counts.
const STARTS: usize = 30;
const INIT_BUDGET_MS: f64 = 12.0;
/// Lambda gives up after so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lambda's image has the certificates that count in one file, at the second of these. Other systems have them once more in
/// a folder, one by one, which would be read as well.
const CERTIFICATES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// The functions, and the budget of each zip in megabytes. What has the API, mail or the keys to everything carries more
/// code: the audit reads every kind of row, so it is with those.
const FUNCTIONS: [(&str, f64); 8] = [
    ("capture", 4.5),
    ("enrich", 3.0),
    ("score", 3.0),
    ("route", 3.0),
    ("escalate", 3.0),
    ("notify", 4.5),
    ("crm", 4.5),
    ("audit", 4.5),
];

/// The zips and the starts of the binaries in a folder, as `make bench` leaves them there.
pub(crate) fn measure(folder: &Path) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for (function, budget) in FUNCTIONS {
        let zip = folder.join(function).join("function.zip");
        let bytes = std::fs::metadata(&zip).map_err(|e| format!("{}: {e}", zip.display()))?.len();
        figures.push(Figure::at_most(format!("zip_{function}"), bytes as f64 / 1e6, "MB", budget));
    }
    let runtime = Answering::start(|_| None)?;
    // The value is as long as the template has it made.
    let aws =
        Answering::start(|_| Some(format!(r#"{{"Name":"master","SecretString":"{}"}}"#, "a1".repeat(32))))?;
    let mut progress = Progress::over(FUNCTIONS.len() * STARTS, "starts");
    for (index, (function, _)) in FUNCTIONS.into_iter().enumerate() {
        let binary = folder.join(function).join("bootstrap");
        let mut millis = Vec::with_capacity(STARTS);
        for n in 0..STARTS {
            millis.push(start(&binary, function, &runtime, &aws)?.as_secs_f64() * 1e3);
            progress.show(index * STARTS + n + 1);
        }
        let median = percentile(&mut millis, 50).ok_or("nothing was started")?;
        figures.push(Figure::at_most(format!("init_{function}"), median, "ms, median of 30", INIT_BUDGET_MS));
    }
    Ok(figures)
}

/// From the start of the process to its first `GET …/invocation/next`.
#[allow(clippy::disallowed_methods, reason = "a start is measured in real time")]
fn start(binary: &PathBuf, function: &str, runtime: &Answering, aws: &Answering) -> Result<Duration, String> {
    runtime.forget();
    let queue = |name: &str| (format!("QUEUE_{name}"), format!("http://{}/000000000000/{name}", aws.address));
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(["ENRICH", "SCORE", "ROUTE", "NOTIFY", "TIMER"].map(queue));
    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime.address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &format!("http://{}", aws.address)),
        ("TABLE_NAME", "bench"),
        ("MASTER_SECRET", "master"),
        ("SECRET_PREFIX", "leadline/"),
        ("BUS_NAME", "bench"),
        ("STACK_NAME", "bench"),
        ("PUBLIC_URL", "https://bench.example"),
        ("RUST_LOG", "info"),
    ]);
    command
        .envs(CERTIFICATES.iter().find(|path| Path::new(path).exists()).map(|path| ("SSL_CERT_FILE", path)));
    let began = Instant::now();
    let child = command.spawn().map_err(|e| format!("{}: {e}", binary.display()))?;
    let mut running = Running(child);
    let asked = runtime.wait("/runtime/invocation/next", &mut running.0);
    asked.map(|at| at.duration_since(began)).map_err(|why| format!("{function}: {why}"))
}

/// A process that ends with its handle.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is none afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody who listens on this machine, tells what was asked when, and answers or keeps the asker waiting.
struct Answering {
    address: String,
    asked: Receiver<(Instant, String)>,
}

impl Answering {
    fn start(answer: fn(&str) -> Option<String>) -> Result<Answering, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?.to_string();
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tell = tell.clone();
                // A connection that fails has an asker who is gone, which whoever waits for it finds out.
                std::thread::spawn(move || serve(stream, answer, &tell));
            }
        });
        Ok(Answering { address, asked })
    }

    fn forget(&self) {
        while self.asked.try_recv().is_ok() {}
    }

    /// When the process asked for this path.
    fn wait(&self, path: &str, child: &mut Child) -> Result<Instant, String> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.asked.recv_timeout(Duration::from_millis(200)) {
                Ok((at, asked)) if asked.ends_with(path) => return Ok(at),
                Ok((_, asked)) => return Err(format!("asked for {asked} before its first event")),
                Err(RecvTimeoutError::Disconnected) => return Err("nobody listens any more".to_owned()),
                Err(RecvTimeoutError::Timeout) => {
                    if let Ok(Some(status)) = child.try_wait() {
                        return Err(format!("ended by itself: {status}"));
                    }
                }
            }
        }
        Err(format!("did not ask for an event within {PATIENCE:?}"))
    }
}

/// Reads requests and answers them. Without an answer the connection stays open, as Lambda's does while there is no event.
#[allow(clippy::disallowed_methods, reason = "a start is measured in real time")]
fn serve(
    mut stream: TcpStream,
    answer: fn(&str) -> Option<String>,
    tell: &Sender<(Instant, String)>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        let at = Instant::now();
        let path = first.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        tell.send((at, path.clone())).ok()?;
        let Some(text) = answer(&path) else { continue };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length:";
        stream.write_all(format!("{head} {}\r\n\r\n{text}", text.len()).as_bytes()).ok()?;
    }
}
