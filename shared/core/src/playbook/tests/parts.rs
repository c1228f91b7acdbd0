//! Rules between the parts of a playbook, broken one at a time.

use super::*;

/// One mistake at a time: what is changed, where it is told, and a word of how to mend it.
#[test]
fn each_rule_between_the_parts() {
    let field = "{name: email, label: E-mail, type: email, required: true}";
    let form = |more: &str| format!("{field}{more}");
    let thanks = "thanks: {message: Thank you}";
    let from = "from: leads@acme.example";
    let provider = |more: &str| {
        format!(
            "enrichment: {{providers: [{{provider: firm, fields: {{company.employees: /n}}, {more}}}]}}\nnotifications:"
        )
    };
    let good_url = "url: 'https://api.firm.example/{domain}'";
    let cases: Vec<(&str, String, &str, &str)> = vec![
        (
            "calendar: office}\n  bruno",
            "calendar: night}\n  bruno".into(),
            "reps.anna.calendar",
            "no calendar \"night\"",
        ),
        (
            "members: [anna, bruno]",
            "members: [anna, bruno], overflow: night".into(),
            "pools.desk.overflow",
            "no pool",
        ),
        (
            "members: [anna, bruno]",
            "members: [anna], overflow: desk".into(),
            "pools.desk.overflow",
            "leads back",
        ),
        ("members: [anna, bruno]", "members: []".into(), "pools.desk.members", "at least one member"),
        ("otherwise: desk", "otherwise: night".into(), "routing.otherwise", "no pool"),
        (
            "routes: []",
            "routes: [{route: r, when: {all: []}, pool: night}]".into(),
            "routing.routes[0].pool",
            "no pool",
        ),
        (
            "['09:00', '17:00']",
            "['09:00', '09:00']".into(),
            "calendars.office.weekly.mon[0]",
            "starts and ends",
        ),
        ("zone: UTC", "zone: Europe/Atlantis".into(), "calendars.office.zone", "no time zone"),
        (
            field,
            field.replace("required: true", "required: false"),
            "forms.demo.fields",
            "required field of type email",
        ),
        (field, form(", {name: email, label: Again}"), "forms.demo.fields[1].name", "used twice"),
        (
            field,
            form(&(0..6).map(|n| format!(", {{name: e{n}, label: E, type: email}}")).collect::<String>()),
            "forms.demo.fields",
            "at most 6 fields of type email",
        ),
        (
            "notifications:",
            "retention: {submissions: PT12H}\nnotifications:".into(),
            "retention.submissions",
            "at least a day",
        ),
        (
            "notifications:",
            "retention: {submissions: half a year}\nnotifications:".into(),
            "retention.submissions",
            "write for example P180D or P6M",
        ),
        (
            "notifications:",
            "retention: {submission: P180D}\nnotifications:".into(),
            "retention.submission",
            "unknown field",
        ),
        (field, form(", {name: fax_number, label: Fax}"), "forms.demo.fields[1].name", "honeypot"),
        (field, form(", {name: referrer, label: Who sent you?}"), "forms.demo.fields[1].name", "tracking"),
        (field, form(", {name: _x, label: X}"), "forms.demo.fields[1].name", "not beginning with"),
        (
            field,
            form(", {name: size, label: Size, type: select}"),
            "forms.demo.fields[1].options",
            "needs options",
        ),
        (field, form(", {name: size, label: Size, max: 0}"), "forms.demo.fields[1].max", "1 to 10000"),
        (
            thanks,
            format!("{thanks}\n    spam: {{quarantine_at: 19, suspect_at: 5}}"),
            "forms.demo.spam.quarantine_at",
            "at least 20",
        ),
        (
            thanks,
            format!("{thanks}\n    spam: {{quarantine_at: 60, suspect_at: 61}}"),
            "forms.demo.spam.suspect_at",
            "above",
        ),
        (
            thanks,
            format!("{thanks}\n    per_address: {{count: 0, seconds: 5}}"),
            "forms.demo.per_address",
            "at least 1",
        ),
        (
            thanks,
            format!("{thanks}\n    origins: ['https://a.example/x']"),
            "forms.demo.origins[0]",
            "without a path",
        ),
        (
            thanks,
            "thanks: {message: x, url: /thanks}".into(),
            "forms.demo.thanks.url",
            "whole http(s) address",
        ),
        (
            thanks,
            format!("{thanks}\n    consent: [{{name: email, purpose: p, text: t, version: '1'}}]"),
            "forms.demo.consent[0].name",
            "used twice",
        ),
        ("name: Anna, ", "name: Anna, weight: 0, ".into(), "reps.anna.weight", "active: false"),
        ("name: Anna, ", "name: Anna, caps: {open: 0}, ".into(), "reps.anna.caps.open", "active: false"),
        (
            "person: {max: 45}",
            "person: {max: 45, min: 46}".into(),
            "scoring.fit.groups.person.min",
            "above max",
        ),
        ("b: 35", "b: 61".into(), "scoring.bands.a", "below b"),
        ("two: 25", "two: 51".into(), "scoring.bands.one", "below two"),
        ("until: {fit: 20", "until: {fit: 31".into(), "qualification.until.fit", "above qualification.at"),
        ("is: a}", "is: a, at_least: 5}".into(), "", ""),
        (
            "when: {field: title, is: c}",
            "when: {field: score.fit, at_least: 5}".into(),
            "scoring.fit.rules[2].when",
            "not known before scoring",
        ),
        ("  - policy: rest\n", "  - policy: rest\n    when: {all: []}\n".into(), "sla", "no `when`"),
        ("    when: {field: score.grade, is: A1}\n", String::new(), "sla[1]", "never used: policy hot"),
        (
            "  - policy: rest\n",
            "  - policy: rest\n    max_offers: 0\n".into(),
            "sla[1].max_offers",
            "at least 1",
        ),
        (from, format!("{from}\n  offers: [crm]"), "notifications.offers[0]", "no channel \"crm\""),
        (
            from,
            format!("{from}\n  channels: {{crm: {{webhook: {{url: crm, secret: s}}}}}}"),
            "notifications.channels.crm.webhook.url",
            "https address",
        ),
        (
            from,
            format!("{from}\n  channels: {{crm: {{webhook: {{url: 5, secret: s}}}}}}"),
            "notifications.channels.crm.webhook.url",
            "expected a string",
        ),
        (
            from,
            format!("{from}\n  channels: {{mail: {{slack: {{url_secret: s}}}}}}"),
            "notifications.channels.mail",
            "built in",
        ),
        ("notifications:", provider("url: 'ftp://x/'"), "enrichment.providers[0].url", "https address"),
        (
            "notifications:",
            provider("url: 'https://x.example/{z}'"),
            "enrichment.providers[0].url",
            "no field \"z\"",
        ),
        (
            "notifications:",
            provider("url: 'https://{domain}/'"),
            "enrichment.providers[0].url",
            "behind the host",
        ),
        (
            "notifications:",
            provider(&format!("{good_url}, timeout_ms: 5")),
            "enrichment.providers[0].timeout_ms",
            "50 to 3000",
        ),
        (
            "notifications:",
            provider(&format!("{good_url}, max_bytes: 0")),
            "enrichment.providers[0].max_bytes",
            "65536",
        ),
        (
            "notifications:",
            provider(&format!("{good_url}, attempts: 11")),
            "enrichment.providers[0].attempts",
            "1 to 10",
        ),
        (
            "groups: {person: {max: 45}}",
            "groups: {person: {max: 45}, Big Deal: {max: 1}}".into(),
            "scoring.fit.groups.Big Deal",
            "rule name",
        ),
        ("playbook: Small", "playbook: Small\nrules: []".into(), "rules", "unknown field `rules`"),
        (
            "groups: {person",
            "group: {}\n    groups: {person".into(),
            "scoring.fit.group",
            "unknown field `group`",
        ),
    ];
    for (old, new, path, words) in cases {
        let found = told(&with(&[(old, &new)]));
        if path.is_empty() {
            assert_eq!(found, [], "{new}");
            continue;
        }
        let said: Vec<_> = found.iter().map(|m| (m.path.as_str(), m.detail.as_str())).collect();
        assert_eq!(said.len(), 1, "{new}: {said:?}");
        assert_eq!(said[0].0, path, "{new}: {said:?}");
        assert!(said[0].1.contains(words), "{new}: {said:?}");
    }
    assert_eq!(told(&with(&[("notifications:", &provider(good_url))])), []);
}

