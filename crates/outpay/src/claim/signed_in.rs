//! What makes a request a person's: the session of its cookie (a middleware around the pages that need one), and for a post the
//! token of its form ([`PostedForm`]).

use super::declined::Declined;
use super::person::Person;
use super::session::ClaimSession;
use super::{entrance, frame_policy};
use crate::attacks::AttackSign;
use crate::language::Language;
use crate::platform::Platform;
use crate::web::{Form, client, csrf};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Around the pages that need a session: without one, back to the entrance.
pub(super) async fn require(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    let language = request.extensions().get().copied().unwrap_or(Language::English);
    let Some(session) = ClaimSession::sent(&platform, request.headers()) else {
        return entrance::way_out(&platform, request.headers(), "ended");
    };
    let person = match Person::of(&platform, &session, language).await {
        Ok(Some(person)) => person,
        Ok(None) => return entrance::way_out(&platform, request.headers(), "ended"),
        Err(failure) => return Declined::failure(language, failure).into_response(),
    };
    // A page that only follows a state by itself does not keep a session alive.
    let follows = request.uri().path().ends_with("/state");
    let sender = person.sender.clone();
    request.extensions_mut().insert(person);
    let mut response = next.run(request).await;
    frame_policy::allow(&mut response, &sender.frame_origins);
    if !follows {
        session.keep(&platform, &mut response);
    }
    response
}

/// A post of the person, checked.
pub(super) struct PostedForm {
    pub(super) person: Person,
    pub(super) form: Form,
}

impl<S: Send + Sync> FromRequest<S> for PostedForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, state).await?;
        let form = Form::read(&parts, body).await.map_err(IntoResponse::into_response)?;
        let secrets = &person.platform.secrets;
        if csrf::check(secrets, &person.session, &parts.headers, form.get("csrf")) {
            return Ok(Self { person, form });
        }
        let address = client::address(&parts.extensions);
        person.platform.attacks.tell(AttackSign::ForgedForm, &address, None);
        Err(Declined::expired(&person).into_response())
    }
}

/// The status of a page that shows what is wrong with a form.
pub(super) const WRONG_FORM: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
