//! Why a page was not shown or an action not carried out, as an error page. A refusal is shown as a sentence; an internal failure
//! is logged once, here, and never shown.

use crate::batch_refused::BatchRefused;
use crate::commit::NoVerdict;
use crate::dashboard::door::kept_form::RefusedForm;
use crate::stopped::Stopped;
use crate::store::Failure;
use crate::web::page;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::Refusal;

#[derive(Debug)]
pub enum Declined {
    /// The member's role does not allow it.
    Forbidden,
    /// 404: no such object in this business and mode.
    NotFound,
    /// A refusal, with its status and sentence.
    Sentence(StatusCode, String),
    /// An internal failure: logged, never shown.
    Failure(Failure),
}

#[derive(askama::Template)]
#[template(path = "dashboard/door/declined.html")]
struct DeclinedPage<'a> {
    title: &'a str,
    sentence: &'a str,
}

impl Declined {
    /// 400 with this sentence.
    #[must_use]
    pub fn sentence(text: impl Into<String>) -> Self {
        Self::Sentence(StatusCode::BAD_REQUEST, text.into())
    }
}

impl From<Failure> for Declined {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Refusal> for Declined {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PayoutUserIsUnknown | Refusal::WithdrawalIsUnknown => Self::NotFound,
            Refusal::CredentialDoesNotAuthenticate => Self::Sentence(
                StatusCode::FORBIDDEN,
                "Nothing was done: your session was ended or your role was changed while this was on its way."
                    .to_owned(),
            ),
            Refusal::MakerMayNotCheck => Self::sentence(
                "You sent this payout, so you cannot approve its withdrawal. Another member must review it.",
            ),
            refusal => Self::sentence(refusal.sentence()),
        }
    }
}

impl From<Stopped> for Declined {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::UnknownMethod => Self::NotFound,
            Stopped::Refused(refusal) => refusal.into(),
            Stopped::NoVerdict(none) => none.into(),
            Stopped::Failure(failure) => failure.into(),
            Stopped::Batch(BatchRefused::NotFound) => Self::NotFound,
            Stopped::Batch(refused) => Self::sentence(refused.to_string()),
            Stopped::NeedsSecondPerson => {
                Self::sentence("This needs a second person. Use the form on its page to propose it.")
            }
            stopped @ (Stopped::Destination(_)
            | Stopped::Closed(_)
            | Stopped::NotPossible(_)
            | Stopped::Waits(_)
            | Stopped::NotRecovered(_)) => Self::sentence(stopped.to_string()),
        }
    }
}

impl From<NoVerdict> for Declined {
    fn from(none: NoVerdict) -> Self {
        match none {
            NoVerdict::Unknown => Self::Sentence(
                StatusCode::GATEWAY_TIMEOUT,
                "It is not known whether this was done. Check before you try again.".to_owned(),
            ),
            none => Self::Sentence(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("Nothing was done: {none}. Try again in a moment."),
            ),
        }
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        match self {
            Self::Forbidden => declined(
                StatusCode::FORBIDDEN,
                "Not allowed",
                "Your role does not allow this. An owner of the business can change your role.",
            ),
            Self::NotFound => declined(StatusCode::NOT_FOUND, "Not found", "This page does not exist."),
            Self::Sentence(status, sentence) => {
                let mut response = declined(status, "Couldn’t save your changes", &sentence);
                // A form is judged again when it is sent again; an outcome that is not known is not.
                if matches!(
                    status,
                    StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS
                ) {
                    response.extensions_mut().insert(RefusedForm(sentence));
                }
                response
            }
            Self::Failure(failure) => {
                tracing::error!(error = format!("{failure:#}"), "a page of the dashboard failed");
                let sentence =
                    "Something went wrong on our side. The error was logged. Try again in a moment.";
                declined(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", sentence)
            }
        }
    }
}

fn declined(status: StatusCode, title: &str, sentence: &str) -> Response {
    page::html(status, &DeclinedPage { title, sentence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_declined() {
        let page = DeclinedPage { title: "Not allowed", sentence: "Your role does not allow this." };
        snapshot("declined", &page);
    }
}
