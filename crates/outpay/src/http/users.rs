//! `GET /payout/users`: a business's payout users, newest first, by address or status.

use super::door::Door;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::show::{self, User};
use crate::ids::IdKind;
use crate::store::UserFilter;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use ledger::{Email, UserStatus};
use std::sync::Arc;

/// Payout users.
#[utoipa::path(
    get, path = "/payout/users", tag = "Payout users", security(("secret_key" = [])),
    params(("email" = Option<String>, Query, description = "Only the user with this address"), ("status" = Option<String>, Query, description = "active or inactive"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<User>), (status = 400, description = "Invalid filter, unknown cursor, or limit out of range"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let ids = door.platform.secrets.ids();
    let limit = limit(&parts.uri)?;
    let mut filter = filter(&parts.uri)?;
    if let Some(cursor) = query(&parts.uri, "cursor") {
        filter.below = Some(ids.open(IdKind::PayoutUser, caller.book, &cursor).ok_or_else(unknown_cursor)?);
    }
    let found = door.platform.store.users(caller.book, &filter, limit + 1).await?;
    let now = door.platform.clock.now();
    let users = found.iter().map(|row| show::user(ids, caller.book, &row.user, Some(now))).collect();
    Ok(show::ok(&Page::cut(users, limit, |user: &User| user.id.clone())))
}

fn filter(uri: &Uri) -> Result<UserFilter, Problem> {
    let email = query(uri, "email").map(|text| Email::parse(&text)).transpose();
    let email = email.map_err(|_| field("email", "The email must be a valid email address."))?;
    let status = match query(uri, "status").as_deref() {
        None => None,
        Some("active") => Some(UserStatus::Active),
        Some("inactive") => Some(UserStatus::Inactive),
        Some(_) => return Err(field("status", "The status must be active or inactive.")),
    };
    Ok(UserFilter { email, status, below: None })
}
