//! Submissions against a form.

use jiff::Timestamp;
use leadline_core::contact::{clean_name, count_links, function_of, has_link, seniority_of};
use leadline_core::enrichment::{apply, derive};
use leadline_core::ids::FormId;
use leadline_core::playbook::Playbook;
use leadline_core::submission::read;

/// Nothing that was typed is lost or changed, and every mistake names an input of the form.
pub(crate) fn submission(data: &[u8]) {
    thread_local! {
        static PLAYBOOK: Playbook = Playbook::bundled();
    }
    PLAYBOOK.with(|playbook| {
        let form_id = FormId::parse("demo-request").expect("a name");
        let form = playbook.form(&form_id).expect("the form of the sample playbook");
        let mut inputs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(data).into_owned() {
            if inputs.iter().all(|(n, _)| *n != name) {
                inputs.push((name, value));
            }
        }
        for (_, value) in &inputs {
            assert_eq!(clean_name(&clean_name(value)), clean_name(value));
            assert!(count_links(value) <= value.len());
            assert!(has_link(value) || count_links(value) == 0);
            let _ = (seniority_of(value), function_of(value));
        }
        let reading = match read(form, inputs.clone(), Timestamp::UNIX_EPOCH) {
            Ok(reading) => reading,
            Err(mistakes) => {
                assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    let known =
                        form.fields.iter().map(|f| &f.name).chain(form.consent.iter().map(|c| &c.name));
                    assert!(known.into_iter().any(|name| *name == mistake.field), "{}", mistake.field);
                }
                return;
            }
        };
        let ours = ["_token", "_visitor", "_submission_key", form.spam.honeypot.as_str()];
        for (name, value) in &inputs {
            if ours.contains(&name.as_str()) {
                continue;
            }
            let kept = [reading.answers.get(name), reading.tracking.get(name)];
            assert!(kept == [Some(value), None] || kept == [None, Some(value)], "{name}");
        }
        assert!(reading.answers.len() + reading.tracking.len() <= inputs.len());
        // What our own lists find out depends on nothing else, and finding it twice changes nothing.
        let facts = derive(&reading.profile, None, Timestamp::UNIX_EPOCH);
        let (once, _) = apply(&reading.profile, &facts);
        let (twice, _) = apply(&once, &facts);
        assert_eq!(once, twice);
    });
}
