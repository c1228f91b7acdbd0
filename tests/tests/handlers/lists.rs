//! Lists of leads.

use leadline_tests::calm::Calm;
use serde_json::{Value, json};

use super::scene::{accepted, answer, id};

#[test]
fn a_list_by_owner_shows_what_the_owner_has_won() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    let lead = answer(&calm, &lead, "win", &json!({}));
    let rep = lead["owner"]["rep_id"].as_str().unwrap();
    let list = |query: &str| {
        let (status, page) = calm.ask("GET", &format!("/leads?{query}"), &Value::Null);
        assert_eq!(status, 200, "{page}");
        page["leads"].as_array().unwrap().iter().map(|l| id(l).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&format!("owner={rep}&stage=won")), [id(&lead)]);
    let none: [&str; 0] = [];
    assert_eq!(list("owner=dot&stage=won"), none);
    assert_eq!(list(&format!("owner={rep}&stage=lost")), none);
    // What is won is nobody's work any more.
    assert_eq!(list(&format!("owner={rep}")), none);
}
