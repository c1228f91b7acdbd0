//! Mailboxes that belong to a function rather than a person.

use super::CountryCode;

/// Names of shared mailboxes, without signs between words; sorted.
#[rustfmt::skip]
const ROLES: &[&str] = &[
    "abuse", "accounting", "accounts", "accueil", "achat", "achats", "administracion", "administration",
    "administrator", "admin", "admissions", "allgemein", "anfrage", "anfragen", "atencionalcliente", "atencioncliente",
    "auftrag", "ayuda", "beratung", "bestellung", "bestellungen", "bewerbung", "billing", "board", "bonjour",
    "booking", "bookings", "buchhaltung", "buero", "business", "careers", "commercial", "comercial", "compras",
    "comptabilite", "compliance", "contabilidad", "contact", "contacto", "contactus", "contato", "customercare",
    "customerservice", "customersuccess", "customersupport", "datenschutz", "devnull", "direccion", "direction",
    "dpo", "einkauf", "empfang", "empleo", "enquiries", "enquiry", "everyone", "export", "facturacion", "facture",
    "factures", "feedback", "finance", "ftp", "geschaeftsfuehrung", "hallo", "hello", "help", "helpdesk", "hilfe",
    "hi", "hola", "hostmaster", "hr", "info", "informacion", "information", "informations", "inquiries", "inquiry",
    "investors", "invoice", "invoices", "it", "itsupport", "jobs", "karriere", "kontakt", "kundendienst",
    "kundenservice", "leads", "legal", "mail", "mailbox", "mailerdaemon", "management", "marketing", "media",
    "moin", "news", "newsletter", "noc", "noreply", "donotreply", "office", "oficina", "operations", "orders",
    "partner", "partners", "pedidos", "personal", "postmaster", "post", "press", "presse", "privacy", "procurement",
    "purchasing", "rechnung", "rechnungen", "reception", "recrutement", "recruiting", "recruitment", "redaktion",
    "reservations", "reply", "rrhh", "rh", "root", "sales", "sav", "secretaria", "secretariat", "security",
    "sekretariat", "service", "serviceclient", "services", "shop", "sistemas", "soporte", "spam", "staff", "subscribe",
    "supplychain", "support", "sysadmin", "team", "tech", "technik", "test", "trabajo", "unsubscribe", "usenet",
    "uucp", "ventas", "vente", "ventes", "verkauf", "vertrieb", "verwaltung", "web", "webmaster", "welcome", "www",
    "zentrale",
];

/// What may follow a role to say which one: `sales-emea`, `info.berlin` not.
const BRANCHES: &[&str] = &[
    "team",
    "office",
    "global",
    "europe",
    "emea",
    "apac",
    "latam",
    "dach",
    "eu",
    "uk",
    "usa",
    "international",
    "department",
    "desk",
    "group",
    "hq",
    "inquiries",
    "abteilung",
    "en",
];

/// Whether a local part, in canonical form, names a shared mailbox.
///
/// `info`, `info2`, `no-reply`, `sales.de`, `support_team`; never `info.smith`.
pub(super) fn is_role(local: &str) -> bool {
    let parts: Vec<&str> = local.split(['.', '-', '_', '+']).filter(|part| !part.is_empty()).collect();
    let is_listed = |name: &str| ROLES.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit()));
    let is_branch = |part: &&str| {
        BRANCHES.contains(part)
            || part.bytes().all(|b| b.is_ascii_digit())
            || CountryCode::from_alpha2(part).is_some()
    };
    is_listed(&parts.concat())
        || parts.split_first().is_some_and(|(first, rest)| is_listed(first) && rest.iter().all(is_branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_mailboxes() {
        for role in [
            "info",
            "sales",
            "contact",
            "admin",
            "support",
            "office",
            "hello",
            "no-reply",
            "noreply",
            "info2",
            "sales.de",
            "sales-emea",
            "support_team",
            "kontakt",
            "vertrieb",
            "buchhaltung",
            "customer.service",
            "ventas",
            "contacto",
            "accueil",
            "service-client",
            "rh",
            "it-support",
            "do_not_reply",
            "hr",
            "team",
            "postmaster",
            "abuse",
        ] {
            assert!(is_role(role), "{role}");
        }
    }

    #[test]
    fn people() {
        for person in [
            "ann",
            "info.smith",
            "sales.person.ann",
            "j.office-smith",
            "teamann",
            "",
            "-",
            "123",
            "salesforce",
            "martin",
        ] {
            assert!(!is_role(person), "{person}");
        }
    }
}
