//! Takes an invitation back before it is accepted.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::{self, Permission, invitation};
use crate::web::page;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageTeam)?;
    let id = form.get("invitation");
    let number = members::number(&who.platform, IdKind::Invitation, id).ok_or(Stop::NotFound)?;
    if !invitation::withdraw(&who.platform, who.business.number, number, who.actor()).await? {
        return Err(Stop::NotFound);
    }
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, "The invitation is withdrawn.");
    Ok(response)
}
