//! A key in the place of another, which goes on working for as long as its owner says.

use super::post::Posted;
use super::stop::Stop;
use super::{key, key_made};
use crate::auth::keys;
use crate::members::Permission;
use axum::extract::Path;
use axum::response::Response;
use ledger::Micros;

const HOUR: Micros = 3_600_000_000;
/// Thirty days.
const MOST_HOURS: i64 = 720;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageKeys)?;
    let old = key::find(&who, &id).await?;
    let hours = match form.get("hours") {
        "" => Some(0),
        text => text.parse::<i64>().ok().filter(|hours| (0..=MOST_HOURS).contains(hours)),
    };
    let sentence = || Stop::sentence(format!("The hours are a whole number from 0 to {MOST_HOURS}."));
    let overlap = hours.ok_or_else(sentence)? * HOUR;
    let now = who.platform.clock.now();
    let made = keys::roll(&who.platform, &old, overlap, who.actor()).await?;
    let new = keys::id(&who.platform, old.book, made.number);
    let old_ends_at = old.expires_at.map_or(now + overlap, |planned| planned.min(now + overlap));
    Ok(key_made::show(&who, &new, &made, Some(old_ends_at)))
}
