//! The screening hook: asks a service of the operator whether a payment may be made, by HTTP (rails/client.rs) or by a program
//! (program.rs). JSON out and in, 5 seconds. Not here: when it is asked and what follows (counter/screening.rs).
//!
//! Invariants: live payments alone are asked about. Only a readable `allow` allows: a time-out, an error, a redirect, a large
//! or malformed answer is no answer. No lock and no transaction is held while it is asked.

mod config;
mod measures;
mod program;

pub use config::ScreeningConfig;
pub use measures::ScreeningMeasures;

use crate::named_secrets;
use crate::rails::client::{ClientLimits, RailClient};
use crate::store::Failure;
use anyhow::{Context, ensure};
use config::Way;
use program::Program;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// From the question to the whole answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Bytes.
const LARGEST_ANSWER: usize = 16 << 10;
/// Characters.
const LONGEST_REFERENCE: usize = 200;

/// When the question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreeningMoment {
    /// A person asks for a withdrawal; it has no id yet, and may never be made.
    Request,
    /// Before anything is sent for it the first time.
    BeforeSending,
}

/// The question, as it is written.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    pub moment: ScreeningMoment,
    /// `ord_…`; absent at the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal_id: Option<String>,
    /// `biz_…`
    pub business_id: String,
    /// Cents that leave the person's balance.
    pub amount: i64,
    /// Cents that the rail is to pay; absent at the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_amount: Option<i64>,
    pub currency: &'static str,
    pub method: String,
    pub provider: &'static str,
    /// The destination's fields, as the rail wrote them.
    pub destination: Map<String, Value>,
    pub recipient: Recipient,
}

/// Whom it is for.
#[derive(Clone, Debug, Serialize)]
pub struct Recipient {
    pub email: String,
}

/// A readable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreeningVerdict {
    pub is_allowed: bool,
    /// The service's own name of the decision; empty for none.
    pub reference: String,
}

#[derive(Deserialize)]
struct ScreeningAnswer {
    decision: ScreeningDecision,
    #[serde(default)]
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScreeningDecision {
    Allow,
    Deny,
}

enum Hook {
    Url {
        client: RailClient,
        url: String,
        token: Option<SecretString>,
    },
    Program(Program),
    /// It is configured and cannot be asked, so nothing is allowed.
    Locked(String),
}

/// The hook of an installation; cheap to clone.
#[derive(Clone, Default)]
pub struct Screening {
    hook: Option<Arc<Hook>>,
    is_down: Arc<AtomicBool>,
    measures: Arc<ScreeningMeasures>,
}

impl Screening {
    /// As the configuration says; `environment` gives the values of variables.
    #[must_use]
    pub fn new(config: Option<&ScreeningConfig>, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let hook = config.map(|config| {
            Hook::new(config, environment).unwrap_or_else(|failure| Hook::Locked(format!("{failure:#}")))
        });
        Self { hook: hook.map(Arc::new), ..Self::default() }
    }

    /// Is anything to be asked?
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.hook.is_some()
    }

    /// Why it is configured and cannot be asked. A server refuses to start then.
    #[must_use]
    pub fn locked(&self) -> Option<&str> {
        match self.hook.as_deref() {
            Some(Hook::Locked(reason)) => Some(reason),
            _ => None,
        }
    }

    #[must_use]
    pub fn measures(&self) -> &ScreeningMeasures {
        &self.measures
    }

    /// Asks. `None`: there is no readable answer, and nothing is known of the payment.
    pub async fn ask(&self, question: &Question) -> Option<ScreeningVerdict> {
        let Some(hook) = &self.hook else {
            return Some(ScreeningVerdict { is_allowed: true, reference: String::new() });
        };
        let asked = tokio::time::timeout(LIMIT, hook.ask(question)).await;
        let answer = asked
            .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} seconds", LIMIT.as_secs())))
            .and_then(|answer| read(&answer));
        self.note(answer.as_ref().err());
        self.measures.asked(answer.as_ref().ok());
        answer.ok()
    }

    /// Logs the first failure, and the first answer after failures.
    fn note(&self, failure: Option<&Failure>) {
        if self.is_down.swap(failure.is_some(), Ordering::Relaxed) == failure.is_some() {
            return;
        }
        match failure {
            Some(failure) => tracing::error!(
                error = format!("{failure:#}"),
                "the screening service gives no readable answer: payments wait until it does"
            ),
            None => tracing::info!("the screening service answers again"),
        }
    }
}

