//! `GET /readyz`: the database answers and the teller is at work; a load balancer should send requests here.

use super::door::Door;
use super::problem::json;
use crate::commit::State as TellerState;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

/// Requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "Operation",
    responses((status = 200, description = "Ready"), (status = 503, description = "The database or the teller does not answer")))]
pub async fn handle(State(door): State<Arc<Door>>) -> Response {
    let working = door.platform.teller.state() == TellerState::Working;
    if working && door.platform.store.ping().await.is_ok() {
        json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned())
    } else {
        json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#.to_owned())
    }
}
