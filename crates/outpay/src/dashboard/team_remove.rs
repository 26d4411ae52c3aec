//! Takes a member out of the team.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::team::remove;
use crate::members::{self, Permission};
use crate::web::page;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageTeam)?;
    let number = members::number(&who.platform, IdKind::Member, form.get("member")).ok_or(Stop::NotFound)?;
    let member = remove(&who.platform, who.business.number, number, who.actor()).await?;
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, format!("{} is no member of the team any more.", member.name));
    Ok(response)
}
