//! Gives a person a new hash; the old one, and every link with it, is dead at once. The new link is not shown here, but where
//! every look is written down (user_link.rs).

use super::post::Posted;
use super::stop::Stop;
use super::{notice, user};
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use ledger::{Command, Request};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, .. } = posted;
    who.require(Permission::ManageUsers)?;
    let row = user::find(&who, &id).await?;
    let command = Command::RotateHash { user: row.user.number };
    let _answer = who.platform.teller.ask(who.book, Request::plain(command).by(who.origin())).await??;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, "There is a new link; the old one is dead.");
    Ok(response)
}
