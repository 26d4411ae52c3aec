//! The route table of the claim page. What stands in `own` needs a session.

use super::{
    cancel, colour, confirm, enter, enter_of, framing, home, logo, operation, operation_state, receipt,
    receipt_json, receipt_keys, reveal, session_begin, sign_out, summary, visit, withdraw,
};
use crate::platform::Platform;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

/// All routes of the claim page.
pub fn router(platform: Platform) -> Router {
    let own = Router::new()
        .route("/p/home", get(home::handle))
        .route("/p/withdraw/{method}", get(withdraw::handle).post(summary::handle))
        .route("/p/withdraw/{method}/confirm", post(confirm::handle))
        .route("/p/operations/{id}", get(operation::handle))
        .route("/p/operations/{id}/state", get(operation_state::handle))
        .route("/p/operations/{id}/cancel", post(cancel::handle))
        .route("/p/operations/{id}/reveal", post(reveal::handle))
        .route("/p/operations/{id}/receipt", get(receipt::handle))
        .route("/p/operations/{id}/receipt.json", get(receipt_json::handle))
        .route_layer(from_fn_with_state(platform.clone(), visit::signed_in));
    Router::new()
        .route("/p", get(enter::handle))
        .route("/p/of/{business}", get(enter_of::handle))
        .route("/p/session", post(session_begin::handle))
        .route("/p/sign-out", post(sign_out::handle))
        .route("/p/colour/{name}", get(colour::handle))
        .route("/p/logo/{name}", get(logo::handle))
        .route("/.well-known/outpay-receipts.json", get(receipt_keys::handle))
        .merge(own)
        .layer(from_fn_with_state(platform.clone(), framing::in_frames))
        .layer(from_fn(visit::in_language))
        .with_state(platform)
}
