//! What comes before and after the turn: read, and broken one at a time.

use super::*;

/// The small playbook with more under `routing` and `accounts`.
fn with(routing: &str, accounts: &str) -> Result<Playbook, Vec<Mistake>> {
    let routing = format!("accounts: {accounts}\nrouting: {{{routing}, routes: [], otherwise: desk}}");
    Playbook::read(&super::with(&[("routing:\n  routes: []\n  otherwise: desk", &routing)]))
}

#[test]
fn old_playbooks_have_no_relations_and_new_ones_keep_theirs() {
    let old = Playbook::read(SMALL).unwrap();
    assert!(old.doc().routing.relationships.is_empty() && old.doc().accounts.is_empty());
    let written = serde_json::to_string(old.doc()).unwrap();
    assert!(
        !written.contains("relationships") && !written.contains("accounts") && !written.contains("fallback")
    );
    let new = with(
        "suppressions: [{suppress: held, reason: has an open case, when: {field: account.list, is: customers}}],
         relationships: {open_lead: true, together: PT30M, account_owner: true, last_owner_days: 90},
         fallback: {rep: anna, after: PT4H}",
        "{domain_alone: true, named: {siemens.com: {name: Siemens AG, owner: anna, list: customers, also: [siemens.de]}}}",
    )
    .unwrap();
    let again = Playbook::read(&serde_json::to_string(new.doc()).unwrap()).unwrap();
    assert_eq!(again.doc(), new.doc());
}

#[test]
fn each_mistake_is_told_with_its_place_and_a_fix() {
    let owned = "{named: {siemens.com: {owner: anna}}}";
    let on = "relationships: {account_owner: true}";
    for (routing, accounts, path, fix) in [
        ("fallback: {rep: nobody}", "{}", "routing.fallback.rep", "no rep"),
        ("fallback: {rep: anna, after: P1M}", "{}", "routing.fallback.after", "write days"),
        ("relationships: {together: soon}", "{}", "routing.relationships.together", "PT30M"),
        ("relationships: {last_owner_days: 0}", "{}", "routing.relationships.last_owner_days", "1 to 3650"),
        (on, "{}", "routing.relationships.account_owner", "no account has an owner"),
        ("relationships: {}", owned, "accounts.named", "account_owner: true"),
        (on, "{named: {siemens.com: {owner: nobody}}}", "accounts.named.siemens.com.owner", "no rep"),
        (on, "{named: {gmail.com: {owner: anna}}}", "accounts.named.gmail.com", "mail provider"),
        (on, "{named: {www.siemens.com: {owner: anna}}}", "accounts.named.www.siemens.com", "siemens.com"),
        (on, "{named: {co.uk: {owner: anna}}}", "accounts.named.co.uk", "name one of them"),
        (
            on,
            "{named: {a.example: {owner: anna, also: [b.example]}, b.example: {owner: anna}}}",
            "accounts.named.a.example.also[0]",
            "belongs to the account b.example",
        ),
        (
            "relationships: {}",
            "{named: {siemens.com: {name: Siemens}}}",
            "accounts.named.siemens.com",
            "owner or a list",
        ),
        (
            "suppressions: [{suppress: a, reason: ' ', when: {all: []}}]",
            "{}",
            "routing.suppressions[0].reason",
            "say in a few words",
        ),
        (
            "suppressions: [{suppress: a, reason: b, when: {all: []}}, {suppress: a, reason: b, when: {all: []}}]",
            "{}",
            "routing.suppressions[1]",
            "used twice",
        ),
    ] {
        let mistakes = with(routing, accounts).unwrap_err();
        let told = mistakes.iter().any(|m| m.path == path && m.detail.contains(fix));
        assert!(told, "{routing} {accounts}: {mistakes:?}");
    }
    // Accounts are looked up when a lead is routed, not when it is scored.
    let veto = "vetoes: [{veto: v, reason: r, when: {field: account, known: true}}]\nreps:";
    let mistakes = Playbook::read(&super::with(&[("reps:", veto)])).unwrap_err();
    assert!(mistakes[0].path == "vetoes[0].when" && mistakes[0].detail.contains("routes"), "{mistakes:?}");
}

#[test]
fn a_list_of_thousands_fits_and_is_read() {
    let named: Vec<String> = (0..20_000).map(|n| format!("company-{n}.example: {{owner: anna}}")).collect();
    let accounts = format!("{{named: {{{}}}}}", named.join(", "));
    assert!(accounts.len() < MAX_BYTES / 2);
    let playbook = with("relationships: {account_owner: true}", &accounts).unwrap();
    assert_eq!(playbook.doc().accounts.named.len(), 20_000);
}
