//! How the business shows itself on the claim page: name, colour, where to get help.

use super::post::Posted;
use super::stop::Stop;
use super::{notice, settings};
use crate::branding::{self, Branding};
use crate::members::{Permission, audit};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let new = Branding::new(
        form.get("display_name"),
        form.get("colour"),
        form.get("support"),
        form.get("support_url"),
    );
    let new = match new {
        Ok(new) => new,
        Err(problem) => {
            return settings::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(problem.to_string())).await;
        }
    };
    let (platform, business) = (&who.platform, who.business.number);
    let before = branding::of(platform, business).await?;
    if before != new {
        branding::set(platform, business, &new).await?;
        let detail = json!({ "from": as_json(&before), "to": as_json(&new) });
        let entry =
            audit::in_business(platform, business, who.actor(), "settings.branding_changed", "", &detail);
        audit::write(platform, entry).await?;
    }
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

fn as_json(branding: &Branding) -> Value {
    json!({ "display_name": branding.display_name, "colour": branding.colour.to_string(),
        "support": branding.support, "support_url": branding.support_url })
}
