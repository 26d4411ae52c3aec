//! `GET` and `POST /payout/operations`: what a person with a hash sees (contract, 1.4). The hash is looked for in the
//! header, then the JSON body, then the query; the first place that has one decides.

use super::door::Door;
use super::page::Page;
use super::problem::Problem;
use super::show::{self, Operation};
use super::user_operations;
use crate::clock::rfc3339;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The body of the POST form.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct HashBody {
    /// The secret hash.
    payout_hash: Option<String>,
}

/// A person's balance and history.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statement {
    /// In normal form.
    #[schema(format = "email")]
    email: String,
    /// `active`
    status: &'static str,
    /// `USD`
    currency: &'static str,
    /// Cents that can be withdrawn.
    balance: i64,
    /// Cents held by withdrawals on their way.
    pending: i64,
    /// RFC 3339, UTC, or null.
    #[schema(required)]
    expires_at: Option<String>,
    #[serde(flatten)]
    page: Page<Operation>,
}

/// Balance and history.
#[utoipa::path(
    get, path = "/payout/operations", tag = "Recipient", security(("payout_hash" = []), ("payout_hash_query" = [])),
    params(("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest operations first", body = Statement), (status = 400, description = "Unknown cursor, limit out of range, or malformed JSON"),
        (status = 401, description = "No valid hash"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    answer(&door, request).await
}

/// Balance and history, the hash in the body.
#[utoipa::path(
    post, path = "/payout/operations", tag = "Recipient", request_body = HashBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest operations first", body = Statement), (status = 400, description = "Unknown cursor, limit out of range, or malformed JSON"),
        (status = 401, description = "No valid hash"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn handle_post(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    answer(&door, request).await
}

async fn answer(door: &Door, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let platform = &door.platform;
    let row = platform.store.user(caller.book, caller.subject).await?.ok_or(Problem::Unauthorized)?;
    let page = user_operations::page(door, caller.book, &row, &parts.uri).await?;
    Ok(show::ok(&Statement {
        email: row.user.email.as_str().to_owned(),
        status: row.user.status_at(platform.clock.now()),
        currency: "USD",
        balance: row.user.balance.0,
        pending: row.user.pending.0,
        expires_at: row.user.expires_at.map(rfc3339),
        page,
    }))
}
