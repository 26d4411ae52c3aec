//! Invites somebody. The link is shown on the page that answers, this once.

use super::post::Posted;
use super::stop::Stop;
use super::team;
use crate::members::invitation::{self, InvitationError};
use crate::members::{Permission, Role};
use axum::response::Response;
use http::StatusCode;
use ledger::Email;
use secrecy::ExposeSecret;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageTeam)?;
    let again = async |sentence: String| {
        team::show(StatusCode::UNPROCESSABLE_ENTITY, &who, None, Some(sentence)).await
    };
    let Ok(email) = Email::parse(form.get("email")) else {
        return again("This is not a valid e-mail address.".to_owned()).await;
    };
    let Some(role) = Role::from_word(form.get("role")) else {
        return again("Choose a role.".to_owned()).await;
    };
    let (platform, business, actor) = (&who.platform, who.business.number, who.actor());
    match invitation::invite(platform, business, &email, role, actor).await {
        Ok(invited) => {
            let link = invitation::link(&who.base, &invited.token);
            team::show(StatusCode::OK, &who, Some(link.expose_secret().to_owned()), None).await
        }
        Err(InvitationError::Failure(failure)) => Err(failure.into()),
        Err(refused) => again(format!("This was not done: {refused}.")).await,
    }
}
