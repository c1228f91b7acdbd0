use std::collections::{BTreeMap, BTreeSet};

use leadline_core::playbook::Playbook;
use leadline_core::submission::FieldMistake;

use super::*;

/// As long as real ones are.
const TOKEN: &str = "1795350000000~vis_0123456789abcdef0123456789abcdef~demo-request.1829910000.\
    c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0";
const HOSTILE: &str = r#""'><script>alert(1)</script><img src=x onerror=alert(1)>&</textarea></style>"#;

fn id(name: &str) -> FormId {
    FormId::parse(name).unwrap()
}

fn samples() -> BTreeMap<FormId, Form> {
    Playbook::bundled().doc().forms.clone()
}

/// A form with every kind of input, hostile wherever a text can be.
fn hostile() -> Form {
    let kinds = ["text", "email", "tel", "number", "select", "textarea", "checkbox", "country"];
    let fields: Vec<_> = kinds
        .iter()
        .map(|kind| {
            serde_json::json!({"name": format!("{kind}{HOSTILE}"), "label": HOSTILE, "type": kind, "required": true,
                "options": [HOSTILE]})
        })
        .collect();
    serde_json::from_value(serde_json::json!({
        "title": HOSTILE, "intro": HOSTILE, "button": HOSTILE, "fields": fields,
        "consent": [{"name": HOSTILE, "purpose": HOSTILE, "text": HOSTILE, "version": HOSTILE, "required": true}],
        "thanks": {"message": HOSTILE, "url": format!("https://x.example/{HOSTILE}")},
        "spam": {"honeypot": HOSTILE},
    }))
    .unwrap()
}

fn hostile_notice(form: &Form) -> Notice {
    let names = form.fields.iter().map(|f| f.name.clone()).chain([HOSTILE.to_owned(), "utm_x\"".to_owned()]);
    let inputs: Vec<_> = names.map(|name| (name, HOSTILE.to_owned())).collect();
    let mistake = |name: &String| FieldMistake { field: name.clone(), detail: HOSTILE.to_owned() };
    Notice {
        mistakes: inputs.iter().map(|(name, _)| mistake(name)).collect(),
        values: inputs.into_iter().collect(),
    }
}

/// One start tag. A reader of its own, strict: what it cannot read fails the test.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
}

