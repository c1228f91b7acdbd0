use super::*;
use proptest::prelude::*;

type Parts<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn parts(name: &PersonName) -> Parts<'_> {
    (name.prefix(), name.first(), name.last(), name.suffix())
}

#[test]
fn full_names() {
    for (raw, expected) in [
        ("Dr. Anna-Lena von der Heide", (Some("Dr."), Some("Anna-Lena"), Some("von der Heide"), None)),
        ("van Gogh, Vincent", (None, Some("Vincent"), Some("van Gogh"), None)),
        ("Madonna", (None, Some("Madonna"), None, None)),
        ("Ann Lee", (None, Some("Ann"), Some("Lee"), None)),
        ("John R. R. Tolkien", (None, Some("John R. R."), Some("Tolkien"), None)),
        ("Prof. Dr. Max Mustermann", (Some("Prof. Dr."), Some("Max"), Some("Mustermann"), None)),
        ("Martin Luther King Jr.", (None, Some("Martin Luther"), Some("King"), Some("Jr."))),
        ("John Smith, PhD, MBA", (None, Some("John"), Some("Smith"), Some("PhD MBA"))),
        ("Smith, Dr. John", (Some("Dr."), Some("John"), Some("Smith"), None)),
        ("van Gogh", (None, None, Some("van Gogh"), None)),
        ("Ludwig van Beethoven", (None, Some("Ludwig"), Some("van Beethoven"), None)),
        ("Juana de la Cruz", (None, Some("Juana"), Some("de la Cruz"), None)),
        ("山田 太郎", (None, Some("太郎"), Some("山田"), None)),
        ("山田太郎", (None, Some("山田太郎"), None, None)),
        ("김 민준", (None, Some("민준"), Some("김"), None)),
        ("Dr.", (None, Some("Dr."), None, None)),
        ("Van Morrison", (None, None, Some("Van Morrison"), None)),
        ("Smith,", (None, Some("Smith"), None, None)),
        (", Vincent", (None, None, None, Some("Vincent"))),
    ] {
        assert_eq!(parts(&PersonName::parse(raw).unwrap()), expected, "{raw}");
    }
    for empty in ["", " \t", "\u{200B}", "\0"] {
        assert_eq!(PersonName::parse(empty), Err(NameError::Empty), "{empty:?}");
    }
}

#[test]
fn clean_up() {
    for (raw, expected) in [
        ("  Ann \u{A0}\t Lee ", "Ann Lee"),
        ("Ann\u{200B} Lee\u{FEFF}", "Ann Lee"),
        ("Ann\r\nBcc: x", "Ann Bcc: x"),
        ("JOHN MCDONALD", "John McDonald"),
        ("anna-lena von der heide", "Anna-Lena von der Heide"),
        ("VAN GOGH, VINCENT", "van Gogh, Vincent"),
        ("o'neil", "O'Neil"),
        ("SEAN O’BRIEN", "Sean O’Brien"),
        ("JR", "JR"),
        ("LeBron McKay", "LeBron McKay"),
        ("Ann van Dyk", "Ann van Dyk"),
        ("ЮРИЙ ГАГАРИН", "Юрий Гагарин"),
        ("josé", "José"),
        ("jose\u{301}", "José"),
        ("山田 太郎", "山田 太郎"),
        ("नि\u{200D}तिन", "नि\u{200D}तिन"),
        ("JOHN SMITH III", "John Smith III"),
        ("", ""),
    ] {
        assert_eq!(clean_name(raw), expected, "{raw:?}");
    }
}

#[test]
fn travels_as_the_full_name_and_hides_in_debug() {
    let name = PersonName::parse("Dr. Ann Lee").unwrap();
    let json = serde_json::to_string(&name).unwrap();
    assert_eq!(json, "\"Dr. Ann Lee\"");
    assert_eq!(serde_json::from_str::<PersonName>(&json).unwrap(), name);
    assert!(serde_json::from_str::<PersonName>("\" \"").is_err());
    assert_eq!(format!("{name:?}"), "PersonName(…)");
}

/// What must survive: letters and digits without regard to case, in order.
fn letters(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// Words without the commas between them, sorted, because the parts stand in an order of their own.
fn sorted_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> =
        text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.sort();
    words
}

proptest! {
    #[test]
    fn no_letter_is_lost(raw in any::<String>()) {
        // The Hangul fillers and such are letters that show nothing; dropping them is the point of cleaning.
        let visible: String = raw.chars().filter(|c| !characters::is_invisible(*c)).collect();
        prop_assert_eq!(letters(&clean_name(&visible)), letters(&visible));
    }

    #[test]
    fn every_word_stands_in_one_part(raw in "(Dr\\.? |Prof\\. )?([A-ZÄa-zß'-]{1,6}[ ,]{1,2}){0,4}(von |de la |van )?[A-Za-z]{1,6}(, (Jr\\.?|PhD|Ann))?") {
        let name = PersonName::parse(&raw).unwrap();
        let all = [name.prefix(), name.first(), name.last(), name.suffix()].map(Option::unwrap_or_default).join(" ");
        prop_assert_eq!(sorted_words(&all), sorted_words(name.as_str()));
    }

    #[test]
    fn reads_itself_back(raw in any::<String>()) {
        if let Ok(name) = PersonName::parse(&raw) {
            prop_assert_eq!(PersonName::parse(name.as_str()).unwrap(), name);
        }
    }

    #[test]
    fn latin_names_read_themselves_back(raw in "[A-Za-zÀ-ſ', .-]{1,24}") {
        if let Ok(name) = PersonName::parse(&raw) {
            prop_assert_eq!(PersonName::parse(name.as_str()).unwrap(), name);
        }
    }
}
