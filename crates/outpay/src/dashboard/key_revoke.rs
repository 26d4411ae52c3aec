//! Ends a key at once.

use super::post::Posted;
use super::stop::Stop;
use super::{key, notice};
use crate::auth::keys;
use crate::members::{Permission, audit};
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
    who.require(Permission::ManageKeys)?;
    let found = key::find(&who, &id).await?;
    keys::revoke(&who.platform, found.number).await?;
    let entry = audit::in_book(&who.platform, found.book, who.actor(), "key.revoked", &id, &json!({}));
    audit::write(&who.platform, entry).await?;
    let mut response = page::see_other("/dashboard/keys");
    notice::leave(&mut response, format!("{} is revoked.", found.hint));
    Ok(response)
}
