//! The snippet for forms on other pages.

use leadline_core::ids::FormId;
use leadline_core::submission::Form;

use super::escape::script_literal;

const SOURCE: &str = include_str!("embed.js");
/// Where the settings go; the source is a whole script with it too, so that it can be checked and tested as it is.
const SETTINGS: &str = "'LEADLINE_SETTINGS'";

/// The script at `/forms/{form_id}/embed.js`: strict mode, nothing loaded from elsewhere, ASCII only. It carries a token
/// that tells when the form was shown, so it must not be cached for longer than people take to fill a form in.
pub fn embed_js(form_id: &FormId, form: &Form, token: &str) -> String {
    let settings = serde_json::json!({
        "form": form_id.as_str(),
        "token": token,
        "thanks": { "message": form.thanks.message, "url": form.thanks.url },
    });
    let (before, after) = SOURCE.split_once(SETTINGS).unwrap_or((SOURCE, ""));
    let mut script = String::with_capacity(SOURCE.len() + 512);
    // Indentation and comments are for whoever reads the source; they are a sixth of it.
    for line in before.lines().map(str::trim_start).filter(|l| !l.is_empty() && !l.starts_with("//")) {
        script.push_str(line);
        script.push('\n');
    }
    // The last line goes on with the settings.
    script.pop();
    script.push_str(&script_literal(&settings));
    script.push_str(after);
    script
}
