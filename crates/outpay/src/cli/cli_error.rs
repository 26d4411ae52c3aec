//! How a command ends without success: message and exit code. A message never contains a secret.

use crate::api_keys::KeyError;
use crate::business::CreateBusinessError;
use crate::commit::NoVerdict;
use crate::networks::BadNetworks;
use crate::stopped::Stopped;
use crate::store::{Failure, WriteError};
use ledger::Refusal;
use std::process::ExitCode;

#[derive(Debug)]
pub(super) enum CliError {
    /// The arguments are wrong; the message says what to type instead.
    Usage(String),
    /// A rule refused the command.
    Refused(String),
    /// The system failed, or is not in the required state.
    Failed(Failure),
}

impl CliError {
    /// Prints the message to standard error.
    pub(super) fn end(self) -> ExitCode {
        eprintln!("error: {}", self.sentence());
        ExitCode::from(if matches!(self, Self::Usage(_)) { 2 } else { 1 })
    }

    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Usage(sentence) | Self::Refused(sentence) => sentence.clone(),
            Self::Failed(failure) => format!("{failure:#}"),
        }
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<BadNetworks> for CliError {
    fn from(problem: BadNetworks) -> Self {
        Self::Usage(problem.to_string())
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(match refusal {
            Refusal::PayoutsAreDisabled => {
                "Payouts are currently disabled. Enable them with: outpay business enable-payouts".to_owned()
            }
            refusal => refusal.sentence().to_owned(),
        })
    }
}

impl From<Stopped> for CliError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(refusal) => refusal.into(),
            Stopped::NoVerdict(none) => none.into(),
            Stopped::Failure(failure) => Self::Failed(failure),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<NoVerdict> for CliError {
    fn from(none: NoVerdict) -> Self {
        Self::Failed(match none {
            NoVerdict::Unknown => {
                anyhow::anyhow!("{none}; check before you try again, for example with: outpay business show")
            }
            nothing_done => anyhow::anyhow!("{nothing_done}; nothing was done, try again"),
        })
    }
}

impl From<KeyError> for CliError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Failure(failure) => Self::Failed(failure),
            KeyError::BadName | KeyError::BadLifetime | KeyError::BadAmount | KeyError::BadCeiling => {
                Self::Usage(error.to_string())
            }
            refused => Self::Refused(refused.to_string()),
        }
    }
}

impl From<CreateBusinessError> for CliError {
    fn from(error: CreateBusinessError) -> Self {
        match error {
            CreateBusinessError::Failure(failure) => Self::Failed(failure),
            CreateBusinessError::BadName => Self::Usage(error.to_string()),
            CreateBusinessError::NameIsTaken => Self::Refused(error.to_string()),
        }
    }
}

impl From<WriteError> for CliError {
    fn from(error: WriteError) -> Self {
        Self::Failed(error.into())
    }
}
