//! What has to hold of the template: no message without a second chance, no permission without a use, no variable
//! without a reader, and nothing that deletes what must be kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml_ng::Value;

mod template {
    mod bounds;
    mod secrets;
    mod used;
    mod variables;
    mod watched;
}

const TEMPLATE: &str = include_str!("../../infra/template.yaml");

/// The seconds that a function has when the template says nothing else.
const DEFAULT_TIMEOUT: u64 = 10;

/// The resources by name.
fn resources() -> BTreeMap<String, Value> {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    assert_eq!(template["Globals"]["Function"]["Timeout"], Value::from(DEFAULT_TIMEOUT));
    let resources = template["Resources"].as_mapping().unwrap();
    resources.iter().map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource.clone())).collect()
}

fn of_type(kind: &str) -> Vec<(String, Value)> {
    resources()
        .into_iter()
        .filter(|(_, r)| r["Type"] == kind)
        .map(|(n, r)| (n, r["Properties"].clone()))
        .collect()
}

fn functions() -> Vec<(String, Value)> {
    let found = of_type("AWS::Serverless::Function");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    assert_eq!(found.len(), folder.read_dir().unwrap().count(), "one for each folder");
    found
}

/// The resource that a value refers to: `!Ref X`, `!GetAtt X.Arn`, or `!Sub` of it; none for what is not in here.
fn refers(value: &Value) -> Option<String> {
    let Value::Tagged(tagged) = value else { return None };
    let text = tagged.value.as_str()?;
    if tagged.tag == "Sub" {
        return Some(text.strip_prefix("${")?.split(['.', '}']).next()?.to_owned());
    }
    (tagged.tag == "Ref" || tagged.tag == "GetAtt").then(|| text.split('.').next().unwrap().to_owned())
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Sequence(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// What a policy document allows.
fn allowed(document: &Value) -> Vec<(String, Value)> {
    let statements = list(&document["Statement"]);
    let allow = statements.iter().filter(|s| s["Effect"] == "Allow");
    allow
        .flat_map(|s| {
            let resources = list(&s["Resource"]);
            list(&s["Action"])
                .into_iter()
                .flat_map(move |action| {
                    let action = action.as_str().unwrap().to_owned();
                    resources.clone().into_iter().map(move |r| (action.clone(), r))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What the role of a function allows, with the managed policies of the template that it has.
fn permissions(function: &Value) -> Vec<(String, Value)> {
    let all = resources();
    let role = &all[&refers(&function["Role"]).expect("a role of its own")]["Properties"];
    let mut found: Vec<_> =
        list(&role["Policies"]).iter().flat_map(|policy| allowed(&policy["PolicyDocument"])).collect();
    for policy in list(&role["ManagedPolicyArns"]) {
        // The conditional one is for traces.
        if let Some(name) = refers(&policy) {
            found.extend(allowed(&all[&name]["Properties"]["PolicyDocument"]));
        }
    }
    found
}

fn resources_of(permissions: &[(String, Value)], action: &str) -> BTreeSet<String> {
    permissions.iter().filter(|(a, _)| a == action).filter_map(|(_, r)| refers(r)).collect()
}

fn variables(function: &Value) -> BTreeMap<String, Value> {
    let set = function["Environment"]["Variables"].as_mapping();
    set.into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
        .collect()
}

fn queues_of(function: &Value) -> Vec<Value> {
    let events = function["Events"].as_mapping().unwrap();
    events.values().filter(|e| e["Type"] == "SQS").map(|e| e["Properties"].clone()).collect()
}

fn schedules_of(function: &Value) -> Vec<Value> {
    let events = function["Events"].as_mapping().unwrap();
    events.values().filter(|e| e["Type"] == "Schedule").map(|e| e["Properties"].clone()).collect()
}

#[test]
fn a_message_that_fails_is_tried_again_and_then_kept_longer_than_it_waited() {
    let queues: BTreeMap<String, Value> = of_type("AWS::SQS::Queue").into_iter().collect();
    let redriven: Vec<_> = queues.iter().filter(|(_, q)| !q["RedrivePolicy"].is_null()).collect();
    let mut ends = BTreeSet::new();
    for (name, queue) in &redriven {
        let end = refers(&queue["RedrivePolicy"]["deadLetterTargetArn"]).unwrap();
        let kept = |q: &Value| q["MessageRetentionPeriod"].as_u64().unwrap();
        assert!(kept(&queues[&end]) > kept(queue), "{name}");
        assert!(queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap() >= 3, "{name}");
        assert!(ends.insert(end), "{name} has dead letters of its own");
    }
    let sources: BTreeSet<String> =
        functions().iter().flat_map(|(_, f)| queues_of(f)).map(|q| refers(&q["Queue"]).unwrap()).collect();
    let with_end: BTreeSet<String> = redriven.iter().map(|(name, _)| (*name).clone()).collect();
    assert_eq!(
        sources, with_end,
        "every queue that is read has dead letters, and every other is one of those"
    );
    for (name, queue) in &queues {
        assert_eq!(queue["SqsManagedSseEnabled"], Value::from(true), "{name}");
        assert!(with_end.contains(name) || ends.contains(name) || name == "MissedTicks", "{name} has a use");
    }
}

#[test]
fn a_queue_hides_a_message_for_six_times_what_its_reader_may_take() {
    let queues: BTreeMap<String, Value> = of_type("AWS::SQS::Queue").into_iter().collect();
    for (name, function) in functions() {
        let timeout = function["Timeout"].as_u64().unwrap_or(DEFAULT_TIMEOUT);
        for source in queues_of(&function) {
            let queue = &queues[&refers(&source["Queue"]).unwrap()];
            let window = source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or(0);
            assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= 6 * timeout + window, "{name}");
            let answers = list(&source["FunctionResponseTypes"]);
            assert_eq!(answers, [Value::from("ReportBatchItemFailures")], "{name}");
            // Two is the least that AWS takes.
            assert!(
                source["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap() >= 2,
                "{name} is bounded"
            );
        }
    }
}

#[test]
fn a_tick_that_fails_is_seen() {
    let mut scheduled = 0;
    for (name, function) in functions() {
        let on_failure = &function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
        for schedule in schedules_of(&function) {
            scheduled += 1;
            assert_eq!(
                refers(&schedule["DeadLetterConfig"]["Arn"]).as_deref(),
                Some("MissedTicks"),
                "{name}"
            );
            assert_eq!(refers(on_failure).as_deref(), Some("MissedTicks"), "{name}");
            assert!(
                resources_of(&permissions(&function), "sqs:SendMessage").contains("MissedTicks"),
                "{name}"
            );
        }
    }
    assert_eq!(scheduled, 2, "the sweep and the audit");
}

#[test]
fn everything_is_refused_without_tls() {
    let queues: BTreeSet<String> = of_type("AWS::SQS::Queue").into_iter().map(|(name, _)| name).collect();
    let mut covered = BTreeSet::new();
    for (name, policy) in of_type("AWS::SQS::QueuePolicy") {
        let denies = list(&policy["PolicyDocument"]["Statement"]).into_iter().any(|s| {
            s["Effect"] == "Deny"
                && s["Principal"] == "*"
                && s["Action"] == "sqs:*"
                && s["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        });
        assert!(denies, "{name}");
        for queue in list(&policy["Queues"]) {
            assert!(
                covered.insert(refers(&queue).unwrap()),
                "{name}: a queue has one policy, the last one wins"
            );
        }
    }
    assert_eq!(covered, queues);
}

#[test]
fn nothing_is_allowed_on_everything() {
    let mut documents: Vec<(String, Value)> = of_type("AWS::IAM::ManagedPolicy")
        .into_iter()
        .map(|(name, policy)| (name, policy["PolicyDocument"].clone()))
        .collect();
    for (name, role) in of_type("AWS::IAM::Role") {
        documents.extend(list(&role["Policies"]).iter().map(|p| (name.clone(), p["PolicyDocument"].clone())));
    }
    documents.extend(
        of_type("AWS::SQS::QueuePolicy")
            .into_iter()
            .map(|(name, policy)| (name, policy["PolicyDocument"].clone())),
    );
    for (name, document) in documents {
        for (action, resource) in allowed(&document) {
            assert!(!action.contains('*'), "{name}: {action}");
            // Traces belong to no resource that could be named.
            let traces = name == "Traces" && action.starts_with("xray:Put");
            assert!(traces || resource != "*", "{name}: {action}");
        }
    }
}

#[test]
fn a_function_may_do_what_its_variables_are_for_and_no_more() {
    for (name, function) in functions() {
        let variables = variables(&function);
        let permissions = permissions(&function);
        let of = |action: &str| resources_of(&permissions, action);
        let wakes: BTreeSet<String> = variables
            .iter()
            .filter(|(variable, _)| variable.starts_with("QUEUE_"))
            .map(|(_, queue)| refers(queue).unwrap())
            .collect();
        let mut sends = of("sqs:SendMessage");
        sends.remove("MissedTicks");
        assert_eq!(sends, wakes, "{name}");
        let reads: BTreeSet<String> =
            queues_of(&function).iter().map(|source| refers(&source["Queue"]).unwrap()).collect();
        for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
            assert_eq!(of(action), reads, "{name}");
        }
        let secrets: Vec<&Value> = permissions
            .iter()
            .filter(|(action, _)| action == "secretsmanager:GetSecretValue")
            .map(|(_, secret)| secret)
            .collect();
        let master = secrets.iter().any(|s| refers(s).as_deref() == Some("MasterSecret"));
        assert_eq!(master, variables.contains_key("MASTER_SECRET"), "{name}");
        let bus = of("events:PutEvents");
        assert_eq!(!bus.is_empty(), variables.contains_key("BUS_NAME"), "{name}");
        assert_eq!(of("logs:PutLogEvents"), BTreeSet::from(["Logs".to_owned()]), "{name}");
    }
}

#[test]
fn the_table_and_what_its_rows_are_sealed_with_outlive_the_stack() {
    let all = resources();
    for name in ["Table", "MasterSecret"] {
        assert_eq!(all[name]["DeletionPolicy"], "Retain", "{name}");
        assert_eq!(all[name]["UpdateReplacePolicy"], "Retain", "{name}");
    }
    let table = &all["Table"]["Properties"];
    assert_eq!(table["DeletionProtectionEnabled"], Value::from(true));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], Value::from(true));
    assert_eq!(table["SSESpecification"]["SSEEnabled"], Value::from(true));
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], Value::from(true));
    for index in list(&table["GlobalSecondaryIndexes"]) {
        assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY", "an index never decides anything");
    }
}

#[test]
fn what_only_emulators_may_do_is_off() {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let default = |name: &str| template["Parameters"][name]["Default"].clone();
    assert_eq!((default("AllowLocalTargets"), default("GatewayEndpoint")), ("false".into(), "".into()));
    assert_eq!(default("Architecture"), "arm64");
    for (name, parameter) in template["Parameters"].as_mapping().unwrap() {
        assert!(parameter["Description"].is_string(), "{name:?}");
    }
}

#[test]
fn every_alarm_writes_to_whoever_wants_it_and_watches_every_queue_and_function() {
    let alarms = of_type("AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        for actions in ["AlarmActions", "OKActions"] {
            assert!(matches!(&alarm[actions], Value::Tagged(t) if t.tag == "If"), "{name}");
        }
        assert!(alarm["AlarmDescription"].is_string(), "{name}");
    }
    let watched = |alarm: &str| -> BTreeSet<String> {
        let (_, alarm) = alarms.iter().find(|(name, _)| name == alarm).unwrap();
        let metrics = list(&alarm["Metrics"]);
        metrics.iter().filter_map(|m| refers(&m["MetricStat"]["Metric"]["Dimensions"][0]["Value"])).collect()
    };
    let names: BTreeSet<String> = functions().into_iter().map(|(name, _)| name).collect();
    assert_eq!(watched("ErrorsAlarm"), names);
    assert_eq!(watched("ThrottlesAlarm"), names);
    let (read, ends): (BTreeSet<String>, BTreeSet<String>) = of_type("AWS::SQS::Queue")
        .into_iter()
        .map(|(name, _)| name)
        .partition(|name| name.ends_with("Queue"));
    assert_eq!(watched("WaitingAlarm"), read);
    assert_eq!(watched("DeadLettersAlarm"), ends);
}
