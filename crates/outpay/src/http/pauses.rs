//! Pauses of what leaves: the list of all that concern a book, and the business's own, set and ended. From the answer of
//! `POST /payout/pause` on nothing that it names begins to leave; what had begun to leave is named. A pause that the operator
//! set is ended by the operator alone.

use super::body;
use super::door::{Door, once_key};
use super::error_code::ErrorCode;
use super::fields::optional_text;
use super::json::Object;
use super::once::once;
use super::problem::{Problem, field};
use super::show;
use crate::auth::Caller;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::kill_switch::{self, Resumed};
use crate::line::Line;
use crate::platform::Platform;
use crate::store::{BookPart, PauseScope, StoredPause};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, BookId, OnceKey};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a pause waits for requests to a rail that had begun before.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to send: nothing for all withdrawals of this book, or one of `method` and `payout_user_id`.
#[derive(ToSchema)]
pub struct PauseBody {
    /// Only what leaves by this method.
    method: Option<String>,
    /// `usr_…`: only what this person gets.
    payout_user_id: Option<String>,
    /// Why, for the audit log.
    #[schema(example = "The supplier is being audited", value_type = Option<String>, max_length = 255)]
    reason: String,
}

impl PauseBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let reason = Line::memo(&optional_text(fields, "reason")?.unwrap_or_default())
            .map(String::from)
            .map_err(|_| field("reason", "The reason must be at most 255 printable characters."))?;
        let (method, user) = (optional_text(fields, "method")?, optional_text(fields, "payout_user_id")?);
        Ok(Self { method, payout_user_id: user, reason })
    }
}

/// What both changes read: who asks, under which key, which part of the book, and why.
struct PauseChange {
    caller: Caller,
    once: Option<OnceKey>,
    part: BookPart,
    reason: String,
}

impl PauseChange {
    async fn read(door: &Door, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let caller = door.business(&parts).await?;
        let once = once_key(&parts.headers)?;
        let body = PauseBody::read(&body::optional_object(&parts, body).await?)?;
        let part = match (body.method, body.payout_user_id) {
            (None, None) => BookPart::Everything,
            (Some(name), None) if door.platform.rails.is_mounted(&name) => BookPart::Method(name),
            (Some(_), None) => return Err(Problem::UnknownMethod),
            (None, Some(id)) => BookPart::Person(door.user(caller, &id).await?.user.number),
            (Some(_), Some(_)) => {
                return Err(field("method", "Give the method or the payout_user_id, not both."));
            }
        };
        door.still_authenticates(caller).await?;
        Ok(Self { caller, once, part, reason: body.reason })
    }

    /// Everything that the request says, for its idempotency key.
    fn said(&self, verb: &str) -> String {
        format!("{verb}\n{:?}\n{}", self.part, self.reason)
    }
}

/// What a pause stops.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = PauseScope)]
#[serde(rename_all = "snake_case")]
pub enum PausedPart {
    All,
    Method,
    PayoutUser,
}

/// Who set a pause, and ends it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseOwner {
    Business,
    Operator,
}

/// What does not leave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub struct PauseShown {
    /// What does not leave: everything, a method, or what one person gets.
    scope: PausedPart,
    /// The method's name, or null.
    #[schema(required)]
    method: Option<String>,
    /// `usr_…`: the person, or null.
    #[schema(required)]
    payout_user_id: Option<String>,
    /// Whose it is; who set it ends it.
    set_by: PauseOwner,
    /// Why, for the audit log.
    reason: String,
    /// When it began.
    created_at: String,
}

/// All pauses.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pauses {
    /// All pauses, oldest first.
    data: Vec<PauseShown>,
}

