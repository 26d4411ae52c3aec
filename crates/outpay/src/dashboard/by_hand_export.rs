//! Takes a method's queued payments into work and gives them as a CSV.

use super::download;
use super::post::Posted;
use super::stop::Stop;
use crate::members::Permission;
use crate::withdrawals::by_hand;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ReviewWithdrawals)?;
    let again = form.get("again") == "1";
    let taken = by_hand::take(&who.platform, who.book, form.get("method"), again, who.origin()).await?;
    if taken.payments == 0 && taken.left_out > 0 {
        let error = format!(
            "No payment is new: {} in work are in an earlier file. Tick the box to have them in a file again.",
            taken.left_out
        );
        return Ok(super::by_hand::show(StatusCode::OK, &who, None, Some(error)));
    }
    Ok(download::csv("payments-by-hand.csv", taken.sheet))
}
