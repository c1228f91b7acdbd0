//! A condition as the playbook writes it: one map, whose keys say what it is.

use serde::{Deserialize, Serialize};

use super::{Condition, Scalar, Subject, Test};

/// A condition as the playbook writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionDoc {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    all: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    any: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    not: Option<Box<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    is: Option<Scalar>,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none", default)]
    one_of: Option<Vec<Scalar>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    starts_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    at_least: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    at_most: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    known: Option<bool>,
}

impl TryFrom<ConditionDoc> for Condition {
    type Error = String;

    fn try_from(doc: ConditionDoc) -> Result<Self, String> {
        let tests = [
            doc.is.map(Test::Is),
            doc.one_of.map(Test::In),
            doc.contains.map(Test::Contains),
            doc.starts_with.map(Test::StartsWith),
            doc.at_least.map(Test::AtLeast),
            doc.at_most.map(Test::AtMost),
            doc.known.map(Test::Known),
        ];
        let mut tests: Vec<Test> = tests.into_iter().flatten().collect();
        match (doc.all, doc.any, doc.not, doc.field, tests.len()) {
            (Some(parts), None, None, None, 0) => Ok(Condition::All(parts)),
            (None, Some(parts), None, None, 0) => Ok(Condition::Any(parts)),
            (None, None, Some(inner), None, 0) => Ok(Condition::Not(inner)),
            (None, None, None, Some(name), 1..) => {
                let subject = Subject::parse(&name).ok_or_else(|| {
                    format!("there is no field {name:?}; use a profile field such as `title`, `company.employees`, `email.free`, `form`, `source`, `score.grade` or `answers.<input>`")
                })?;
                let mut tests = tests.drain(..).map(|test| Condition::Field(subject.clone(), test));
                match (tests.next(), tests.len()) {
                    (Some(only), 0) => Ok(only),
                    (Some(first), _) => Ok(Condition::All(std::iter::once(first).chain(tests).collect())),
                    (None, _) => Err("a field needs a test".to_owned()),
                }
            }
            (None, None, None, Some(name), 0) => Err(format!(
                "the field {name:?} needs a test: is, in, contains, starts_with, at_least, at_most or known"
            )),
            _ => Err("a condition is exactly one of all, any, not, or a field with its tests".to_owned()),
        }
    }
}

impl From<Condition> for ConditionDoc {
    fn from(condition: Condition) -> Self {
        let mut doc = ConditionDoc::default();
        match condition {
            Condition::All(parts) => doc.all = Some(parts),
            Condition::Any(parts) => doc.any = Some(parts),
            Condition::Not(inner) => doc.not = Some(inner),
            Condition::Field(subject, test) => {
                doc.field = Some(subject.name());
                match test {
                    Test::Is(value) => doc.is = Some(value),
                    Test::In(values) => doc.one_of = Some(values),
                    Test::Contains(part) => doc.contains = Some(part),
                    Test::StartsWith(part) => doc.starts_with = Some(part),
                    Test::AtLeast(bound) => doc.at_least = Some(bound),
                    Test::AtMost(bound) => doc.at_most = Some(bound),
                    Test::Known(wanted) => doc.known = Some(wanted),
                }
            }
        }
        doc
    }
}
