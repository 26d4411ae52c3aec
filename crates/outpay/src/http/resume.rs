//! `POST /payout/resume`: ends a pause that the business set by itself. The operator's stands until the operator ends it.

use super::body;
use super::door::{Door, once_key};
use super::once::once;
use super::pauses::{self, Pause, PauseBody};
use super::problem::Problem;
use crate::kill_switch::{self, Resumed};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::Actor;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is left.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResumeAnswer {
    /// There was such a pause of the business.
    was_paused: bool,
    /// All pauses of this book.
    pauses: Vec<Pause>,
}

/// End a pause of just this scope. Where there was none, nothing changes.
#[utoipa::path(
    post, path = "/payout/resume", tag = "Withdrawals", request_body = PauseBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "It is not paused by the business any more", body = ResumeAnswer),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user or method"), (status = 409, description = "The operator has paused it"),
        (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let fields = body::optional_object(&parts, body).await?;
    let (part, reason) = pauses::part(&door, caller, &fields).await?;
    door.still_authenticates(caller).await?;
    let said = format!("resume\n{part:?}\n{reason}");
    let work = async {
        let platform = &door.platform;
        let resumed =
            kill_switch::resume_own(platform, caller.book, &part, &reason, Actor(caller.subject)).await?;
        if resumed == Resumed::IsTheOperators {
            let sentence = "The operator has paused this; only the operator resumes it.".to_owned();
            return Err(Problem::Coded(StatusCode::CONFLICT, sentence, "paused_by_operator"));
        }
        let pauses = pauses::standing(platform, caller.book).await?;
        Ok(ResumeAnswer { was_paused: resumed == Resumed::Now, pauses })
    };
    once(&door, caller, (key, said), work).await
}
