//! The audit log by API, with the digests of its chain, so that a copy of it can be verified. A key sees the entries of its own
//! book and those of the business as a whole.

use super::door::Door;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::Problem;
use super::show;
use crate::audit_log::export::ExportLine;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Export the audit log.
///
/// Who changed what, oldest first, with the digests of the chain, so that a copy can be verified.
#[utoipa::path(
    get, path = "/payout/audit-log", tag = "Audit log", operation_id = "exportAuditLog", security(("secret_key" = [])),
    params(("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Oldest first", body = Page<ExportLine>), (status = 400, description = "Unknown cursor, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn audit_log(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let limit = limit(&parts.uri)?;
    let after = match query(&parts.uri, "cursor") {
        None => 0,
        Some(cursor) => cursor.parse().ok().filter(|after| *after >= 0).ok_or_else(unknown_cursor)?,
    };
    let (business, book) = (caller.book.business(), Some(caller.book));
    let found = door.platform.store.exported_entries(business, book, after, limit + 1).await?;
    let lines = found.into_iter().map(ExportLine::from).collect();
    Ok(show::ok(&Page::cut(lines, limit, |line: &ExportLine| line.number.to_string())))
}
