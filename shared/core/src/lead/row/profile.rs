//! The profile in a row: one map of its values under two letters each, and where those came from that were not simply
//! typed into a form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Unreadable;
use crate::contact::{
    CountryCode, Domain, EmailAddress, JobFunction, Phone, Postcode, Seniority, Subdivision,
};
use crate::lead::{Company, Contact, Field, Origin, Profile};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProfileRow {
    em: EmailAddress,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ph: Option<Phone>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    fi: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    la: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    se: Option<Seniority>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    fu: Option<JobFunction>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    co: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    su: Option<Subdivision>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    po: Option<Postcode>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cd: Option<Domain>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ce: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ci: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cc: Option<CountryCode>,
    /// The fields from each origin but a form, and under [`NONE`] those of which it is not known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    from: BTreeMap<String, String>,
}

/// In place of an origin. The table takes no empty names.
const NONE: &str = "none";

/// The two letters of a field.
const fn letters(field: Field) -> &'static str {
    match field {
        Field::Email => "em",
        Field::Phone => "ph",
        Field::FirstName => "fi",
        Field::LastName => "la",
        Field::Title => "ti",
        Field::Seniority => "se",
        Field::Function => "fu",
        Field::Country => "co",
        Field::Subdivision => "su",
        Field::Postcode => "po",
        Field::CompanyName => "cn",
        Field::CompanyDomain => "cd",
        Field::Employees => "ce",
        Field::Industry => "ci",
        Field::CompanyCountry => "cc",
    }
}

impl From<Profile> for ProfileRow {
    fn from(profile: Profile) -> Self {
        let from = unusual(&profile);
        let Profile { contact, company, .. } = profile;
        Self {
            em: contact.email,
            ph: contact.phone,
            fi: contact.first_name,
            la: contact.last_name,
            ti: contact.title,
            se: contact.seniority,
            fu: contact.function,
            co: contact.country,
            su: contact.subdivision,
            po: contact.postcode,
            cn: company.name,
            cd: company.domain,
            ce: company.employees,
            ci: company.industry,
            cc: company.country,
            from,
        }
    }
}

impl TryFrom<ProfileRow> for Profile {
    type Error = Unreadable;

    fn try_from(row: ProfileRow) -> Result<Profile, Unreadable> {
        let contact = Contact {
            email: row.em,
            phone: row.ph,
            first_name: row.fi,
            last_name: row.la,
            title: row.ti,
            seniority: row.se,
            function: row.fu,
            country: row.co,
            subdivision: row.su,
            postcode: row.po,
        };
        let company =
            Company { name: row.cn, domain: row.cd, employees: row.ce, industry: row.ci, country: row.cc };
        let mut profile = Profile { contact, company, origins: BTreeMap::new() };
        let known = Field::ALL.into_iter().filter(|field| profile.get(*field).is_some());
        profile.origins = known.map(|field| (field, Origin::Form)).collect();
        for (origin, fields) in row.from {
            for word in fields.split(' ') {
                let field = Field::ALL.into_iter().find(|field| letters(*field) == word);
                let field = field.ok_or(Unreadable("profile.from"))?;
                if origin == NONE {
                    profile.origins.remove(&field);
                } else {
                    let origin = Origin::try_from(origin.clone()).map_err(|_| Unreadable("profile.from"))?;
                    profile.origins.insert(field, origin);
                }
            }
        }
        Ok(profile)
    }
}

/// Usual are values that came from a form, and no origin without a value.
fn unusual(profile: &Profile) -> BTreeMap<String, String> {
    let mut from: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for field in Field::ALL {
        match (profile.origins.get(&field), profile.get(field)) {
            (Some(Origin::Form), Some(_)) | (None, None) => {}
            (None, Some(_)) => from.entry(NONE.to_owned()).or_default().push(letters(field)),
            (Some(origin), _) => from.entry(origin.clone().into()).or_default().push(letters(field)),
        }
    }
    from.into_iter().map(|(origin, fields)| (origin, fields.join(" "))).collect()
}
