//! A deployment's stack on AWS or on an emulator: what it is called, and its queues.
//!
//! CloudFormation names what a template leaves unnamed `<stack>-<logical id>-<letters>`, here and on the emulators, so that
//! a queue is found by listing queues with that prefix. Which queue a dead letter came from is not guessed from names: the
//! queues' own redrive policies say it.

use std::collections::BTreeMap;
use std::fmt;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::ProvideCredentials as _;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::failure::{Failure, chain};

/// A stack's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StackName(String);

impl StackName {
    /// Reads letters, digits and hyphens that begin with a letter, as CloudFormation has them.
    pub(crate) fn parse(text: &str) -> Result<StackName, String> {
        let fits = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits {
            Ok(StackName(text.to_owned()))
        } else {
            Err("use the name given to `make deploy`".to_owned())
        }
    }

    /// The logical id behind a resource's name; none if it belongs to another stack, whose name may begin as ours does.
    pub(crate) fn logical<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (logical, letters) = name.strip_prefix(&self.0)?.strip_prefix('-')?.rsplit_once('-')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
        (plain(logical) && plain(letters)).then_some(logical)
    }

    /// What the names of its resources begin with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-", self.0)
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who we are towards AWS: region, credentials and `AWS_ENDPOINT_URL`, as the SDK finds them.
pub(crate) async fn sdk() -> Result<SdkConfig, Failure> {
    let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    if sdk.region().is_none() {
        return Err(Failure::Unset { name: "AWS_REGION" });
    }
    signed_in(&sdk).await?;
    Ok(sdk)
}

/// Whether somebody has credentials: the SDK's own words, layer by layer, would not say what to do.
async fn signed_in(sdk: &SdkConfig) -> Result<(), Failure> {
    let provider = sdk.credentials_provider().ok_or(Failure::Unconfigured)?;
    provider.provide_credentials().await.map(|_| ()).map_err(|_| Failure::Unconfigured)
}

/// A queue of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Its name in the template, such as `EnrichQueue`.
    pub(crate) logical: String,
    /// Its name on AWS.
    pub(crate) name: String,
    /// Its address.
    pub(crate) url: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Messages that can be received, about.
    pub(crate) waiting: u64,
    /// Where a message goes that fails too often.
    pub(crate) dead_letters: Option<String>,
}

/// A queue at which messages end, and where they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// The queue.
    pub(crate) queue: Queue,
    /// Whose messages end here; none for ticks that were missed, which nobody has to do again.
    pub(crate) source: Option<Queue>,
}

impl End {
    /// What people call it: `enrich`, or the name in the template for what has no source.
    pub(crate) fn short(&self) -> String {
        match &self.source {
            Some(source) => source.logical.trim_end_matches("Queue").to_lowercase(),
            None => self.queue.logical.clone(),
        }
    }

    /// Whether somebody means this one.
    pub(crate) fn is_called(&self, text: &str) -> bool {
        [&self.short(), &self.queue.logical, &self.queue.name]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(text))
    }
}

/// The queues of a stack, by their names in the template.
pub(crate) async fn queues(sqs: &Client, stack: &StackName) -> Result<Vec<Queue>, Failure> {
    let mut urls = Vec::new();
    // Without a size of pages there is one page, and it says nothing of others.
    let mut pages =
        sqs.list_queues().queue_name_prefix(stack.prefix()).max_results(1000).into_paginator().send();
    while let Some(page) = pages.next().await {
        urls.extend(page.map_err(|e| refused("The list of queues", &e))?.queue_urls.unwrap_or_default());
    }
    let ours = urls.into_iter().filter_map(|url| {
        let name = url.rsplit('/').next()?.to_owned();
        let logical = stack.logical(&name)?.to_owned();
        Some((logical, name, url))
    });
    let mut queues = try_join_all(ours.map(async |(logical, name, url)| {
        let wanted = [Attribute::QueueArn, Attribute::ApproximateNumberOfMessages, Attribute::RedrivePolicy];
        let request = sqs.get_queue_attributes().queue_url(&url).set_attribute_names(Some(wanted.into()));
        let answer = request.send().await.map_err(|e| refused("A queue's state", &e))?;
        let of = |name| answer.attributes().and_then(|all| all.get(&name));
        let policy = of(Attribute::RedrivePolicy).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let dead_letters = policy.and_then(|p| p["deadLetterTargetArn"].as_str().map(str::to_owned));
        Ok::<Queue, Failure>(Queue {
            arn: of(Attribute::QueueArn).cloned().ok_or(Failure::Answer)?,
            waiting: of(Attribute::ApproximateNumberOfMessages).and_then(|n| n.parse().ok()).unwrap_or(0),
            dead_letters,
            logical,
            name,
            url,
        })
    }))
    .await?;
    if queues.is_empty() {
        return Err(Failure::NoSuchStack { name: stack.to_string() });
    }
    queues.sort_by(|a, b| a.logical.cmp(&b.logical));
    Ok(queues)
}

