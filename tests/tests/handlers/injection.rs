//! Text that wants to be more than text: in mail, chat, pages and logs it stays what it is.

use std::collections::BTreeSet;

use leadline_core::contact::{count_links, has_link};
use leadline_runtime::http::Request;
use leadline_tests::calm::{Calm, PLAYBOOK, PUBLIC_URL, logged, request, submission};
use naughty_strings::BLNS;
use serde_json::{Value, json};

use super::scene::{browser_post, problem, wants_demo, with};

/// What the big list lacks: line ends of every kind, encoded words, and the languages of chats.
const OURS: [&str; 22] = [
    "Ada\r\nBcc: all@evil.example",
    "Ada\nBcc: all@evil.example",
    "Ada\rBcc: all@evil.example",
    "Ada\u{85}Bcc: all@evil.example",
    "Ada\u{2028}Bcc: all@evil.example",
    "Ada\u{2029}Bcc: all@evil.example",
    "Ada\u{b}\u{c}\u{1c}Bcc: all@evil.example",
    "Ada\r\n\r\nAccept or reject: here",
    "=?utf-8?q?=0d=0aBcc:=20all=40evil.example?=",
    "=?UTF-8?B?DQpCY2M6IGFsbEBldmlsLmV4YW1wbGU=?=",
    "a==?=?utf-8?q?x?=",
    "<!channel> <!here|x> <!everyone>",
    "<@U012ABCDEF> <#C012ABCDEF> <!subteam^S012>",
    "<mailto:a@evil.example|co>",
    "&lt;!channel&gt; &amp;lt;",
    "@here @channel @everyone",
    "[co](javascript:alert(1)) ![x](y)",
    "*bold* _it_ ~s~ `c` ```d``` > e",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)' autofocus='",
    "</textarea></select></style></title><script>alert(1)</script>",
    "{\"level\":\"ERROR\"}\n{\"level\":\"fake\"}\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m",
];

/// Every string that a name may be without looking like spam.
fn strings() -> impl Iterator<Item = &'static str> {
    let fits =
        |s: &&str| !s.trim().is_empty() && s.chars().count() <= 200 && !has_link(s) && count_links(s) == 0;
    BLNS.iter().copied().chain(OURS).filter(fits)
}

/// A world in which the rep's chat hears of offers.
fn chatting() -> Calm {
    let calm = Calm::new(&format!(
        "{PLAYBOOK}  channels:\n    chat: {{slack: {{url_secret: chat-url}}}}\n  offers: [chat]\n"
    ));
    calm.set_secret("chat-url", "https://chat.example/T0/B0/x");
    calm
}

fn named(n: usize, name: &str) -> Value {
    let mut answers = wants_demo(&format!("p{n}@firm.example"));
    for input in ["first_name", "last_name", "company", "title"] {
        answers[input] = json!(name);
    }
    answers
}

/// The marks of which HTML is made, as often as each stands in a page.
fn marks(page: &str) -> Vec<usize> {
    ['<', '>', '"', '\''].map(|mark| page.matches(mark).count()).to_vec()
}

#[test]
fn no_name_adds_a_line_a_header_or_a_mention() {
    let calm = chatting();
    calm.submitted("demo", &named(0, "Ada"));
    calm.run_queues();
    let lines =
        |body: &str| body.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']).count();
    let usual: Vec<usize> = calm.record().mails.iter().map(|(_, m)| lines(&m.body)).collect();
    let mut offers = 0;
    for (n, string) in strings().enumerate() {
        let calm = chatting();
        calm.submitted("demo", &named(n, string));
        calm.run_queues();
        let record = calm.record();
        for ((_, mail), usual) in record.mails.iter().zip(&usual) {
            assert!(mail.subject.chars().count() <= 230, "{:?}", mail.subject);
            assert!(
                !mail.subject.chars().any(|c| c.is_control() || "\u{2028}\u{2029}".contains(c)),
                "{string:?}"
            );
            // A subject that is all ASCII goes out as it is, and programs would decode this.
            assert!(!mail.subject.contains("=?"), "{:?}", mail.subject);
            assert_eq!(lines(&mail.body), *usual, "{string:?} in {:?}", mail.body);
            assert!(["leads@calm.example"].contains(&mail.from.as_str()));
            assert!(
                mail.to.ends_with("@calm.example") || mail.to == format!("p{n}@firm.example"),
                "{}",
                mail.to
            );
        }
        for (_, request) in &record.requests {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            // Nothing beside the text, such as an order to look for names in it.
            assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["text"]);
            let text = body["text"].as_str().unwrap();
            assert!(!text.contains(['<', '>']), "{text}");
            let bare = ["&amp;", "&lt;", "&gt;"].iter().fold(text.to_owned(), |t, e| t.replace(e, ""));
            assert!(!bare.contains('&'), "{text}");
            offers += 1;
        }
    }
    assert!(offers > 300, "only {offers} were offered");
}