impl Hook {
    fn new(config: &ScreeningConfig, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        config.check().context("[screening]")?;
        let token = match &config.token_env {
            Some(name) => Some((name.clone(), named_secrets::require(name, environment)?)),
            None => None,
        };
        Ok(match config.way().context("[screening]")? {
            Way::Command(command) => Self::Program(Program { command: command.to_vec(), token }),
            Way::Url(url) => {
                let limits = ClientLimits { connect: LIMIT, total: LIMIT, answer: LARGEST_ANSWER };
                let (client, token) = (RailClient::new(limits)?, token.map(|(_, value)| value));
                Self::Url { client, url: url.to_string(), token }
            }
        })
    }

    async fn ask(&self, question: &Question) -> Result<Vec<u8>, Failure> {
        let question = serde_json::to_vec(question)?;
        match self {
            Self::Program(program) => program.ask(&question).await,
            Self::Url { client, url, token } => {
                let (status, body) = client.post_json_as(url, token.as_ref(), question).await?;
                ensure!(status == 200, "status {status}");
                Ok(body.to_vec())
            }
            Self::Locked(reason) => anyhow::bail!("{reason}"),
        }
    }
}

/// The error says nothing of what was answered, which may name people.
fn read(answer: &[u8]) -> Result<ScreeningVerdict, Failure> {
    let refused = || anyhow::anyhow!("the answer is not {{\"decision\":\"allow\" or \"deny\"}}");
    // The parser would take a list of the values for the object.
    ensure!(answer.trim_ascii_start().starts_with(b"{"), refused());
    let answer: ScreeningAnswer = serde_json::from_slice(answer).map_err(|_| refused())?;
    let reference = answer.reference.unwrap_or_default();
    let fits = reference.chars().count() <= LONGEST_REFERENCE && !reference.chars().any(char::is_control);
    ensure!(fits, "`reference` must be one line of at most {LONGEST_REFERENCE} characters");
    Ok(ScreeningVerdict { is_allowed: matches!(answer.decision, ScreeningDecision::Allow), reference })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_readable_decision_is_an_answer() {
        let verdict = |is_allowed, reference: &str| {
            Some(ScreeningVerdict { is_allowed, reference: reference.to_owned() })
        };
        for (answer, expected) in [
            (r#"{"decision":"allow"}"#, verdict(true, "")),
            (r#"{"decision":"deny","reference":"case 7"}"#, verdict(false, "case 7")),
            (r#"{"decision":"allow","reference":null,"score":3}"#, verdict(true, "")),
            (r#"{"decision":"Allow"}"#, None),
            (r#"{"decision":"maybe"}"#, None),
            (r#"{"decision":true}"#, None),
            (r#"{"allow":true}"#, None),
            (r#"{"decision":"allow","decision":"deny"}"#, None),
            (r#"{"decision":"allow"} {"decision":"deny"}"#, None),
            ("[]", None),
            (r#"["allow","case 7"]"#, None),
            ("allow", None),
            ("", None),
            (r#"{"decision":"allow","reference":"a\nb"}"#, None),
            (r#"{"decision":"allow","reference":7}"#, None),
        ] {
            assert_eq!(read(answer.as_bytes()).ok(), expected, "{answer}");
        }
        let long = format!(r#"{{"decision":"allow","reference":"{}"}}"#, "é".repeat(LONGEST_REFERENCE + 1));
        assert!(read(long.as_bytes()).is_err());
    }

    #[tokio::test]
    async fn a_missing_token_locks_it_and_nothing_is_allowed() {
        let config = ScreeningConfig {
            url: Some("https://screening.example.com".to_owned()),
            token_env: Some("SCREENING_TOKEN".to_owned()),
            command: None,
        };
        let screening = Screening::new(Some(&config), &|_| None);
        assert!(screening.locked().is_some_and(|reason| reason.contains("SCREENING_TOKEN")));
        let with_token = Screening::new(Some(&config), &|_| Some("secret".to_owned()));
        // The other variable, with the file's name, is set too.
        assert!(with_token.locked().is_some());
        let named = |name: &str| (name == "SCREENING_TOKEN").then(|| "secret".to_owned());
        assert_eq!(Screening::new(Some(&config), &named).locked(), None);
        assert!(!Screening::new(None, &|_| None).is_configured());
    }
}
