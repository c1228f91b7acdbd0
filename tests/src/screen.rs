//! How a command shows itself: styled only where somebody looks and wants it, and how far it is, on standard error.

use std::io::IsTerminal as _;

use crate::settings::setting;

/// Whether to style standard output: it is a terminal, and nobody has asked for no colour (<https://no-color.org>).
pub fn styled() -> bool {
    std::io::stdout().is_terminal() && setting("NO_COLOR").is_none() && !is_dumb()
}

fn is_dumb() -> bool {
    setting("TERM").as_deref() == Some("dumb")
}

/// How far something is that takes long: one line that changes on a terminal, else a line for each tenth.
#[derive(Debug)]
pub struct Progress {
    rewritten: bool,
    total: usize,
    what: &'static str,
    tenths: usize,
    open: bool,
}

impl Progress {
    /// Over so many things.
    pub fn over(total: usize, what: &'static str) -> Progress {
        Progress::in_style(std::io::stderr().is_terminal() && !is_dumb(), total, what)
    }

    fn in_style(rewritten: bool, total: usize, what: &'static str) -> Progress {
        Progress { rewritten, total, what, tenths: 0, open: false }
    }

    /// Shows that so many are done.
    pub fn show(&mut self, done: usize) {
        if let Some(line) = self.line(done) {
            eprint!("{line}");
        }
    }

    /// What is to be written, if anything.
    fn line(&mut self, done: usize) -> Option<String> {
        let tenths = (done * 10).checked_div(self.total).unwrap_or(10);
        let is_new = std::mem::replace(&mut self.tenths, tenths) < tenths;
        let words = format!("{done} of {} {}", self.total, self.what);
        if self.rewritten {
            self.open = true;
            // Back to the start of the line, which is then cleared: the new text may be shorter.
            return Some(format!("\r\u{1b}[K{words}"));
        }
        is_new.then(|| format!("{words}\n"))
    }
}

impl Drop for Progress {
    /// Leaves the line, so that what follows begins on one of its own.
    fn drop(&mut self) {
        if self.open {
            eprint!("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_tenth_where_lines_stay() {
        let mut progress = Progress::in_style(false, 40, "leads");
        let lines: Vec<String> = (1..=40).filter_map(|done| progress.line(done)).collect();
        assert_eq!(
            (lines.len(), lines[0].as_str(), lines[9].as_str()),
            (10, "4 of 40 leads\n", "40 of 40 leads\n")
        );
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    }

    #[test]
    fn on_a_terminal_every_step_replaces_the_one_before() {
        let mut progress = Progress::in_style(true, 2, "leads");
        assert_eq!(progress.line(1).as_deref(), Some("\r\u{1b}[K1 of 2 leads"));
        progress.open = false;
    }
}
