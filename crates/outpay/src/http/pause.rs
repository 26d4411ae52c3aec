//! `POST /payout/pause`: from its answer on nothing of what it names begins to leave. What had begun to leave is named.

use super::body;
use super::door::{Door, once_key};
use super::once::once;
use super::pauses::{self, Pause, PauseBody};
use super::problem::Problem;
use crate::ids::IdKind;
use crate::kill_switch;
use crate::store::PauseScope;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::Actor;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// For requests to a rail that are on their way.
const PATIENCE: Duration = Duration::from_secs(5);

/// What does not leave any more, and what may still have left.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseAnswer {
    /// It was not paused before.
    is_new: bool,
    /// Withdrawals whose request to the rail had begun before and has no answer yet: ord_…
    running: Vec<String>,
    /// All pauses of this book.
    pauses: Vec<Pause>,
}

/// Pause what leaves: all of it, a method, or a person.
#[utoipa::path(
    post, path = "/payout/pause", tag = "Withdrawals", request_body = PauseBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "It is paused; what had begun to leave is waited for 5 seconds, then named", body = PauseAnswer),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user or method"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let fields = body::optional_object(&parts, body).await?;
    let (part, reason) = pauses::part(&door, caller, &fields).await?;
    door.still_authenticates(caller).await?;
    let said = format!("pause\n{part:?}\n{reason}");
    let scope = PauseScope::Own(caller.book, part);
    let work = async {
        let platform = &door.platform;
        let paused = kill_switch::pause(platform, &scope, &reason, Actor(caller.subject), PATIENCE).await?;
        let ids = platform.secrets.ids();
        let running = paused.running.iter();
        Ok::<_, Problem>(PauseAnswer {
            is_new: paused.is_new,
            running: running.map(|(book, number)| ids.seal(IdKind::Withdrawal, *book, *number)).collect(),
            pauses: pauses::standing(platform, caller.book).await?,
        })
    };
    once(&door, caller, (key, said), work).await
}
