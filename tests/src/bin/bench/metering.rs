//! What a lead uses up on its way from the form to the first contact: the real handlers over the twin of the table, which
//! counts units as DynamoDB bills them, and queues that deliver one message at a time.

use std::ops::Range;

use leadline_core::playbook::Playbook;
use leadline_edge::wake::Hop;
use leadline_store::Calls;
use leadline_tests::calm::{Calm, json, logged, submission};
use leadline_tests::figures::Figure;
use leadline_tests::people::person;
use leadline_tests::screen::Progress;
use serde_json::{Value, json};

use crate::prices;
use crate::stored::Models;

const LEADS: usize = 1_000;
/// How many may be stored when others come.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// What a function waits for one call of AWS, in seconds; an assumption, since no emulator can tell.
pub(crate) const CALL_SECONDS: f64 = 0.006;
/// What it has, in gigabytes.
const MEMORY_GB: f64 = 0.25;
/// A message is sent, received and deleted.
const REQUESTS_PER_MESSAGE: f64 = 3.0;

/// What was used.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    write_units: u64,
    read_halves: u64,
    table_calls: u64,
    /// Messages that wake the next function.
    wake_ups: u64,
    timers: u64,
    events: u64,
    mails: u64,
    log_bytes: u64,
    /// Requests through the gateway.
    requests: u64,
}

impl Used {
    fn plus(self, other: Used) -> Used {
        Used {
            write_units: self.write_units + other.write_units,
            read_halves: self.read_halves + other.read_halves,
            table_calls: self.table_calls + other.table_calls,
            wake_ups: self.wake_ups + other.wake_ups,
            timers: self.timers + other.timers,
            events: self.events + other.events,
            mails: self.mails + other.mails,
            log_bytes: self.log_bytes + other.log_bytes,
            requests: self.requests + other.requests,
        }
    }

    /// Runs of functions.
    fn invocations(self) -> u64 {
        self.requests + self.wake_ups + self.timers
    }

    /// Dollars for a million times as much, mail apart.
    fn dollars_per_million(self, leads: f64) -> f64 {
        let of = |count: u64| count as f64 / leads;
        let timer_reads = self.timers; // each looks at its row, and finds that it is too early or too late
        let sqs = of(self.wake_ups + self.timers) * REQUESTS_PER_MESSAGE;
        let calls = self.table_calls + self.wake_ups + self.timers * 2 + self.events + self.mails;
        of(self.write_units) * prices::WRITE_UNITS.dollars
            + (of(self.read_halves) / 2.0 + of(timer_reads)) * prices::READ_UNITS.dollars
            + sqs * prices::SQS_REQUESTS.dollars
            + of(self.invocations()) * prices::INVOCATIONS.dollars
            + of(calls) * CALL_SECONDS * MEMORY_GB * prices::GIGABYTE_SECONDS.dollars
            + of(self.requests) * prices::API_REQUESTS.dollars
            + of(self.events) * prices::EVENTS.dollars
            + of(self.log_bytes) / 1e3 * prices::LOG_GIGABYTE.dollars
    }
}

/// The figures of a lead, and how they compare when up to so many leads are stored.
pub(crate) fn measure(most: usize) -> Result<Vec<Figure>, String> {
    let calm = Calm::new(Playbook::BUNDLED);
    let [offered, accepted, contacted] = all(&calm, 0..LEADS)?;
    let leads = LEADS as f64;
    let of = |count: u64| count as f64 / leads;
    let mut figures = vec![
        Figure::told("write_units_to_offer", of(offered.write_units), "per lead"),
        Figure::at_most("write_units_to_accept", of(accepted.write_units), "per lead", 40.0),
        Figure::at_most("write_units_to_contact", of(contacted.write_units), "per lead", 46.0),
        Figure::told("read_units_to_contact", of(contacted.read_halves) / 2.0, "per lead"),
        Figure::at_most(
            "sqs_requests_to_offer",
            of(offered.wake_ups) * REQUESTS_PER_MESSAGE,
            "per lead",
            12.0,
        ),
        Figure::told("sqs_requests_to_contact", of(contacted.wake_ups) * REQUESTS_PER_MESSAGE, "per lead"),
        Figure::told("timers_armed", of(contacted.timers), "per lead"),
        Figure::told("invocations", of(contacted.invocations()), "per lead"),
        Figure::told("domain_events", of(contacted.events), "per lead"),
        Figure::told("log_bytes", of(contacted.log_bytes), "per lead"),
        Figure::at_most("dollars", contacted.dollars_per_million(leads), "per million leads", 45.0),
    ];
    figures.extend(with_stored(&calm, &contacted, most)?);
    Ok(figures)
}

