//! Text for a terminal: harmless, short, and styled only where somebody looks.

use std::io::IsTerminal as _;

use jiff::Timestamp;
use leadline_runtime::config::optional;

/// The text without what could act on a terminal or turn its neighbours around: control characters, directional
/// overrides, invisible marks. Line breaks become spaces. What people type into forms ends up here.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            // A joiner holds an emoji of several parts together.
            '\u{200d}' => shown.push(c),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    if shown.chars().any(is_right_to_left) {
        // Isolated, so that the columns beside it stay where they are.
        shown = format!("\u{2068}{shown}\u{2069}");
    }
    shown
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}')
}

/// An instant to the minute, in UTC.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// How far away an instant is: `in 19 h`, `35 min ago`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    let far = match seconds.unsigned_abs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    };
    if seconds < 0 { format!("{far} ago") } else { format!("in {far}") }
}

/// Whether to style what goes to standard output: it is a terminal, and nobody has asked for no colour
/// (<https://no-color.org>).
pub(crate) fn styled() -> bool {
    std::io::stdout().is_terminal() && optional("NO_COLOR").is_none() && !is_dumb()
}

/// Whether lines on standard error can be rewritten.
pub(crate) fn rewritable() -> bool {
    std::io::stderr().is_terminal() && !is_dumb()
}

fn is_dumb() -> bool {
    optional("TERM").as_deref() == Some("dumb")
}

/// Bold, if styled.
pub(crate) fn bold(text: &str, styled: bool) -> String {
    if styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// On a coloured ground, if styled. Colours by their number among the 256 of terminals.
pub(crate) fn on_colour(text: &str, ground: u8, ink: u8, styled: bool) -> String {
    if styled { format!("\u{1b}[48;5;{ground};38;5;{ink}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(plain("An\u{1b}[31mna\u{7}\r\nB"), "An[31mna  B");
        assert_eq!(plain("gpj.\u{202e}exe\u{200b}"), "gpj.exe");
        assert_eq!(plain("=cmd|' /C calc'!A0"), "=cmd|' /C calc'!A0");
        assert_eq!(plain("👩\u{200d}🔬"), "👩\u{200d}🔬");
        assert_eq!(plain("ליאת"), "\u{2068}ליאת\u{2069}");
    }

    #[test]
    fn distances() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-11-23T12:01:59Z", "in 119 s"),
            ("2026-11-23T12:02:00Z", "in 2 min"),
            ("2026-11-23T11:00:00Z", "60 min ago"),
            ("2026-11-24T07:59:00Z", "in 19 h"),
            ("2026-11-26T12:00:00Z", "in 3 d"),
        ] {
            assert_eq!(distance(at.parse().unwrap(), now), expected);
        }
    }
}
