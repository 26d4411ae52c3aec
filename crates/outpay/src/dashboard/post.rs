//! A POST that was checked: the session, the CSRF token, where the request came from. Handlers of POST take [`Posted`]
//! instead of [`SignedIn`], so none can forget it.

use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::platform::Platform;
use crate::web::form::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

/// See the module.
pub struct Posted {
    /// Who sends it.
    pub who: SignedIn,
    /// What.
    pub form: Form,
}

impl FromRequest<Platform> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        SignedIn::from_request_parts(&mut parts, platform).await?;
        let form = Form::read(&parts, body).await.map_err(IntoResponse::into_response)?;
        // A body takes as long as its sender likes, and the session may have been ended meanwhile, or the role changed.
        let who = SignedIn::from_request_parts(&mut parts, platform).await?;
        check(&who, &parts.headers, form.get("csrf")).map_err(IntoResponse::into_response)?;
        Ok(Self { who, form })
    }
}

/// Does the request come from a page that this session was shown? For handlers that read their body themselves.
///
/// # Errors
/// A page that says no.
pub fn check(who: &SignedIn, headers: &HeaderMap, sent: &str) -> Result<(), Stop> {
    if who.knows(headers, sent) { Ok(()) } else { Err(forged()) }
}

/// What a form gets that did not come from our page, or from a page of another session.
pub(super) fn forged() -> Stop {
    let sentence = "Nothing was done: this form does not belong to your session, or you have switched between live and test mode or to another business since the page was loaded. Load it again and try once more.";
    Stop::Sentence(StatusCode::FORBIDDEN, sentence.to_owned())
}
