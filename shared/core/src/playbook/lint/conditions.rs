//! Conditions by themselves: those that no lead can meet, and values that nothing ever has.

use super::words::listed;
use super::{Code, Finding, accounts};
use crate::condition::{Answer, Condition, Question, Scalar, Solver, Subject, Test};
use crate::contact::CountryCode;
use crate::playbook::{Playbook, PlaybookDoc};

/// A condition of the playbook.
pub(super) struct Placed<'d> {
    /// Where it stands.
    pub(super) place: String,
    /// What follows if no lead meets it.
    if_never: &'static str,
    /// The condition.
    pub(super) when: &'d Condition,
    /// Whether the lead's account is known when it is decided.
    sees_accounts: bool,
}

/// Every condition of the playbook.
pub(super) fn all(doc: &PlaybookDoc) -> Vec<Placed<'_>> {
    let mut all = Vec::new();
    let mut add = |place: String, if_never, when, sees_accounts| {
        all.push(Placed { place, if_never, when, sees_accounts });
    };
    for (i, rule) in doc.scoring.fit.rules.iter().enumerate() {
        add(format!("scoring.fit.rules[{i}].when"), "this rule gives no points", &rule.when, false);
    }
    for (i, rule) in doc.scoring.interest.rules.iter().enumerate() {
        add(format!("scoring.interest.rules[{i}].when"), "this rule gives no points", &rule.when, false);
    }
    for (i, veto) in doc.vetoes.iter().enumerate() {
        add(format!("vetoes[{i}].when"), "this veto stops nobody", &veto.when, false);
    }
    for (i, suppression) in doc.routing.suppressions.iter().enumerate() {
        let place = format!("routing.suppressions[{i}].when");
        add(place, "this suppression holds nobody back", &suppression.when, true);
    }
    for (i, route) in doc.routing.routes.iter().enumerate() {
        add(format!("routing.routes[{i}].when"), "this route takes nothing", &route.when, true);
    }
    for (i, policy) in doc.sla.iter().enumerate() {
        if let Some(when) = &policy.when {
            add(format!("sla[{i}].when"), "this policy is never used", when, true);
        }
    }
    if let Some(when) = &doc.recycling.strong_interest {
        let place = "recycling.strong_interest".to_owned();
        add(place, "no submission brings a recycled lead back before its date", when, false);
    }
    all
}

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let mut found = Vec::new();
    for Placed { place, if_never, when: condition, sees_accounts } in all(doc) {
        let listed =
            if sees_accounts { accounts::as_listed(doc, condition) } else { accounts::none(condition) };
        let solver = Solver::over([condition, &listed]);
        let answer = solver.ask(&Question { holds: vec![0, 1], ..Question::default() });
        match answer {
            Answer::Impossible => found.push(Finding::new(
                Code::NeverHolds,
                &place,
                format!("no lead can meet this condition, so {if_never}"),
                if sees_accounts || !condition.subjects().into_iter().any(accounts::is_account) {
                    fix_of(doc, condition)
                } else {
                    "use another field: accounts are looked up when a lead is routed".to_owned()
                },
            )),
            Answer::TooLarge => found.push(too_large(&place)),
            Answer::Example(_) | Answer::Unclear => {}
        }
        leaves(condition, &mut |subject, test| {
            // The whole of it has been told, and why.
            if answer != Answer::Impossible {
                found.extend(impossible(&place, subject, test));
            }
            found.extend(unknown_to_forms(doc, &place, subject, test));
            found.extend(accounts::unknown(doc, &place, subject, test));
        });
    }
    found.extend(stops(doc));
    found
}

/// What is given up is said, not passed over.
pub(super) fn too_large(place: &str) -> Finding {
    Finding::new(
        Code::NotAnalysed,
        place,
        format!("too many alternatives to be analysed: more than {} steps", crate::condition::MOST_STEPS),
        "check this place by hand, or write it with fewer `any` and `not` inside each other",
    )
}

/// Vetoes and suppressions that no lead escapes.
fn stops(doc: &PlaybookDoc) -> impl Iterator<Item = Finding> {
    let vetoes = doc.vetoes.iter().enumerate().map(|(i, veto)| {
        (format!("vetoes[{i}].when"), &veto.when, format!("is disqualified as {}", veto.reason))
    });
    let suppressions = doc.routing.suppressions.iter().enumerate().map(|(i, suppression)| {
        let place = format!("routing.suppressions[{i}].when");
        (place, &suppression.when, format!("is kept from sales: {}", suppression.reason))
    });
    vetoes.chain(suppressions).filter_map(|(place, when, end)| {
        let fails = Question { fails: vec![0], ..Question::default() };
        (Solver::over([when]).ask(&fails) == Answer::Impossible).then(|| {
            let what = format!("every lead meets this condition, so every lead {end}");
            Finding::new(Code::StopsEverybody, place, what, "narrow the condition, or delete it")
        })
    })
}

pub(super) fn leaves<'c>(condition: &'c Condition, visit: &mut impl FnMut(&'c Subject, &'c Test)) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| leaves(part, visit)),
        Condition::Not(inner) => leaves(inner, visit),
        Condition::Field(subject, test) => visit(subject, test),
    }
}

