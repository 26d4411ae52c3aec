//! Gives a member another role.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::team::{TeamError, set_role};
use crate::members::{self, Permission, Role};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageTeam)?;
    let number = members::number(&who.platform, IdKind::Member, form.get("member")).ok_or(Stop::NotFound)?;
    let role = Role::from_word(form.get("role")).ok_or_else(|| Stop::sentence("Choose a role."))?;
    let member = set_role(&who.platform, who.business.number, number, role, who.actor()).await?;
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, format!("{} is {} now.", member.name, role.word()));
    Ok(response)
}

impl From<TeamError> for Stop {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::Unknown => Self::NotFound,
            TeamError::Failure(failure) => failure.into(),
            refused => Self::Sentence(StatusCode::CONFLICT, format!("This was not done: {refused}.")),
        }
    }
}
