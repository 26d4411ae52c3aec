//! Mails a person the claim link. The link is on no page here; the order is in the audit log.

use super::post::Posted;
use super::stop::Stop;
use super::{notice, user};
use crate::mail::MailError;
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, .. } = posted;
    who.require(Permission::ManageUsers)?;
    let row = user::find(&who, &id).await?;
    match who.platform.mail.send_claim_link(who.book, row.user.number).await {
        Ok(()) => {}
        Err(MailError::Failure(failure)) => return Err(failure.into()),
        Err(refused) => return Err(Stop::Sentence(StatusCode::CONFLICT, refused.to_string())),
    }
    who.note("payout_user.link_mailed", &id, &json!({})).await?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("The link is on its way to {}.", row.user.email));
    Ok(response)
}
