//! Ends a key at once.

use super::post::Posted;
use super::stop::Stop;
use super::{key, notice};
use crate::auth::keys;
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form: _ } = posted;
    who.require(Permission::ManageKeys)?;
    let found = key::find(&who, &id).await?;
    keys::revoke(&who.platform, &found, who.actor()).await?;
    let mut response = page::see_other("/dashboard/keys");
    notice::leave(&mut response, format!("{} is revoked.", found.hint));
    Ok(response)
}
