//! Why a page was not shown or an action not carried out, as a page in the person's language. A failure is logged here, once.

use super::frame::Frame;
use super::person::Person;
use super::words;
use crate::commit::NoVerdict;
use crate::language::Language;
use crate::stopped::Stopped;
use crate::store::Failure;
use crate::web::page;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::{Cents, Refusal};

/// A status and its page.
pub(super) struct Declined {
    status: StatusCode,
    page: Box<DeclinedPage>,
}

#[derive(Template)]
#[template(path = "claim/declined.html")]
pub(super) struct DeclinedPage {
    pub(super) frame: Frame,
    pub(super) sentence: String,
}

impl Declined {
    /// With a sentence for the person.
    pub(super) fn sentence(person: &Person, status: StatusCode, title: &str, sentence: String) -> Self {
        let frame = person.frame(title, "/p/home");
        Self { status, page: Box::new(DeclinedPage { frame, sentence }) }
    }

    pub(super) fn not_found(person: &Person) -> Self {
        let t = person.language;
        let (title, sentence) = (t.say("stop.not_found_title"), t.say("operation.unknown"));
        Self::sentence(person, StatusCode::NOT_FOUND, title, sentence.to_owned())
    }

    /// The form's token does not belong to this session, or another site sent it.
    pub(super) fn expired(person: &Person) -> Self {
        let t = person.language;
        let (title, sentence) = (t.say("stop.expired_title"), t.say("stop.expired"));
        Self::sentence(person, StatusCode::FORBIDDEN, title, sentence.to_owned())
    }

    /// An internal failure: logged here, never shown.
    pub(super) fn failure(t: Language, failure: Failure) -> Self {
        tracing::error!(error = format!("{failure:#}"), "a page failed");
        Self::without_person(t, StatusCode::INTERNAL_SERVER_ERROR, "stop.failure_title", "stop.failure")
    }

    pub(super) fn no_verdict(t: Language, none: NoVerdict) -> Self {
        match none {
            NoVerdict::Busy | NoVerdict::Stopped => {
                Self::without_person(t, StatusCode::SERVICE_UNAVAILABLE, "stop.failure_title", "stop.busy")
            }
            NoVerdict::NotDone => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::without_person(t, status, "stop.failure_title", "stop.failure")
            }
            NoVerdict::Unknown => {
                Self::without_person(t, StatusCode::GATEWAY_TIMEOUT, "stop.unsure_title", "stop.unsure")
            }
        }
    }

    /// Why a withdrawal was not made or changed, where no field of a form is at fault.
    pub(super) fn stopped(person: &Person, stopped: Stopped) -> Self {
        let t = person.language;
        let sentence = |sentence: String| {
            Self::sentence(person, StatusCode::CONFLICT, t.say("summary.not_sent"), sentence)
        };
        match stopped {
            Stopped::UnknownMethod => Self::not_found(person),
            Stopped::NoVerdict(none) => Self::no_verdict(t, none),
            Stopped::Failure(failure) => Self::failure(t, failure),
            Stopped::Closed(closed) => {
                sentence(words::closed(t, (closed.code(), closed.sentence()), Cents::ZERO))
            }
            Stopped::Refused(Refusal::CredentialDoesNotAuthenticate) => Self::expired(person),
            Stopped::Refused(refusal) => sentence(words::refusal(t, &refusal)),
            Stopped::Destination(_) => Self::not_found(person),
            // Not of what a recipient can do.
            stopped @ (Stopped::NotRecovered(_)
            | Stopped::Batch(_)
            | Stopped::NeedsSecondPerson
            | Stopped::Waits(_)
            | Stopped::NotPossible(_)) => Self::failure(t, anyhow::anyhow!("{stopped}")),
        }
    }

    /// For `map_err`: a failure in the person's language.
    pub(super) fn failed(person: &Person) -> impl Fn(Failure) -> Self + use<> {
        let t = person.language;
        move |failure| Self::failure(t, failure)
    }

    fn without_person(t: Language, status: StatusCode, title: &str, sentence: &str) -> Self {
        let frame = Frame::outside(t, t.say(title));
        Self { status, page: Box::new(DeclinedPage { frame, sentence: t.say(sentence).to_owned() }) }
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        page::html(self.status, &*self.page)
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;

    #[test]
    fn pages() {
        check("declined", &declined(Language::Spanish));
    }

    fn declined(t: Language) -> DeclinedPage {
        let frame = Frame::sample(t, t.say("stop.not_found_title"), "/p/home");
        DeclinedPage { frame, sentence: t.say("operation.unknown").to_owned() }
    }
}
