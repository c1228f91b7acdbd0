//! How senior a job title sounds.

use super::words;

/// How senior a position is; ordered from the least to the most senior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seniority {
    /// Students, interns, apprentices and trainees.
    Student,
    /// Anyone who leads nobody, and managers of accounts or communities rather than of people.
    Individual,
    /// Managers, supervisors and team leads.
    Manager,
    /// Heads of a department or an area.
    Head,
    /// Directors.
    Director,
    /// Vice presidents of every grade.
    Vp,
    /// Those who run the company: chief officers, managing directors, founders, owners, managing partners.
    CSuite,
}

impl Seniority {
    /// All of them, in order.
    pub const ALL: [Seniority; 7] =
        [Self::Student, Self::Individual, Self::Manager, Self::Head, Self::Director, Self::Vp, Self::CSuite];

    /// The name used in playbooks and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Individual => "individual",
            Self::Manager => "manager",
            Self::Head => "head",
            Self::Director => "director",
            Self::Vp => "vp",
            Self::CSuite => "c_suite",
        }
    }
}

/// Words of students and others who learn.
const STUDENT: &[&str] = &[
    "student*",
    "intern",
    "interns",
    "internship",
    "trainee",
    "apprentice",
    "undergraduate",
    "werkstudent*",
    "praktikant*",
    "azubi",
    "auszubildende*",
    "volontar*",
    "etudiant*",
    "stagiaire",
    "alternant*",
    "apprenti*",
    "estudiante",
    "becari*",
    "practicante",
    "pasante",
];

/// Words of those who assist somebody else, whose rank then is not theirs.
const ASSISTANT: &[&str] = &[
    "assistant",
    "assistants",
    "assistante",
    "assistent*",
    "assistenz",
    "asistente",
    "secretary",
    "sekretar*",
    "secretaire",
    "secretari*",
];

/// Ranks that `assistant` may stand before without making an assistant: an assistant manager is a manager.
const ASSISTED: &[&str] = &["manager", "director", "vice", "vp", "head", "general", "controller"];

const VP: &[&str] = &[
    "vice president",
    "vicepresident*",
    "vice presidente*",
    "vice prasident*",
    "vizeprasident*",
    "vizepraesident*",
    "vp",
    "svp",
    "evp",
    "avp",
    "rvp",
    "gvp",
];

#[rustfmt::skip]
const C_SUITE: &[&str] = &[
    "ceo", "cto", "cfo", "coo", "cmo", "cio", "ciso", "cro", "cpo", "chro", "cdo", "cso", "cco", "cxo", "clo", "cao",
    "cko", "founder", "cofounder", "founders", "owner", "coowner", "proprietor", "president", "presidente", "presidenta",
    "chairman", "chairwoman", "chairperson", "managing director", "managing partner", "founding partner",
    "general partner", "executive director", "director general", "directora general", "directeur general",
    "directrice generale", "pdg", "president directeur", "gerant", "gerante", "fondateur", "fondatrice", "cofondateur",
    "cofondatrice", "fundador", "fundadora", "cofundador", "cofundadora", "consejero delegado", "consejera delegada",
    "propietari*", "dueno", "duena", "geschaftsfuhrer*", "geschaeftsfuehrer*", "geschaftsfuhrende*",
    "geschaeftsfuehrende*", "geschaftsleit*", "geschaeftsleit*", "geschaftsfuhrung", "geschaeftsfuehrung", "vorstand",
    "vorstands*", "vorstandin", "inhaber", "inhaberin", "eigentumer*", "eigentuemer*", "grunder", "grunderin",
    "gruender", "gruenderin", "mitgrunder*", "mitgruender*", "prokurist", "prokuristin",
];

/// Words before `owner` that make it a role in a project.
const OWNED: &[&str] = &["product", "process", "service", "system", "data", "project", "budget", "business"];

#[rustfmt::skip]
const DIRECTOR: &[&str] = &[
    "director", "directors", "directora", "directeur", "directrice", "direktor", "direktorin", "*direktor",
    "*direktorin", "dir", "subdirector*",
];

