//! The door somebody came by: a business's own (`/p/of/{business}`) or everybody's (`/p`). A cookie remembers the business's
//! until the browser is closed, so that whoever came by it leaves by it. Not here: the doors' pages (enter.rs, enter_of.rs).

use crate::platform::Platform;
use crate::web::{cookie, page};
use axum::response::Response;
use http::HeaderMap;

/// The public id of the business whose door was opened last.
const COOKIE: &str = "claim-of";

/// The address of a business's own door.
pub(super) fn path(business: &str) -> String {
    format!("/p/of/{business}")
}

/// From now on the door of this business is the one that was opened last.
pub(super) fn remember(response: &mut Response, business: &str) {
    cookie::set(response, COOKIE, business, None);
}

/// The number of the business whose door was opened last.
pub(super) fn business(platform: &Platform, headers: &HeaderMap) -> Option<i64> {
    crate::business::number(platform, cookie::read(headers, COOKIE)?)
}

/// Where somebody whose session is over goes: to the door that was opened last, or to everybody's.
pub(super) fn way_out(platform: &Platform, headers: &HeaderMap, notice: &str) -> Response {
    let business = business(platform, headers).map(|number| crate::business::id(platform, number));
    let door = business.map_or_else(|| "/p".to_owned(), |id| path(&id));
    page::see_other(&format!("{door}?{notice}"))
}

/// Whoever signs in with money of another business than the door's has left that door.
pub(super) fn leave_other(platform: &Platform, headers: &HeaderMap, own: i64, response: &mut Response) {
    if business(platform, headers).is_some_and(|number| number != own) {
        cookie::clear(response, COOKIE);
    }
}
