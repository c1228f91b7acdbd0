//! The same for what comes before and after the turn: suppressions, named accounts, the fallback.

use super::kinds::{none, one, routes};
use super::*;

const ROUTING: &str = "routing:\n";

fn accounts(named: &str) -> String {
    format!("accounts:\n  named: {{{named}}}\nrouting:\n")
}

#[test]
fn accounts_and_lists_that_there_are_not() {
    let accounts = accounts("bosch.com: {list: strategic, also: [bosch.de]}, siemens.com: {list: large}");
    let rest = "    - {route: large, pool: field, when: {field: account.list, is: LARGE}}\n";
    let with = |route: &str| format!("    - {{route: key, pool: desk, when: {{{route}}}}}\n{rest}");
    let named = (ROUTING, accounts.as_str());
    let typo = with("field: account.list, is: stratgic");
    let [typo] = routes(&typo);
    let place = "routing.routes[0].when";
    one(&[named, typo], Code::UnknownAccount, place, "list \"stratgic\"", "use one of large and strategic");
    one(&[named, typo], Code::NeverHolds, place, "takes nothing", "use one of large and strategic");
    let half = with("field: account.list, in: [stratgic, strategic]");
    let [half] = routes(&half);
    one(&[named, half], Code::UnknownAccount, place, "list \"stratgic\"", "give accounts this list");
    none(&[named, half], Code::NeverHolds);
    let other = with("field: account, in: [bosch.de]");
    let [other] = routes(&other);
    one(&[named, other], Code::UnknownAccount, place, "\"bosch.de\"", "write bosch.com, under which");
    let good = with("field: account, is: bosch.com");
    let [good] = routes(&good);
    none(&[named, good], Code::UnknownAccount);
    // Without any account there is no list to choose from.
    one(&[half], Code::UnknownAccount, place, "\"stratgic\" and \"strategic\"", "give accounts under");
}

#[test]
fn lists_and_owners_of_which_nothing_follows() {
    let named = accounts("bosch.com: {list: strategic}, siemens.com: {list: strategic, owner: dan}");
    let named = (ROUTING, named.as_str());
    let owned = ("  otherwise: desk", "  otherwise: desk\n  relationships: {account_owner: true}");
    one(
        &[named, owned],
        Code::UnusedList,
        "accounts.named",
        "from bosch.com being on it",
        "field: account.list",
    );
    let asked = |when: &str| {
        ("    - {route: all,", format!("    - {{route: key, pool: desk, when: {when}}}\n    - {{route: all,"))
    };
    for when in ["{field: account.list, is: strategic}", "{field: account, known: true}"] {
        let (from, to) = asked(when);
        none(&[named, owned, (from, &to)], Code::UnusedList);
    }
    let idle = [named, owned, ("name: Dan, ", "name: Dan, active: false, ")];
    one(&idle, Code::OwnerInactive, "accounts.named", "dan, who owns siemens.com", "somebody who is active");
    none(&[named, owned], Code::OwnerInactive);
    // Who owns accounts gets leads without being in a pool.
    none(
        &[named, owned, ("members: [dan]", "members: [carla]"), ("[anna, bruno, carla]", "[anna, bruno]")],
        Code::RepInNoPool,
    );
}

#[test]
fn suppressions() {
    let with = |list: &str| format!("routing:\n  suppressions: [{list}]\n");
    let free = "{suppress: free, reason: private, when: {field: email.free, is: true}}";
    let change = with("{suppress: x, reason: asked for peace, when: {not: {field: email.free, is: maybe}}}");
    let place = "routing.suppressions[0].when";
    one(&[(ROUTING, &change)], Code::StopsEverybody, place, "kept from sales: asked for peace", "narrow");
    let change = with("{suppress: x, reason: y, when: {field: country, is: UK}}");
    one(&[(ROUTING, &change)], Code::NeverHolds, place, "holds nobody back", "write GB");
    let change = with(&format!("{free}, {}", free.replace("free, reason", "again, reason")));
    one(&[(ROUTING, &change)], Code::Redundant, "routing.suppressions[1]", "free before it", "delete again");
}

