//! Text that people and machines really send: it arrives to the byte, whatever a queue or a header thinks of it.

use reqwest::Method;
use serde_json::json;

use super::call::send;
use super::deployment::{Deployment, token};
use super::lead::{email, strong};

/// Noncharacters that DynamoDB takes and SQS refuses, controls, bidirectional overrides, joined emoji, combining
/// marks, every plane.
const NAUGHTY: &str = "\u{FFFE}\u{FFFF}\u{1}\u{8}\u{B}\u{1F}\u{7F}\u{85}\u{2028} \u{202E}abc\u{202C} 👩‍👩‍👧‍👦🏳️‍🌈 Z̸̧̛a̶l̶g̷o̷ \u{10FFFF}\u{10000} \u{FEFF}x \u{0}y \
    <script>alert('1')</script> ' OR 1=1;-- ${jndi:ldap://x} {{7*7}} \\u0041 %00 &amp; \"quoted\" \ttab é é 東京 İstanbul ß";

#[tokio::test]
async fn text_arrives_to_the_byte_and_its_lead_arrives_too() {
    let deployment = Deployment::together().await;
    let token = token();
    let mut answers = strong(&token);
    answers["message"] = json!(NAUGHTY);
    answers["company"] = json!("Höhe & \u{FFFE}Söhne 株式会社 🚀");
    answers["first_name"] = json!("Zoë\u{FFFF}");
    answers["unasked"] = json!(NAUGHTY);
    answers["utm_campaign"] = json!("früh\u{FFFE}ling");
    let submission = deployment.taken("demo-request", &answers).await;
    let lead_id = deployment.lead_of(&submission).await;
    deployment.told(&lead_id, "offer.1").await;
    let lead = deployment.lead(&lead_id).await;
    let touch = &lead["touches"][0];
    for name in ["message", "company", "first_name", "unasked"] {
        assert_eq!(touch["answers"][name], answers[name], "{name}");
    }
    assert_eq!(touch["tracking"]["utm_campaign"], answers["utm_campaign"]);
    let mails = deployment.mails_about(&lead_id).await;
    assert_eq!(mails.len(), 1, "the rep is told all the same");
    assert!(!mails[0].subject.contains('\n'), "{mails:?}");
}

#[tokio::test]
async fn three_encodings_say_the_same() {
    let deployment = Deployment::together().await;
    let token = token();
    let text = "Grüße & 100% = ½ 🚀+1";
    let mut answers = strong(&token);
    answers["message"] = json!(text);
    let first = deployment.taken("demo-request", &answers).await;
    // The same answers in another encoding are the same submission.
    let pairs = || answers.as_object().unwrap().iter().map(|(n, v)| (n.as_str(), v.as_str().unwrap()));
    let escaped = |value: &str| -> String { value.bytes().map(|b| format!("%{b:02X}")).collect() };
    let urlencoded = pairs().map(|(n, v)| format!("{n}={}", escaped(v))).collect::<Vec<_>>().join("&");
    let multipart: String = pairs()
        .map(|(n, v)| format!("--edge\r\ncontent-disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n"))
        .chain(["--edge--\r\n".to_owned()])
        .collect();
    for (kind, body) in
        [("application/x-www-form-urlencoded", urlencoded), ("multipart/form-data; boundary=edge", multipart)]
    {
        let reply = send(deployment.form("demo-request").header("content-type", kind).body(body)).await;
        assert_eq!(
            (reply.status, reply.json()["submission_id"].as_str()),
            (202, Some(first.as_str())),
            "{kind}: {reply:?}"
        );
    }
    assert_eq!(deployment.submission(&first).await["repeats"], 2);
    let lead_id = deployment.lead_of(&first).await;
    assert_eq!(deployment.lead(&lead_id).await["touches"][0]["answers"]["message"], text);
}

#[tokio::test]
async fn a_browser_gets_pages() {
    let deployment = Deployment::together().await;
    let page = send(deployment.request(Method::GET, "/forms/demo-request")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(
        page.text.contains("See Acme Analytics at work")
            && !page.header("content-security-policy").is_empty()
    );
    let script = send(deployment.request(Method::GET, "/forms/demo-request/embed.js")).await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    let token = token();
    let post = deployment.form("demo-request").header("accept", "text/html,*/*;q=0.8");
    let post = post.header("content-type", "application/x-www-form-urlencoded");
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = post.body(format!("email={}", email(&token))).build().unwrap();
    let answer = client.execute(request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(answer.headers()["location"], "../demo-request?sent=1");
    assert_eq!(deployment.by_email(&email(&token)).await.len(), 1);
    let thanks = send(deployment.request(Method::GET, "/forms/demo-request?sent=1")).await;
    assert!(thanks.status == 200 && thanks.text.contains("Thank you."), "{thanks:?}");
}
