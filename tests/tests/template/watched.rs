//! What alarms and the dashboard look at is there, and everything that matters is looked at.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;

use crate::{functions, list, of_type, refers, resources};

/// A metric that an alarm or the dashboard looks at.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Looked {
    namespace: String,
    metric: String,
    /// Its one dimension, and what that names.
    of: (String, Named),
}

/// A resource of the template, named by itself or by an attribute.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    resource: String,
    attribute: Option<String>,
}

impl Named {
    /// `Table`, `EnrichQueue.QueueName`.
    fn parse(text: &str) -> Named {
        let (resource, attribute) = text.split_once('.').map_or((text, None), |(r, a)| (r, Some(a)));
        Named { resource: resource.to_owned(), attribute: attribute.map(str::to_owned) }
    }

    /// What stands between the braces of `"${Table}"`.
    fn in_braces(text: &str) -> Named {
        let inner = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
        Named::parse(inner.unwrap_or_else(|| panic!("{text} names no resource")))
    }
}

/// The dashboard as CloudWatch reads it, but for what CloudFormation puts between braces.
fn dashboard() -> Json {
    let (_, made) = of_type("AWS::CloudWatch::Dashboard").remove(0);
    let Value::Tagged(body) = &made["DashboardBody"] else { panic!("a text with names in it") };
    assert_eq!(body.tag, "Sub");
    serde_json::from_str(body.value.as_str().unwrap()).expect("the dashboard is JSON")
}

fn widgets(kind: &str) -> Vec<Json> {
    let all = dashboard()["widgets"].as_array().unwrap().clone();
    all.into_iter().filter(|w| w["type"] == kind).map(|w| w["properties"].clone()).collect()
}

fn on_the_dashboard() -> Vec<Looked> {
    let mut found = Vec::new();
    for widget in widgets("metric") {
        for row in widget["metrics"].as_array().unwrap() {
            let texts: Vec<&str> = row.as_array().unwrap().iter().map_while(Json::as_str).collect();
            let (namespace, metric) = (texts[0].to_owned(), texts[1].to_owned());
            let of = match texts[2..] {
                [dimension, value] => (dimension.to_owned(), Named::in_braces(value)),
                _ => panic!("{row}"),
            };
            found.push(Looked { namespace, metric, of });
        }
    }
    found
}

fn in_alarms() -> Vec<Looked> {
    let looked = |metric: &Value, dimensions: &Value| {
        let dimensions = list(dimensions);
        let [dimension] = dimensions.as_slice() else { panic!("{metric:?}: {dimensions:?}") };
        let Value::Tagged(value) = &dimension["Value"] else { panic!("{dimension:?}") };
        let name = dimension["Name"].as_str().unwrap().to_owned();
        let of = (name, Named::parse(value.value.as_str().unwrap()));
        let text = |name: &str| metric[name].as_str().unwrap().to_owned();
        Looked { namespace: text("Namespace"), metric: text("MetricName"), of }
    };
    let mut found = Vec::new();
    for (_, alarm) in of_type("AWS::CloudWatch::Alarm") {
        if alarm["Metrics"].is_null() {
            found.push(looked(&alarm, &alarm["Dimensions"]));
        }
        for one in list(&alarm["Metrics"]).iter().filter(|m| m["Expression"].is_null()) {
            let metric = &one["MetricStat"]["Metric"];
            found.push(looked(metric, &metric["Dimensions"]));
        }
    }
    found
}

/// The metrics that the functions log, taken from the lines themselves.
fn logged_metrics() -> BTreeSet<String> {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let run = leadline_audit::Run { as_of: at, findings: Default::default(), progress: Default::default() };
    let meter = leadline_runtime::embedded::Meter::of("acme");
    let lateness = leadline_escalate::Lateness::default();
    lateness.note(jiff::SignedDuration::ZERO);
    let mut lines = lateness.lines(&meter, at);
    lines.push(leadline_audit::metrics(&meter, &run));
    let directives = lines.iter().map(|line| &line["_aws"]["CloudWatchMetrics"][0]);
    directives
        .flat_map(|directive| {
            assert_eq!(directive["Namespace"], "Leadline");
            assert_eq!(directive["Dimensions"], json!([["Stack"]]), "looked at by the stack alone");
            directive["Metrics"].as_array().unwrap()
        })
        .map(|metric| metric["Name"].as_str().unwrap().to_owned())
        .collect()
}

