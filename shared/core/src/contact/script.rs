//! Writing systems of characters, as far as telling an imitation from an honest name needs them.

/// Writing systems, with everything rarer told apart only by its block of 256 code points.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Han,
    Kana,
    Hangul,
    Bopomofo,
    Other(u32),
}

/// The script of a letter; `None` for what all scripts share (digits, hyphens, marks).
fn script_of(c: char) -> Option<Script> {
    match c {
        'a'..='z' | 'A'..='Z' | 'ª' | 'º' => Some(Script::Latin),
        _ if !c.is_alphabetic() || matches!(c, '\u{B5}' | '\u{2B0}'..='\u{36F}' | '\u{30FC}') => None,
        '\u{C0}'..='\u{2AF}'
        | '\u{1E00}'..='\u{1EFF}'
        | '\u{A720}'..='\u{A7FF}'
        | '\u{AB30}'..='\u{AB6F}' => Some(Script::Latin),
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Some(Script::Greek),
        '\u{400}'..='\u{52F}'
        | '\u{1C80}'..='\u{1C8F}'
        | '\u{2DE0}'..='\u{2DFF}'
        | '\u{A640}'..='\u{A69F}' => Some(Script::Cyrillic),
        '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9D}' => Some(Script::Kana),
        '\u{3100}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' => Some(Script::Bopomofo),
        '\u{1100}'..='\u{11FF}'
        | '\u{3130}'..='\u{318F}'
        | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}' => Some(Script::Hangul),
        '\u{3005}'..='\u{3007}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}' => Some(Script::Han),
        _ => Some(Script::Other(u32::from(c) >> 8)),
    }
}

/// Cyrillic and Greek letters that look like a lower-case Latin one.
const LATIN_LOOK_ALIKES: &str = "асԁеһіјӏорԛѕԝхугьѵүαορνικτυ";

/// Whether a dotted name has a label that mixes scripts no language mixes, or that is foreign throughout and yet reads
/// as Latin under a Latin top level (`аррӏе.com`).
pub(super) fn imitates_or_mixes(name: &str) -> bool {
    let latin_top = name.rsplit('.').next().is_some_and(|top| top.is_ascii());
    name.split('.').any(|label| mixes(label) || (latin_top && imitates_latin(label)))
}

/// Whether a text has letters of scripts that no one language writes together.
///
/// Latin goes with Chinese, Japanese and Korean writing, the way brand names there do.
pub(super) fn mixes(text: &str) -> bool {
    let mut seen: Vec<Script> = Vec::new();
    for script in text.chars().filter_map(script_of) {
        if !seen.contains(&script) {
            seen.push(script);
        }
    }
    let within = |family: &[Script]| seen.iter().all(|script| family.contains(script));
    seen.len() > 1
        && !seen.iter().all(|script| matches!(script, Script::Other(_)))
        && !within(&[Script::Latin, Script::Han, Script::Kana])
        && !within(&[Script::Latin, Script::Han, Script::Hangul])
        && !within(&[Script::Latin, Script::Han, Script::Bopomofo])
}

fn imitates_latin(label: &str) -> bool {
    let mut letters = label.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(|c| LATIN_LOOK_ALIKES.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_that_write_several_scripts_do_not_mix() {
        for fine in [
            "apple",
            "café-24",
            "東京タワーtower",
            "삼성electronics漢",
            "ㄅ漢",
            "пример",
            "हिन्दी",
            "ภาษาไทย",
            "3com",
            "",
        ] {
            assert!(!mixes(fine), "{fine}");
        }
    }

    #[test]
    fn strange_company_mixes() {
        for strange in ["\u{430}pple", "pаypal", "gοοgle", "タワ\u{ac00}", "aא", "жα"] {
            assert!(mixes(strange), "{strange}");
        }
    }

    #[test]
    fn whole_label_imitation_needs_a_latin_top_level() {
        assert!(imitates_or_mixes("аррӏе.com"));
        assert!(!imitates_or_mixes("сор.рф"));
        assert!(!imitates_or_mixes("почта.com"));
    }
}
