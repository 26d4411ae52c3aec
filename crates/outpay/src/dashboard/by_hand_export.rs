//! Takes a method's queued payments into work and gives them as a CSV.

use super::download;
use super::post::Posted;
use super::stop::Stop;
use crate::members::Permission;
use crate::withdrawals::by_hand;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ReviewWithdrawals)?;
    let text = by_hand::take(&who.platform, who.book, form.get("method"), who.actor()).await?;
    Ok(download::csv("payments-by-hand.csv", &text))
}
