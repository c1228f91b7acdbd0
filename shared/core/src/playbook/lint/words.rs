//! Words that several families use.

use std::fmt::Display;

/// `a`, `a and b`, `a, b and c`; of more than `most` the rest is counted.
pub(super) fn listed<T: Display>(items: impl IntoIterator<Item = T>, most: usize) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let mut shown = items.clone();
    if items.len() > most + 1 {
        shown.truncate(most);
        shown.push(format!("{} more", items.len() - most));
    }
    match shown.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A length of time in hours or minutes: `128 hours`, `12.5 hours`, `45 minutes`.
pub(super) fn length(seconds: i64) -> String {
    let tenths = (seconds * 10 + 1_800) / 3_600;
    match (seconds, tenths % 10) {
        (..3_600, _) => format!("{} minutes", (seconds + 59) / 60),
        (3_600, _) => "1 hour".to_owned(),
        (_, 0) => format!("{} hours", tenths / 10),
        (_, rest) => format!("{}.{rest} hours", tenths / 10),
    }
}

/// A share in whole per cent; what is something is at least 1.
pub(super) fn percent(part: i64, whole: i64) -> String {
    format!("{} %", (part * 100 / whole.max(1)).clamp(1, 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_lengths_and_shares() {
        assert_eq!(listed(["a"], 3), "a");
        assert_eq!(listed(["a", "b"], 3), "a and b");
        assert_eq!(listed(["a", "b", "c", "d"], 3), "a, b, c and d");
        assert_eq!(listed(["a", "b", "c", "d", "e"], 3), "a, b, c and 2 more");
        assert_eq!(length(2_700), "45 minutes");
        assert_eq!(length(3_600), "1 hour");
        assert_eq!(length(45_000), "12.5 hours");
        assert_eq!(length(460_800), "128 hours");
        assert_eq!(percent(1, 1_000), "1 %");
        assert_eq!(percent(1, 8), "12 %");
    }
}
