//! Switches payouts on or off, in both modes.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::members::{Permission, settings};
use crate::store::SettingsChange;
use crate::web::page;
use axum::response::Response;
use ledger::Mode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    if who.mode == Mode::Test {
        return Err(Stop::sentence(
            "This switch is for live and test mode together. Switch to live mode to use it.",
        ));
    }
    let enabled = match form.get("payouts") {
        "on" => true,
        "off" => false,
        _ => return Err(Stop::sentence("Payouts are on or off.")),
    };
    let change = SettingsChange { payouts_enabled: Some(enabled), ..SettingsChange::default() };
    settings::change(&who.platform, who.book, who.actor(), change).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, if enabled { "Payouts are enabled." } else { "Payouts are disabled." });
    Ok(response)
}