/// List pauses.
///
/// Everything that is paused for this book, by the business or by the operator.
#[utoipa::path(
    get, path = "/payout/pauses", tag = "Withdrawals", operation_id = "listPauses", security(("secret_key" = [])),
    responses((status = 200, description = "Oldest first", body = Pauses), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn pauses(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    Ok(show::ok(&Pauses { data: standing(&door.platform, caller.book).await? }))
}

async fn standing(platform: &Platform, book: BookId) -> Result<Vec<PauseShown>, Problem> {
    let standing = kill_switch::of_book(platform, book).await?;
    Ok(standing.into_iter().map(|pause| shown(platform, book, pause)).collect())
}

fn shown(platform: &Platform, book: BookId, pause: StoredPause) -> PauseShown {
    let set_by = if pause.scope.is_own() { PauseOwner::Business } else { PauseOwner::Operator };
    let (scope, method, user) = match pause.scope {
        PauseScope::All | PauseScope::Business(_) | PauseScope::Own(_, BookPart::Everything) => {
            (PausedPart::All, None, None)
        }
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) | PauseScope::Own(_, BookPart::Method(name)) => {
            (PausedPart::Method, Some(name), None)
        }
        PauseScope::Person(_, user) | PauseScope::Own(_, BookPart::Person(user)) => {
            (PausedPart::PayoutUser, None, Some(user))
        }
    };
    PauseShown {
        scope,
        method,
        payout_user_id: user.map(|user| platform.secrets.ids().seal(IdKind::PayoutUser, book, user)),
        set_by,
        reason: pause.reason,
        created_at: rfc3339(pause.created_at),
    }
}

/// What does not leave any more, and what may still have left.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseAnswer {
    /// It was not paused before.
    is_new: bool,
    /// `ord_…`: withdrawals whose request to the rail had begun before and has no answer yet.
    running: Vec<String>,
    /// All pauses of this book.
    pauses: Vec<PauseShown>,
}

/// Pause payments.
///
/// Stops payments: all of this book, those of a `method`, or those to a `payout_user_id`. Once it has answered, no process
/// starts to send any of them; `running` names those that had begun.
#[utoipa::path(
    post, path = "/payout/pause", tag = "Withdrawals", operation_id = "pausePayouts", request_body = PauseBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "It is paused; what had begun to leave is waited for 5 seconds, then named", body = PauseAnswer),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user or method (`payout_user_not_found`, `method_not_found`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn pause(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let change = PauseChange::read(&door, request).await?;
    let (platform, caller, said) = (&door.platform, change.caller, change.said("pause"));
    let work = async {
        let scope = PauseScope::Own(caller.book, change.part);
        let actor = Actor(caller.subject);
        let paused = kill_switch::pause(platform, &scope, &change.reason, actor, PATIENCE).await?;
        let ids = platform.secrets.ids();
        let running = paused.running.iter();
        Ok::<_, Problem>(PauseAnswer {
            is_new: paused.is_new,
            running: running.map(|(book, number)| ids.seal(IdKind::Withdrawal, *book, *number)).collect(),
            pauses: standing(platform, caller.book).await?,
        })
    };
    once(&door, caller, (change.once, said), work).await
}

/// What is left.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResumeAnswer {
    /// There was such a pause of the business.
    was_paused: bool,
    /// All pauses of this book.
    pauses: Vec<PauseShown>,
}

/// Resume payments.
///
/// Ends the business's own pause of just this scope. What waited leaves.
#[utoipa::path(
    post, path = "/payout/resume", tag = "Withdrawals", operation_id = "resumePayouts", request_body = PauseBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "It is not paused by the business any more", body = ResumeAnswer),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user or method (`payout_user_not_found`, `method_not_found`)"), (status = 409, description = "The operator has paused it (`paused_by_operator`)"),
        (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn resume(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let change = PauseChange::read(&door, request).await?;
    let (platform, caller, said) = (&door.platform, change.caller, change.said("resume"));
    let work = async {
        let actor = Actor(caller.subject);
        let resumed =
            kill_switch::resume_own(platform, caller.book, &change.part, &change.reason, actor).await?;
        if resumed == Resumed::IsTheOperators {
            let sentence = "The operator has paused this; only the operator resumes it.".to_owned();
            return Err(Problem::Coded(StatusCode::CONFLICT, sentence, ErrorCode::PausedByOperator));
        }
        let pauses = standing(platform, caller.book).await?;
        Ok(ResumeAnswer { was_paused: resumed == Resumed::Now, pauses })
    };
    once(&door, caller, (change.once, said), work).await
}
