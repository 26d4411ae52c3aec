//! Lets a failed delivery be tried again, from the first try on.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use serde_json::json;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form: _ } = posted;
    who.require(Permission::ManageWebhooks)?;
    who.platform.webhooks.retry_delivery(who.book, &id).await?;
    who.note("webhook.retried", &id, &json!({})).await?;
    let mut response = page::see_other(&format!("/dashboard/deliveries/{id}"));
    notice::leave(&mut response, "The delivery is being tried again.");
    Ok(response)
}