#[rustfmt::skip]
const HEAD: &[&str] = &[
    "head", "chief", "leiter", "leiterin", "leitung", "bereichsleit*", "abteilungsleit*", "hauptabteilungsleit*",
    "vertriebsleit*", "verkaufsleit*", "marketingleit*", "personalleit*", "it leit*", "itleit*", "entwicklungsleit*",
    "einkaufsleit*", "produktionsleit*", "werksleit*", "werkleit*", "niederlassungsleit*", "finanzleit*",
    "standortleit*", "regionalleit*", "responsable de departement", "chef de service", "chef de departement",
    "chef du service", "jefe de departamento", "jefa de departamento", "jefe de area", "jefa de area",
];

#[rustfmt::skip]
const MANAGER: &[&str] = &[
    "manager", "managers", "managerin", "mgr", "supervisor", "supervisora", "superintendent", "team lead",
    "team leader", "teamlead", "teamleader", "group lead", "group leader", "foreman", "teamleit*", "gruppenleit*",
    "filialleit*", "projektleit*", "schichtleit*", "*leiter", "*leiterin", "chef d equipe", "chef dequipe", "gestionnaire",
    "responsable", "encargado", "encargada", "jefe", "jefa", "gerente", "coordinateur", "coordinatrice",
];

/// Managers of something other than people.
const OWN_WORK: &[&str] = &[
    "account manager",
    "accounts manager",
    "community manager",
    "social media manager",
    "customer success manager",
    "case manager",
    "relationship manager",
    "key account manager",
    "chef de projet",
    "cheffe de projet",
    "chef de produit",
    "cheffe de produit",
    "key account managerin",
];

#[rustfmt::skip]
const INDIVIDUAL: &[&str] = &[
    "engineer*", "developer*", "programmer", "architect", "analyst*", "specialist*", "consultant*", "representative",
    "rep", "sdr", "bdr", "executive", "associate", "administrator", "admin", "designer*", "accountant", "bookkeeper",
    "scientist", "coordinator", "technician", "recruiter", "researcher", "adviser", "advisor", "officer", "agent",
    "clerk", "buyer", "planner", "strategist", "writer", "editor", "copywriter", "teacher", "professor", "lecturer",
    "lawyer", "attorney", "paralegal", "nurse", "freelancer", "freelance", "product owner", "scrum master", "partner",
    "staff", "employee", "entwickler*", "softwareentwickler*", "ingenieur*", "sachbearbeiter*", "berater*", "*berater",
    "*beraterin", "referent*", "mitarbeiter*", "*mitarbeiter", "*mitarbeiterin", "kaufmann", "kauffrau", "buchhalter*",
    "techniker*", "einkaufer*", "einkaeufer*", "verkaufer*", "verkaeufer*", "fachkraft", "spezialist*", "developpeu*",
    "charge", "chargee", "conseiller*", "comptable*", "technicien*", "acheteu*", "commercial", "commerciale",
    "ingenier*", "desarrollador*", "analista*", "asesor*", "tecnico", "tecnica", "contable", "comprador*",
    "especialista", "comercial", "vendedor*", "empleado", "empleada",
];

/// How senior a title sounds; `None` where it says nothing known.
///
/// Words of English, German, French and Spanish titles are looked for; the highest rank found counts
/// (`Founder & Sales Manager` is [`Seniority::CSuite`]). Whoever assists a rank does not have it.
pub fn seniority_of(title: &str) -> Option<Seniority> {
    let words = words::words(title);
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words::position_of(&words, phrase).is_some());
    let student = has(STUDENT).then_some(Seniority::Student);
    if is_assistant(&words) {
        return student.or(Some(Seniority::Individual));
    }
    let rank = if runs_the_company(&words) {
        Some(Seniority::CSuite)
    } else if has(VP) {
        Some(Seniority::Vp)
    } else if has(DIRECTOR) {
        Some(Seniority::Director)
    } else if has(HEAD) {
        Some(Seniority::Head)
    } else if has(MANAGER) && !has(OWN_WORK) {
        Some(Seniority::Manager)
    } else {
        None
    };
    let individual = || (has(OWN_WORK) || has(INDIVIDUAL)).then_some(Seniority::Individual);
    rank.or(student).or_else(individual)
}

