//! What bounds a deployment: requests, log lines, rows whose time is over, and who may put what where.

use std::collections::BTreeSet;

use leadline_store::{EXPIRES_AT, Index};
use serde_yaml_ng::Value;

use crate::{TEMPLATE, allowed, functions, list, of_type, permissions, refers, resources};

fn parameter(name: &str) -> Value {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    template["Parameters"][name].clone()
}

/// The parameter that a value is.
fn from_parameter(value: &Value) -> Value {
    let name = refers(value).unwrap_or_else(|| panic!("{value:?} is no parameter"));
    let found = parameter(&name);
    assert!(found.is_mapping(), "{name}");
    found
}

#[test]
fn every_way_in_is_throttled() {
    for (name, api) in of_type("AWS::Serverless::Api") {
        let settings = list(&api["MethodSettings"]);
        let all = settings.iter().find(|s| s["HttpMethod"] == "*" && s["ResourcePath"] == "/*");
        let all = all.unwrap_or_else(|| panic!("{name}: a limit for every method of every path"));
        for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
            let default = from_parameter(&all[limit])["Default"].as_u64();
            assert!(default.is_some_and(|n| (1..=1_000).contains(&n)), "{name}: {limit} {default:?}");
        }
    }
}

#[test]
fn a_firewall_stands_before_the_api_where_one_is_named() {
    let all = resources();
    let firewall = &all["Firewall"];
    assert_eq!(
        (&firewall["Type"], &firewall["Condition"]),
        (&"AWS::WAFv2::WebACLAssociation".into(), &"HasWebAcl".into())
    );
    assert_eq!(from_parameter(&firewall["Properties"]["WebACLArn"])["Default"], "");
    let Value::Tagged(stage) = &firewall["Properties"]["ResourceArn"] else { panic!("{firewall:?}") };
    assert!(stage.value.as_str().unwrap().ends_with("/restapis/${Api}/stages/prod"), "{stage:?}");
    assert_eq!(all["Api"]["Properties"]["StageName"], "prod");
}

#[test]
fn log_lines_are_kept_as_long_as_the_owner_says() {
    let groups = of_type("AWS::Logs::LogGroup");
    assert!(!groups.is_empty());
    for (name, group) in &groups {
        let default = from_parameter(&group["RetentionInDays"])["Default"].as_u64();
        assert!(default.is_some_and(|days| days > 0), "{name}: {default:?}");
    }
    // No function writes to a group that Lambda would make, which keeps its lines for ever.
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let logging = &template["Globals"]["Function"]["LoggingConfig"];
    assert!(groups.iter().any(|(name, _)| Some(name) == refers(&logging["LogGroup"]).as_ref()));
    assert_eq!(
        logging["ApplicationLogLevel"], "TRACE",
        "LogLevel alone decides which of our lines there are"
    );
    for (name, function) in functions() {
        assert!(function["LoggingConfig"].is_null(), "{name}");
    }
}

#[test]
fn the_table_has_the_indexes_and_the_expiry_that_the_code_writes() {
    let all = resources();
    let table = &all["Table"]["Properties"];
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], EXPIRES_AT);
    let found: BTreeSet<(String, String, String)> = list(&table["GlobalSecondaryIndexes"])
        .iter()
        .map(|index| {
            let key = |n: usize| index["KeySchema"][n]["AttributeName"].as_str().unwrap().to_owned();
            (index["IndexName"].as_str().unwrap().to_owned(), key(0), key(1))
        })
        .collect();
    let wanted = Index::ALL.map(|index| {
        let (partition, sort) = index.attributes();
        (index.name().to_owned(), partition.to_owned(), sort.to_owned())
    });
    assert_eq!(found, wanted.into());
}

