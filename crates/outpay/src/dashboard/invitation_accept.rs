//! An invitation was accepted, with a name and a new password, or with the password of the account there is. What comes next
//! is the second factor.

use super::invitation;
use super::invitation_open::{INVALID, show, token};
use super::sign_in_try::WRONG;
use super::stop::Stop;
use super::visitor::{self, Sent};
use crate::members::invitation::{Acceptance, InvitationError, accept, find};
use crate::members::sign_in::SignInError;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(sent: Sent) -> Result<Response, Stop> {
    let Sent { visitor, form } = sent;
    let token = token(form.get("token"));
    let gone = || Ok(invitation::show(StatusCode::UNPROCESSABLE_ENTITY, Some(INVALID)));
    let Some(open) = find(&visitor.platform, token).await? else { return gone() };
    let (name, password) = (form.get("name"), SecretString::from(form.get("password")));
    let again = |status, sentence: &str| Ok(show(status, token, &open, name, Some(sentence)));
    if open.chooses_password() && form.get("password") != form.get("password_again") {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "The two passwords differ.");
    }
    let acceptance =
        Acceptance { name, password: &password, client: &visitor.client, device: visitor.device() };
    match accept(&visitor.platform, &open, &acceptance, visitor.session.as_ref()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(InvitationError::Failure(failure) | InvitationError::Proof(SignInError::Failure(failure))) => {
            Err(failure.into())
        }
        Err(InvitationError::Field(sentence)) => again(StatusCode::UNPROCESSABLE_ENTITY, sentence),
        Err(InvitationError::Proof(SignInError::Wait(time))) => {
            let (status, sentence) = visitor::wait(time);
            again(status, &sentence)
        }
        Err(InvitationError::Proof(_)) => again(StatusCode::UNPROCESSABLE_ENTITY, WRONG),
        Err(InvitationError::Invalid | InvitationError::IsMember | InvitationError::IsNoMember) => gone(),
    }
}