/// Whether the title is that of an assistant: `Assistant to the CEO`, `Executive Assistant`, not `Assistant Manager`.
fn is_assistant(words: &[String]) -> bool {
    let is_one = |word: &String| ASSISTANT.iter().any(|pattern| words::word_is(word, pattern));
    words.iter().enumerate().any(|(at, word)| {
        is_one(word) && words.get(at + 1).is_none_or(|next| !ASSISTED.contains(&next.as_str()))
    })
}

fn runs_the_company(words: &[String]) -> bool {
    let chief = words::position_of(words, "chief");
    if chief.is_some_and(|at| words[at..].iter().any(|word| word == "officer")) {
        return true;
    }
    if words == ["partner"] {
        return true;
    }
    C_SUITE.iter().any(|phrase| {
        words::position_of(words, phrase).is_some_and(|at| {
            let before = at.checked_sub(1).map_or("", |at| words[at].as_str());
            match *phrase {
                "president" | "presidente" | "presidenta" => before != "vice",
                "owner" => !OWNED.contains(&before) || words.iter().any(|word| word == "founder"),
                _ => true,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (seniority, titles) in [
            (
                Seniority::CSuite,
                &[
                    "CEO",
                    "Chief Revenue Officer",
                    "Founder & Sales Manager",
                    "Managing Director",
                    "President",
                    "Owner",
                    "Co-Founder",
                    "Geschäftsführerin",
                    "Geschaeftsfuehrer",
                    "Geschäftsführer*in",
                    "Directeur général",
                    "PDG",
                    "Directora General",
                    "Partner",
                    "Inhaber",
                    "C.T.O.",
                    "CFO / VP Finance",
                ][..],
            ),
            (Seniority::Vp, &["VP Sales", "Vice President, Marketing", "SVP", "Assistant Vice President"]),
            (
                Seniority::Director,
                &["Director of IT", "Marketing Director", "Directrice marketing", "Vertriebsdirektor"],
            ),
            (
                Seniority::Head,
                &[
                    "Head of Growth",
                    "Vertriebsleiterin",
                    "Leiter Einkauf",
                    "Bereichsleitung Nord",
                    "Chief Engineer",
                ],
            ),
            (
                Seniority::Manager,
                &[
                    "Sales Manager",
                    "Assistant Manager",
                    "Team Lead",
                    "Teamleiter",
                    "Gerente de ventas",
                    "Responsable achats",
                ],
            ),
            (
                Seniority::Individual,
                &[
                    "Software Engineer",
                    "Account Executive",
                    "Account Manager",
                    "Assistant to the CEO",
                    "Product Owner",
                    "Executive Assistant",
                    "Assistentin der Geschäftsführung",
                    "Entwickler",
                    "Chef de projet",
                    "Asesora",
                    "HR Business Partner",
                    "Ingénieur d'affaires",
                    "Sachbearbeiterin",
                ],
            ),
            (
                Seniority::Student,
                &["Student", "Marketing Intern", "Werkstudentin", "Praktikant", "Stagiaire", "Becaria"],
            ),
        ] {
            for title in titles {
                assert_eq!(seniority_of(title), Some(seniority), "{title}");
            }
        }
    }

    #[test]
    fn unknown_is_not_low() {
        for title in ["", "  ", "n/a", "Wizard", "International", "Management", "-", "部長"] {
            assert_eq!(seniority_of(title), None, "{title}");
        }
    }

    #[test]
    fn name_is_the_json_form_and_order_is_rank() {
        let all = [
            Seniority::Student,
            Seniority::Individual,
            Seniority::Manager,
            Seniority::Head,
            Seniority::Director,
            Seniority::Vp,
            Seniority::CSuite,
        ];
        assert!(all.is_sorted());
        for seniority in all {
            assert_eq!(serde_json::to_string(&seniority).unwrap(), format!("\"{}\"", seniority.name()));
        }
    }
}
