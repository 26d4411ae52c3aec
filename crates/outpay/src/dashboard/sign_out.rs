//! Ends the session, here and in the database.

use super::post::Posted;
use super::signed_in::{SESSION, SIGN_IN};
use super::stop::Stop;
use crate::members::sign_in;
use crate::web::{cookie, page};
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    sign_in::sign_out(&posted.who.platform, &posted.who.session).await?;
    let mut response = page::see_other(SIGN_IN);
    cookie::clear(&mut response, SESSION);
    Ok(response)
}