#[test]
fn an_index_is_queried_and_nothing_else() {
    let names: BTreeSet<&str> = Index::ALL.iter().map(|index| index.name()).collect();
    let mut queried = BTreeSet::new();
    for (name, function) in functions() {
        for (action, resource) in permissions(&function) {
            let Value::Tagged(resource) = &resource else { continue };
            let Some((table, index)) = resource.value.as_str().and_then(|arn| arn.split_once("/index/"))
            else {
                continue;
            };
            assert_eq!(table, "${Table.Arn}", "{name}");
            assert!(names.contains(index), "{name}: the table has no index {index}");
            // Reading on through an index goes by BatchGetItem and GetItem of the table itself.
            if action == "dynamodb:Query" {
                queried.insert(index.to_owned());
            }
            assert!(action.starts_with("dynamodb:") && !action.contains("Scan"), "{name}: {action}");
        }
    }
    assert_eq!(queried, names.into_iter().map(str::to_owned).collect(), "each index has a reader");
}

/// The statements that allow a service something, by the service.
fn services(policy: &Value) -> Vec<(String, Value)> {
    let statements =
        list(&policy["PolicyDocument"]["Statement"]).into_iter().filter(|s| s["Effect"] == "Allow");
    statements.map(|s| (s["Principal"]["Service"].as_str().unwrap().to_owned(), s)).collect()
}

#[test]
fn only_our_own_schedules_report_missed_ticks() {
    let mut allowing = 0;
    for (name, policy) in of_type("AWS::SQS::QueuePolicy") {
        for (service, statement) in services(&policy) {
            allowing += 1;
            assert_eq!(service, "events.amazonaws.com", "{name}");
            let Value::Tagged(from) = &statement["Condition"]["ArnLike"]["aws:SourceArn"] else {
                panic!("{name}: by the rule that sends")
            };
            // CloudFormation begins the names of what a template leaves unnamed with the stack's.
            let account = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}";
            assert_eq!(from.value, format!("{account}:rule/${{AWS::StackName}}-*"), "{name}");
            let may = allowed(&policy["PolicyDocument"]);
            assert!(
                may.iter()
                    .all(|(a, r)| a == "sqs:SendMessage" && refers(r).as_deref() == Some("MissedTicks"))
            );
        }
    }
    assert_eq!(allowing, 1);
}

#[test]
fn only_alarms_of_this_account_write_to_whoever_wants_them() {
    let topics: BTreeSet<String> = of_type("AWS::SNS::Topic").into_iter().map(|(name, _)| name).collect();
    let mut covered = BTreeSet::new();
    for (name, policy) in of_type("AWS::SNS::TopicPolicy") {
        covered.extend(list(&policy["Topics"]).iter().filter_map(refers));
        let statements = list(&policy["PolicyDocument"]["Statement"]);
        let refused = statements.iter().any(|s| {
            s["Effect"] == "Deny"
                && s["Principal"] == "*"
                && s["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        });
        assert!(refused, "{name}: without TLS");
        for (service, statement) in services(&policy) {
            assert_eq!(
                (service.as_str(), &statement["Action"]),
                ("cloudwatch.amazonaws.com", &"sns:Publish".into())
            );
            let account = &statement["Condition"]["StringEquals"]["aws:SourceAccount"];
            assert_eq!(refers(account).as_deref(), Some("AWS::AccountId"), "{name}");
        }
    }
    assert_eq!(covered, topics);
}

#[test]
fn mail_goes_out_by_identities_of_this_account_and_their_configuration_sets() {
    let mut senders = BTreeSet::new();
    for (name, function) in functions() {
        let of_mail = permissions(&function).into_iter().filter(|(action, _)| action.starts_with("ses:"));
        for (action, resource) in of_mail {
            let Value::Tagged(arn) = resource else { panic!("{name}: {action} on {resource:?}") };
            senders.insert((action, arn.value.as_str().unwrap().to_owned()));
        }
    }
    // A default configuration set goes with every mail of its identity, and has to be allowed with it.
    let wanted = ["identity/*", "configuration-set/*"].map(|of| {
        let arn = format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{of}");
        ("ses:SendEmail".to_owned(), arn)
    });
    assert_eq!(senders, wanted.into());
}
