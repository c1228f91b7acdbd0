//! What a lead uses up on its way from the form to the first contact: the real handlers over the twin of the table, which
//! counts units as DynamoDB bills them, and queues that deliver one message at a time.

use std::ops::Range;

use leadline_core::playbook::Playbook;
use leadline_edge::wake::Hop;
use leadline_tests::calm::{Calm, json, logged, submission};
use serde_json::{Value, json};

use crate::{Figure, prices};

const LEADS: usize = 1_000;
/// So many are stored when the last ones are measured.
const STORED: usize = 10_000;
/// What a function waits for one call of AWS, in seconds; an assumption, since no emulator can tell.
const CALL_SECONDS: f64 = 0.006;
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
        of(self.write_units) * prices::WRITE_UNITS
            + (of(self.read_halves) / 2.0 + of(timer_reads)) * prices::READ_UNITS
            + sqs * prices::SQS_REQUESTS
            + of(self.invocations()) * prices::INVOCATIONS
            + of(calls) * CALL_SECONDS * MEMORY_GB * prices::GIGABYTE_SECONDS
            + of(self.requests) * prices::API_REQUESTS
            + of(self.events) * prices::EVENTS
            + of(self.log_bytes) / 1e3 * prices::LOG_GIGABYTE
    }
}

/// The figures of a lead.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let calm = Calm::new(Playbook::BUNDLED);
    let [offered, accepted, contacted] = all(&calm, 0..LEADS)?;
    all(&calm, LEADS..STORED)?;
    let [_, _, later] = all(&calm, STORED..STORED + LEADS)?;

    let leads = LEADS as f64;
    let of = |count: u64| count as f64 / leads;
    let grown = later.write_units as f64 / contacted.write_units as f64;
    let read_grown = later.read_halves as f64 / contacted.read_halves as f64;
    Ok(vec![
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
        Figure::at_most("write_units_at_10000_leads", grown, "of those at 1000", 1.01),
        Figure::at_most("read_units_at_10000_leads", read_grown, "of those at 1000", 1.01),
        Figure::at_most("dollars", contacted.dollars_per_million(leads), "per million leads", 45.0),
    ])
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

/// The same for one, which is out of everybody's hands afterwards.
fn one(calm: &Calm, n: usize) -> Result<[Used; 3], String> {
    let mut form = submission("demo-request", &person(n));
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
    let count =
        |c: leadline_store::Calls| c.get + c.batch_get + c.query + c.put + c.delete + c.transact + c.add;
    let record = calm.take_record();
    let timers = record.wake_ups.iter().filter(|(_, wake_up)| wake_up.hop == Hop::Timer).count() as u64;
    Used {
        write_units: used.write,
        read_halves: used.read_halves,
        table_calls: count(done) - count(calls),
        wake_ups: record.wake_ups.len() as u64 - timers,
        timers,
        events: record.events.iter().map(|(_, batch)| batch.len() as u64).sum(),
        mails: record.mails.len() as u64,
        log_bytes: log.lines().filter(|line| !is_quiet(line)).map(|line| line.len() as u64 + 1).sum(),
        requests: 1,
    }
}

/// Lines below the level that a deployment logs at.
fn is_quiet(line: &str) -> bool {
    line.contains(r#""level":"DEBUG""#) || line.contains(r#""level":"TRACE""#)
}

/// Somebody like those of the sample leads.
fn person(n: usize) -> Value {
    json!({
        "email": format!("katrin.vogel@nordlicht-{n}.example"),
        "first_name": "Katrin",
        "last_name": format!("Vogel {n}"),
        "company": format!("Nordlicht Logistik {n} GmbH"),
        "title": "Head of Sales Operations",
        "phone": "030 23125 118",
        "country": "DE",
        "employees": "420",
        "timeline": "this month",
        "message": "Wir wollen bis zum Quartalsende alle Niederlassungen in einem Bericht sehen.",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "reporting-emea",
        "utm_term": "sales reporting software",
        "gclid": "Cj0KCQiA-fictional-0001",
        "landing_page": "https://www.acme.example/pricing",
        "referrer": "https://www.google.com/",
    })
}
