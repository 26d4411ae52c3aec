//! The route table of the claim page. The routes in `own` need a session.

use super::{
    brand, enter, frame_policy, home, operation, person, receipt, reveal, signed_in, summary, withdraw,
};
use crate::platform::Platform;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

/// All routes of the claim page.
pub fn router(platform: Platform) -> Router {
    let own = Router::new()
        .route("/p/home", get(home::view))
        .route("/p/withdraw/{method}", get(withdraw::view).post(summary::check))
        .route("/p/withdraw/{method}/confirm", post(summary::confirm))
        .route("/p/operations/{id}", get(operation::view))
        .route("/p/operations/{id}/state", get(operation::state))
        .route("/p/operations/{id}/cancel", post(operation::cancel))
        .route("/p/operations/{id}/reveal", post(reveal::reveal))
        .route("/p/operations/{id}/receipt", get(receipt::view))
        .route("/p/operations/{id}/receipt.json", get(receipt::json))
        .route_layer(from_fn_with_state(platform.clone(), signed_in::require));
    Router::new()
        .route("/p", get(enter::view))
        .route("/p/of/{business}", get(enter::view_of_business))
        .route("/p/session", post(enter::begin_session))
        .route("/p/sign-out", post(enter::sign_out))
        .route("/p/colour/{name}", get(brand::colour))
        .route("/p/logo/{name}", get(brand::logo))
        .route("/.well-known/outpay-receipts.json", get(receipt::keys))
        .merge(own)
        .layer(from_fn_with_state(platform.clone(), frame_policy::in_frames))
        .layer(from_fn(person::in_language))
        .with_state(platform)
}
