//! Shows a person's claim link, once after each click. It is as good as the money, so the look is in the audit log before
//! the link is on the page; the link is in no address and no notice.

use super::post::Posted;
use super::stop::Stop;
use super::user;
use crate::members::Permission;
use axum::extract::Path;
use axum::response::Response;
use secrecy::ExposeSecret;
use serde_json::json;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, .. } = posted;
    who.require(Permission::ManageUsers)?;
    let row = user::find(&who, &id).await?;
    let number = row.user.number;
    let salt = who.platform.store.hash_salt(who.book, number).await?.ok_or(Stop::NotFound)?;
    who.note("payout_user.link_shown", &id, &json!({})).await?;
    let hash = who.platform.secrets.payout_hash(who.book, number, &salt);
    let link = format!("{}/p#{}", who.base, hash.expose_secret());
    user::show(&who, &id, None, Some(link)).await
}
