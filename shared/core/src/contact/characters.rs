//! Classes of characters that matter wherever a stranger's text is read.

/// Whether a character shows nothing by itself: Unicode's `Default_Ignorable_Code_Point`.
///
/// Zero-width spaces and joiners, soft hyphens, byte order marks, direction overrides, variation selectors, fillers.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a code point has no agreed meaning between two parties: private use, noncharacters, the replacement mark.
pub(super) fn is_meaningless(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0xE000..=0xF8FF | 0xF_0000..)
        || matches!(code, 0xFDD0..=0xFDEF | 0xFFFD)
        || code & 0xFFFE == 0xFFFE
}

/// The ASCII character a fullwidth form stands for; any other character as it is.
pub(super) fn fold_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{FE6B}' => '@',
        _ => c,
    }
}

/// Trims white space and invisible characters, which copying and pasting leave at the ends of a text.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_those_of_the_unicode_property() {
        for c in ['\u{200B}', '\u{200D}', '\u{202E}', '\u{FEFF}', '\u{AD}', '\u{E0041}', '\u{3164}'] {
            assert!(is_invisible(c), "{:x}", u32::from(c));
        }
        for c in ['a', ' ', '\u{301}', '\u{2010}', '\u{3000}', 'ﾠ'] {
            assert_eq!(is_invisible(c), c == '\u{FFA0}', "{:x}", u32::from(c));
        }
    }

    #[test]
    fn width_folds_to_ascii_only() {
        assert_eq!("ａＺ０＠．".chars().map(fold_width).collect::<String>(), "aZ0@.");
        assert_eq!("aé日ｱ".chars().map(fold_width).collect::<String>(), "aé日ｱ");
    }

    #[test]
    fn meaningless_code_points() {
        for c in ['\u{E000}', '\u{FFFE}', '\u{1FFFF}', '\u{FDD0}', '\u{FFFD}', '\u{10FFFD}'] {
            assert!(is_meaningless(c), "{:x}", u32::from(c));
        }
        assert!(!is_meaningless('\u{FFFC}') && !is_meaningless('é') && !is_meaningless('𝒜'));
    }
}
