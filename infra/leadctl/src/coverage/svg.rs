//! The heat-map as a picture: one file without scripts, fonts or addresses, with words for those who cannot see it.

use std::fmt::Write as _;

use leadline_core::routing::{Coverage, HourCover, ReferenceWeek};

use super::{DAYS, Heat, LEGEND, about, cell, heading};

const LEFT: usize = 56;
const TOP: usize = 64;
const CELL: (usize, usize) = (34, 26);
const BLOCK: usize = 7 * CELL.1 + 74;
const WIDTH: usize = LEFT + 24 * CELL.0 + 24;

/// Draws the pools under each other.
pub(super) fn drawn(name: &str, week: &ReferenceWeek, pools: &[Coverage]) -> String {
    let height = TOP + pools.len() * BLOCK + LEGEND.len() * 18 + 24;
    let title = escaped(&format!("{name}: coverage in {}", heading(week)));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-labelledby=\"title desc\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n"
    );
    let told: Vec<String> = pools.iter().map(|pool| escaped(&about(pool))).collect();
    let _ = writeln!(svg, "<title id=\"title\">{title}</title>");
    let _ = writeln!(
        svg,
        "<desc id=\"desc\">A row for each day, a column for each hour. {}. {}</desc>",
        told.join(". "),
        escaped(LEGEND[0])
    );
    let _ = writeln!(svg, "<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>");
    words(&mut svg, 16, 32, "start", "#1b2733", &title);
    for (at, pool) in pools.iter().enumerate() {
        block(&mut svg, TOP + at * BLOCK, pool);
    }
    for (at, line) in LEGEND.iter().enumerate() {
        words(&mut svg, 16, TOP + pools.len() * BLOCK + 14 + at * 18, "start", "#44515c", &escaped(line));
    }
    svg.push_str("</svg>\n");
    svg
}

fn block(svg: &mut String, top: usize, pool: &Coverage) {
    words(svg, 16, top, "start", "#1b2733", &escaped(&about(pool)));
    for hour in 0..24 {
        words(svg, LEFT + hour * CELL.0 + CELL.0 / 2, top + 22, "middle", "#44515c", &format!("{hour:02}"));
    }
    let most = pool.most();
    for (day, hours) in pool.days.iter().enumerate() {
        let y = top + 28 + day * CELL.1;
        words(svg, LEFT - 10, y + 18, "end", "#44515c", DAYS[day]);
        for (hour, cover) in hours.iter().enumerate() {
            let x = LEFT + hour * CELL.0;
            let (fill, ink) = Heat::of(cover.as_ref(), most).picture();
            let _ = writeln!(
                svg,
                "<g><title>{} {hour:02}:00, {}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
                DAYS[day],
                spoken(cover.as_ref()),
                CELL.0 - 2,
                CELL.1 - 2
            );
            words(svg, x + CELL.0 / 2 - 1, y + 17, "middle", ink, &cell(cover.as_ref()));
            svg.push_str("</g>\n");
        }
    }
}

fn spoken(hour: Option<&HourCover>) -> String {
    match hour {
        None => "left out by a change of the clocks".to_owned(),
        Some(hour) if hour.least == hour.most && hour.least > 0 => format!("{} on duty", hour.least),
        Some(hour) if hour.least > 0 => format!("{} to {} on duty", hour.least, hour.most),
        Some(hour) if hour.uncovered_seconds == 0 => "covered by overflow".to_owned(),
        Some(hour) => format!("nobody for {} minutes", (hour.uncovered_seconds + 59) / 60),
    }
}

/// `text` has been escaped.
fn words(svg: &mut String, x: usize, y: usize, anchor: &str, ink: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{text}</text>");
}

/// Text between tags: marks are escaped, and characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' | '\r' => safe.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            // What turns its neighbours around has no place in a heading.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use leadline_core::playbook::Playbook;

    fn picture(name: &str) -> String {
        let playbook = Playbook::bundled();
        let zone = ReferenceWeek::zone_named("America/New_York").unwrap();
        let week = ReferenceWeek::of("2027-03-14".parse().unwrap(), zone).unwrap();
        drawn(name, &week, &Coverage::of(&playbook, &week))
    }

    /// Reads the tags as an XML parser would, as far as this file uses them: every tag is closed in order, attributes are
    /// quoted, text has no bare marks. Gives the names of the tags.
    fn tags(xml: &str) -> Vec<String> {
        let (mut open, mut seen, mut rest) = (Vec::new(), Vec::new(), xml);
        while let Some((text, after)) = rest.split_once('<') {
            assert!(!text.contains('>'), "{text}");
            for (_, entity) in text.match_indices('&').map(|(at, _)| (at, &text[at..])) {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                assert!(known.iter().any(|k| entity.starts_with(k)), "{entity}");
            }
            let (tag, next) = after.split_once('>').unwrap();
            rest = next;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name = tag.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
            let quotes = tag.matches('"').count();
            assert_eq!(quotes, 2 * tag.matches("=\"").count(), "{tag}");
            if !tag.ends_with('/') {
                open.push(name.clone());
            }
            seen.push(name);
        }
        assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
        seen
    }

    #[test]
    fn the_picture_is_whole_and_says_what_it_shows() {
        let svg = picture("Acme Analytics");
        let tags = tags(&svg);
        let count = |name: &str| tags.iter().filter(|tag| *tag == name).count();
        // A background, and for each of four pools a cell for each hour of the week.
        assert_eq!(count("rect"), 1 + 4 * 7 * 24);
        assert_eq!((count("svg"), count("desc"), count("title")), (1, 1, 1 + 4 * 7 * 24));
        assert!(svg.contains("role=\"img\" aria-labelledby=\"title desc\""));
        assert!(svg.contains("<title id=\"title\">Acme Analytics: coverage in 2027-W10 (8 March 2027 to 14 March 2027), America/New_York</title>"));
        assert!(svg.contains("<title>Sun 02:00, left out by a change of the clocks</title>"));
        assert!(svg.contains("<title>Mon 12:00, covered by overflow</title>"));
        for banned in ["script", "href", "style", "url(", "foreignObject"] {
            assert!(!svg.contains(banned), "{banned}");
        }
        assert_eq!(svg.matches("http").count(), 1, "the name of the format alone");
    }

    #[test]
    fn hostile_names_stay_words() {
        let svg = picture("</title><script>alert(1)</script>&\"'\u{0}\u{1b}\u{202e}]]>\nx");
        tags(&svg);
        assert!(
            svg.contains(
                "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;]]&gt; x: coverage"
            ),
            "{}",
            &svg[..600]
        );
        assert!(!svg.contains("<script"));
    }
}
