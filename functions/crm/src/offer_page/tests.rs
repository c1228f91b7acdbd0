use super::*;

const STATES: [OfferState; 6] = [
    OfferState::Open,
    OfferState::Accepted,
    OfferState::Rejected,
    OfferState::MovedOn,
    OfferState::Expired,
    OfferState::Invalid,
];

fn view(state: OfferState) -> OfferView {
    OfferView {
        state,
        token: "ld_ab~3~anna.1795350000.c2lnbmF0dXJl-_".to_owned(),
        who: "Zoë O'Neill <zoe@x.example>".to_owned(),
        company: Some("Müller & Söhne \"GmbH\"".to_owned()),
        grade: Some("A1".to_owned()),
        accept_by: Some("2026-11-23T14:30:00Z".parse().unwrap()),
        reasons: vec!["not-mine".to_owned(), "no-capacity".to_owned()],
    }
}

#[test]
fn an_open_offer_shows_the_lead_and_two_ways_to_answer() {
    let page = page(&view(OfferState::Open));
    assert!(page.contains("Zoë O&#39;Neill &lt;zoe@x.example&gt;"));
    assert!(page.contains("Müller &amp; Söhne &quot;GmbH&quot;"));
    assert!(page.contains("<dt>Grade</dt><dd>A1</dd>"));
    assert!(page.contains("<time datetime=\"2026-11-23T14:30:00Z\">Mon 23 Nov 2026, 14:30 UTC</time>"));
    let address = "method=\"post\" action=\"ld_ab~3~anna.1795350000.c2lnbmF0dXJl-_\"";
    assert_eq!(page.matches(address).count(), 2);
    assert_eq!(page.matches("<form ").count(), 2);
    assert!(
        page.contains("name=\"action\" value=\"accept\"")
            && page.contains("name=\"action\" value=\"reject\"")
    );
    assert!(page.contains("<option value=\"not-mine\">Not mine</option>"));
    assert!(page.contains("<option value=\"no-capacity\">No capacity</option>"));
    assert!(
        page.contains("<label for=\"reason\">")
            && page.contains("<select id=\"reason\" name=\"reason\" required>")
    );
}

#[test]
fn only_an_open_offer_can_be_answered() {
    for state in STATES.into_iter().filter(|s| *s != OfferState::Open) {
        let page = page(&view(state));
        assert!(
            !page.contains("<form") && !page.contains("<button") && !page.contains("c2lnbmF0dXJl"),
            "{state:?}"
        );
    }
    let accepted = page(&view(OfferState::Accepted));
    assert!(accepted.contains("O&#39;Neill") && !accepted.contains("Answer by"));
}

#[test]
fn a_link_that_is_no_longer_good_shows_nothing_of_the_lead() {
    for state in [OfferState::Rejected, OfferState::MovedOn, OfferState::Expired, OfferState::Invalid] {
        let shown = page(&view(state));
        assert_eq!(shown, page(&OfferView::bare(state)), "{state:?}");
        for secret in ["Neill", "Müller", "A1", "14:30", "Not mine"] {
            assert!(!shown.contains(secret), "{state:?} shows {secret}");
        }
    }
    assert_eq!(format!("{:?}", view(OfferState::Open)), "OfferView(Open)");
}

#[test]
fn every_state_has_its_own_words_and_keeps_the_address_secret() {
    let mut titles: Vec<_> = STATES
        .into_iter()
        .map(|state| {
            let page = page(&view(state));
            assert!(page.contains("<meta name=\"referrer\" content=\"no-referrer\">"));
            assert!(page.contains("<meta name=\"robots\" content=\"noindex, nofollow\">"));
            assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http"));
            let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
            title.map(|(title, _)| title.to_owned()).unwrap()
        })
        .collect();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), STATES.len());
}

#[test]
fn hostile_values_stay_text() {
    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&";
    let mut hostile = view(OfferState::Open);
    hostile.token = format!("javascript:alert(1)//../{HOSTILE}");
    hostile.who = HOSTILE.to_owned();
    hostile.company = Some(HOSTILE.to_owned());
    hostile.grade = Some(HOSTILE.to_owned());
    hostile.reasons = vec![HOSTILE.to_owned()];
    let shown = page(&hostile);
    assert!(!shown.contains("<script") && !shown.contains("<img"));
    let actions: Vec<_> =
        shown.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for action in actions.into_iter().filter(|a| a.contains("alert")) {
        assert!(action.starts_with("javascript%3Aalert%281%29%2F%2F..%2F%22%27%3E%3Cscript%3E"), "{action}");
    }
    // The same tags as with harmless values, in the same order.
    let outline = |page: &str| {
        page.split('<').map(|t| t.split([' ', '>']).next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut harmless = view(OfferState::Open);
    harmless.reasons.truncate(1);
    assert_eq!(outline(&shown), outline(&page(&harmless)));
}

#[test]
fn without_reasons_there_is_only_accept() {
    let mut view = view(OfferState::Open);
    view.reasons.clear();
    let page = page(&view);
    assert_eq!(page.matches("<form ").count(), 1);
    assert!(page.contains("value=\"accept\"") && !page.contains("value=\"reject\""));
}

#[test]
fn the_policy_allows_the_style_sheet_and_nothing_foreign() {
    let digest = leadline_core::seal::sha256_hex(STYLE.as_bytes());
    let bits: String = digest.chars().map(|c| format!("{:04b}", c.to_digit(16).unwrap())).collect();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    // 256 bits are 42 sextets and four bits, which base64 pads to 44 characters.
    let sextet =
        |at: usize| usize::from_str_radix(&format!("{:0<6}", &bits[at..bits.len().min(at + 6)]), 2).unwrap();
    let base64: String = (0..256).step_by(6).map(|at| alphabet[sextet(at)]).chain(['=']).collect();
    assert!(CSP.contains(&format!("style-src 'sha256-{base64}'")), "the sheet is now sha256-{base64}");
    assert!(
        CSP.contains("default-src 'none'")
            && CSP.contains("frame-ancestors 'none'")
            && !CSP.contains("unsafe")
    );
}
