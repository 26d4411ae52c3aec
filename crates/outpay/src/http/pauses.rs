//! `GET /payout/pauses`: what of this book does not leave at the moment, and who paused it. What its three endpoints share.

use super::door::Door;
use super::json::{Json, Object};
use super::problem::{Problem, field};
use super::show;
use crate::auth::Caller;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::kill_switch;
use crate::memo::memo;
use crate::platform::Platform;
use crate::store::{BookPart, PauseScope, StoredPause};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::BookId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send: nothing for all withdrawals of this book, or one of `method` and `payout_user_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct PauseBody {
    /// Only what leaves by this method.
    method: Option<String>,
    /// Only what this person gets: usr_…
    payout_user_id: Option<String>,
    /// Why, for the audit log.
    #[schema(max_length = 255)]
    reason: Option<String>,
}

/// What does not leave.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pause {
    /// all, method or payout_user.
    scope: &'static str,
    /// The method's name, or null.
    #[schema(required)]
    method: Option<String>,
    /// usr_…, or null.
    #[schema(required)]
    payout_user_id: Option<String>,
    /// business, or operator: whose it is, ends it.
    set_by: &'static str,
    /// Why.
    reason: String,
    /// When it began.
    created_at: String,
}

/// All pauses.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pauses {
    data: Vec<Pause>,
}

/// All pauses that concern this book.
#[utoipa::path(
    get, path = "/payout/pauses", tag = "Withdrawals", security(("secret_key" = [])),
    responses((status = 200, description = "Oldest first", body = Pauses), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    Ok(show::ok(&Pauses { data: standing(&door.platform, caller.book).await? }))
}

pub(super) async fn standing(platform: &Platform, book: BookId) -> Result<Vec<Pause>, Problem> {
    let standing = kill_switch::of_book(platform, book).await?;
    Ok(standing.into_iter().map(|pause| shown(platform, book, pause)).collect())
}

fn shown(platform: &Platform, book: BookId, pause: StoredPause) -> Pause {
    let set_by = if pause.scope.is_own() { "business" } else { "operator" };
    let (scope, method, user) = match pause.scope {
        PauseScope::All | PauseScope::Business(_) | PauseScope::Own(_, BookPart::Everything) => {
            ("all", None, None)
        }
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) | PauseScope::Own(_, BookPart::Method(name)) => {
            ("method", Some(name), None)
        }
        PauseScope::Person(_, user) | PauseScope::Own(_, BookPart::Person(user)) => {
            ("payout_user", None, Some(user))
        }
    };
    Pause {
        scope,
        method,
        payout_user_id: user.map(|user| platform.secrets.ids().seal(IdKind::PayoutUser, book, user)),
        set_by,
        reason: pause.reason,
        created_at: rfc3339(pause.created_at),
    }
}

/// Which part of the caller's book a body names, and why.
pub(super) async fn part(
    door: &Door,
    caller: Caller,
    fields: &Object,
) -> Result<(BookPart, String), Problem> {
    let text = |name: &'static str| match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(field(name, format!("The {name} must be a string."))),
    };
    let reason = memo(&text("reason")?.unwrap_or_default())
        .map_err(|_| field("reason", "The reason must be at most 255 printable characters."))?;
    let part = match (text("method")?, text("payout_user_id")?) {
        (None, None) => BookPart::Everything,
        (Some(name), None) if door.platform.rails.is_mounted(&name) => BookPart::Method(name),
        (Some(_), None) => return Err(Problem::UnknownMethod),
        (None, Some(id)) => BookPart::Person(door.user(caller, &id).await?.user.number),
        (Some(_), Some(_)) => {
            return Err(field("method", "Give the method or the payout_user_id, not both."));
        }
    };
    Ok((part, reason))
}