/// What leads use when many are stored, held against what they used when there were a thousand.
fn with_stored(calm: &Calm, few: &Used, most: usize) -> Result<Vec<Figure>, String> {
    let models = models(calm)?;
    let mut figures = Vec::new();
    let mut stored = LEADS;
    let mut number = LEADS;
    let sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= most).collect();
    let mut progress = Progress::over(sizes.last().copied().unwrap_or(stored), "leads stored");
    for size in sizes {
        while stored < size {
            let next = size.min(stored + size / 20);
            models.fill(calm.twin(), stored, next)?;
            stored = next;
            progress.show(stored);
        }
        let [_, _, many] = all(calm, number..number + LEADS)?;
        number += LEADS;
        let counts = [
            ("write_units", many.write_units, few.write_units),
            ("read_units", many.read_halves, few.read_halves),
            ("table_calls", many.table_calls, few.table_calls),
        ];
        for (what, many, few) in counts {
            let grown = many as f64 / few as f64;
            figures.push(Figure::at_most(format!("{what}_at_{size}_leads"), grown, "of those at 1000", 1.01));
        }
    }
    Ok(figures)
}

/// The rows that are copied, made by the handlers.
fn models(calm: &Calm) -> Result<Models, String> {
    let answers = person("model", 0);
    let mut taken = Value::Null;
    metered(calm, || taken = json(&calm.submit("demo-request", &answers)));
    let taken = taken["submission_id"].as_str().ok_or("the model was not taken")?;
    let lead = calm.lead_of(taken);
    let (id, rep) = (lead["lead_id"].as_str().unwrap_or_default(), &lead["owner"]["rep_id"]);
    let models = Models::of_open(calm, id)?;
    let called = json!({ "rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": calm.now().to_string() });
    let answers = [
        ("accept", json!({ "rep_id": rep })),
        ("contact", called),
        ("lose", json!({ "rep_id": rep, "reason": "no-budget" })),
    ];
    for (verb, body) in answers {
        let (status, said) = calm.ask("POST", &format!("/leads/{id}/{verb}"), &body);
        if status != 200 {
            return Err(format!("{verb} of the model was answered {said}"));
        }
        calm.run_queues();
    }
    calm.purge();
    models.closed(calm)
}

/// Takes leads from the form to the first contact, one after another: what they used until the offer had been told, until
/// it was accepted, and in all.
fn all(calm: &Calm, leads: Range<usize>) -> Result<[Used; 3], String> {
    let mut sums = [Used::default(); 3];
    for n in leads {
        for (sum, used) in sums.iter_mut().zip(one(calm, n)?) {
            *sum = sum.plus(used);
        }
    }
    Ok(sums)
}

/// Takes so many leads from the form to their end.
pub(crate) fn live(calm: &Calm, leads: usize) -> Result<(), String> {
    all(calm, 0..leads).map(|_| ())
}