impl Tag {
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map(String::as_str).unwrap_or_default()
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

fn tags(page: &str) -> Vec<Tag> {
    let (head, body) = page.split_once("<style>").unwrap();
    let (style, body) = body.split_once("</style>").unwrap();
    assert_eq!(style, STYLE);
    let mut found = Vec::new();
    for part in [head, body] {
        for rest in part.split('<').skip(1) {
            let (tag, text) = rest.split_once('>').expect("a tag that ends");
            assert!(!text.contains('>'), "an unescaped > in {text:?}");
            if tag.starts_with('/') || tag.starts_with("!doctype") {
                continue;
            }
            let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
            let mut attributes = BTreeMap::new();
            while !rest.is_empty() {
                let end = rest.find(['=', ' ']).unwrap_or(rest.len());
                let (attribute, after) = rest.split_at(end);
                assert!(
                    !attribute.is_empty() && attribute.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{tag}"
                );
                let value = after.strip_prefix("=\"").and_then(|v| v.split_once('"'));
                let (value, after) = value.unwrap_or(("", after));
                assert!(
                    attributes.insert(attribute.to_owned(), unescape(value)).is_none(),
                    "{attribute} twice in {tag}"
                );
                rest = after.trim_start();
            }
            found.push(Tag { name: name.to_owned(), attributes });
        }
    }
    found
}

fn controls(tags: &[Tag]) -> impl Iterator<Item = &Tag> {
    let seen =
        |t: &&Tag| matches!(t.name.as_str(), "input" | "select" | "textarea") && t.get("type") != "hidden";
    tags.iter().filter(seen)
}

/// What must hold on any page.
fn is_sound(page: &str) -> Vec<Tag> {
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(page.ends_with("</html>\n"));
    let tags = tags(page);
    let known = "html head meta title link style body main h1 h2 p form div label span input select option textarea button \
                 script ul li a";
    let mut ids = BTreeSet::new();
    for tag in &tags {
        assert!(known.split_whitespace().any(|k| k == tag.name), "{tag:?}");
        assert!(!tag.attributes.keys().any(|a| a.starts_with("on") || a == "style"), "{tag:?}");
        if let Some(id) = tag.attributes.get("id") {
            assert!(ids.insert(id.clone()), "{id} twice");
        }
        // Nothing from elsewhere, and no script but the snippet beside the form.
        assert!(
            !tag.get("src").contains("//")
                && tag.get("src").ends_with(if tag.name == "script" { "embed.js" } else { "" })
        );
        assert!(tag.name != "a" || tag.get("href").starts_with('#'));
    }
    for tag in &tags {
        let refers = [
            tag.get("for"),
            tag.get("aria-describedby"),
            tag.get("href").strip_prefix('#').unwrap_or_default(),
        ];
        for id in refers.into_iter().filter(|id| !id.is_empty()) {
            assert!(ids.contains(id), "nothing has the id {id}");
        }
    }
    for control in controls(&tags) {
        let labels = tags.iter().filter(|t| t.name == "label" && t.get("for") == control.get("id")).count();
        assert_eq!(labels, 1, "{control:?}");
    }
    tags
}

#[test]
fn every_sample_form_asks_for_all_its_inputs_with_labels() {
    for (id, form) in samples() {
        let tags = is_sound(&form_page(&id, &form, TOKEN, None));
        let names: Vec<_> = controls(&tags).map(|t| t.get("name")).collect();
        let mut expected: Vec<_> = form.fields.iter().map(|f| f.name.as_str()).collect();
        expected.extend(form.consent.iter().map(|c| c.name.as_str()));
        expected.push(&form.spam.honeypot);
        assert_eq!(names, expected);
        let sent = tags.iter().find(|t| t.name == "form").unwrap();
        assert_eq!(sent.get("action"), format!("{id}/submissions"));
        assert_eq!((sent.get("method"), sent.get("data-leadline")), ("post", id.as_str()));
        let token = tags.iter().find(|t| t.get("name") == "_token").unwrap();
        assert_eq!((token.get("type"), token.get("value")), ("hidden", TOKEN));
    }
}

#[test]
fn inputs_carry_their_type_meaning_and_limits() {
    let form = &samples()[&id("demo-request")];
    let tags = is_sound(&form_page(&id("demo-request"), form, TOKEN, None));
    let control = |name: &str| controls(&tags).find(|t| t.get("name") == name).unwrap();
    // name, element, type, autocomplete (the tokens of the HTML standard), maxlength, required
    let expected = [
        ("email", "input", "email", "email", "254", true),
        ("first_name", "input", "text", "given-name", "100", false),
        ("last_name", "input", "text", "family-name", "100", false),
        ("company", "input", "text", "organization", "200", false),
        ("title", "input", "text", "organization-title", "150", false),
        ("phone", "input", "tel", "tel", "50", false),
        ("country", "select", "", "country", "", false),
        ("employees", "input", "text", "", "20", false),
        ("message", "textarea", "", "", "5000", false),
        ("newsletter", "input", "checkbox", "", "", false),
    ];
    for (name, element, typed, meaning, max, required) in expected {
        let c = control(name);
        assert_eq!((c.name.as_str(), c.get("type")), (element, typed), "{name}");
        assert_eq!((c.get("autocomplete"), c.get("maxlength")), (meaning, max), "{name}");
        assert_eq!(c.attributes.contains_key("required"), required, "{name}");
    }
    let germany = tags.iter().filter(|t| t.name == "option" && t.get("value") == "DE").count();
    assert_eq!(germany, 1);
}

#[test]
fn the_honeypot_is_there_and_out_of_the_way() {
    for (id, form) in samples() {
        let values = BTreeMap::from([(form.spam.honeypot.clone(), "filled".to_owned())]);
        let notice = Notice { mistakes: Vec::new(), values };
        let tags = is_sound(&form_page(&id, &form, TOKEN, Some(&notice)));
        let all: Vec<_> = tags.iter().filter(|t| t.get("name") == form.spam.honeypot).collect();
        let [pot] = all[..] else { panic!("{} honeypots", all.len()) };
        assert_eq!(
            (pot.get("tabindex"), pot.get("autocomplete"), pot.get("aria-hidden")),
            ("-1", "off", "true")
        );
        assert!(!pot.attributes.contains_key("value") && !pot.attributes.contains_key("required"));
    }
    let hides = STYLE.lines().find(|l| l.starts_with(".extra")).unwrap();
    assert!(hides.contains("position: absolute") && hides.contains("left: -"), "{hides}");
}

#[test]
fn a_refused_form_comes_back_with_the_mistakes_and_what_was_typed_but_no_consent() {
    let form = &samples()[&id("partner-inquiry")];
    let typed = [
        ("email", "kim@"),
        ("company", "Acme \"R\" & Co"),
        ("partner_type", "agency"),
        ("message", "\nfirst\nsecond"),
        ("consent", "true"),
        ("utm_source", "news"),
        ("_visitor", "vis_1"),
        ("_token", "old"),
        ("_submission_key", "k"),
    ];
    let inputs = typed.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let mistakes = vec![
        FieldMistake { field: "email".to_owned(), detail: "not an e-mail address".to_owned() },
        FieldMistake { field: "consent".to_owned(), detail: "send `true`".to_owned() },
        FieldMistake { field: "elsewhere".to_owned(), detail: "something else".to_owned() },
    ];
    let page = form_page(&id("partner-inquiry"), form, TOKEN, Some(&Notice::of_mistakes(mistakes, inputs)));
    let tags = is_sound(&page);
    let of = |name: &str| tags.iter().filter(|t| t.get("name") == name).collect::<Vec<_>>();
    assert_eq!(of("email")[0].get("value"), "kim@");
    assert_eq!(of("email")[0].get("aria-invalid"), "true");
    assert_eq!(of("company")[0].get("value"), "Acme \"R\" & Co");
    assert!(!of("company")[0].attributes.contains_key("aria-invalid"));
    let chosen: Vec<_> =
        tags.iter().filter(|t| t.attributes.contains_key("selected")).map(|t| t.get("value")).collect();
    assert_eq!(chosen, ["agency"]);
    // One line end belongs to the tag, the second to the text.
    assert!(page.contains(">\n\nfirst\nsecond</textarea>"));
    assert!(
        !tags.iter().any(|t| t.attributes.contains_key("checked")),
        "a consent is never ticked for anybody"
    );
    assert_eq!((of("utm_source")[0].get("value"), of("_visitor")[0].get("value")), ("news", "vis_1"));
    assert_eq!(
        (of("_token").len(), of("_token")[0].get("value"), of("_submission_key").len()),
        (1, TOKEN, 0)
    );
    let links: Vec<_> = tags.iter().filter(|t| t.name == "a").map(|t| t.get("href")).collect();
    assert_eq!(links, [format!("#{}", of("email")[0].get("id")), format!("#{}", of("consent")[0].get("id"))]);
    assert!(page.contains("Work e-mail: Not an e-mail address") && page.contains("<li>Something else</li>"));
    assert!(page.contains("Please tick this box: Acme may store") && !page.contains("send `true`"));
    // The page answers at /forms/{id}/submissions.
    assert_eq!(tags.iter().find(|t| t.name == "form").unwrap().get("action"), "submissions");
    assert_eq!(tags.iter().find(|t| t.name == "script").unwrap().get("src"), "embed.js");
}

#[test]
fn a_problem_of_no_input_is_told_above_the_form() {
    let (id, form) = samples().pop_first().unwrap();
    let detail = "too many at once; please wait a minute".to_owned();
    let notice = Notice {
        mistakes: vec![FieldMistake { field: String::new(), detail }],
        values: BTreeMap::from([("email".to_owned(), "a@b.example".to_owned())]),
    };
    let page = form_page(&id, &form, TOKEN, Some(&notice));
    let tags = is_sound(&page);
    assert!(page.contains("<h2>This could not be sent</h2>"));
    assert!(page.contains("<li>Too many at once; please wait a minute</li>"));
    assert_eq!(controls(&tags).next().unwrap().get("value"), "a@b.example");
    assert!(!tags.iter().any(|t| t.name == "a" || t.attributes.contains_key("aria-invalid")));
    assert!(!format!("{notice:?}").contains("a@b"));
}

#[test]
fn hostile_definitions_and_values_stay_text() {
    let form = hostile();
    let notice = hostile_notice(&form);
    let plain = is_sound(&form_page(&id("x"), &form, HOSTILE, None));
    let again = is_sound(&form_page(&id("x"), &form, HOSTILE, Some(&notice)));
    for tags in [&plain, &again] {
        assert_eq!(tags.iter().filter(|t| t.name == "script").count(), 1);
        assert!(
            tags.iter().any(|t| t.get("name") == format!("number{HOSTILE}")),
            "the value is whole, not cut"
        );
    }
    assert!(again.iter().any(|t| t.name == "input" && t.get("type") == "text" && t.get("value") == HOSTILE));
    for page in [thanks_page(&form), problem_page(HOSTILE, HOSTILE), not_found_page()] {
        assert!(!is_sound(&page).iter().any(|t| t.name == "script"));
    }
}

#[test]
fn pages_that_pass_are_not_for_search_engines() {
    let (id, form) = samples().pop_first().unwrap();
    let noindex = |page: &str| {
        is_sound(page).iter().any(|t| t.get("name") == "robots" && t.get("content") == "noindex")
    };
    assert!(noindex(&thanks_page(&form)) && noindex(&not_found_page()) && noindex(&problem_page("a", "b")));
    assert!(!noindex(&form_page(&id, &form, TOKEN, None)));
    assert!(thanks_page(&form).contains(&form.thanks.message));
}

#[test]
fn the_policy_allows_the_style_sheet_and_the_way_to_the_thank_you_page() {
    let digest = leadline_core::seal::sha256_hex(STYLE.as_bytes());
    let bits: String = digest.chars().map(|c| format!("{:04b}", c.to_digit(16).unwrap())).collect();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    // 256 bits are 42 sextets and four bits, which base64 pads to 44 characters.
    let sextet =
        |at: usize| usize::from_str_radix(&format!("{:0<6}", &bits[at..bits.len().min(at + 6)]), 2).unwrap();
    let base64: String = (0..256).step_by(6).map(|at| alphabet[sextet(at)]).chain(['=']).collect();
    assert!(CSP.contains(&format!("style-src 'sha256-{base64}'")), "the sheet is now sha256-{base64}");

    let mut form = samples().pop_first().unwrap().1;
    form.thanks.url = None;
    assert_eq!(csp(&form), CSP);
    form.thanks.url = Some("https://www.acme.example/thanks".to_owned());
    assert!(csp(&form).ends_with("; form-action 'self' https:"));
    form.thanks.url = Some("javascript:alert(1)".to_owned());
    assert_eq!(csp(&form), CSP);
    assert!(!CSP.contains("unsafe"));
}

#[test]
fn the_snippet_is_small_and_carries_its_settings_as_data() {
    for (id, form) in samples() {
        let script = embed_js(&id, &form, TOKEN);
        assert!(script.len() < 8_192, "{} bytes", script.len());
        assert!(script.is_ascii() && script.contains("'use strict'"));
        let settings = serde_json::json!({"form": id.as_str(), "token": TOKEN,
            "thanks": {"message": form.thanks.message, "url": form.thanks.url}});
        let (_, literal) = script.trim_end().rsplit_once("})(").unwrap();
        let read: serde_json::Value = serde_json::from_str(literal.strip_suffix(");").unwrap()).unwrap();
        assert_eq!(read, settings);
        for word in ["eval(", "innerHTML", "document.write", "Function(", "http://", "LEADLINE_SETTINGS"] {
            assert!(!script.contains(word), "{word}");
        }
    }
    let script = embed_js(&id("x"), &hostile(), "'LEADLINE_SETTINGS'</script>");
    assert!(!script.contains("</script") && !script.contains("<img"), "nothing can end the script");
}

/// Relative luminance and contrast as WCAG 2.2 defines them.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |hex: &str| {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_have_the_contrast_of_wcag_aa_by_day_and_night() {
    assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 1e-9);
    let themes: Vec<BTreeMap<&str, &str>> = STYLE
        .split(":root {")
        .skip(1)
        .map(|block| {
            let declarations = block.split('}').next().unwrap().split(';');
            declarations.filter_map(|d| d.trim().strip_prefix("--")?.split_once(": ")).collect()
        })
        .collect();
    assert_eq!(themes.len(), 2);
    for colour in themes {
        // Text 4.5; the edges of inputs and the focus ring 3.
        let pairs = [
            ("text", "card", 4.5),
            ("muted", "card", 4.5),
            ("on-accent", "accent", 4.5),
            ("bad", "card", 4.5),
            ("bad", "bad-page", 4.5),
            ("text", "bad-page", 4.5),
            ("good", "good-page", 4.5),
            ("edge", "card", 3.0),
            ("accent", "card", 3.0),
        ];
        for (front, back, least) in pairs {
            let found = contrast(colour[front], colour[back]);
            assert!(found >= least, "{front} on {back}: {found:.2}");
        }
    }
}