/// What AWS has by each dimension that we use, out of what its guides list for the services.
fn has(namespace: &str, metric: &str) -> bool {
    match namespace {
        "AWS/SQS" => {
            ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"]
                .contains(&metric)
        }
        "AWS/ApiGateway" => ["4XXError", "5XXError", "Count", "Latency"].contains(&metric),
        "AWS/Lambda" => ["Duration", "Errors", "Invocations", "Throttles"].contains(&metric),
        "AWS/DynamoDB" => [
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "TransactionConflict",
            "WriteThrottleEvents",
        ]
        .contains(&metric),
        _ => false,
    }
}

#[test]
fn every_metric_that_is_looked_at_exists() {
    let ours = logged_metrics();
    let all = resources();
    let looked: Vec<Looked> = on_the_dashboard().into_iter().chain(in_alarms()).collect();
    assert!(looked.len() > 60, "{}", looked.len());
    for Looked { namespace, metric, of: (dimension, named) } in &looked {
        if namespace == "Leadline" {
            let stack = (dimension.as_str(), named.resource.as_str());
            assert_eq!((stack, ours.contains(metric)), (("Stack", "AWS::StackName"), true), "{metric}");
            continue;
        }
        assert!(has(namespace, metric), "{namespace} {metric}");
        if namespace == "AWS/ApiGateway" {
            let name = &all["Api"]["Properties"]["Name"];
            assert_eq!(
                refers(name).as_ref(),
                Some(&named.resource),
                "the API has the name that is looked at"
            );
            assert_eq!((dimension.as_str(), named.resource.as_str()), ("ApiName", "AWS::StackName"));
            continue;
        }
        // The dimension's value: what `Ref` gives of a function and of a table is its name, of a queue its address.
        let (dimension_of, kind, attribute) = match namespace.as_str() {
            "AWS/SQS" => ("QueueName", "AWS::SQS::Queue", Some("QueueName")),
            "AWS/Lambda" => ("FunctionName", "AWS::Serverless::Function", None),
            "AWS/DynamoDB" => ("TableName", "AWS::DynamoDB::Table", None),
            _ => panic!("{namespace}"),
        };
        assert_eq!((dimension.as_str(), named.attribute.as_deref()), (dimension_of, attribute), "{named:?}");
        let resource = all.get(&named.resource).unwrap_or_else(|| panic!("there is no {}", named.resource));
        assert_eq!(resource["Type"], kind, "{named:?}");
    }
}

#[test]
fn the_dashboard_shows_every_alarm_function_and_queue() {
    let looked = on_the_dashboard();
    let shown = |metric: &str| -> BTreeSet<String> {
        looked.iter().filter(|l| l.metric == metric).map(|l| l.of.1.resource.clone()).collect()
    };
    let names: BTreeSet<String> = functions().into_iter().map(|(name, _)| name).collect();
    for metric in ["Duration", "Errors", "Throttles"] {
        assert_eq!(shown(metric), names, "{metric}");
    }
    let queues: BTreeSet<String> = of_type("AWS::SQS::Queue").into_iter().map(|(name, _)| name).collect();
    assert_eq!(shown("ApproximateNumberOfMessagesVisible"), queues);
    let read: BTreeSet<String> = queues.into_iter().filter(|name| name.ends_with("Queue")).collect();
    assert_eq!(shown("ApproximateAgeOfOldestMessage"), read);

    let listed: BTreeSet<String> = widgets("alarm")
        .iter()
        .flat_map(|w| w["alarms"].as_array().unwrap().clone())
        .map(|alarm| {
            let named = Named::in_braces(alarm.as_str().unwrap());
            assert_eq!(named.attribute.as_deref(), Some("Arn"));
            named.resource
        })
        .collect();
    let alarms: BTreeSet<String> =
        of_type("AWS::CloudWatch::Alarm").into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, alarms);
}

/// Each alarm has a row in the runbook, and none is there that the template does not have.
#[test]
fn the_runbook_has_every_alarm() {
    let page = include_str!("../../../ARCHITECTURE.md");
    let (_, section) = page.split_once("\n## Alarms\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let alarms: BTreeSet<String> =
        of_type("AWS::CloudWatch::Alarm").into_iter().map(|(name, _)| name).collect();
    assert_eq!(rows, alarms);
}
