//! Sets the logo that people see on the claim page, or takes it away.

use super::stop::Stop;
use super::upload::Uploaded;
use super::{notice, settings};
use crate::branding::{self, Logo};
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
    who.require(Permission::ManageSettings)?;
    let new = if uploaded.has("remove") {
        None
    } else {
        match Logo::new(uploaded.bytes()) {
            Ok(logo) => Some(logo),
            Err(problem) => {
                return settings::show(StatusCode::UNPROCESSABLE_ENTITY, who, Some(problem.to_string()))
                    .await;
            }
        }
    };
    branding::set_logo(&who.platform, who.business.number, who.actor(), new.as_ref()).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}
