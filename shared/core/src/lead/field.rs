//! The values of a profile by name.

use serde::{Deserialize, Serialize};

/// A value of the profile by name, as forms, rules, providers and API call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// E-mail address.
    #[serde(rename = "email")]
    Email,
    /// Telephone number.
    #[serde(rename = "phone")]
    Phone,
    /// Given name.
    #[serde(rename = "first_name")]
    FirstName,
    /// Family name.
    #[serde(rename = "last_name")]
    LastName,
    /// Job title.
    #[serde(rename = "title")]
    Title,
    /// Rank.
    #[serde(rename = "seniority")]
    Seniority,
    /// Line of work.
    #[serde(rename = "function")]
    Function,
    /// The person's country.
    #[serde(rename = "country")]
    Country,
    /// The person's state, province or Land, in ISO 3166-2.
    #[serde(rename = "subdivision")]
    Subdivision,
    /// The person's postcode.
    #[serde(rename = "postcode")]
    Postcode,
    /// Company name.
    #[serde(rename = "company.name")]
    CompanyName,
    /// Company domain.
    #[serde(rename = "company.domain")]
    CompanyDomain,
    /// Number of employees.
    #[serde(rename = "company.employees")]
    Employees,
    /// Industry.
    #[serde(rename = "company.industry")]
    Industry,
    /// The company's country.
    #[serde(rename = "company.country")]
    CompanyCountry,
}

impl Field {
    /// All fields.
    pub const ALL: [Field; 15] = [
        Field::Email,
        Field::Phone,
        Field::FirstName,
        Field::LastName,
        Field::Title,
        Field::Seniority,
        Field::Function,
        Field::Country,
        Field::Subdivision,
        Field::Postcode,
        Field::CompanyName,
        Field::CompanyDomain,
        Field::Employees,
        Field::Industry,
        Field::CompanyCountry,
    ];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Field::Email => "email",
            Field::Phone => "phone",
            Field::FirstName => "first_name",
            Field::LastName => "last_name",
            Field::Title => "title",
            Field::Seniority => "seniority",
            Field::Function => "function",
            Field::Country => "country",
            Field::Subdivision => "subdivision",
            Field::Postcode => "postcode",
            Field::CompanyName => "company.name",
            Field::CompanyDomain => "company.domain",
            Field::Employees => "company.employees",
            Field::Industry => "company.industry",
            Field::CompanyCountry => "company.country",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|f| f.name() == name)
    }

    /// The field that a form input means by its usual name.
    pub fn of_input(name: &str) -> Option<Field> {
        Field::parse(name).or(match name {
            "company" | "company_name" | "organisation" | "organization" => Some(Field::CompanyName),
            "job_title" | "jobtitle" | "position" => Some(Field::Title),
            "employees" | "company_size" => Some(Field::Employees),
            "industry" => Some(Field::Industry),
            "website" | "company_website" | "domain" => Some(Field::CompanyDomain),
            "phone_number" | "telephone" | "tel" => Some(Field::Phone),
            "firstname" | "given_name" => Some(Field::FirstName),
            "lastname" | "family_name" => Some(Field::LastName),
            "state" | "region" | "province" => Some(Field::Subdivision),
            "zip" | "zip_code" | "zipcode" | "postal_code" | "postalcode" => Some(Field::Postcode),
            _ => None,
        })
    }
}
