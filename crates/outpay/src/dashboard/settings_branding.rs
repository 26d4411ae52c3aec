//! How the business shows itself on the claim page: name, colour, where to get help, whose frames. Its logo comes by a form
//! of its own (settings_logo.rs).

use super::post::Posted;
use super::stop::Stop;
use super::{notice, settings};
use crate::branding::{self, Branding};
use crate::members::Permission;
use crate::store::BrandingRow;
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
    let text = |name| form.get(name).to_owned();
    let texts = BrandingRow {
        display_name: text("display_name"),
        colour: text("colour"),
        support: text("support"),
        support_url: text("support_url"),
        frame_origins: text("frame_origins"),
    };
    let new = match Branding::new(&texts) {
        Ok(new) => new,
        Err(problem) => {
            return settings::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(problem.to_string())).await;
        }
    };
    // A page that was opened before must not bring a site back that somebody has taken away since.
    let (now, wanted) = (branding::of(&who.platform, who.business.number).await?, &new.frame_origins);
    if form.get("frame_origins_before") != now.frame_origins.to_string() && *wanted != now.frame_origins {
        let sentence =
            "Somebody changed the sites that may show the page in a frame meanwhile. Look at them again.";
        return settings::show(StatusCode::CONFLICT, &who, Some(sentence.to_owned())).await;
    }
    branding::set(&who.platform, who.business.number, who.actor(), &new).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}
