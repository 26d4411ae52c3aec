//! `GET /healthz`: the process runs and answers. `GET /readyz`: the database answers, the teller works, and no background task
//! keeps failing; a load balancer should send requests here only then.

use super::door::Door;
use super::problem::json;
use super::show;
use crate::commit::State as TellerState;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A load balancer's probe: outside of all limits, because it decides whether the server gets any requests.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub struct LivenessShown {
    /// Always `ok`.
    status: HealthWord,
}

/// Whether requests can be served.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// Whether to send requests here.
    status: ReadinessWord,
    /// The background task that keeps failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The one word of a process that runs.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthStatus)]
#[serde(rename_all = "snake_case")]
pub enum HealthWord {
    Ok,
}

/// Whether requests can be served.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadinessStatus)]
pub enum ReadinessWord {
    #[serde(rename = "ready")]
    Ready,
    #[serde(rename = "not ready")]
    NotReady,
}

/// Check that the process runs.
///
/// For a liveness probe: it is answered without looking at the database, and outside of all limits.
#[utoipa::path(get, path = "/healthz", tag = "Operation", operation_id = "getHealth", responses((status = 200, description = "It runs", body = LivenessShown)))]
pub async fn healthz() -> Response {
    show::ok(&LivenessShown { status: HealthWord::Ok })
}

/// Check that requests can be served.
///
/// For a load balancer: send requests only to a server that is ready.
#[utoipa::path(get, path = "/readyz", tag = "Operation", operation_id = "getReadiness",
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, body = Readiness, description = "The database or the teller does not answer, or a background task keeps failing: `reason` names it")))]
pub async fn readyz(State(door): State<Arc<Door>>) -> Response {
    let not_ready = |reason| {
        let told = Readiness { status: ReadinessWord::NotReady, reason };
        json(StatusCode::SERVICE_UNAVAILABLE, show::text(&told))
    };
    if let Some(failing) = door.background.failing(&door.platform.clock) {
        return not_ready(Some(failing.to_string()));
    }
    let working = door.platform.teller.state() == TellerState::Working;
    if working && door.platform.store.ping().await.is_ok() {
        show::ok(&Readiness { status: ReadinessWord::Ready, reason: None })
    } else {
        not_ready(None)
    }
}
