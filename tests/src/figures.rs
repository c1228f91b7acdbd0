//! Measured figures and how they are shown: a line of JSON each for programs, a table for people, and one in Markdown
//! for a page.

use std::io::{self, Write};

use serde::Serialize;

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The figure, to three places.
    pub value: f64,
    /// What it counts.
    pub unit: &'static str,
    /// The most that it may be, if there is such.
    pub budget: Option<f64>,
    /// It is within its budget, or has none.
    pub ok: bool,
}

impl Figure {
    /// One that may be so much at most.
    pub fn at_most(name: impl Into<String>, value: f64, unit: &'static str, budget: f64) -> Figure {
        // What is shown is a rounded value; whether it fits is judged by the one that was measured.
        Figure { budget: Some(budget), ok: value <= budget, ..Figure::told(name, value, unit) }
    }

    /// One without a budget.
    pub fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { name: name.into(), value: (value * 1e3).round() / 1e3, unit, budget: None, ok: true }
    }

    fn verdict(&self) -> &'static str {
        match self.budget {
            None => "",
            Some(_) if self.ok => "within",
            Some(_) => "OVER",
        }
    }
}

/// One line of JSON for each figure.
pub fn lines(figures: &[Figure], out: &mut impl Write) -> io::Result<()> {
    figures.iter().try_for_each(|figure| writeln!(out, "{}", serde_json::to_string(figure)?))
}

/// A table for people; with `styled`, what is over its budget stands out.
pub fn table(figures: &[Figure], styled: bool, out: &mut impl Write) -> io::Result<()> {
    let width = |of: fn(&Figure) -> usize| figures.iter().map(of).max().unwrap_or_default();
    let (names, units) = (width(|f| f.name.len()), width(|f| f.unit.len()));
    for figure in figures {
        let Figure { name, value, unit, budget, ok } = figure;
        let budget = budget.map_or(String::new(), |budget| format!("{} {budget}", figure.verdict()));
        let budget = if styled && !ok { format!("\u{1b}[1m{budget}\u{1b}[0m") } else { budget };
        let line = format!("{name:<names$} {value:>12.2} {unit:<units$} {budget}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The figures that have a budget, as a table in Markdown.
pub fn markdown(figures: &[Figure], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| figure | measured | budget |\n|---|---:|---:|")?;
    for figure in figures {
        let Some(budget) = figure.budget else { continue };
        let name = figure.name.replace('_', " ");
        let over = if figure.ok { "" } else { " **over**" };
        writeln!(out, "| {name}, {} | {}{over} | {budget} |", figure.unit, figure.value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> [Figure; 3] {
        [
            Figure::at_most("decision", 18.3, "us per lead", 20.0),
            Figure::told("invocations", 9.0, "per lead"),
            Figure::at_most("dollars", 45.0004, "per million leads", 45.0),
        ]
    }

    fn shown(show: impl FnOnce(&[Figure], &mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        show(&figures(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_budget_holds_what_was_measured_and_not_what_is_shown() {
        assert_eq!(figures().map(|f| f.ok), [true, true, false]);
        assert_eq!(figures()[2].value, 45.0);
        assert!(Figure::at_most("x", 45.0, "y", 45.0).ok);
    }

    #[test]
    fn a_line_of_json_for_each() {
        let text = shown(lines);
        let first = r#"{"name":"decision","value":18.3,"unit":"us per lead","budget":20.0,"ok":true}"#;
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.lines().next(), Some(first));
    }

    #[test]
    fn styles_only_where_they_are_wanted() {
        let plain = shown(|figures, out| table(figures, false, out));
        assert!(!plain.contains('\u{1b}') && plain.contains("OVER 45\n"), "{plain}");
        assert!(shown(|figures, out| table(figures, true, out)).contains("\u{1b}[1mOVER 45\u{1b}[0m"));
    }

    #[test]
    fn a_page_shows_what_has_a_budget() {
        let text = shown(markdown);
        assert_eq!(text.lines().count(), 4);
        assert_eq!(text.lines().nth(2), Some("| decision, us per lead | 18.3 | 20 |"));
        assert_eq!(text.lines().nth(3), Some("| dollars, per million leads | 45 **over** | 45 |"));
    }
}
