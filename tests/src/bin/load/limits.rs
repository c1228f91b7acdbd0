//! What a form takes at most. A load comes from one address, and what a sender says about its address is not believed, so
//! a rate above the form's limits would measure how they refuse it.

use serde_json::Value;

use crate::arrivals::Arrivals;

/// Why the form would take this load for a flood; `None` when it would not.
pub(crate) fn refusal(playbook: &Value, form: &str, arrivals: Arrivals) -> Option<String> {
    let rules = &playbook["forms"][form];
    if rules.is_null() {
        return Some(format!("The playbook in force has no form {form}. Name one with FORM=."));
    }
    let number = |place: &str| rules.pointer(place).and_then(Value::as_f64);
    let limits = [
        ("per_address: {count, seconds}", number("/per_address/count"), number("/per_address/seconds")),
        ("spam.burst.per_form_per_minute", number("/spam/burst/per_form_per_minute"), Some(60.0)),
    ];
    limits.into_iter().find_map(|(setting, count, seconds)| {
        let (count, seconds) = (count?, seconds?);
        (arrivals.most_within(seconds) > count).then(|| {
            format!(
                "The form {form} takes {count} submissions in {seconds} seconds, which is less than this load. Lower RATE \
                 or SECONDS, or publish a playbook for this deployment that raises forms.{form}.{setting}."
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use leadline_core::playbook::Playbook;
    use serde_json::json;

    use super::*;

    fn refused(playbook: &Value, form: &str, rate: f64, seconds: f64) -> Option<String> {
        refusal(playbook, form, Arrivals::new(rate, seconds).unwrap())
    }

    /// The sample playbook's form: 3000 a minute from one address, and 3000 a minute in all.
    #[test]
    fn the_sample_form_takes_fifty_a_second() {
        let book = serde_json::to_value(Playbook::read(Playbook::BUNDLED).unwrap().doc()).unwrap();
        assert_eq!(refused(&book, "demo-request", 50.0, 600.0), None);
        assert_eq!(refused(&book, "demo-request", 100.0, 30.0), None);
        let why = refused(&book, "demo-request", 51.0, 600.0).unwrap();
        assert!(why.contains("takes 3000 submissions in 60 seconds"), "{why}");
        // The strict one: five a minute.
        assert!(refused(&book, "partner-inquiry", 1.0, 6.0).unwrap().contains("per_address"));
        assert!(refused(&book, "no-such-form", 1.0, 1.0).unwrap().contains("no form"));
    }

    #[test]
    fn a_form_may_have_fewer_than_an_address() {
        let book = json!({"forms": {"f": {"per_address": {"count": 1_000, "seconds": 60}, "spam": {"burst": {"per_form_per_minute": 60}}}}});
        assert!(refused(&book, "f", 2.0, 60.0).unwrap().contains("per_form_per_minute"));
    }
}
