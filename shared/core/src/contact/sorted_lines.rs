//! Look-up in a sorted text file that is part of the program: nothing to build at first use, nothing to allocate.

use std::cmp::Ordering;

/// The value of `key` in `text`, whose lines are `key` or `key<TAB>value`, sorted by bytes.
///
/// A line without a tab has the empty value.
/// Comment lines begin with `#`, which sorts before every key, and so stand first in the file and need no care here.
pub(super) fn look_up<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[middle..high].iter().position(|b| *b == b'\n').map_or(high, |at| middle + at);
        let line = &text[start..end];
        let (name, value) = line.split_once('\t').unwrap_or((line, ""));
        match name.cmp(key) {
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
            Ordering::Equal => return Some(value),
        }
    }
    None
}

/// Whether `key` is a line of `text`; see [`look_up`].
pub(super) fn contains(text: &str, key: &str) -> bool {
    look_up(text, key).is_some()
}

/// The lines of `text` without its comments, for tests over a whole list.
#[cfg(test)]
pub(super) fn entries(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_first_last_and_middle() {
        let text = "# a comment\n#another\na\nab\tvalue\nb\nzz";
        assert_eq!(look_up(text, "a"), Some(""));
        assert_eq!(look_up(text, "ab"), Some("value"));
        assert_eq!(look_up(text, "b"), Some(""));
        assert_eq!(look_up(text, "zz"), Some(""));
        for absent in ["", "0", "aa", "abc", "z", "zzz"] {
            assert_eq!(look_up(text, absent), None, "{absent}");
        }
        assert_eq!(look_up("", "a"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_a_set(words in prop::collection::btree_set("[a-e]{1,4}", 0..40), key in "[a-e]{0,5}") {
            let text: String = words.iter().map(|word| format!("{word}\n")).collect();
            prop_assert_eq!(contains(&text, &key), words.contains(&key));
        }
    }
}
