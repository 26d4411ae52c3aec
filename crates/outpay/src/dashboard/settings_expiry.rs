//! How many days people have to claim their money.

use super::post::Posted;
use super::stop::Stop;
use super::{notice, settings};
use crate::members::Permission;
use crate::members::settings::{MOST_DAYS, change};
use crate::store::SettingsChange;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let days = match form.get("days") {
        "" => Some(None),
        text => text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).map(Some),
    };
    let Some(days) = days else {
        let sentence = format!("The days are a whole number from 1 to {MOST_DAYS}, or nothing for ever.");
        return settings::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence)).await;
    };
    let set = SettingsChange { expiry_days: Some(days), ..SettingsChange::default() };
    change(&who.platform, who.book, who.actor(), set).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}
