//! What a job title says somebody does.

use super::words;

/// The part of a company a position belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobFunction {
    /// Selling, including business development and partnerships.
    Sales,
    /// Marketing and communication.
    Marketing,
    /// The systems and processes of sales and marketing.
    RevenueOperations,
    /// Building products: software, hardware, research.
    Engineering,
    /// The company's own information technology and its security.
    It,
    /// Money: finance, accounting, controlling.
    Finance,
    /// People: personnel, recruiting.
    Hr,
    /// Running the business: production, logistics, purchasing, quality.
    Operations,
    /// Deciding what a product is.
    Product,
    /// Law and compliance.
    Legal,
    /// Helping customers.
    Support,
    /// The whole company: chief executives, founders, owners.
    General,
}

impl JobFunction {
    /// All of them.
    pub const ALL: [JobFunction; 12] = [
        Self::Sales,
        Self::Marketing,
        Self::RevenueOperations,
        Self::Engineering,
        Self::It,
        Self::Finance,
        Self::Hr,
        Self::Operations,
        Self::Product,
        Self::Legal,
        Self::Support,
        Self::General,
    ];

    /// The name used in playbooks and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Marketing => "marketing",
            Self::RevenueOperations => "revenue_operations",
            Self::Engineering => "engineering",
            Self::It => "it",
            Self::Finance => "finance",
            Self::Hr => "hr",
            Self::Operations => "operations",
            Self::Product => "product",
            Self::Legal => "legal",
            Self::Support => "support",
            Self::General => "general",
        }
    }
}

/// Phrases that mean more than their words; the first one found decides.
#[rustfmt::skip]
const PHRASES: &[(JobFunction, &[&str])] = &[
    (JobFunction::RevenueOperations, &[
        "revenue operations", "revenue ops", "revops", "rev ops", "sales operations", "sales ops", "salesops",
        "marketing operations", "marketing ops", "mops", "gtm operations", "go to market operations", "crm manager",
        "crm admin*", "salesforce admin*", "sales enablement",
    ]),
    (JobFunction::Support, &[
        "customer success", "customer support", "customer service", "customer care", "customer experience",
        "technical support", "service client", "relation client", "atencion al cliente", "service desk",
    ]),
    (JobFunction::Marketing, &["product marketing", "demand generation", "public relations", "social media", "growth marketing"]),
    (JobFunction::Sales, &[
        "business development", "sales engineer*", "presales", "pre sales", "account executive", "account manager*",
        "key account*", "technico commercial*", "ingenieur daffaires", "ingenieur commercial", "desarrollo de negocio",
        "chief revenue", "chief commercial",
    ]),
    (JobFunction::Hr, &[
        "human resources", "human relations", "ressources humaines", "recursos humanos", "talent acquisition",
        "people operations", "people ops", "people and culture", "head of people", "chief people", "vp people",
        "people partner", "people manager",
    ]),
    (JobFunction::Product, &["product owner", "product manage*", "product design*", "chef de produit", "cheffe de produit", "chief product"]),
    (JobFunction::It, &[
        "information technology", "information security", "information systems", "chief information",
        "system admin*", "systems admin*", "network admin*", "network engineer*", "it security", "cyber security",
        "systemes dinformation", "tecnologias de la informacion", "dsi",
    ]),
    (JobFunction::Engineering, &[
        "research and development", "r and d", "data scien*", "data engineer*", "machine learning", "chief technology",
        "chief technical",
    ]),
    (JobFunction::Operations, &["supply chain", "chief operating", "chief operations", "office manage*", "facility manage*"]),
    (JobFunction::Legal, &["general counsel", "data protection"]),
];

/// Words that name a function; of several, the one that stands first in the title decides.
#[rustfmt::skip]
const WORDS: &[(JobFunction, &[&str])] = &[
    (JobFunction::Sales, &[
        "sales", "selling", "cro", "sdr", "bdr", "bizdev", "revenue", "partnerships", "vertrieb*", "verkauf*", "verkaeuf*",
        "vente", "ventes", "commercial", "commerciale", "comercial", "ventas", "vendedor*", "aussendienst*",
    ]),
    (JobFunction::Marketing, &[
        "marketing*", "cmo", "brand", "branding", "communication", "communications", "communicatie", "kommunikation",
        "seo", "content", "pr", "advertising", "werbung", "mercadotecnia", "comunicacion", "copywriter", "growth",
    ]),
    (JobFunction::Engineering, &[
        "engineer*", "developer*", "software*", "devops", "sre", "cto", "programmer", "architect", "entwickl*",
        "ingenieur*", "developpeu*", "ingenier*", "desarrollador*", "desarrollo", "research", "forschung*",
        "konstrukteur*", "technology", "webdeveloper", "frontend", "backend", "fullstack", "technik", "technisch*",
    ]),
    (JobFunction::It, &[
        "it", "ict", "edv", "cio", "ciso", "sysadmin", "informatik*", "informatique", "informatica", "sistemas",
        "infrastructure", "cybersecurity", "itleit*",
    ]),
    (JobFunction::Finance, &[
        "finance*", "financial", "financier*", "cfo", "accounting", "accountant", "accounts", "controller*", "controlling",
        "treasurer", "treasury", "bookkeeper", "audit*", "tax", "buchhalt*", "finanz*", "rechnungswesen", "steuer*",
        "comptab*", "contab*", "finanzas", "daf", "payroll",
    ]),
    (JobFunction::Hr, &[
        "hr", "chro", "recruit*", "talent", "personnel", "personalleit*", "personalreferent*", "personalwesen",
        "personalabteilung", "personalentwickl*", "personalmanage*", "personaler", "personalerin", "rh", "rrhh",
    ]),
    (JobFunction::Operations, &[
        "operations", "operational", "ops", "coo", "logistic*", "logistik*", "procurement", "purchasing", "buyer",
        "production", "manufacturing", "quality", "warehouse", "einkauf*", "einkaeuf*", "produktion*", "betrieb*",
        "qualitat*", "achat", "achats", "acheteu*", "logistique", "operaciones", "compras", "produccion", "logistica",
        "calidad",
    ]),
    (JobFunction::Product, &["product", "products", "cpo", "produkt*", "produit", "produits", "producto", "productos", "ux"]),
    (JobFunction::Legal, &[
        "legal", "lawyer", "attorney", "counsel", "paralegal", "compliance", "clo", "solicitor", "rechts*", "jurist*",
        "syndikus", "juridique", "avocat*", "juriste", "juridic*", "abogad*", "datenschutz*",
    ]),
    (JobFunction::Support, &[
        "support", "helpdesk", "service", "kundendienst", "kundenservice", "kundenbetreu*", "sav", "soporte",
    ]),
];