/// The scalars that a test compares with.
pub(super) fn scalars(test: &Test) -> &[Scalar] {
    match test {
        Test::Is(scalar) => std::slice::from_ref(scalar),
        Test::In(list) => list,
        _ => &[],
    }
}

/// The scalars of a test that no value of the subject is ever equal to.
fn impossible_values(subject: &Subject, test: &Test) -> Vec<String> {
    let never = |scalar: &&Scalar| {
        let alone = Condition::Field(subject.clone(), Test::Is((*scalar).clone()));
        let holds = Question { holds: vec![0], ..Question::default() };
        Solver::over([&alone]).ask(&holds) == Answer::Impossible
    };
    scalars(test).iter().filter(never).map(written).collect()
}

pub(super) fn written(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Flag(flag) => flag.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => format!("{text:?}"),
    }
}

fn impossible(place: &str, subject: &Subject, test: &Test) -> Option<Finding> {
    let never = impossible_values(subject, test);
    (!never.is_empty()).then(|| {
        Finding::new(
            Code::ImpossibleValue,
            place,
            format!("{} is never {}", subject.name(), listed(&never, 5)),
            advice(subject, test),
        )
    })
}

fn fix_of(doc: &PlaybookDoc, condition: &Condition) -> String {
    let mut advices = Vec::new();
    leaves(condition, &mut |subject, test| {
        if !impossible_values(subject, test).is_empty() {
            advices.push(advice(subject, test));
        }
        advices.extend(accounts::unknown(doc, "", subject, test).map(|finding| finding.fix));
    });
    advices
        .into_iter()
        .next()
        .unwrap_or_else(|| "mend the parts that exclude each other, or delete it".to_owned())
}

/// How to write a value so that it can be met.
fn advice(subject: &Subject, test: &Test) -> String {
    let texts: Vec<&str> = scalars(test)
        .iter()
        .filter_map(|scalar| if let Scalar::Text(text) = scalar { Some(text.as_str()) } else { None })
        .collect();
    let numeric = texts.iter().find(|t| t.trim().parse::<i64>().is_ok());
    let solver = Solver::over([&Condition::Field(subject.clone(), Test::Known(true))]);
    let closed =
        solver.subjects().next().is_some_and(|(_, _, reach)| reach == crate::condition::Reach::Closed);
    let country = texts.iter().find_map(|t| {
        let code = CountryCode::parse(t).ok()?;
        (!code.as_str().eq_ignore_ascii_case(t)).then(|| format!("write {} instead of {t:?}", code.as_str()))
    });
    match subject {
        Subject::Profile(crate::lead::Field::Country | crate::lead::Field::CompanyCountry) => country
            .unwrap_or_else(|| "write codes of two letters after ISO 3166, such as DE or GB".to_owned()),
        Subject::Profile(crate::lead::Field::Employees)
        | Subject::Touches
        | Subject::Cycle
        | Subject::Fit
        | Subject::Interest => match numeric {
            Some(text) => format!("write {} without quotation marks", text.trim()),
            None => "compare it with numbers: at_least and at_most".to_owned(),
        },
        Subject::Profile(crate::lead::Field::Subdivision) => {
            "write codes with their country after ISO 3166-2, such as US-CA or DE-BY".to_owned()
        }
        Subject::Profile(crate::lead::Field::Postcode) => {
            "write a whole postcode, or its beginning with starts_with".to_owned()
        }
        Subject::EmailFree | Subject::EmailDisposable | Subject::EmailRole => {
            "write true or false".to_owned()
        }
        _ if closed => {
            let names = Solver::over([&Condition::Field(subject.clone(), Test::Known(true))]);
            format!("use one of {}", listed(names.cells(0).map(|(_, words)| words), 12))
        }
        _ => "mend the value, or delete it".to_owned(),
    }
}

fn unknown_to_forms(doc: &PlaybookDoc, place: &str, subject: &Subject, test: &Test) -> Option<Finding> {
    let enabled = || doc.forms.iter().filter(|(_, form)| form.enabled);
    match (subject, test) {
        (Subject::Form, Test::Is(_) | Test::In(_)) => {
            let is_form = |name: &str| enabled().any(|(id, _)| id.as_str().eq_ignore_ascii_case(name));
            let missing: Vec<String> = scalars(test)
                .iter()
                .filter(|scalar| !matches!(scalar, Scalar::Text(name) if is_form(name)))
                .map(written)
                .collect();
            (!missing.is_empty()).then(|| {
                Finding::new(
                    Code::UnknownForm,
                    place,
                    format!("there is no enabled form {}", listed(missing, 5)),
                    format!("use one of {}, or delete the value", listed(enabled().map(|(id, _)| id), 8)),
                )
            })
        }
        (Subject::Answer(input), _) => {
            let asks = enabled().any(|(_, form)| form.fields.iter().any(|field| field.name == *input));
            (!asks).then(|| {
                Finding::new(
                    Code::UnknownAnswer,
                    place,
                    format!("no form asks for {input:?}; only a form of your own could send it"),
                    format!("add the input {input:?} to a form, or mend its name"),
                )
            })
        }
        _ => None,
    }
}
