//! The rows of a file: one submission each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use leadline_core::ids::FormId;
use leadline_core::seal::sha256_hex;
use serde_json::Value;

use crate::arguments::Format;
use crate::failure::Failure;

/// A row's own form.
const FORM: &str = "_form";
/// What a sample file says should come of the row; never sent.
const EXPECT: &str = "_expect";

/// One submission. Its `Debug` shows nothing that was typed.
#[derive(Clone, PartialEq)]
pub(crate) struct Row {
    /// Where it stands: the row of a spreadsheet, whose first has the names, or the line of an NDJSON file.
    pub(crate) number: usize,
    /// The form that it goes to.
    pub(crate) form: FormId,
    /// What is sent, by input name.
    pub(crate) inputs: BTreeMap<String, Value>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} of {})", self.number, self.form)
    }
}

/// A row that makes no sense, and what to do about it. Never repeats what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// Where it stands.
    pub(crate) number: usize,
    /// What is wrong.
    pub(crate) problem: String,
}

impl Row {
    /// Takes the inputs of a row apart from those that are about the row.
    fn of(number: usize, mut inputs: BTreeMap<String, Value>, form: &FormId) -> Result<Row, BadRow> {
        inputs.remove(EXPECT);
        let form = match inputs.remove(FORM) {
            None | Some(Value::Null) => form.clone(),
            Some(Value::String(name)) if name.is_empty() => form.clone(),
            Some(named) => {
                named.as_str().and_then(|name| FormId::parse(name).ok()).ok_or_else(|| BadRow {
                    number,
                    problem: "`_form` names no form; use a name such as demo-request".to_owned(),
                })?
            }
        };
        // The door reads null as not given.
        inputs.retain(|_, value| !value.is_null());
        Ok(Row { number, form, inputs })
    }

    /// The same for the same form and inputs, whatever the file, its format and the order of its columns.
    pub(crate) fn idempotency_key(&self) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let inputs: BTreeMap<&str, String> = self.inputs.iter().map(|(n, v)| (n.as_str(), text(v))).collect();
        let content = serde_json::json!(["leadctl/1", self.form.as_str(), inputs]);
        sha256_hex(content.to_string().as_bytes())
    }

    /// The body to send.
    pub(crate) fn body(&self) -> String {
        serde_json::json!(self.inputs).to_string()
    }
}

/// Reads a file. Nothing is sent from a file of which a row cannot be read.
pub(crate) fn of_file(path: &Path, format: Option<Format>, form: &FormId) -> Result<Vec<Row>, Failure> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let format = format.or(match extension.as_str() {
        "csv" | "tsv" => Some(Format::Csv),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        _ => None,
    });
    let format = format.ok_or_else(|| Failure::UnknownFormat { path: path.to_owned() })?;
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::File { path: path.to_owned(), error })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let rows = match format {
        Format::Csv => of_csv(text, form),
        Format::Ndjson => of_ndjson(text, form),
    };
    let rows = rows.map_err(Failure::BadRows)?;
    if rows.is_empty() { Err(Failure::NoRows { path: path.to_owned() }) } else { Ok(rows) }
}

/// Reads NDJSON; empty lines are passed over.
pub(crate) fn of_ndjson(text: &str, form: &FormId) -> Result<Vec<Row>, Vec<BadRow>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    all(lines.map(|(index, line)| {
        let number = index + 1;
        let inputs = serde_json::from_str(line).map_err(|error| BadRow {
            number,
            problem: format!("not one JSON object on one line (column {})", error.column()),
        })?;
        Row::of(number, inputs, form)
    }))
}

/// Reads CSV with the inputs' names in its first row. Empty cells count as not given.
pub(crate) fn of_csv(text: &str, form: &FormId) -> Result<Vec<Row>, Vec<BadRow>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(text)).from_reader(text.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.trim().to_owned()).collect(),
        Err(error) => return Err(vec![BadRow { number: 1, problem: words(&error) }]),
    };
    let head = |problem: String| Err(vec![BadRow { number: 1, problem }]);
    if names.iter().any(String::is_empty) {
        return head("a column has no name; give it that of an input".to_owned());
    }
    if let Some(name) =
        names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
    {
        return head(format!("two columns are called `{name}`"));
    }
    all(reader.records().enumerate().map(|(index, record)| {
        let number = index + 2;
        let record = record.map_err(|error| BadRow { number, problem: words(&error) })?;
        let cells = names.iter().zip(record.iter()).filter(|(_, cell)| !cell.trim().is_empty());
        Row::of(
            number,
            cells.map(|(name, cell)| (name.clone(), Value::String(cell.to_owned()))).collect(),
            form,
        )
    }))
}

/// Spreadsheets of many countries write semicolons, as the comma is in their numbers.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|d| head.as_bytes().contains(d)).unwrap_or(b',')
}

fn words(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "has {len} cells, the first row has {expected_len}; put quotation marks around cells with separators"
            )
        }
        _ => "cannot be read as CSV".to_owned(),
    }
}

