//! The entrance page a person came by: a business's own (`/p/of/{business}`) or the general one (`/p`). A session cookie remembers
//! the business, so that signing out leads back to the same page. Not here: the pages themselves (enter.rs).

use crate::platform::Platform;
use crate::web::{cookie, page};
use axum::response::Response;
use http::HeaderMap;

/// The public id of the business whose entrance was opened last.
const COOKIE: &str = "claim-of";

/// The path of a business's own entrance.
pub(super) fn path(business: &str) -> String {
    format!("/p/of/{business}")
}

/// Remembers the entrance of this business.
pub(super) fn remember(response: &mut Response, business: &str) {
    cookie::set(response, COOKIE, business, None);
}

/// The number of the business whose entrance was opened last.
pub(super) fn business(platform: &Platform, headers: &HeaderMap) -> Option<i64> {
    crate::business::number(platform, cookie::read(headers, COOKIE)?)
}

/// Redirects to the entrance that was opened last, else to the general one, with a notice.
pub(super) fn way_out(platform: &Platform, headers: &HeaderMap, notice: &str) -> Response {
    let business = business(platform, headers).map(|number| crate::business::id(platform, number));
    let door = business.map_or_else(|| "/p".to_owned(), |id| path(&id));
    page::see_other(&format!("{door}?{notice}"))
}

/// Forgets the entrance of another business than the one whose money the session is for.
pub(super) fn leave_other(platform: &Platform, headers: &HeaderMap, own: i64, response: &mut Response) {
    if business(platform, headers).is_some_and(|number| number != own) {
        cookie::clear(response, COOKIE);
    }
}
