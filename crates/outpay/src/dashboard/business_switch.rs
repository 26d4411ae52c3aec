//! Another business whose team the member belongs to: remembered in the session. It begins in live mode.

use super::post::Posted;
use super::stop::Stop;
use crate::businesses;
use crate::web::page;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let platform = &who.platform;
    // By id alone: a name that somebody else's business has is not found by trying.
    let id = form.get("business");
    let found = if id.starts_with("biz_") { businesses::find(platform, id).await? } else { None };
    let business = found.ok_or(Stop::NotFound)?;
    platform.store.membership(business.number, who.member.number).await?.ok_or(Stop::NotFound)?;
    platform.store.place_session(who.session.number(), business.number, false).await?;
    Ok(page::see_other("/dashboard"))
}