#[test]
fn routes_are_told_apart_by_name() {
    let two = "routes: [{route: a, pool: desk, when: {all: []}}, {route: a, pool: desk, when: {all: []}}]";
    let found = told(&with(&[("routes: []", two)]));
    assert_eq!((found.len(), found[0].path.as_str()), (1, "routing.routes[1]"), "{found:?}");
}

/// One mistake at a time in the clocks of a policy.
#[test]
fn each_rule_of_the_clocks() {
    let rest = "  - policy: rest\n";
    for (more, path, words) in [
        ("stalled: {within: {business: P3D}, repeat: {business: P1D}}", "", ""),
        ("attempts: {at_least: 6, within: P5D, ladder: [{at: due, do: notify_manager, hours: any}]}", "", ""),
        ("qualified_by: {within: PT0S}", "sla[1].qualified_by.within", "due at once"),
        ("attempts: {at_least: 2, within: {business: PT0S}}", "sla[1].attempts.within", "due at once"),
        ("stalled: {within: {business: P0D}}", "sla[1].stalled.within", "business: P5D"),
        ("stalled: {within: PT1H, repeat: PT0S}", "sla[1].stalled.repeat", "business: P1D"),
        ("attempts: {at_least: 0, within: PT1H}", "sla[1].attempts.at_least", "1 to 20"),
        ("attempts: {at_least: 21, within: PT1H}", "sla[1].attempts.at_least", "1 to 20"),
        (
            "qualified_by: {within: PT1H, ladder: [{at: 50%, do: remind}, {at: due, do: fallback}]}",
            "sla[1].qualified_by.ladder[1].do",
            "routing.fallback",
        ),
    ] {
        let found = told(&with(&[(rest, &format!("{rest}    {more}\n"))]));
        let said: Vec<_> = found.iter().map(|m| (m.path.as_str(), m.detail.as_str())).collect();
        match path {
            "" => assert_eq!(said, [], "{more}"),
            path => {
                assert_eq!((said.len(), said[0].0), (1, path), "{more}: {said:?}");
                assert!(said[0].1.contains(words), "{more}: {said:?}");
            }
        }
    }
    let falls_back =
        format!("{rest}    qualified_by: {{within: P5D, ladder: [{{at: due, do: fallback}}]}}\n");
    let named = "otherwise: desk\n  fallback: {rep: bruno, after: PT4H}";
    assert_eq!(told(&with(&[(rest, &falls_back), ("otherwise: desk", named)])), []);
}
