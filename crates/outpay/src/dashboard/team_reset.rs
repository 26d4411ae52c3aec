//! Takes a member's lost second factor away; the next sign-in sets a new one up.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::team::reset_second_factor;
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
    let member = reset_second_factor(&who.platform, who.business.number, number, who.actor()).await?;
    let mut response = page::see_other("/dashboard/team");
    let said = format!("{} sets up a new second factor at the next sign-in.", member.name);
    notice::leave(&mut response, said);
    Ok(response)
}