/// All rows, or everything that is wrong.
fn all(rows: impl Iterator<Item = Result<Row, BadRow>>) -> Result<Vec<Row>, Vec<BadRow>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(row) => bad.push(row),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn demo() -> FormId {
        FormId::parse("demo-request").unwrap()
    }

    fn inputs(row: &Row) -> Value {
        json!(row.inputs)
    }

    #[test]
    fn csv_as_spreadsheets_write_it() {
        let text = "email,first_name, message ,_form\r\n\
                    ada@a.example,Ada,\"Two lines,\nand a \"\"quote\"\"\",\r\n\
                    bo@b.example,,,newsletter\r\n";
        let rows = of_csv(text, &demo()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            inputs(&rows[0]),
            json!({"email": "ada@a.example", "first_name": "Ada", "message": "Two lines,\nand a \"quote\""})
        );
        assert_eq!((rows[0].number, rows[0].form.as_str()), (2, "demo-request"));
        assert_eq!(inputs(&rows[1]), json!({"email": "bo@b.example"}));
        assert_eq!((rows[1].number, rows[1].form.as_str()), (3, "newsletter"));
        for (separated, separator) in [
            ("email;company\na@a.example;A, B & C\n", ';'),
            ("email\tcompany\na@a.example\tA, B & C\n", '\t'),
        ] {
            let rows = of_csv(separated, &demo()).unwrap();
            assert_eq!(
                inputs(&rows[0]),
                json!({"email": "a@a.example", "company": "A, B & C"}),
                "{separator:?}"
            );
        }
    }

    #[test]
    fn csv_mistakes_are_told_by_row() {
        let problem = |text: &str| of_csv(text, &demo()).unwrap_err();
        let wrong = problem("email,company\na@a.example\nb@b.example,B\nc@c.example,C,D\n");
        assert_eq!(wrong.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4]);
        assert!(wrong[0].problem.starts_with("has 1 cells, the first row has 2"), "{}", wrong[0].problem);
        assert_eq!(
            problem("email,email\na,b\n"),
            [BadRow { number: 1, problem: "two columns are called `email`".into() }]
        );
        assert_eq!(problem("email,\na,b\n")[0].number, 1);
    }

    #[test]
    fn ndjson_with_what_is_about_the_row_taken_out() {
        let text = "{\"email\":\"ada@a.example\",\"employees\":120,\"newsletter\":true,\"phone\":null,\"_expect\":\"clean\"}\n\n\
                    {\"email\":\"bo@b.example\",\"_form\":\"newsletter\"}";
        let rows = of_ndjson(text, &demo()).unwrap();
        assert_eq!(inputs(&rows[0]), json!({"email": "ada@a.example", "employees": 120, "newsletter": true}));
        assert_eq!(rows[0].body(), r#"{"email":"ada@a.example","employees":120,"newsletter":true}"#);
        assert_eq!((rows[1].number, rows[1].form.as_str()), (3, "newsletter"));
    }

    #[test]
    fn ndjson_mistakes_are_told_by_line_and_without_what_was_typed() {
        let wrong = of_ndjson(
            "{\"email\":\"a@a.example\"}\n{\"email\":\"secret@a.example\"\n[1]\n{\"_form\":7}\n",
            &demo(),
        );
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(wrong.iter().all(|row| !row.problem.contains("secret")));
        assert!(!format!("{:?}", of_ndjson("{\"email\":\"secret@a.example\"}", &demo())).contains("secret"));
    }

    #[test]
    fn the_key_follows_the_content_and_nothing_else() {
        let key = |text: &str, form: &str| {
            of_ndjson(text, &FormId::parse(form).unwrap()).unwrap()[0].idempotency_key()
        };
        let one = key(r#"{"email":"ada@a.example","employees":"120"}"#, "demo-request");
        // printf %s '["leadctl/1","demo-request",{"email":"ada@a.example","employees":"120"}]' | sha256sum
        assert_eq!(one, "48eac25c68519373af31f5cc3fb3f23f7fcb86117e1686775621a0cebcd94ab9");
        // A second run, another order, another notation, a verdict beside it, and CSV.
        for same in [
            r#"{"employees":120,"email":"ada@a.example"}"#,
            "\n{\"email\":\"ada@a.example\",\"employees\":\"120\",\"_expect\":\"clean\",\"phone\":null}",
            r#"{"email":"ada@a.example","employees":"120","_form":"demo-request"}"#,
        ] {
            assert_eq!(key(same, "demo-request"), one, "{same}");
        }
        let csv = of_csv("employees,email,phone\n120,ada@a.example,\n", &demo()).unwrap();
        assert_eq!(csv[0].idempotency_key(), one);
        for other in [
            r#"{"email":"ada@a.example","employees":"121"}"#,
            r#"{"email":"ada@a.example"}"#,
            r#"{"email":"Ada@a.example","employees":"120"}"#,
            r#"{"email":"ada@a.example","company":"120"}"#,
            r#"{"email":"ada@a.example","employees":"120","utm_source":"x"}"#,
        ] {
            assert_ne!(key(other, "demo-request"), one, "{other}");
        }
        assert_ne!(key(r#"{"email":"ada@a.example","employees":"120"}"#, "newsletter"), one);
    }

    #[test]
    fn files_are_known_by_their_names() {
        let unknown = of_file(Path::new("leads.xlsx"), None, &demo());
        assert!(matches!(unknown, Err(Failure::UnknownFormat { .. })));
        let missing = of_file(Path::new("no-such-file.csv"), None, &demo());
        assert!(matches!(missing, Err(Failure::File { .. })));
    }
}
