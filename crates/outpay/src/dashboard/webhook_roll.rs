//! A new token and a new secret; the old ones may sign beside them for a while. The answer is the one page that shows them.

use super::post::Posted;
use super::stop::Stop;
use super::{once, webhook_keys};
use crate::members::Permission;
use axum::response::Response;
use ledger::Micros;

const HOUR: Micros = 3_600_000_000;
/// Thirty days.
const MOST_HOURS: i64 = 720;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageWebhooks)?;
    let hours = match form.get("hours") {
        "" => Some(0),
        text => text.parse::<i64>().ok().filter(|hours| (0..=MOST_HOURS).contains(hours)),
    };
    let sentence = || Stop::sentence(format!("The hours are a whole number from 0 to {MOST_HOURS}."));
    let overlap = hours.ok_or_else(sentence)? * HOUR;
    // A second click must not end the keys that the first one made, nor those that receivers still have.
    let once = once::key(&form)?;
    let (endpoint, _) =
        who.platform.webhooks.roll_endpoint(who.book, who.actor(), overlap, Some(&once.0)).await?;
    Ok(webhook_keys::show(&who, &endpoint))
}
