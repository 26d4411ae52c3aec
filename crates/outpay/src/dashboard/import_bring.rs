//! Takes a file of payments, checks every line, and keeps it as a draft. Nobody is paid here.

use super::stop::Stop;
use super::upload::Uploaded;
use super::{import, imports};
use crate::imports::bring;
use crate::members::Permission;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(uploaded: Uploaded) -> Result<Response, Stop> {
    let who = &uploaded.who;
    who.require(Permission::PayPeople)?;
    match bring(&who.platform, who.book, (&uploaded.name, uploaded.bytes()), who.actor()).await? {
        Ok(number) => Ok(page::see_other(&format!("/dashboard/import/{}", import::id(who, number)))),
        Err(bad) => imports::show(StatusCode::UNPROCESSABLE_ENTITY, who, bad, None).await,
    }
}
