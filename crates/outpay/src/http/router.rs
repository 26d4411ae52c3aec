//! The one route table.

use super::door::Door;
use super::observe::observe;
use super::problem::Problem;
use super::{
    activate, balance, batch, create, deactivate, debit, docs, events, healthz, openapi, operations, readyz,
    rotate_hash, transfer, user, user_operations, users,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use std::sync::Arc;

/// All routes of the API address.
pub fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/payout/create", post(create::handle))
        .route("/payout/batch", post(batch::handle))
        .route("/payout/operations", get(operations::handle).post(operations::handle_post))
        .route("/payout/users", get(users::handle))
        .route("/payout/users/{id}", get(user::handle))
        .route("/payout/users/{id}/operations", get(user_operations::handle))
        .route("/payout/users/{id}/activate", post(activate::handle))
        .route("/payout/users/{id}/deactivate", post(deactivate::handle))
        .route("/payout/users/{id}/rotate-hash", post(rotate_hash::handle))
        .route("/payout/users/{id}/debit", post(debit::handle))
        .route("/payout/events", get(events::handle))
        .route("/balance", get(balance::handle))
        .route("/balance/transfer", post(transfer::handle))
        .route("/healthz", get(healthz::handle))
        .route("/readyz", get(readyz::handle))
        .route("/openapi.json", get(openapi::handle))
        .route("/docs", get(docs::handle))
        .fallback(|| async { Problem::UnknownPath })
        .layer(from_fn_with_state(Arc::clone(&door), observe))
        .with_state(door)
}
