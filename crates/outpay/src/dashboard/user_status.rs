//! Lets a person's hash authenticate, or not.

use super::post::Posted;
use super::stop::Stop;
use super::{notice, user};
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use ledger::{Command, Request, UserStatus};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageUsers)?;
    let row = user::find(&who, &id).await?;
    let (status, sentence) = match form.get("status") {
        "active" => (UserStatus::Active, "The person's link works again."),
        "inactive" => (UserStatus::Inactive, "The person's link does not work any more. The money stays."),
        _ => return Err(Stop::sentence("Choose whether the person is active.")),
    };
    let command = Command::SetStatus { user: row.user.number, status };
    let _answer = who.platform.teller.ask(who.book, Request::plain(command).by(who.origin())).await??;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, sentence);
    Ok(response)
}
