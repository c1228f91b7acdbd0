//! `leadctl playbook`: check, publish, show.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use leadline_core::playbook::{Mistake, Playbook, Reach};
use reqwest::Method;
use reqwest::header::ACCEPT;

use crate::api::Api;
use crate::arguments;
use crate::failure::Failure;
use crate::rebase;
use crate::screen::plain;

/// Runs `leadctl playbook …`.
pub(crate) async fn run(command: &arguments::Playbook, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match command {
        arguments::Playbook::Validate { file } => {
            let text = read(file)?;
            match Playbook::read(&text) {
                Ok(playbook) => match playbook.out_of_reach(&Reach::default()) {
                    beyond if beyond.is_empty() => writeln!(out, "{}", praise(&playbook))?,
                    beyond => return refuse(file, &beyond, out),
                },
                Err(mistakes) => return refuse(file, &mistakes, out),
            }
        }
        arguments::Playbook::Publish { file } => {
            let api = Api::with_key()?;
            let text = read(file)?;
            if let Err(mistakes) = Playbook::read(&text) {
                return refuse(file, &mistakes, out);
            }
            let call = api.call(Method::PUT, &["playbook"]).body("application/yaml", text);
            let published = api.ask(&call).await?.json()?;
            let version =
                published.get("version").and_then(serde_json::Value::as_u64).ok_or(Failure::Answer)?;
            writeln!(out, "Version {version} is in force from the next lead on.")?;
        }
        arguments::Playbook::Rebase(wanted) => return rebase::run(wanted, out).await,
        arguments::Playbook::Show { version } => {
            let api = Api::with_key()?;
            let number = version.map(|v| v.to_string());
            let path = match &number {
                None => vec!["playbook"],
                Some(number) => vec!["playbook", "versions", number],
            };
            let text =
                api.ask(&api.call(Method::GET, &path).header(ACCEPT, "application/yaml")).await?.success()?;
            writeln!(out, "{}", text.trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a file whole.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::File { path: PathBuf::from(path), error })
}

fn praise(playbook: &Playbook) -> String {
    let doc = playbook.doc();
    format!(
        "Valid: {}, with {} forms, {} routes, {} pools and {} reps.",
        plain(&doc.playbook),
        doc.forms.len(),
        doc.routing.routes.len(),
        doc.pools.len(),
        doc.reps.len()
    )
}

fn refuse(file: &Path, mistakes: &[Mistake], out: &mut impl Write) -> Result<ExitCode, Failure> {
    write!(out, "{}", listed(file, mistakes))?;
    Ok(ExitCode::FAILURE)
}

/// Mistakes with their places, one a line.
pub(crate) fn listed(file: &Path, mistakes: &[Mistake]) -> String {
    let count = mistakes.len();
    let mut text = format!("{} has {count} mistake{}:\n", file.display(), if count == 1 { "" } else { "s" });
    for mistake in mistakes {
        let place = if mistake.path.is_empty() { "(the whole)" } else { &mistake.path };
        let _ = writeln!(text, "  {}: {}", plain(place), plain(&mistake.detail));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_sample_playbook_is_valid() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks/acme.yaml");
        let mut out = Vec::new();
        run(&arguments::Playbook::Validate { file }, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("Valid: Acme Analytics, with 3 forms, 3 routes, 4 pools and 10 reps."),
            "{text}"
        );
    }

    #[test]
    fn every_mistake_has_its_place() {
        let text =
            Playbook::BUNDLED.replace("weight: 2", "weight: many").replace("pool: emea", "pool: nowhere");
        let mistakes = Playbook::read(&text).unwrap_err();
        let shown = listed(Path::new("my.yaml"), &mistakes);
        assert!(shown.starts_with(&format!("my.yaml has {} mistake", mistakes.len())));
        assert!(shown.lines().any(|line| line.starts_with("  reps.anna.weight: ")), "{shown}");
        assert_eq!(shown.lines().count(), mistakes.len() + 1);
    }
}