/// The same for one, which is out of everybody's hands afterwards.
fn one(calm: &Calm, n: usize) -> Result<[Used; 3], String> {
    let mut form = submission("demo-request", &person("", n));
    form.source_ip = format!("198.51.{}.{}", n / 250, n % 250);
    let mut taken = Value::Null;
    let first = metered(calm, || taken = json(&calm.send(form)));
    let taken =
        taken["submission_id"].as_str().ok_or_else(|| format!("submission {n} was answered {taken}"))?;
    let lead = calm.lead_of(taken);
    let id = lead["lead_id"].as_str().unwrap_or_default().to_owned();
    let rep = lead["owner"]["rep_id"].clone();
    if rep.is_null() {
        return Err(format!("lead {n} is {} and nobody's: this measures something else", lead["stage"]));
    }
    let answer = |verb: &str, body: Value| {
        let mut status = 0;
        let used = metered(calm, || status = calm.ask("POST", &format!("/leads/{id}/{verb}"), &body).0);
        if status == 200 { Ok(used) } else { Err(format!("{verb} of lead {n} was answered {status}")) }
    };
    let accepted = first.plus(answer("accept", json!({ "rep_id": rep }))?);
    let at = calm.now().to_string();
    let call = json!({ "rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": at });
    let contacted = accepted.plus(answer("contact", call)?);
    answer("lose", json!({ "rep_id": rep, "reason": "no-budget" }))?;
    // Its timers come when there is nothing to do any more; what they cost is in the bill.
    calm.purge();
    Ok([first, accepted, contacted])
}

/// One request through the gateway and all that follows from it at once.
fn metered(calm: &Calm, act: impl FnOnce()) -> Used {
    calm.take_record();
    let (units, calls) = (calm.twin().units(), calm.twin().calls());
    let ((), log) = logged(|| {
        act();
        calm.run_queues();
    });
    let used = calm.twin().units().since(units);
    let done = calm.twin().calls();
    let record = calm.take_record();
    let timers = record.wake_ups.iter().filter(|(_, wake_up)| wake_up.hop == Hop::Timer).count() as u64;
    Used {
        write_units: used.write,
        read_halves: used.read_halves,
        table_calls: requests(done) - requests(calls),
        wake_ups: record.wake_ups.len() as u64 - timers,
        timers,
        events: record.events.iter().map(|(_, batch)| batch.len() as u64).sum(),
        mails: record.mails.len() as u64,
        log_bytes: log_bytes(&log),
        requests: 1,
    }
}

/// Requests to the table.
pub(crate) fn requests(calls: Calls) -> u64 {
    let Calls { get, batch_get, query, put, delete, transact, add, .. } = calls;
    get + batch_get + query + put + delete + transact + add
}

/// What a deployment keeps of these lines.
pub(crate) fn log_bytes(log: &str) -> u64 {
    log.lines().filter(|line| !is_quiet(line)).map(|line| line.len() as u64 + 1).sum()
}

/// Lines below the level that a deployment logs at.
fn is_quiet(line: &str) -> bool {
    line.contains(r#""level":"DEBUG""#) || line.contains(r#""level":"TRACE""#)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned by hand from the list prices, for ten leads.
    #[test]
    fn a_bill() {
        let nothing = Used::default();
        assert_eq!(nothing.dollars_per_million(10.0), 0.0);
        // 50 units a lead at $0.625.
        let writes = Used { write_units: 500, ..nothing };
        assert!((writes.dollars_per_million(10.0) - 31.25).abs() < 1e-9);
        // 40 eventually consistent reads of an item are 20 units, at $0.125.
        let reads = Used { read_halves: 400, ..nothing };
        assert!((reads.dollars_per_million(10.0) - 2.5).abs() < 1e-9);
        // One request: $3.50 for the gateway and $0.20 for the run.
        let requests = Used { requests: 10, ..nothing };
        assert!((requests.dollars_per_million(10.0) - 3.7).abs() < 1e-9);
        // A message is sent, received and deleted: three times $0.40; its function runs for $0.20, and waits 6 ms for one
        // call with 256 MB, at $13.3334.
        let messages = Used { wake_ups: 10, ..nothing };
        assert!((messages.dollars_per_million(10.0) - (1.4 + 0.006 * 0.25 * 13.3334)).abs() < 1e-9);
        // A kilobyte a lead is a gigabyte in a million.
        let logs = Used { log_bytes: 10_000, ..nothing };
        assert!((logs.dollars_per_million(10.0) - 0.5).abs() < 1e-9);
    }
}
