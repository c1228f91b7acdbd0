//! What the deployed functions use of a machine: the release binaries as processes of an emulator, which takes the place
//! of Lambda, DynamoDB and the queues. Their own time and memory are read from Linux; what the emulator uses is no part
//! of it. There is no TLS on the way, which on AWS there is.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use leadline_tests::door::{Door, DoorError};
use leadline_tests::figures::Figure;
use leadline_tests::people::person;
use leadline_tests::screen::Progress;
use leadline_tests::settings::setting;
use reqwest::Method;
use serde_json::{Value, json};

use crate::processes::{self, Look};

/// All of them.
const FUNCTIONS: [&str; 8] = ["capture", "enrich", "score", "route", "notify", "escalate", "crm", "audit"];
/// Those that work for a lead between the form and an owner who has been told, with what runs beside. The API's is not:
/// it answers the questions of this measurement.
const ON_THE_WAY: [&str; 6] = ["capture", "enrich", "score", "route", "notify", "escalate"];
/// So many events have been handled when memory is read.
const EVENTS: usize = 100;
const LEADS: usize = 1_000;
/// Submissions at the same time. With more the queues fill up and batches grow, which is cheaper.
const AT_ONCE: usize = 4;
const FORM: &str = "demo-request";
const CPU_BUDGET_MS: f64 = 5.0;
const MEMORY_BUDGET_MB: f64 = 25.0;
/// Until what was submitted has come to rest.
const REST: Duration = Duration::from_secs(300);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The deployment under measurement.
pub(crate) struct Deployment {
    pub(crate) door: Door,
    endpoint: String,
    table_name: String,
}

impl Deployment {
    /// The one that `make bench` has made.
    pub(crate) fn of_settings() -> Result<Deployment, String> {
        let needed = |name: &str| setting(name).ok_or_else(|| format!("{name} is not set: run make bench"));
        let door = Door::new(&needed("API_URL")?, &needed("API_KEY")?).map_err(|e| e.to_string())?;
        Ok(Deployment { door, endpoint: needed("AWS_ENDPOINT_URL")?, table_name: needed("TABLE_NAME")? })
    }

    /// The functions' memory after a hundred events each, and their time on a processor over a thousand leads.
    pub(crate) async fn measure(&self) -> Result<Vec<Figure>, String> {
        if !processes::can_tell() {
            eprintln!(
                "Memory and CPU of the functions are not measured: this machine has no /proc, which Linux has."
            );
            return Ok(Vec::new());
        }
        self.hundred_events().await?;
        let mut figures = self.memory()?;
        figures.extend(self.cpu().await?);
        Ok(figures)
    }

    /// Leads one after another from the form to the first contact, then ticks for those functions that a schedule calls.
    async fn hundred_events(&self) -> Result<(), String> {
        let mut progress = Progress::over(EVENTS, "leads to warm up");
        for n in 0..EVENTS {
            let id = self.owned("warm", n).await?;
            let rep = self.lead(&id).await?["owner"]["rep_id"].clone();
            let call = json!({ "rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": now() });
            for (verb, body) in [("accept", json!({ "rep_id": rep })), ("contact", call)] {
                let path = format!("/leads/{id}/{verb}");
                self.door.send(Method::POST, &path, &body).await.map_err(|e| e.to_string())?;
            }
            progress.show(n + 1);
        }
        drop(progress);
        let mut progress = Progress::over(2 * EVENTS, "ticks");
        for (index, name) in ["ESCALATE_FUNCTION", "AUDIT_FUNCTION"].into_iter().enumerate() {
            let function = setting(name).ok_or_else(|| format!("{name} is not set: run make bench"))?;
            let emulator = Door::new(&self.endpoint, "").map_err(|e| e.to_string())?;
            let tick = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
            for n in 0..EVENTS {
                let path = format!("/2015-03-31/functions/{function}/invocations");
                emulator.send(Method::POST, &path, &tick).await.map_err(|e| e.to_string())?;
                progress.show(index * EVENTS + n + 1);
            }
        }
        Ok(())
    }

    fn memory(&self) -> Result<Vec<Figure>, String> {
        let look = self.look();
        let mut figures = Vec::new();
        for function in FUNCTIONS {
            let processes = look.of(function);
            let largest = |kb: fn(&processes::Use) -> u64| processes.iter().map(kb).max();
            let (Some(resident), Some(peak)) = (largest(|u| u.resident_kb), largest(|u| u.peak_kb)) else {
                return Err(format!("{function} has no process: the emulator runs functions otherwise"));
            };
            let mb = |kb: u64| kb as f64 * 1024.0 / 1e6;
            figures.push(Figure::at_most(
                format!("resident_{function}"),
                mb(resident),
                "MB",
                MEMORY_BUDGET_MB,
            ));
            figures.push(Figure::told(format!("resident_peak_{function}"), mb(peak), "MB"));
        }
        Ok(figures)
    }

    async fn cpu(&self) -> Result<Vec<Figure>, String> {
        let before = self.look();
        let mut progress = Progress::over(LEADS, "leads owned");
        let mut done = 0;
        let mut owned =
            futures_util::stream::iter(0..LEADS).map(|n| self.owned("cpu", n)).buffer_unordered(AT_ONCE);
        while owned.try_next().await?.is_some() {
            done += 1;
            progress.show(done);
        }
        drop(progress);
        let after = self.look();
        let mut figures = Vec::new();
        let mut sum = 0.0;
        for function in ON_THE_WAY {
            let used = after.cpu_ms_since(&before, function);
            let used = used.ok_or_else(|| format!("a process of {function} ended while it was measured"))?;
            sum += used as f64;
            figures.push(Figure::told(format!("cpu_{function}"), used as f64 / LEADS as f64, "ms per lead"));
        }
        figures.push(Figure::at_most(
            "cpu_per_lead",
            sum / LEADS as f64,
            "ms, form to assigned",
            CPU_BUDGET_MS,
        ));
        Ok(figures)
    }

    fn look(&self) -> Look {
        processes::look(&FUNCTIONS, &self.table_name)
    }

    /// Submits somebody and waits until the lead has an owner who has been told and nothing else is owed.
    #[allow(clippy::disallowed_methods, reason = "the deployment runs in real time")]
    async fn owned(&self, run: &str, n: usize) -> Result<String, String> {
        let failed = |error: DoorError| format!("lead {n}: {error}");
        let submission = self.door.submit(FORM, &person(run, n)).await.map_err(failed)?;
        let found = self.door.get(&format!("/submissions/{submission}")).await.map_err(failed)?;
        let id = found["lead_id"].as_str().ok_or("a submission without a lead")?.to_owned();
        let end = Instant::now() + REST;
        loop {
            let lead = self.lead(&id).await?;
            if !lead["owner"].is_null() && rests(&lead) {
                return Ok(id);
            }
            if Instant::now() > end {
                return Err(format!("lead {n} is still {} after {REST:?}", lead["stage"]));
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn lead(&self, id: &str) -> Result<Value, String> {
        self.door.get(&format!("/leads/{id}")).await.map_err(|e| e.to_string())
    }
}

/// Whether nothing is owed for a lead: it is due for the sake of a clock then, and not of the watchdog.
fn rests(lead: &Value) -> bool {
    let steps = lead["clocks"].as_array().into_iter().flatten();
    lead["due_at"].as_str() == steps.filter_map(|clock| clock["next_step_at"].as_str()).min()
}

/// The time now; the emulator runs on this machine.
#[allow(clippy::disallowed_methods, reason = "the deployment runs in real time")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
