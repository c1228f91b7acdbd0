//! The metrics of a run: one line in CloudWatch's embedded metric format.

use leadline_core::audit::Findings;
use leadline_runtime::embedded::{Measured, Meter, Unit};
use serde_json::Value;

use crate::Run;

/// The line to be logged: `AuditViolations`, one number for each invariant, and how much was looked at. No ids.
pub fn metrics(meter: &Meter, run: &Run) -> Value {
    let Findings { checked, .. } = &run.findings;
    let mut values = vec![("AuditViolations", run.findings.total() as u64)];
    let by_invariant = run.findings.by_invariant();
    values.extend(by_invariant.into_iter().map(|(invariant, count)| (invariant.metric(), count as u64)));
    values.push(("AuditedLeads", checked.leads));
    values.push(("AuditUnsettled", checked.unsettled));
    let measured = values.into_iter().map(|(name, value)| (name, Measured::One(value)));
    meter.line(run.as_of, Unit::Count, measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use leadline_core::audit::{Invariant, Violation};
    use leadline_core::ids::LeadId;
    use leadline_store::audit::Progress;
    use serde_json::json;

    #[test]
    fn every_invariant_is_declared_and_counted() {
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
        // What is declared has a value, and each value is declared.
        assert_eq!(line.as_object().unwrap().len(), declared.len() + 2);
        assert!(declared.iter().all(|name| line[*name].is_u64()), "{line}");
        for invariant in Invariant::ALL {
            let wanted = if invariant == Invariant::LeftBehind { 2 } else { 0 };
            assert_eq!(line[invariant.metric()], wanted, "{invariant:?}");
        }
        assert_eq!((&line["AuditViolations"], &line["AuditedLeads"]), (&json!(2), &json!(7)));
        assert!(!line.to_string().contains("ld_"));
    }
}
