//! The settings of a command, which it has from the environment.

/// A setting; `None` when it is missing or empty.
#[allow(clippy::disallowed_methods, reason = "the settings of a command")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A setting that is a number, or what it is otherwise; the error says what is wrong with it.
pub fn number<N: std::str::FromStr>(name: &str, otherwise: N) -> Result<N, String> {
    match setting(name) {
        None => Ok(otherwise),
        Some(text) => text.parse().map_err(|_| format!("{name}={text} is not a number")),
    }
}
