//! `GET /healthz`: the process runs and answers.

use super::problem::json;
use axum::response::Response;
use http::StatusCode;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "Operation", responses((status = 200, description = "It runs")))]
pub async fn handle() -> Response {
    json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}
