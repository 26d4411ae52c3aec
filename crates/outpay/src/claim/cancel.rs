//! `POST /p/operations/{id}/cancel`: the person takes a withdrawal back before anything was sent.

use super::operation;
use super::stop::Stop;
use super::visit::{Named, Person, Posted};
use crate::stopped::Stopped;
use crate::web::page;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Session and token.
pub(super) async fn handle(Named(id): Named, posted: Posted) -> Response {
    match carry_out(&posted.person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn carry_out(person: &Person, id: &str) -> Result<Response, Stop> {
    let withdrawal = operation::own(person, id).await?;
    let counter = person.platform.counter(person.caller.book, person.caller.as_recipient());
    match counter.cancel_own(withdrawal.number, person.caller.subject).await {
        Ok(_) => Ok(page::see_other(&format!("/p/operations/{id}"))),
        Err(Stopped::Refused(refusal)) => {
            let t = person.language;
            let notice = t.with("operation.cancelled_late", "reason", t.sentence(refusal.sentence()));
            operation::show(person, id, notice, StatusCode::CONFLICT).await
        }
        Err(other) => Err(Stop::stopped(person, other)),
    }
}
