//! What a deployment costs in a month in which nobody submits anything: the schedules tick, the audit looks at its share,
//! Lambda asks the queues, and what watches all that is there.

use jiff::SignedDuration;
use leadline_core::playbook::Playbook;
use leadline_runtime::embedded::Meter;
use leadline_tests::calm::{Calm, logged};
use leadline_tests::figures::Figure;
use serde_json::Value as Json;
use serde_yaml_ng::Value;

use crate::metering::{self, CALL_SECONDS};
use crate::prices;

const TEMPLATE: &str = include_str!("../../../../infra/template.yaml");

/// Of these each is audited in every hour, as long as there are no more than a share.
const LEADS: usize = 1_000;
/// A month as AWS reckons it, in hours and in minutes.
const HOURS: f64 = 730.0;
const MINUTES: f64 = HOURS * 60.0;
/// What the two functions have, in gigabytes.
const SWEEP_GB: f64 = 0.25;
const AUDIT_GB: f64 = 0.5;
/// Requests with which Lambda waits at an empty queue: five at a time, each for twenty seconds. An assumption, since AWS does
/// not promise any number.
const POLLS_PER_MINUTE: f64 = 15.0;

/// What a run of a function used.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    write_units: u64,
    read_halves: u64,
    calls: u64,
    log_bytes: u64,
}

impl Run {
    /// What so many cost.
    fn dollars(self, times: f64, memory_gb: f64) -> f64 {
        let millions = times / 1e6;
        millions
            * (self.write_units as f64 * prices::WRITE_UNITS.dollars
                + self.read_halves as f64 / 2.0 * prices::READ_UNITS.dollars
                + prices::INVOCATIONS.dollars
                + self.calls as f64 * CALL_SECONDS * memory_gb * prices::GIGABYTE_SECONDS.dollars
                + self.log_bytes as f64 / 1e3 * prices::LOG_GIGABYTE.dollars)
    }

    /// The same of a run that looks at so many times as much.
    fn of_more(self, times: u64) -> Run {
        let Run { write_units, read_halves, calls, log_bytes } = self;
        Run { write_units, read_halves: read_halves * times, calls: calls * times, log_bytes }
    }
}

/// What the template has that costs by being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// An alarm is paid for by the metrics that it looks at.
    alarm_metrics: usize,
    dashboards: usize,
    secrets: usize,
    /// Queues that Lambda reads.
    queues: usize,
}

impl Standing {
    fn of(template: &str) -> Result<Standing, String> {
        let template: Value = serde_yaml_ng::from_str(template).map_err(|e| e.to_string())?;
        let resources = template["Resources"].as_mapping().ok_or("the template has no resources")?;
        let of = |kind: &'static str| {
            resources.values().filter(move |r| r["Type"] == kind).map(|resource| &resource["Properties"])
        };
        let looked_at = |alarm: &Value| {
            let metrics = alarm["Metrics"].as_sequence();
            metrics.map_or(1, |all| all.iter().filter(|metric| metric["Expression"].is_null()).count())
        };
        let sources = |function: &Value| {
            let events = function["Events"].as_mapping();
            events.map_or(0, |all| all.values().filter(|event| event["Type"] == "SQS").count())
        };
        Ok(Standing {
            alarm_metrics: of("AWS::CloudWatch::Alarm").map(looked_at).sum(),
            dashboards: of("AWS::CloudWatch::Dashboard").count(),
            secrets: of("AWS::SecretsManager::Secret").count(),
            queues: of("AWS::Serverless::Function").map(sources).sum(),
        })
    }
}

/// The figures of an idle month, with as many leads stored as an hour's share of the audit, or more.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let standing = Standing::of(TEMPLATE)?;
    let calm = Calm::new(Playbook::BUNDLED);
    metering::live(&calm, LEADS)?;
    // What changed lately is looked at twice; nothing has.
    calm.wait(SignedDuration::from_hours(3));
    let tick = metered(&calm, || {
        calm.sweep();
    });
    let audit = || calm.hourly_audit(SignedDuration::from_mins(4));
    audit();
    calm.wait(SignedDuration::from_hours(1));
    let mut line = Json::Null;
    let mut looked_at = 0;
    let mut run = metered(&calm, || {
        let done = audit();
        looked_at = done.findings.checked.leads;
        line = leadline_audit::metrics(&Meter::of("leadline"), &done);
    });
    if looked_at != LEADS as u64 {
        return Err(format!(
            "the audit looked at {looked_at} of {LEADS} leads: this measures something else"
        ));
    }
    run.log_bytes += line.to_string().len() as u64 + 1;
    let published = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map_or(0, Vec::len);
    let share = leadline_audit::SHARE / LEADS as u64;

    let polls = standing.queues as f64 * POLLS_PER_MINUTE * MINUTES / 1e6;
    let parts = [
        ("idle_sweeps", tick.dollars(MINUTES, SWEEP_GB)),
        ("idle_audit", run.of_more(share).dollars(HOURS, AUDIT_GB)),
        ("idle_polling", polls * prices::SQS_REQUESTS.dollars),
        ("idle_alarms", standing.alarm_metrics as f64 * prices::ALARM_METRIC.dollars),
        ("idle_metrics", published as f64 * prices::METRIC.dollars),
        ("idle_dashboard", standing.dashboards as f64 * prices::DASHBOARD.dollars),
        ("idle_secret", standing.secrets as f64 * prices::SECRET.dollars),
    ];
    let sum = parts.iter().map(|(_, dollars)| dollars).sum();
    let told = parts.into_iter().map(|(name, dollars)| Figure::told(name, dollars, "dollars a month"));
    Ok(told.chain([Figure::told("idle", sum, "dollars a month")]).collect())
}

fn metered(calm: &Calm, act: impl FnOnce()) -> Run {
    let (units, calls) = (calm.twin().units(), metering::requests(calm.twin().calls()));
    let ((), log) = logged(act);
    let used = calm.twin().units().since(units);
    Run {
        write_units: used.write,
        read_halves: used.read_halves,
        calls: metering::requests(calm.twin().calls()) - calls,
        log_bytes: metering::log_bytes(&log),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned by hand from the list prices.
    #[test]
    fn a_month_of_runs() {
        // A million runs: $0.20 for themselves, a unit each at $0.125, and 6 ms with 256 MB at $13.3334.
        let run = Run { read_halves: 2, calls: 1, ..Run::default() };
        assert!((run.dollars(1e6, 0.25) - (0.2 + 0.125 + 0.006 * 0.25 * 13.3334)).abs() < 1e-9);
        // A kilobyte each is a gigabyte.
        let run = Run { log_bytes: 1_000, ..Run::default() };
        assert!((run.dollars(1e6, 0.25) - (0.2 + 0.5)).abs() < 1e-9);
        // What a run begins with is not read again for more leads.
        let more = Run { write_units: 1, read_halves: 3, calls: 2, log_bytes: 9 }.of_more(6);
        assert_eq!((more.write_units, more.read_halves, more.calls, more.log_bytes), (1, 18, 12, 9));
    }

    #[test]
    fn what_stands_is_counted_in_the_template() {
        let standing = Standing::of(TEMPLATE).unwrap();
        assert_eq!((standing.dashboards, standing.secrets, standing.queues), (1, 1, 5));
        // Four alarms on one metric each, and four on 6 dead-letter queues, 5 queues, and 8 functions twice.
        assert_eq!(standing.alarm_metrics, 4 + 6 + 5 + 2 * 8);
    }
}
