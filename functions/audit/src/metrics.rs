//! The metrics of a run: one line in CloudWatch's embedded metric format.

use leadline_core::audit::Findings;
use leadline_runtime::embedded::{Measured, Meter, Unit};
use serde_json::Value;

use crate::Run;

/// The line to be logged: the metrics of how much was found and looked at, and beside them, as plain numbers, how much breaks
/// each invariant. No ids.
pub fn metrics(meter: &Meter, run: &Run) -> Value {
    let Findings { checked, .. } = &run.findings;
    let measured = [
        ("AuditViolations", run.findings.total() as u64),
        ("AuditedLeads", checked.leads),
        ("AuditUnsettled", checked.unsettled),
    ];
    let mut line =
        meter.line(run.as_of, Unit::Count, measured.map(|(name, value)| (name, Measured::One(value))));
    for (invariant, count) in run.findings.by_invariant() {
        line[invariant.count_name()] = count.into();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use leadline_core::audit::{Invariant, Violation};
    use leadline_core::ids::LeadId;
    use leadline_store::audit::Progress;
    use serde_json::json;

    #[test]
    fn what_is_watched_is_a_metric_and_each_invariant_a_number_beside_it() {
        let mut findings = Findings::default();
        for n in 1..=2 {
            findings.violations.insert(Violation::Stuck { lead_id: LeadId::from_bits([n; 16]) });
        }
        findings.checked.leads = 7;
        let as_of = "2026-11-22T12:00:00Z".parse().unwrap();
        let line = metrics(&Meter::of("acme"), &Run { as_of, findings, progress: Progress::default() });
        assert_eq!(line["_aws"]["Timestamp"], 1_795_348_800_000_i64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            (&directive["Namespace"], &directive["Dimensions"]),
            (&json!("Leadline"), &json!([["Stack"]]))
        );
        assert_eq!(line["Stack"], "acme");
        let declared: Vec<&str> =
            directive["Metrics"].as_array().unwrap().iter().map(|m| m["Name"].as_str().unwrap()).collect();
        // Each of these is paid for.
        assert_eq!(declared, ["AuditViolations", "AuditedLeads", "AuditUnsettled"]);
        assert!(declared.iter().all(|name| line[*name].is_u64()), "{line}");
        assert_eq!(line.as_object().unwrap().len(), declared.len() + 2 + Invariant::ALL.len());
        for invariant in Invariant::ALL {
            let wanted = if invariant == Invariant::LeftBehind { 2 } else { 0 };
            assert_eq!(line[invariant.count_name()], wanted, "{invariant:?}");
        }
        assert_eq!((&line["AuditViolations"], &line["AuditedLeads"]), (&json!(2), &json!(7)));
        assert!(!line.to_string().contains("ld_"));
    }
}
