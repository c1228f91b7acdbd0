//! What came of a load: words for people, a line of JSON for programs, and whether it passed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use leadline_tests::figures::{Figure, table};
use leadline_tests::ranks::percentile;
use serde_json::{Value, json};

use crate::check::{Fate, Found};
use crate::send::Sent;

/// The percentiles that are told, by their names; the last is the longest of all.
const RANKS: [(&str, usize); 4] = [("p50", 50), ("p95", 95), ("p99", 99), ("most", 100)];

/// Everything that is told.
#[derive(Debug)]
pub(crate) struct Report {
    rate: f64,
    sent: usize,
    acknowledged: usize,
    per_second: f64,
    to_acknowledged: Vec<(&'static str, f64)>,
    to_owned: Vec<(&'static str, f64)>,
    refused: BTreeMap<String, usize>,
    stages: BTreeMap<String, usize>,
    harm: BTreeMap<&'static str, usize>,
    audit: BTreeMap<String, u64>,
}

impl Report {
    /// Adds up.
    pub(crate) fn new(rate: f64, sent: &[Sent], found: Found) -> Report {
        let taken: Vec<&Sent> = sent.iter().filter(|s| s.outcome.is_ok()).collect();
        let last = taken.iter().map(|s| s.done.as_secs_f64()).fold(0.0, f64::max);
        let mut latencies: Vec<f64> = taken.iter().map(|s| s.latency.as_secs_f64() * 1e3).collect();
        let mut owned: Vec<f64> = Vec::new();
        let mut stages: BTreeMap<String, usize> = BTreeMap::new();
        for fate in found.fates.values() {
            let place = match fate {
                Fate::Owned { seconds, .. } => {
                    owned.extend(seconds.is_finite().then_some(seconds * 1e3));
                    "owned"
                }
                Fate::Settled { stage, .. } | Fate::Moving { stage } => stage,
                Fate::Missing | Fate::Astray { .. } => continue,
            };
            *stages.entry(place.to_owned()).or_default() += 1;
        }
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        for why in sent.iter().filter_map(|s| s.outcome.as_ref().err()) {
            *refused.entry(why.clone()).or_default() += 1;
        }
        let harm = BTreeMap::from([
            ("missing", found.count(|f| *f == Fate::Missing)),
            ("astray", found.count(|f| matches!(f, Fate::Astray { .. }))),
            ("shared", found.shared()),
            ("not_at_rest", found.count(|f| matches!(f, Fate::Moving { .. }))),
        ]);
        Report {
            rate,
            sent: sent.len(),
            acknowledged: taken.len(),
            per_second: if last > 0.0 { taken.len() as f64 / last } else { 0.0 },
            to_acknowledged: ranks(&mut latencies),
            to_owned: ranks(&mut owned),
            refused,
            stages,
            harm,
            audit: found.audit,
        }
    }

    /// Nothing that was acknowledged is missing or doubled, all is at rest, the audit finds nothing; and something was
    /// acknowledged, or all that would mean nothing.
    pub(crate) fn passed(&self) -> bool {
        self.acknowledged > 0 && self.harm.values().all(|count| *count == 0) && self.audit.is_empty()
    }

    /// The words, then the line.
    pub(crate) fn show(&self, styled: bool, out: &mut impl Write) -> io::Result<()> {
        let mut figures = vec![
            Figure::told("sent", self.sent as f64, "submissions"),
            Figure::told("acknowledged", self.acknowledged as f64, "submissions"),
            Figure::told("acknowledged_per_second", self.per_second, "a second"),
        ];
        let ranks = |what: &str, ranks: &[(&str, f64)]| {
            ranks
                .iter()
                .map(|(rank, ms)| Figure::told(format!("{what}_{rank}"), *ms, "ms"))
                .collect::<Vec<_>>()
        };
        figures.extend(ranks("to_acknowledged", &self.to_acknowledged));
        figures.extend(ranks("to_owned", &self.to_owned));
        table(&figures, styled, out)?;
        for (why, count) in &self.refused {
            writeln!(out, "not acknowledged: {count} ({why})")?;
        }
        for (stage, count) in &self.stages {
            writeln!(out, "{stage}: {count}")?;
        }
        for (what, count) in self.harm.iter().filter(|(_, count)| **count > 0) {
            writeln!(out, "HARM, {}: {count}", what.replace('_', " "))?;
        }
        for (rule, count) in &self.audit {
            writeln!(out, "HARM, {rule}: {count}")?;
        }
        writeln!(out, "{}", self.json())
    }

    fn json(&self) -> Value {
        let ms = |ranks: &[(&str, f64)]| {
            ranks
                .iter()
                .map(|(rank, ms)| ((*rank).to_owned(), json!(ms.round())))
                .collect::<serde_json::Map<_, _>>()
        };
        json!({
            "rate": self.rate,
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "acknowledged_per_second": (self.per_second * 10.0).round() / 10.0,
            "to_acknowledged_ms": ms(&self.to_acknowledged),
            "to_owned_ms": ms(&self.to_owned),
            "not_acknowledged": self.refused,
            "stages": self.stages,
            "harm": self.harm,
            "audit_violations": self.audit,
            "passed": self.passed(),
        })
    }
}

fn ranks(values: &mut [f64]) -> Vec<(&'static str, f64)> {
    RANKS.iter().filter_map(|(name, hundredths)| Some((*name, percentile(values, *hundredths)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sent(n: usize, outcome: Result<&str, &str>, ms: u64) -> Sent {
        let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
        Sent {
            n,
            outcome,
            latency: Duration::from_millis(ms),
            done: Duration::from_millis(ms + n as u64 * 500),
        }
    }

    fn owned(id: &str, seconds: f64) -> (String, Fate) {
        (format!("sub_{id}"), Fate::Owned { lead_id: format!("ld_{id}"), seconds })
    }

    #[test]
    fn a_load_that_passed() {
        let sent = [sent(0, Ok("sub_a"), 20), sent(1, Err("429"), 5), sent(3, Ok("sub_b"), 500)];
        let found = Found { fates: [owned("a", 0.8), owned("b", 1.2)].into(), ..Found::default() };
        let report = Report::new(2.0, &sent, found);
        let json = report.json();
        assert!(report.passed());
        // Two in the two seconds until the last answer.
        assert_eq!(json["acknowledged_per_second"], 1.0);
        assert_eq!(
            json["to_acknowledged_ms"],
            json!({"p50": 20.0, "p95": 500.0, "p99": 500.0, "most": 500.0})
        );
        assert_eq!(json["to_owned_ms"]["p50"], 800.0);
        assert_eq!((&json["not_acknowledged"], &json["stages"]), (&json!({"429": 1}), &json!({"owned": 2})));
    }

    #[test]
    fn each_harm_fails_it() {
        let moving = Fate::Moving { stage: "scored".to_owned() };
        for fate in [Fate::Missing, Fate::Astray { leads: 2 }, moving] {
            let found = Found { fates: [("sub_a".to_owned(), fate.clone())].into(), ..Found::default() };
            assert!(!Report::new(1.0, &[sent(0, Ok("sub_a"), 1)], found).passed(), "{fate:?}");
        }
        let violated = BTreeMap::from([("lost_lead_violations".to_owned(), 1)]);
        let found = Found { fates: [owned("a", 1.0)].into(), audit: violated };
        assert!(!Report::new(1.0, &[sent(0, Ok("sub_a"), 1)], found).passed());
        assert!(
            !Report::new(1.0, &[sent(0, Err("timeout"), 1)], Found::default()).passed(),
            "nothing acknowledged"
        );
    }
}
