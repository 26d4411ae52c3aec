//! `POST /p/operations/{id}/cancel`: the person takes a withdrawal back before anything was sent.

use super::operation;
use super::stop::Stop;
use super::visit::{Named, Person, Posted};
use crate::web::page;
use crate::withdrawals::{Stopped, advance};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::{Progress, Step};

/// The stable word of a withdrawal that the person took back.
const CANCELLED: &str = "cancelled_by_recipient";

/// Session and token.
pub(super) async fn handle(Named(id): Named, posted: Posted) -> Response {
    match carry_out(&posted.person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn carry_out(person: &Person, id: &str) -> Result<Response, Stop> {
    let withdrawal = operation::own(person, id).await?;
    let step = Progress::new(withdrawal.number, Step::Cancel).because(CANCELLED, "You cancelled it.");
    let step = Progress { only_of: Some(person.caller.subject), ..step };
    match advance(&person.platform, person.caller.book, step, person.caller.as_recipient()).await {
        Ok(_) => Ok(page::see_other(&format!("/p/operations/{id}"))),
        Err(Stopped::Refused(refusal)) => {
            let t = person.language;
            let notice = t.with("operation.cancelled_late", "reason", t.sentence(refusal.sentence()));
            operation::show(person, id, notice, StatusCode::CONFLICT).await
        }
        Err(other) => Err(Stop::stopped(person, other)),
    }
}
