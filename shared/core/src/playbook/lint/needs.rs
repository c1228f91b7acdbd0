//! What routes ask of people, and nobody who is active has. Publishing refuses a skill or a language that nobody has at
//! all; here they are active, and one person has to have everything.

use super::words::listed;
use super::{Code, Finding};
use crate::ids::RuleId;
use crate::playbook::Playbook;
use crate::routing::{Language, Rep, Route};

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let routes = playbook.doc().routing.routes.iter().enumerate();
    routes.flat_map(|(i, route)| of_route(playbook, i, route)).collect()
}

fn of_route(playbook: &Playbook, i: usize, route: &Route) -> Vec<Finding> {
    let doc = playbook.doc();
    let chain = playbook.overflow_chain(&route.pool);
    let active = chain.iter().flat_map(|pool| playbook.active_members(pool));
    let people: Vec<&Rep> = active.filter_map(|(rep_id, _)| doc.reps.get(rep_id)).collect();
    let needs = &route.needs;
    // That nobody is active at all is told where pools are looked at.
    if people.is_empty() || needs.is_nothing() {
        return Vec::new();
    }
    let is_skilled = |rep: &&&Rep| needs.skills.iter().all(|skill| rep.skills.contains(skill));
    let nobody = |languages: &[Language]| {
        let speaks = |rep: &&Rep| {
            languages.is_empty() || rep.languages.iter().any(|language| languages.contains(language))
        };
        !people.iter().filter(is_skilled).any(speaks)
    };
    let at = format!("routing.routes[{i}].needs");
    let language: Vec<Language> = needs.language.iter().cloned().collect();
    let finding = |place: String, leads: &str, languages: &[Language]| {
        let asked = asked(&needs.skills, languages);
        let pools = if chain.len() > 1 { "or where it overflows to " } else { "" };
        let who = format!("nobody active in pool {} {pools}{asked}", route.pool);
        let fix = format!("make somebody active who {asked}, or ask for less");
        match &doc.routing.fallback {
            None => Finding::new(Code::NeedsNobodyMeets, place, format!("{who}: {leads} stay parked"), fix),
            Some(fallback) => Finding::new(
                Code::NeedsLeftToFallback,
                place,
                format!("{who}: {leads} wait for the fallback {}", fallback.rep),
                fix,
            ),
        }
    };
    if nobody(&language) {
        return vec![finding(at, "leads of this route", &language)];
    }
    let looked_up = needs.language_of.iter().flat_map(|of| &of.map);
    let unmet = looked_up.filter(|(_, languages)| !languages.is_empty() && nobody(languages));
    unmet
        .map(|(value, languages)| {
            finding(format!("{at}.language_of.map.{value}"), &format!("its leads with {value}"), languages)
        })
        .collect()
}

/// `has the skill fintech and speaks de or fr`.
fn asked(skills: &[RuleId], languages: &[Language]) -> String {
    let has = match skills {
        [] => None,
        [skill] => Some(format!("has the skill {skill}")),
        skills => Some(format!("has the skills {}", listed(skills, 8))),
    };
    let codes: Vec<&str> = languages.iter().map(Language::as_str).collect();
    let speaks = (!codes.is_empty()).then(|| format!("speaks {}", codes.join(" or ")));
    [has, speaks].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}
