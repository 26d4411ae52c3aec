//! A POST that was checked: who sends it, the CSRF token, where the request came from. Every action takes [`Posted`] (or
//! `Uploaded`, for files), so none can forget the check.

use crate::attacks::AttackSign;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::kept_form::FormSlot;
use crate::dashboard::door::signed_in::SignedIn;
use crate::platform::Platform;
use crate::web::client;
use crate::web::form::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, StatusCode};

/// A form and its sender.
pub struct Posted<Who = SignedIn> {
    pub who: Who,
    pub form: Form,
}

/// Who can send a form: a signed-in member, or a visitor on the way to a session (visitor.rs).
pub trait FormSender: FromRequestParts<Platform, Rejection = Response> + Send {
    /// Was this form's token on a page that was shown to this sender, and does the browser not name another site?
    fn has_sent(&self, headers: &HeaderMap, token: &str) -> bool;

    /// The number of the member whose session it is.
    fn member(&self) -> Option<i64>;
}

impl<Who: FormSender> FromRequest<Platform> for Posted<Who> {
    type Rejection = Response;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        Who::from_request_parts(&mut parts, platform).await?;
        let form = Form::read(&parts, body).await.map_err(IntoResponse::into_response)?;
        // A body takes as long as its sender likes: the session may have ended meanwhile, or the role changed.
        let who = Who::from_request_parts(&mut parts, platform).await?;
        if !who.has_sent(&parts.headers, form.get("csrf")) {
            return Err(forged(platform, &parts.extensions, who.member()).into_response());
        }
        if let Some(posted) = parts.extensions.get::<FormSlot>() {
            posted.set(&form);
        }
        Ok(Self { who, form })
    }
}

/// The answer to a form that is not from our page, or from a page of another session.
pub(crate) fn forged(platform: &Platform, request: &Extensions, member: Option<i64>) -> Declined {
    let (address, now) = (client::address(request), platform.clock.now());
    platform.attacks.tell_of_member(AttackSign::ForgedForm, &address, member, now);
    let sentence = "Nothing was done: this form does not belong to your session, or you have switched between live and test mode or to another business since the page was loaded. Load it again and try once more.";
    Declined::Sentence(StatusCode::FORBIDDEN, sentence.to_owned())
}
