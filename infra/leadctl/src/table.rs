//! Tables for people.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::screen::{bold, plain};

/// Wider cells are cut, except in the last column, which moves no other.
const WIDEST: usize = 44;
const GAP: &str = "  ";

/// Lays out a table: columns as wide as their widest cell, left-aligned, each row on a line of its own.
pub(crate) fn render(headers: &[&str], rows: Vec<Vec<String>>, styled: bool) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| shown(&row)).collect();
    let widths: Vec<usize> = (0..headers.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
            cells.chain([headers[column].width()]).max().unwrap_or_default()
        })
        .collect();
    let mut text = bold(&line(headers.iter().copied(), &widths), styled);
    text.push('\n');
    for row in &rows {
        text.push_str(&line(row.iter().map(String::as_str), &widths));
        text.push('\n');
    }
    text
}

fn shown(row: &[String]) -> Vec<String> {
    let last = row.len().saturating_sub(1);
    let cell = |(at, cell): (usize, &String)| if at == last { plain(cell) } else { cut(&plain(cell)) };
    row.iter().enumerate().map(cell).collect()
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .zip(widths)
        .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width().min(*width))))
        .collect();
    padded.join(GAP).trim_end().to_owned()
}

/// Cuts a cell to the widest there may be, with an ellipsis.
fn cut(cell: &str) -> String {
    if cell.width() <= WIDEST {
        return cell.to_owned();
    }
    let mut width = 0;
    let mut kept: String = cell
        .chars()
        .take_while(|c| {
            width += c.width().unwrap_or_default();
            width < WIDEST
        })
        .collect();
    kept.push('…');
    if kept.starts_with('\u{2068}') {
        kept.push('\u{2069}');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|c| (*c).to_owned()).collect()
    }

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let rows = vec![
            row(&["A1", "Ada Example", "x"]),
            row(&["B1", "山田 太郎", "y"]),
            row(&["–", "Zoë 🚀", "z"]),
        ];
        assert_eq!(
            render(&["GRADE", "NAME", "L"], rows, false),
            "GRADE  NAME         L\n\
             A1     Ada Example  x\n\
             B1     山田 太郎    y\n\
             –      Zoë 🚀       z\n"
        );
    }

    #[test]
    fn long_cells_are_cut_but_in_the_last_column() {
        let text = render(&["NAME", "WHY"], vec![row(&["n", &"w".repeat(80)])], false);
        assert_eq!(text.lines().nth(1), Some(format!("n     {}", "w".repeat(80)).as_str()));
    }

    #[test]
    fn long_cells_are_cut_and_lines_have_no_end_of_spaces() {
        let text = render(&["NAME", "STAGE"], vec![row(&[&"n".repeat(80), ""])], false);
        assert_eq!(text.lines().nth(1), Some(format!("{}…", "n".repeat(43)).as_str()));
    }

    #[test]
    fn only_the_header_is_styled() {
        assert_eq!(render(&["A"], vec![row(&["b"])], true), "\u{1b}[1mA\u{1b}[0m\nb\n");
    }
}