/// The queues at which messages end.
pub(crate) fn ends(queues: &[Queue]) -> Vec<End> {
    let sources: BTreeMap<&str, &Queue> =
        queues.iter().filter_map(|q| Some((q.dead_letters.as_deref()?, q))).collect();
    let ends = queues.iter().filter(|q| q.dead_letters.is_none());
    ends.map(|q| End { queue: q.clone(), source: sources.get(q.arn.as_str()).map(|s| (*s).clone()) })
        .collect()
}

/// What the SDK says of a call that came to nothing, in words.
pub(crate) fn refused<E, R>(what: &'static str, error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug,
{
    let reason = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => chain(error),
    };
    Failure::Aws { what, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(logical: &str, dead_letters: Option<&str>) -> Queue {
        let arn = |logical: &str| format!("arn:aws:sqs:eu-central-1:1:leadline-{logical}-ABC");
        Queue {
            logical: logical.to_owned(),
            name: format!("leadline-{logical}-ABC"),
            url: format!("https://sqs.eu-central-1.amazonaws.com/1/leadline-{logical}-ABC"),
            arn: arn(logical),
            waiting: 0,
            dead_letters: dead_letters.map(arn),
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_has_no_credentials_is_told_how_to_come_by_them() {
        let nobody = SdkConfig::builder().build();
        let failure = signed_in(&nobody).await.unwrap_err();
        assert!(failure.to_string().contains("aws configure export-credentials"), "{failure}");
        let server = crate::fake_server::FakeServer::start(Vec::new());
        assert!(signed_in(&crate::fake_server::sdk_at(&server)).await.is_ok());
    }

    #[test]
    fn a_resource_is_known_by_its_stack_and_no_other() {
        let stack = StackName::parse("leadline").unwrap();
        assert_eq!(stack.logical("leadline-EnrichQueue-1B2C3D"), Some("EnrichQueue"));
        // The queue of a stack named leadline-test.
        assert_eq!(stack.logical("leadline-test-EnrichQueue-1B2C3D"), None);
        assert_eq!(stack.logical("leadline2-EnrichQueue-1B2C3D"), None);
        assert_eq!(stack.logical("leadline-EnrichQueue"), None);
        let test = StackName::parse("leadline-test").unwrap();
        assert_eq!(test.logical("leadline-test-EnrichQueue-1B2C3D"), Some("EnrichQueue"));
        for wrong in ["", "9lives", "lead line", "leadline/x"] {
            assert!(StackName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_dead_letter_goes_back_to_the_queue_whose_policy_sent_it() {
        let queues = [
            queue("EnrichDeadLetters", None),
            queue("MissedTicks", None),
            // Whatever the names say.
            queue("ScoreQueue", Some("EnrichDeadLetters")),
        ];
        let found = ends(&queues);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].source.as_ref().unwrap().logical, "ScoreQueue");
        assert_eq!((found[1].source.as_ref(), found[1].short().as_str()), (None, "MissedTicks"));
        for name in ["score", "EnrichDeadLetters", "leadline-EnrichDeadLetters-ABC"] {
            assert!(found[0].is_called(name), "{name}");
        }
        assert!(!found[0].is_called("enrich") && found[1].is_called("missedticks"));
    }
}
