//! The one route table.

use super::door::Door;
use super::observe::observe;
use super::problem::Problem;
use super::{
    activate, approve, balance, batch, cancel, create, deactivate, debit, docs, events, healthz, methods,
    openapi, operation, operations, pause, pauses, quote, readyz, reject, resume, reveal, rotate_hash,
    settings, settings_set, settle, transfer, user, user_operations, users, webhook, webhook_deliveries,
    webhook_delivery, webhook_replay, webhook_retry, webhook_roll, webhook_set, webhook_test, withdraw,
    withdrawal, withdrawals,
};
use crate::web::page;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::Uri;
use std::sync::Arc;

/// All routes of the API address, and the faces that are served beside them.
pub fn router(door: Arc<Door>, faces: Router) -> Router {
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
        .route("/payout/operations/{id}", get(operation::handle))
        .route("/payout/operations/{id}/cancel", post(cancel::handle))
        .route("/payout/operations/{id}/reveal", post(reveal::handle))
        .route("/payout/methods", get(methods::handle))
        .route("/payout/quote", post(quote::handle))
        .route("/payout/withdraw", post(withdraw::handle))
        .route("/payout/withdrawals", get(withdrawals::handle))
        .route("/payout/withdrawals/{id}", get(withdrawal::handle))
        .route("/payout/withdrawals/{id}/approve", post(approve::handle))
        .route("/payout/withdrawals/{id}/reject", post(reject::handle))
        .route("/payout/withdrawals/{id}/settle", post(settle::handle))
        .route("/payout/pauses", get(pauses::handle))
        .route("/payout/pause", post(pause::handle))
        .route("/payout/resume", post(resume::handle))
        .route("/payout/settings", get(settings::handle).put(settings_set::handle))
        .route("/payout/events", get(events::handle))
        .route("/payout/webhook", get(webhook::handle).put(webhook_set::handle))
        .route("/payout/webhook/roll", post(webhook_roll::handle))
        .route("/payout/webhook/test", post(webhook_test::handle))
        .route("/payout/webhook/replay", post(webhook_replay::handle))
        .route("/payout/webhook/deliveries", get(webhook_deliveries::handle))
        .route("/payout/webhook/deliveries/{id}", get(webhook_delivery::handle))
        .route("/payout/webhook/deliveries/{id}/retry", post(webhook_retry::handle))
        .route("/balance", get(balance::handle))
        .route("/balance/transfer", post(transfer::handle))
        .route("/healthz", get(healthz::handle))
        .route("/readyz", get(readyz::handle))
        .route("/openapi.json", get(openapi::handle))
        .route("/docs", get(docs::handle))
        .merge(faces.with_state(()))
        .fallback(unknown_path)
        .layer(from_fn_with_state(Arc::clone(&door), observe))
        .with_state(door)
}

async fn unknown_path(uri: Uri) -> Response {
    if page::is_page(uri.path()) { page::not_found() } else { Problem::UnknownPath.into_response() }
}