#[test]
fn no_name_adds_markup_to_a_page() {
    let calm = Calm::default();
    let form = |name: &str| -> Request {
        let pairs =
            [("email", "no"), ("first_name", name), ("message", name), ("unasked", name), ("wish", name)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        browser_post("demo", &body)
    };
    let offer = |n: usize, name: &str| {
        let calm = Calm::default();
        calm.submitted("demo", &named(n, name));
        calm.run_queues();
        let mails = calm.record().mails;
        let body = &mails.iter().find(|(_, m)| m.subject.starts_with("New lead")).unwrap().1.body;
        let (_, rest) = body.split_once(PUBLIC_URL).unwrap();
        let page = calm.send(request("GET", rest.split_whitespace().next().unwrap()));
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    };
    let (usual_form, usual_offer) = (marks(&calm.send(form("Ada")).body), marks(&offer(0, "Ada")));
    for (n, string) in strings().enumerate() {
        let page = calm.send(form(string));
        assert_eq!(page.status, 422);
        assert_eq!(marks(&page.body), usual_form, "{string:?} in the form");
        if n % 4 == 0 || n > 480 {
            assert_eq!(marks(&offer(n, string)), usual_offer, "{string:?} in the offer's page");
        }
    }
    // What stands in the address of a page does not get into it.
    for path in ["/forms/<script>alert(1)<", "/offers/<script>alert(1)<"] {
        let page = calm.send(with(request("GET", path), "accept", "text/html"));
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
    }
}

#[test]
fn every_line_of_the_log_is_one_object_whatever_was_typed() {
    let life = |name: &str| {
        let calm = chatting();
        calm.receivers(|receivers| {
            receivers.http = Box::new(|_| Err(leadline_runtime::ports::HttpError::TimedOut));
            receivers.mail = Box::new(|_| Err(leadline_runtime::ports::MailError::Refused));
        });
        let ((), log) = logged(|| {
            let mut answers = named(1, name);
            for input in ["utm_source", "utm_campaign", "referrer", "unasked"] {
                answers[input] = json!(name);
            }
            calm.submitted("demo", &answers);
            calm.run_queues();
            let mut odd = submission("demo", &answers);
            odd.path[1] = name.to_owned();
            odd.source_ip = name.to_owned();
            calm.send(odd);
            let mut post = request("POST", "/forms/demo/submissions");
            post.body = name.as_bytes().to_vec();
            calm.send(with(post, "content-type", name));
            calm.crm("POST", "/leads/x/accept", &json!({ "rep_id": name }), &calm.api_key);
            let mut get = request("GET", "/leads");
            get.query.insert("email".to_owned(), name.to_owned());
            get.path.push(name.to_owned());
            problem(&calm.send(with(get, "user-agent", name)), 401, "no-valid-key");
        });
        log
    };
    let usual = life("Ada").lines().count();
    assert!(usual > 5);
    for name in OURS {
        let log = life(name);
        // What looks like spam is put aside, and there is less to tell.
        assert!(log.lines().count() == usual || has_link(name), "{log}");
        for line in log.lines() {
            let object: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(object.is_object() && !line.contains('\u{1b}'), "{line}");
            let levels: BTreeSet<&str> = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].into();
            assert!(levels.contains(object["level"].as_str().unwrap()), "{line}");
        }
    }
}
