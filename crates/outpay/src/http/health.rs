//! `GET /healthz`: the process runs and answers. `GET /readyz`: the database answers, the teller works, and no background task
//! keeps failing; a load balancer should send requests here only then.

use super::door::Door;
use super::problem::json;
use crate::commit::State as TellerState;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

/// A load balancer's probe: outside of all limits, because it decides whether the server gets any requests.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "Operation", responses((status = 200, description = "It runs")))]
pub async fn healthz() -> Response {
    json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

/// Requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "Operation",
    responses((status = 200, description = "Ready"), (status = 503, description = "The database or the teller does not answer, or a background task keeps failing: `reason` names it")))]
pub async fn readyz(State(door): State<Arc<Door>>) -> Response {
    if let Some(failing) = door.background.failing(&door.platform.clock) {
        let reason = serde_json::Value::from(failing.to_string());
        let told = format!(r#"{{"status":"not ready","reason":{reason}}}"#);
        return json(StatusCode::SERVICE_UNAVAILABLE, told);
    }
    let working = door.platform.teller.state() == TellerState::Working;
    if working && door.platform.store.ping().await.is_ok() {
        json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned())
    } else {
        json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#.to_owned())
    }
}
