//! `GET /p/operations/{id}/state`: the changing part of a withdrawal's page alone, for the script that follows it.

use super::operation::{self, Progress};
use super::stop::Stop;
use super::visit::{Named, Person};
use crate::web::page;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

#[derive(Template)]
#[template(path = "claim/progress.html")]
struct ProgressPart {
    p: Progress,
}

/// Session; does not keep it alive.
pub(super) async fn handle(person: Person, Named(id): Named) -> Response {
    match show(&person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn show(person: &Person, id: &str) -> Result<Response, Stop> {
    let withdrawal = operation::own(person, id).await?;
    let p = operation::progress(person, &withdrawal).await?;
    Ok(page::html(StatusCode::OK, &ProgressPart { p }))
}
