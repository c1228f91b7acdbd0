//! Playbooks that reach for what they must not: refused before anything of them is in force.

use leadline_tests::calm::{Calm, PLAYBOOK, json, request};
use serde_json::Value;

use super::scene::{problem, with};

fn reaching(webhook: &str, provider: &str, secret: &str) -> String {
    format!(
        "{PLAYBOOK}  channels:\n    crm: {{webhook: {{url: {webhook:?}, secret: {secret:?}}}}}\nenrichment:\n  \
         providers:\n    - {{provider: firmo, url: {provider:?}, fields: {{company.industry: /x}}}}\n"
    )
}

fn put(calm: &Calm, method: &str, path: &str, playbook: &str) -> leadline_runtime::http::Response {
    let mut put = request(method, path);
    put.body = playbook.as_bytes().to_vec();
    calm.send(with(put, "authorization", &format!("Bearer {}", calm.api_key)))
}

fn paths(document: &Value) -> Vec<&str> {
    document["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect()
}

const GOOD: &str = "https://crm.example/hook";
const SECRET: &str = "leadline/crm";

#[test]
fn an_address_off_the_open_internet_is_refused_at_publishing_however_it_is_written() {
    let calm = Calm::default();
    let rows = calm.rows();
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "127.0.0.1",
        "127.0.0.1.",
        "127.0.0.1..",
        "127.1",
        "0",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "169.254.100.1:9001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "api.localhost",
        "metadata.google.internal",
        "printer.local",
        "intranet",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
        "user:pw@crm.example",
        "crm.example@10.0.0.1",
        "crm.example:22",
        "crm.example:80",
    ] {
        let address = format!("https://{host}/x");
        for (webhook, provider, place) in [
            (address.as_str(), GOOD, "notifications.channels.crm.webhook.url"),
            (GOOD, address.as_str(), "enrichment.providers[0].url"),
        ] {
            let playbook = reaching(webhook, provider, SECRET);
            for (method, path) in [("PUT", "/playbook"), ("POST", "/playbook/validate")] {
                let document = problem(&put(&calm, method, path, &playbook), 422, "invalid-playbook");
                assert_eq!(paths(&document), [place], "{host}");
            }
        }
    }
    for scheme in ["http", "file", "gopher", "ftp", "ws", "javascript"] {
        let address = format!("{scheme}://crm.example/x");
        let document = problem(
            &put(&calm, "PUT", "/playbook", &reaching(&address, GOOD, SECRET)),
            422,
            "invalid-playbook",
        );
        assert_eq!(paths(&document), ["notifications.channels.crm.webhook.url"], "{scheme}");
    }
    assert_eq!(calm.rows(), rows, "something was stored");
}

#[test]
fn a_secret_of_somebody_else_is_refused_at_publishing() {
    let calm = Calm::default();
    let rows = calm.rows();
    for secret in [
        "crm",
        "leadline/",
        "Leadline/crm",
        "/leadline/crm",
        "arn:aws:secretsmanager:eu-west-1:1:secret:leadline/x",
    ] {
        let document =
            problem(&put(&calm, "PUT", "/playbook", &reaching(GOOD, GOOD, secret)), 422, "invalid-playbook");
        assert_eq!(paths(&document), ["notifications.channels.crm.webhook.secret"], "{secret}");
    }
    assert_eq!(calm.rows(), rows, "something was stored");
    let published = put(&calm, "PUT", "/playbook", &reaching(GOOD, "https://firmo.example/{domain}", SECRET));
    assert_eq!(published.status, 200, "{}", published.body);
    assert_eq!(json(&published)["version"], 2);
}
