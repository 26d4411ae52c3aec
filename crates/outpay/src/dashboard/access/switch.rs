//! What the session looks at: live or test mode, and which business. Remembered in the session, so that every page of it
//! shows the same book.

use crate::business;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::web::page;
use axum::response::Response;

/// Live or test mode.
pub async fn mode(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let test_mode = match form.get("mode") {
        "test" => true,
        "live" => false,
        _ => return Err(Declined::sentence("The mode is live or test.")),
    };
    who.platform.store.place_session(who.session.number(), who.business.number, test_mode).await?;
    Ok(page::see_other("/dashboard"))
}

/// Another business whose team the member belongs to. It begins in live mode.
pub async fn business(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let platform = &who.platform;
    // By id alone, so that names of other businesses cannot be probed.
    let id = form.get("business");
    let found = if id.starts_with("biz_") { business::find(platform, id).await? } else { None };
    let business = found.ok_or(Declined::NotFound)?;
    platform.store.membership(business.number, who.member.number).await?.ok_or(Declined::NotFound)?;
    platform.store.place_session(who.session.number(), business.number, false).await?;
    Ok(page::see_other("/dashboard"))
}
