//! Mail by SES.

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_ses::types::{Body, Content, Destination, Message, MessageTag};
use aws_types::SdkConfig;

use super::{CONNECT_TIMEOUT, OPERATION_TIMEOUT};
use crate::ports::{Mail, MailError};

/// Names the tag that carries the delivery's id.
const DELIVERY_TAG: &str = "delivery";
/// Longest value of a tag.
const TAG_LENGTH: usize = 256;

/// Sends mail.
#[derive(Debug)]
pub(super) struct Mailer {
    client: Client,
}

impl Mailer {
    /// A mailer that tries once: SES has no idempotency key, so each further attempt after an unclear one may be a
    /// second mail, and the delivery row tries again in its own time.
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = aws_sdk_ses::config::Builder::from(sdk)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// Hands over one mail.
    pub(super) async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let tag = tag(&mail.delivery_id).map_err(|_| MailError::Refused)?;
        let message = message(mail.subject, mail.body).map_err(|_| MailError::Refused)?;
        self.client
            .send_email()
            .source(mail.from)
            .destination(Destination::builder().to_addresses(mail.to).build())
            .message(message)
            .set_tags(tag.map(|tag| vec![tag]))
            .send()
            .await
            .map_err(|error| meaning(&error))?;
        Ok(())
    }
}

fn message(subject: String, text: String) -> Result<Message, BuildError> {
    let utf8 = |data: String| Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(utf8(text)?).build();
    Ok(Message::builder().subject(utf8(subject)?).body(body).build())
}

/// The delivery's id in the letters that a tag may have; none where nothing is left of it.
fn tag(delivery_id: &str) -> Result<Option<MessageTag>, BuildError> {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let value: String = delivery_id.chars().map(allowed).take(TAG_LENGTH).collect();
    if value.is_empty() {
        Ok(None)
    } else {
        MessageTag::builder().name(DELIVERY_TAG).value(value).build().map(Some)
    }
}

/// What an error means. The text of SES's errors quotes addresses, so only the code is logged.
fn meaning<E: ProvideErrorMetadata>(error: &SdkError<E>) -> MailError {
    let code = match error {
        SdkError::ConstructionFailure(_) => "not_a_request",
        error => error.code().unwrap_or("no_answer"),
    };
    tracing::warn!(error = code, "mail was not accepted");
    match code {
        "not_a_request"
        | "MessageRejected"
        | "MailFromDomainNotVerified"
        | "MailFromDomainNotVerifiedException"
        | "ConfigurationSetDoesNotExist"
        | "ConfigurationSetDoesNotExistException"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "ValidationError"
        | "ValidationException" => MailError::Refused,
        _ => MailError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::scripted;
    use super::*;

    fn mail(delivery_id: &str) -> Mail {
        Mail {
            delivery_id: delivery_id.to_owned(),
            from: "leads@example.com".to_owned(),
            to: "ada@example.org".to_owned(),
            subject: "Neue Anfrage: Müller & Söhne".to_owned(),
            body: "Zeile 1\nZeile 2 ✓".to_owned(),
        }
    }

    const TAKEN: &str =
        "<SendEmailResponse><SendEmailResult><MessageId>m</MessageId></SendEmailResult></SendEmailResponse>";

    fn error(status: u16, code: &str) -> scripted::Reply {
        let text = "Email address is not verified: ada@example.org";
        Some((
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
            ),
        ))
    }

    #[tokio::test]
    async fn a_mail_is_sent_as_it_is_with_its_delivery() {
        let server = scripted::Server::new(vec![Some((200, TAKEN.to_owned()))]);
        Mailer::new(&server.sdk()).send(mail("dl_01-x:é")).await.unwrap();
        let texts = server.texts();
        let sent: BTreeMap<_, _> = url::form_urlencoded::parse(texts[0].as_bytes()).collect();
        let expected = [
            ("Action", "SendEmail"),
            ("Version", "2010-12-01"),
            ("Source", "leads@example.com"),
            ("Destination.ToAddresses.member.1", "ada@example.org"),
            ("Message.Subject.Data", "Neue Anfrage: Müller & Söhne"),
            ("Message.Subject.Charset", "UTF-8"),
            ("Message.Body.Text.Data", "Zeile 1\nZeile 2 ✓"),
            ("Message.Body.Text.Charset", "UTF-8"),
            ("Tags.member.1.Name", "delivery"),
            ("Tags.member.1.Value", "dl_01-x__"),
        ];
        assert_eq!(sent, expected.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
    }

    #[test]
    fn a_tag_has_letters_that_ses_takes() {
        let value = |id: &str| tag(id).unwrap().map(|tag| tag.value().to_owned());
        assert_eq!(value("dl_A-9"), Some("dl_A-9".to_owned()));
        assert_eq!(value("a b@c.d\n"), Some("a_b_c_d_".to_owned()));
        assert_eq!(value(""), None);
        assert_eq!(value(&"x".repeat(300)), Some("x".repeat(256)));
    }

    #[tokio::test]
    async fn errors_say_whether_a_retry_helps_and_are_not_retried_here() {
        use MailError::{Refused, Unavailable};
        for (reply, expected) in [
            (error(400, "MessageRejected"), Refused),
            (error(400, "MailFromDomainNotVerifiedException"), Refused),
            (error(400, "InvalidParameterValue"), Refused),
            (error(400, "ValidationError"), Refused),
            (error(400, "Throttling"), Unavailable),
            (error(400, "AccountSendingPausedException"), Unavailable),
            (error(403, "AccessDenied"), Unavailable),
            (error(403, "ExpiredToken"), Unavailable),
            (error(500, "InternalFailure"), Unavailable),
            (error(503, "ServiceUnavailable"), Unavailable),
            (Some((502, "<html>bad gateway</html>".to_owned())), Unavailable),
            (Some((200, "<Send".to_owned())), Unavailable),
            (None, Unavailable),
        ] {
            let server = scripted::Server::new(vec![reply.clone(), Some((200, TAKEN.to_owned()))]);
            let eager = server.sdk().into_builder().retry_config(RetryConfig::standard()).build();
            assert_eq!(Mailer::new(&eager).send(mail("dl_1")).await, Err(expected), "{reply:?}");
            assert_eq!(server.texts().len(), 1);
        }
    }
}
