//! Above which sum an import needs another member's approval.

use super::post::Posted;
use super::stop::Stop;
use super::{amount, imports, notice};
use crate::members::Permission;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let above = match amount::read("Amount", form.get("above")) {
        Ok(above) => above,
        Err(sentence) => {
            return imports::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Vec::new(), Some(sentence)).await;
        }
    };
    let detail = json!({ "above": above });
    let entry = who.entry("settings.import_approval_changed", "", &detail);
    who.platform.store.set_import_approval_above(who.book, above, &entry).await?;
    let mut response = page::see_other("/dashboard/import");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}
