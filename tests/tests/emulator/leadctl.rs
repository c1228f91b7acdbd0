//! The operator's command, as it was built for this deployment.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::deployment::{Deployment, until};
use super::lead::SOON;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a run came to.
pub(crate) struct Ran(Output);

impl Ran {
    /// What it printed, if all went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(self.0.status.success(), "{}{}", text(&self.0.stdout), text(&self.0.stderr));
        text(&self.0.stdout)
    }

    /// Its exit status.
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    /// What it printed, however it went.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it complained about.
    pub(crate) fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// Runs it in this test's environment.
pub(crate) async fn leadctl(arguments: &[&str]) -> Ran {
    leadctl_with(arguments, &[]).await
}

/// Runs it in this test's environment with some settings changed.
pub(crate) async fn leadctl_with(arguments: &[&str], settings: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(Path::new(ROOT).join(".local/bin/leadctl"));
    command.args(arguments).envs(settings.iter().copied()).current_dir(ROOT);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    Ran(output.unwrap_or_else(|error| panic!("leadctl: {error}; make leadctl builds it")))
}

#[tokio::test]
async fn a_file_of_leads_is_acknowledged_and_a_second_run_doubles_nothing() {
    let deployment = Deployment::together().await;
    let file = "tests/data/leads.csv";
    let addresses = ["nina.falk@fjordline-ferries.example", "omar.diallo@sahel-mobile.example"];
    let submit = ["submit", "--form", "demo-request", "--quiet", file];
    let rows = csv_rows(&std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap());
    let first = leadctl(&submit).await.ok();
    assert!(first.contains(&format!("{rows} of {rows} rows acknowledged")), "{first}");

    let look = async || -> Vec<Value> {
        let mut found = Vec::new();
        for address in addresses {
            let lead = &deployment.by_email(address).await[0];
            let lead_id = lead["lead_id"].as_str().unwrap();
            deployment.told(lead_id, "offer.1").await;
            found.push(deployment.lead(lead_id).await);
        }
        found
    };
    let before = until("the leads of the file to rest", SOON, async || Some(look().await)).await;
    for lead in &before {
        assert_eq!(lead["touches"].as_array().unwrap().len(), 1, "{lead}");
    }
    let second = leadctl(&submit).await.ok();
    assert!(second.contains(&format!("{rows} of {rows} rows acknowledged")), "{second}");
    assert_eq!(look().await, before);
}

/// The rows of a CSV text, its head aside; a quoted line end is none.
fn csv_rows(text: &str) -> usize {
    let mut quoted = false;
    let ends = text.trim_end().chars().filter(|c| {
        quoted ^= *c == '"';
        *c == '\n' && !quoted
    });
    ends.count()
}
