//! Text on its way into HTML and into a script.

use std::fmt::{self, Write as _};

/// Text for HTML: between tags, or in an attribute with double quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// JSON as an expression of a script: the same value, without a character that could end a script element, begin a
/// comment or a line, or change with the encoding that the surrounding page assumes.
pub(super) fn script_literal(json: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in json.to_string().chars() {
        if c.is_ascii() && !matches!(c, '<' | '>' | '&' | '\u{7f}') {
            out.push(c);
        } else {
            // Outside of strings JSON has none of these, so the escape always stands in a string.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_has_no_character_left_that_means_something() {
        let hostile = r#"</title><script>alert('1' & "2")</script>"#;
        let said = Escaped(hostile).to_string();
        assert_eq!(said, "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
        assert_eq!(Escaped("Zoë 株式会社 🚀").to_string(), "Zoë 株式会社 🚀");
    }

    #[test]
    fn a_script_literal_is_the_same_value_in_harmless_characters() {
        let value = serde_json::json!({
            "a</script><!--": "]]>&amp;\u{2028}\u{2029}\u{feff}\"\\'`${x}\n\u{0}\u{7f}🚀é",
        });
        let literal = script_literal(&value);
        assert!(literal.bytes().all(|b| (0x20..0x7f).contains(&b) && !b"<>&".contains(&b)), "{literal}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&literal).unwrap(), value);
    }
}
