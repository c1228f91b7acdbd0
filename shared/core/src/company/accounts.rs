//! Named accounts: companies that the playbook knows, with whom they belong to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CompanyName, Grade, Known, MatchRule, compare};
use crate::contact::{Domain, Phone, Postcode};
use crate::ids::{RepId, RuleId};
use crate::lead::{Field, Origin, Profile, business_domain};

/// The named accounts of a playbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct AccountRules {
    /// Whether the domain alone is enough for an account that is given with a name as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub domain_alone: bool,
    /// By the registrable domain of the company.
    pub named: BTreeMap<Domain, Account>,
}

impl AccountRules {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// Its name. With a name the name has to agree; without one the domain is all there is to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who gets its leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<RepId>,
    /// The list that it stands on, for rules: `account.list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<RuleId>,
    /// Its other domains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Domain>,
    /// Its switchboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Postcode>,
}

/// The account that a lead's company is.
#[derive(Debug, Clone, Copy)]
pub struct AccountMatch<'a> {
    /// The domain that it is listed under.
    pub domain: &'a Domain,
    /// What is listed there.
    pub account: &'a Account,
    /// The rule by which it was found.
    pub rule: MatchRule,
}

/// Named accounts, ready to be looked up: a look costs the same however many there are.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    listed: Vec<(Domain, Account)>,
    names: Vec<Option<CompanyName>>,
    by_domain: BTreeMap<Domain, usize>,
    by_name: BTreeMap<String, Vec<usize>>,
    by_phone: BTreeMap<String, Vec<usize>>,
    by_postcode: BTreeMap<String, Vec<usize>>,
    domain_alone: bool,
}

impl Accounts {
    /// Sorts the accounts of a playbook.
    pub fn new(rules: &AccountRules) -> Self {
        let mut accounts = Self { domain_alone: rules.domain_alone, ..Self::default() };
        for (place, (domain, account)) in rules.named.iter().enumerate() {
            for domain in std::iter::once(domain).chain(&account.also) {
                accounts.by_domain.entry(domain.clone()).or_insert(place);
            }
            let name = account.name.as_deref().and_then(CompanyName::parse);
            let index = |table: &mut BTreeMap<String, Vec<usize>>, key: Option<String>| {
                if let Some(key) = key {
                    table.entry(key).or_default().push(place);
                }
            };
            index(&mut accounts.by_name, name.as_ref().map(CompanyName::key));
            index(&mut accounts.by_phone, account.phone.as_ref().map(|p| p.as_str().to_owned()));
            index(&mut accounts.by_postcode, account.postcode.as_ref().map(|p| p.as_str().to_owned()));
            accounts.names.push(name);
            accounts.listed.push((domain.clone(), account.clone()));
        }
        accounts
    }

    /// The account that a person's company is, if it can be told.
    ///
    /// Two accounts that only share a name are told apart by nothing: then it is neither.
    pub fn of(&self, profile: &Profile) -> Option<AccountMatch<'_>> {
        if self.listed.is_empty() {
            return None;
        }
        let company = &profile.company;
        // A name that was guessed from the domain says no more than the domain.
        let guessed = profile.origins.get(&Field::CompanyName) == Some(&Origin::Derived);
        let name = company.name.as_deref().filter(|_| !guessed).and_then(CompanyName::parse);
        let own = business_domain(profile.contact.email.domain().as_str());
        let domains: Vec<&Domain> = company.domain.iter().chain(&own).collect();
        let (phone, postcode) = (profile.contact.phone.as_ref(), profile.contact.postcode.as_ref());

        let mut places: BTreeSet<usize> =
            domains.iter().filter_map(|d| self.by_domain.get(*d)).copied().collect();
        let mut add = |table: &BTreeMap<String, Vec<usize>>, key: Option<String>| {
            places.extend(key.and_then(|k| table.get(&k)).into_iter().flatten().copied());
        };
        add(&self.by_name, name.as_ref().map(CompanyName::key));
        add(&self.by_phone, phone.map(|p| p.as_str().to_owned()));
        add(&self.by_postcode, postcode.map(|p| p.as_str().to_owned()));

        let theirs = Known { name, domains, phone, postcode };
        let mut best: Option<(MatchRule, usize)> = None;
        let mut tied = false;
        for place in places {
            let rule = self.compare(place, &theirs);
            let counts =
                rule.grade() >= Grade::Probable || (rule == MatchRule::DomainAlone && self.domain_alone);
            match best {
                _ if !counts => {}
                Some((held, _)) if (held.grade(), held) > (rule.grade(), rule) => {}
                Some((held, _)) if held == rule => tied = true,
                _ => (best, tied) = (Some((rule, place)), false),
            }
        }
        let (rule, place) = best.filter(|_| !tied)?;
        let (domain, account) = &self.listed[place];
        Some(AccountMatch { domain, account, rule })
    }

    fn compare(&self, place: usize, theirs: &Known<'_>) -> MatchRule {
        let (domain, account) = &self.listed[place];
        let ours = Known {
            name: self.names[place].clone(),
            domains: std::iter::once(domain).chain(&account.also).collect(),
            phone: account.phone.as_ref(),
            postcode: account.postcode.as_ref(),
        };
        match compare(&ours, theirs) {
            MatchRule::DomainAlone if ours.name.is_none() => MatchRule::ListedDomain,
            rule => rule,
        }
    }
}