/// Words of those who run the company, which count only where nothing narrower is said.
#[rustfmt::skip]
const GENERAL: &[&str] = &[
    "ceo", "chief executive", "founder", "cofounder", "owner", "proprietor", "president", "chairman", "chairwoman",
    "managing director", "managing partner", "general manager", "executive director", "partner", "geschaftsfuhr*",
    "geschaeftsfuehr*", "geschaftsleit*", "geschaeftsleit*", "vorstand", "inhaber", "inhaberin", "grunder", "grunderin",
    "gruender", "gruenderin", "pdg", "gerant", "gerante", "directeur general", "directrice generale", "fondateur",
    "fondatrice", "director general", "directora general", "gerente general", "fundador", "fundadora", "propietari*",
    "consejero delegado", "consejera delegada", "presidente", "presidenta",
];

/// The function a title names; `None` where it names none that is known.
///
/// Words of English, German, French and Spanish titles are looked for. Where a title names several functions
/// (`VP Sales and Marketing`), the first counts.
pub fn function_of(title: &str) -> Option<JobFunction> {
    let words = words::words(title);
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words::position_of(&words, phrase).is_some());
    let phrase = PHRASES.iter().find(|(_, phrases)| has(phrases)).map(|(function, _)| *function);
    phrase
        .or_else(|| words.iter().find_map(|word| function_of_word(word)))
        .or_else(|| has(GENERAL).then_some(JobFunction::General))
}

fn function_of_word(word: &str) -> Option<JobFunction> {
    WORDS
        .iter()
        .find(|(_, patterns)| patterns.iter().any(|pattern| words::word_is(word, pattern)))
        .map(|(function, _)| *function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (function, titles) in [
            (
                JobFunction::Sales,
                &[
                    "VP Sales and Marketing",
                    "Account Executive",
                    "Vertriebsleiterin",
                    "Business Development Manager",
                    "Directeur commercial",
                    "Director de Ventas",
                    "Chief Revenue Officer",
                    "Sales Engineer",
                ][..],
            ),
            (
                JobFunction::Marketing,
                &[
                    "CMO",
                    "Product Marketing Manager",
                    "Marketingleiter",
                    "Head of Growth",
                    "Demand Generation Lead",
                ],
            ),
            (
                JobFunction::RevenueOperations,
                &["Head of RevOps", "Sales Operations Analyst", "Marketing Operations Manager"],
            ),
            (
                JobFunction::Engineering,
                &["Software Engineer", "CTO", "Entwicklerin", "Développeur", "R&D Director", "DevOps Lead"],
            ),
            (
                JobFunction::It,
                &["IT-Leiter", "CIO", "Director of Information Technology", "Responsable informatique"],
            ),
            (
                JobFunction::Finance,
                &["CFO", "Buchhalterin", "Directeur financier", "Controller", "VP Finance"],
            ),
            (
                JobFunction::Hr,
                &["HR Business Partner", "Personalleiter", "DRH Ressources Humaines", "Recruiter"],
            ),
            (
                JobFunction::Operations,
                &["COO", "Einkäufer", "Einkaeufer", "Supply Chain Manager", "Jefe de Operaciones"],
            ),
            (JobFunction::Product, &["Product Owner", "Chef de produit", "Produktmanagerin", "UX Designer"]),
            (JobFunction::Legal, &["General Counsel", "Rechtsanwalt", "Compliance Officer"]),
            (JobFunction::Support, &["Customer Success Manager", "Kundendienst", "Soporte técnico"]),
            (
                JobFunction::General,
                &["CEO", "Founder", "Geschäftsführer", "Managing Director", "Directora General", "Owner"],
            ),
        ] {
            for title in titles {
                assert_eq!(function_of(title), Some(function), "{title}");
            }
        }
    }

    #[test]
    fn narrower_beats_general() {
        assert_eq!(function_of("Founder & Head of Sales"), Some(JobFunction::Sales));
    }

    #[test]
    fn unknown_is_not_general() {
        for title in ["", "Wizard", "Manager", "Director", "部長", "Italian teacher", "Personal trainer"] {
            assert_eq!(function_of(title), None, "{title}");
        }
    }

    #[test]
    fn name_is_the_json_form() {
        for (function, _) in PHRASES.iter().chain(WORDS) {
            assert_eq!(serde_json::to_string(function).unwrap(), format!("\"{}\"", function.name()));
        }
        assert_eq!(serde_json::to_string(&JobFunction::General).unwrap(), "\"general\"");
    }
}
