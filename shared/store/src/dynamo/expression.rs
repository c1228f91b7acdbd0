//! Compiles conditions and key ranges to DynamoDB's expressions, with every name and value as a placeholder.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as Wire;

use crate::table::{AttributeValue, Condition, PK, Range};

/// An expression with what its placeholders stand for. DynamoDB refuses unused placeholders, so that each
/// expression carries exactly its own.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, Wire>,
}

impl Expression {
    /// Compiles a condition.
    pub(super) fn condition(condition: &Condition) -> Self {
        let mut expression = Self::default();
        expression.text = expression.compile(condition).0;
        expression
    }

    /// Compiles the key condition of a query over one partition.
    pub(super) fn keys(attributes: (&str, &str), partition: &str, range: &Range) -> Self {
        let mut expression = Self::default();
        let name = expression.name(attributes.0);
        let value = expression.text_value(partition);
        let mut text = format!("{name} = {value}");
        if *range != Range::All {
            let sort = expression.name(attributes.1);
            let bound = match range {
                Range::All => String::new(),
                Range::Prefix(prefix) => format!("begins_with({sort}, {})", expression.text_value(prefix)),
                Range::UpTo(upper) => format!("{sort} <= {}", expression.text_value(upper)),
                Range::From(lower) => format!("{sort} >= {}", expression.text_value(lower)),
                Range::Between(lower, upper) => {
                    let lower = expression.text_value(lower);
                    format!("{sort} BETWEEN {lower} AND {}", expression.text_value(upper))
                }
            };
            text = format!("{text} AND {bound}");
        }
        expression.text = text;
        expression
    }

    /// Gives the text and how it binds. Parentheses stand only where they are needed: DynamoDB refuses others.
    fn compile(&mut self, condition: &Condition) -> (String, Binding) {
        match condition {
            Condition::Absent => (self.existence("attribute_not_exists"), Binding::Tight),
            Condition::Exists => (self.existence("attribute_exists"), Binding::Tight),
            Condition::Missing(name) => {
                (format!("attribute_not_exists({})", self.name(name)), Binding::Tight)
            }
            Condition::Equals(name, value) => {
                let name = self.name(name);
                (format!("{name} = {}", self.value(value.clone())), Binding::Tight)
            }
            Condition::Below(name, bound) => {
                let name = self.name(name);
                (format!("{name} < {}", self.value(AttributeValue::N(bound.to_string()))), Binding::Tight)
            }
            Condition::All(parts) => self.join(parts, Binding::And),
            Condition::Any(parts) => self.join(parts, Binding::Or),
        }
    }

    fn join(&mut self, parts: &[Condition], binding: Binding) -> (String, Binding) {
        match parts {
            [] => {
                // All of nothing always holds, any of nothing never does.
                let exists = self.existence("attribute_exists");
                let absent = self.existence("attribute_not_exists");
                match binding {
                    Binding::Or => (format!("{exists} AND {absent}"), Binding::And),
                    Binding::And | Binding::Tight => (format!("{exists} OR {absent}"), Binding::Or),
                }
            }
            [only] => self.compile(only),
            parts => {
                let texts: Vec<String> = parts
                    .iter()
                    .map(|part| match self.compile(part) {
                        (text, inner) if inner == Binding::Tight || inner == binding => text,
                        (text, _) => format!("({text})"),
                    })
                    .collect();
                let glue = if binding == Binding::Or { " OR " } else { " AND " };
                (texts.join(glue), binding)
            }
        }
    }

    fn existence(&mut self, function: &str) -> String {
        format!("{function}({})", self.name(PK))
    }

    fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, known)| *known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value.into());
        placeholder
    }

    fn text_value(&mut self, text: &str) -> String {
        self.value(AttributeValue::S(text.to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binding {
    /// A comparison or a call.
    Tight,
    And,
    Or,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(name: &'static str) -> Condition {
        Condition::Equals(name, AttributeValue::N("1".to_owned()))
    }

    /// The placeholders spelled out again, so that the cases can be read.
    fn readable(expression: &Expression) -> String {
        let mut text = expression.text.clone();
        for (placeholder, name) in &expression.names {
            text = text.replace(placeholder, name);
        }
        for (placeholder, value) in &expression.values {
            text = text.replace(placeholder, value.as_n().or(value.as_s()).unwrap());
        }
        text
    }

    #[test]
    fn conditions_become_expressions_with_the_fewest_parentheses() {
        use Condition::{Absent, All, Any, Below, Exists};
        let cases = [
            (Absent, "attribute_not_exists(pk)"),
            (Exists, "attribute_exists(pk)"),
            (equals("a"), "a = 1"),
            (Below("load", -5), "load < -5"),
            (All(vec![Exists, equals("a")]), "attribute_exists(pk) AND a = 1"),
            (Any(vec![Absent, equals("a")]), "attribute_not_exists(pk) OR a = 1"),
            (All(vec![All(vec![All(vec![Exists])])]), "attribute_exists(pk)"),
            (All(vec![equals("a"), All(vec![equals("b"), equals("c")])]), "a = 1 AND b = 1 AND c = 1"),
            (All(vec![equals("a"), Any(vec![equals("b"), equals("c")])]), "a = 1 AND (b = 1 OR c = 1)"),
            (Any(vec![equals("a"), All(vec![equals("b"), equals("c")])]), "a = 1 OR (b = 1 AND c = 1)"),
            (All(vec![Any(vec![equals("a")]), equals("b")]), "a = 1 AND b = 1"),
            (All(vec![]), "attribute_exists(pk) OR attribute_not_exists(pk)"),
            (Any(vec![]), "attribute_exists(pk) AND attribute_not_exists(pk)"),
            (
                All(vec![Exists, All(vec![])]),
                "attribute_exists(pk) AND (attribute_exists(pk) OR attribute_not_exists(pk))",
            ),
        ];
        for (condition, expected) in cases {
            assert_eq!(readable(&Expression::condition(&condition)), expected);
        }
    }

    #[test]
    fn a_name_has_one_placeholder_and_every_value_its_own() {
        let expression =
            Expression::condition(&Condition::Any(vec![equals("a"), equals("a"), Condition::Exists]));
        assert_eq!(expression.names.len(), 2);
        assert_eq!(expression.values.len(), 2);
    }

    #[test]
    fn ranges_become_key_conditions() {
        let text = |text: &str| text.to_owned();
        let cases = [
            (Range::All, "p = x"),
            (Range::Prefix(text("T#")), "p = x AND begins_with(s, T#)"),
            (Range::UpTo(text("m")), "p = x AND s <= m"),
            (Range::From(text("m")), "p = x AND s >= m"),
            (Range::Between(text("a"), text("m")), "p = x AND s BETWEEN a AND m"),
        ];
        for (range, expected) in cases {
            assert_eq!(readable(&Expression::keys(("p", "s"), "x", &range)), expected);
        }
    }
}