#[test]
fn recycled_leads() {
    let strong = |when: &str| format!("recycling: {{strong_interest: {when}}}\nrouting:\n");
    let place = "recycling.strong_interest";
    let change = strong("{field: form, is: trial}");
    one(&[(ROUTING, &change)], Code::UnknownForm, place, "no enabled form \"trial\"", "use one of demo");
    let change = strong("{field: country, is: UK}");
    one(&[(ROUTING, &change)], Code::NeverHolds, place, "before its date", "write GB");
    let change = strong("{any: [{field: account, known: true}, {field: account.list, is: key}]}");
    one(&[(ROUTING, &change)], Code::NeverHolds, place, "before its date", "use another field");
    // Of 60 points of interest half are left, and 30 are asked for.
    let scoring = "scoring:\n";
    let after = |carried: &str| format!("{scoring}  after_recycle: {carried}\n");
    let (code, place) = (Code::DateBringsNobody, "scoring.after_recycle");
    none(&[(scoring, &after("halve"))], code);
    let (at, until) = ("interest: 30}\n  until", "interest: 31}\n  until");
    one(&[(scoring, &after("halve")), (at, until)], code, place, "at most 30 points", "halve or keep");
    one(
        &[(scoring, &after("reset"))],
        code,
        place,
        "at most 0 points of interest then, and qualification.at asks for 30",
        "keep",
    );
    // Submissions that bring nobody back count when the date comes.
    none(&[(scoring, &after("reset")), (ROUTING, &strong("{field: form, is: demo}"))], code);
}

#[test]
fn named_accounts_before_territories() {
    let named = accounts("bosch.com: {list: strategic}");
    let named = (ROUTING, named.as_str());
    let key = "    - {route: key, pool: desk, when: {field: account.list, is: strategic}}\n";
    let dach = "    - {route: dach, pool: field, when: {field: country, in: [DE, AT, CH]}}\n";
    let (first, last) = (format!("{key}{dach}"), format!("{dach}{key}"));
    none(&[named, routes(&first)[0]], Code::Overlap);
    one(
        &[named, routes(&last)[0]],
        Code::Overlap,
        "routing.routes[1]",
        "key also fits leads of dach",
        "move",
    );
    // Most leads come from no named account: they are what gaps are looked for with.
    one(
        &[named, routes(&first)[0]],
        Code::Gap,
        "routing.otherwise",
        "country AD, AE, AF",
        "add them to a route",
    );
}

#[test]
fn states_lie_in_their_country() {
    let west = "    - {route: west, pool: desk, when: {field: subdivision, in: [US-CA, US-OR]}}\n";
    let us = "    - {route: america, pool: field, when: {field: country, in: [US, MX]}}\n";
    let dach = "    - {route: dach, pool: field, when: {field: country, in: [DE, AT, CH]}}\n";
    let good = format!("{west}{us}{dach}");
    none(&routes(&good), Code::Overlap);
    none(&routes(&good), Code::ValueTaken);
    one(&routes(&good), Code::Gap, "routing.otherwise", "country AD, AE, AF", "add them to a route");
    let late = format!("{dach}{us}{west}");
    one(
        &routes(&late),
        Code::ValueTaken,
        "routing.routes[2].when",
        "west never gets subdivision US-CA and US-OR: america before it takes that",
        "or move west before america",
    );
    none(&routes(&late), Code::Overlap);
}

#[test]
fn the_fallback() {
    let alone =
        [("name: Dan, ", "name: Dan, active: false, "), ("members: [dan], overflow: desk", "members: [dan]")];
    let otherwise = "  otherwise: desk";
    let fallback = |rest: &str| format!("{otherwise}\n  fallback: {{rep: anna{rest}}}");
    let late = fallback(", after: PT4H");
    none(&[alone[0], alone[1], (otherwise, &late)], Code::DeadPool);
    none(&[(otherwise, &late)], Code::FallbackBeforeOpening);
    // From Friday at five to Monday at nine there are 64 hours.
    let always = &QUIET[QUIET.find("weekly:").unwrap()..QUIET.find("\nforms:").unwrap()];
    let days = ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day}: [['09:00', '17:00']]"));
    let office = format!("weekly: {{{}}}", days.join(", "));
    let office = (always, office.as_str());
    let (code, place) = (Code::FallbackBeforeOpening, "routing.fallback");
    let desk = ("members: [dan], overflow: desk", "members: [dan], overflow: desk, always_open: true");
    let words = "of pool desk that arrive evenly over the week come to anna: the fallback comes after 4 hours, and nobody of the pool and its overflow works for up to 64 hours";
    // Four nights of sixteen hours and a weekend, each less the first four hours: 108 of 168.
    one(
        &[office, desk, (otherwise, &late)],
        code,
        place,
        &format!("64 % of the leads {words}"),
        "`after` 64 hours",
    );
    one(
        &[office, desk, (otherwise, &fallback(""))],
        code,
        place,
        "the fallback comes at once",
        "if anna answers",
    );
    none(&[office, (otherwise, &fallback(", after: P3D"))], code);
    let spare =
        [("members: [dan], overflow: desk", "members: [dan]"), ("[anna, bruno, carla]", "[bruno, carla]")];
    none(&[spare[0], spare[1], (otherwise, &late)], Code::RepInNoPool);
}
