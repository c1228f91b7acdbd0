//! How far it is, on standard error: one line that changes on a terminal, else a line for each tenth.

use crate::screen;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Nobody wants to know.
    Silent,
    /// The line is rewritten.
    Rewritten,
    /// Lines follow each other.
    Lines,
}

/// The progress over a number of things.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    total: usize,
    what: &'static str,
    tenths: usize,
    open: bool,
}

impl Progress {
    /// Over the rows of a file.
    pub(crate) fn rows(total: usize, quiet: bool) -> Progress {
        Progress::over("rows", total, quiet)
    }

    /// Over the leads that come of them.
    pub(crate) fn leads(total: usize, quiet: bool) -> Progress {
        Progress::over("leads routed", total, quiet)
    }

    fn over(what: &'static str, total: usize, quiet: bool) -> Progress {
        let style = match (quiet, screen::rewritable()) {
            (true, _) => Style::Silent,
            (false, true) => Style::Rewritten,
            (false, false) => Style::Lines,
        };
        Progress { style, total, what, tenths: 0, open: false }
    }

    /// Shows that so many are done, `problems` of them not as they should.
    pub(crate) fn show(&mut self, done: usize, problems: usize) {
        if let Some(line) = self.line(done, problems) {
            eprint!("{line}");
        }
    }

    /// What is to be written, if anything.
    fn line(&mut self, done: usize, problems: usize) -> Option<String> {
        let tenths = (done * 10).checked_div(self.total).unwrap_or(10);
        let is_new = std::mem::replace(&mut self.tenths, tenths) < tenths;
        let words = format!("{done} of {} {}", self.total, self.what);
        let words = if problems > 0 { format!("{words}, {problems} not taken") } else { words };
        match self.style {
            Style::Silent => None,
            Style::Rewritten => {
                self.open = true;
                // Back to the start of the line, which is then cleared: the new text may be shorter.
                Some(format!("\r\u{1b}[K{words}"))
            }
            Style::Lines => is_new.then(|| format!("{words}\n")),
        }
    }

    /// Leaves the line, so that what follows begins on one of its own.
    pub(crate) fn end(&mut self) {
        if std::mem::take(&mut self.open) {
            eprint!("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(style: Style, total: usize) -> Progress {
        Progress { style, total, what: "rows", tenths: 0, open: false }
    }

    #[test]
    fn a_line_for_each_tenth_where_lines_stay() {
        let mut progress = progress(Style::Lines, 40);
        let lines: Vec<String> = (1..=40).filter_map(|done| progress.line(done, done / 40)).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(
            (lines[0].as_str(), lines[9].as_str()),
            ("4 of 40 rows\n", "40 of 40 rows, 1 not taken\n")
        );
    }

    #[test]
    fn on_a_terminal_every_step_replaces_the_one_before() {
        let mut progress = progress(Style::Rewritten, 2);
        assert_eq!(progress.line(1, 0).as_deref(), Some("\r\u{1b}[K1 of 2 rows"));
        assert_eq!(progress.line(2, 1).as_deref(), Some("\r\u{1b}[K2 of 2 rows, 1 not taken"));
    }

    #[test]
    fn quiet_is_quiet() {
        assert_eq!(progress(Style::Silent, 1).line(1, 1), None);
    }
}
