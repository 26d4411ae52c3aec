//! Live or test: remembered in the session, so that every page of it looks at the same book.

use super::post::Posted;
use super::stop::Stop;
use crate::web::page;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let test_mode = match form.get("mode") {
        "test" => true,
        "live" => false,
        _ => return Err(Stop::sentence("The mode is live or test.")),
    };
    who.platform.store.place_session(who.session.number(), who.business.number, test_mode).await?;
    Ok(page::see_other("/dashboard"))
}
