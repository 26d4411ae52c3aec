//! Proposals by API: what takes two people, confirmed by a key of another hand than the one that proposed it. Not here: what
//! can be proposed, and its effect (proposals/).

use super::body;
use super::door::{Door, PathId};
use super::error_code::ErrorCode;
use super::openapi::words::ProposalStateWords;
use super::problem::{Problem, json};
use super::show;
use crate::auth::Caller;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::proposals::{self, Checker, DoneOrProposed, NewProposal, Proposed, Refused, word};
use crate::stopped::Stopped;
use crate::store::{Failure, ProposalRow};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, BookId, OnceKey};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How many the list has.
const SHOWN: i64 = 100;

/// What one person or key proposed and another has to confirm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposal)]
pub struct ProposalShown {
    /// `prp_…`: the proposal.
    id: String,
    /// Where it stands.
    #[schema(value_type = ProposalStateWords)]
    state: &'static str,
    /// What is done once it is confirmed.
    what: String,
    /// Why, or the proof.
    reason: String,
    /// `key_…`, `mem_…`, or `operator`.
    proposed_by: String,
    /// When it was proposed.
    proposed_at: String,
    /// From then on it cannot be confirmed.
    ends_at: String,
    /// Who confirmed or withdrew it: `key_…`, `mem_…` or `operator`; or null.
    #[schema(required)]
    decided_by: Option<String>,
    /// When it was confirmed or withdrawn, or null.
    #[schema(required)]
    decided_at: Option<String>,
    /// When it took effect, or null.
    #[schema(required)]
    carried_out_at: Option<String>,
}

/// Proposals of this mode.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposals {
    /// The newest proposals, at most 100.
    data: Vec<ProposalShown>,
}

pub(super) fn shown(door: &Door, row: &ProposalRow) -> Result<ProposalShown, Failure> {
    let actor = |actor: Actor| name(door, row.book, actor);
    Ok(ProposalShown {
        id: proposals::id(&door.platform, row),
        state: word(row, door.platform.clock.now()),
        what: Proposed::of(row)?.sentence(),
        reason: row.reason.clone(),
        proposed_by: actor(row.proposed_by),
        proposed_at: rfc3339(row.proposed_at),
        ends_at: rfc3339(row.ends_at),
        decided_by: row.decided_by.map(actor),
        decided_at: row.decided_at.map(rfc3339),
        carried_out_at: row.carried_out_at.map(rfc3339),
    })
}

/// `key_…`, `mem_…` or `operator`.
pub(super) fn name(door: &Door, book: BookId, actor: Actor) -> String {
    let ids = door.platform.secrets.ids();
    match (actor.as_key(), actor.as_member()) {
        (Some(key), _) => ids.seal(IdKind::ApiKey, book, key),
        (_, Some(member)) => crate::members::id(&door.platform, IdKind::Member, member),
        _ => "operator".to_owned(),
    }
}

/// What was done, or, where that takes two people, 202 with its proposal.
pub(super) async fn done_or_proposed<T>(
    door: &Door,
    caller: Caller,
    (what, reason, once): (Proposed, &str, Option<OnceKey>),
    done: Result<T, Stopped>,
) -> Result<Result<T, Response>, Problem> {
    let by = Actor(caller.subject);
    let new = NewProposal { book: caller.book, what, reason, by, once };
    match proposals::or_propose(&door.platform, new, done).await? {
        DoneOrProposed::Done(done) => Ok(Ok(done)),
        DoneOrProposed::Proposed(made) => {
            let body = show::text(&shown(door, &made.row)?);
            Ok(Err(json(StatusCode::ACCEPTED, body)))
        }
    }
}

/// 202 with the proposal of a change that takes two people.
pub(super) async fn propose_instead(
    door: &Door,
    caller: Caller,
    what: Proposed,
) -> Result<Response, Problem> {
    let made = proposals::propose(&door.platform, caller.book, &what, "", Actor(caller.subject)).await?;
    Ok(json(StatusCode::ACCEPTED, show::text(&shown(door, &made.row)?)))
}

/// List proposals.
///
/// What one person or key proposed and another has to confirm, newest first.
#[utoipa::path(
    get, path = "/payout/proposals", tag = "Proposals", operation_id = "listProposals", security(("secret_key" = [])),
    responses((status = 200, description = "Newest first, at most 100", body = Proposals), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn proposals(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.platform.store.proposals(caller.book, SHOWN).await?;
    let data = found.iter().map(|row| shown(&door, row)).collect::<Result<_, _>>()?;
    Ok(show::ok(&Proposals { data }))
}

/// Confirm a proposal.
///
/// Carries a proposal out. A key confirms only what another hand proposed.
#[utoipa::path(
    post, path = "/payout/proposals/{id}/confirm", tag = "Proposals", operation_id = "confirmProposal", security(("secret_key" = [])),
    params(("id" = String, Path, description = "prp_…")),
    responses((status = 200, description = "The proposal afterwards; the same for one that this key confirmed before", body = ProposalShown),
        (status = 400, description = "A rule refuses what was proposed"), (status = 401, description = "No valid secret key"),
        (status = 403, description = "The key proposed it itself, or lacks the scope of what was proposed (`maker_is_checker`, `members_only`, `insufficient_scope`)"), (status = 404, description = "No such proposal (`proposal_not_found`)"),
        (status = 409, description = "It is not open any more, or cannot be done any more (`proposal_not_open`, `not_possible`)"), (status = 422, description = "A rule refuses what was proposed"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn proposal_confirm(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    body::optional_object(&parts, body).await?;
    let row = find(&door, caller, &id).await?;
    door.still_authenticates(caller).await?;
    let actor = Actor(caller.subject);
    if row.carried_out_at.is_none() || row.decided_by != Some(actor) {
        proposals::confirm(&door.platform, &row, Checker::Key(actor)).await?;
    }
    Ok(show::ok(&shown(&door, &find(&door, caller, &id).await?)?))
}

/// Withdraw a proposal.
///
/// Ends an open proposal without doing what it says.
#[utoipa::path(
    post, path = "/payout/proposals/{id}/withdraw", tag = "Proposals", operation_id = "withdrawProposal", security(("secret_key" = [])),
    params(("id" = String, Path, description = "prp_…")),
    responses((status = 200, description = "The proposal afterwards", body = ProposalShown), (status = 401, description = "No valid secret key"),
        (status = 403, description = "The key lacks the scope of what was proposed (`members_only`, `insufficient_scope`)"), (status = 404, description = "No such proposal (`proposal_not_found`)"),
        (status = 409, description = "It is not open any more (`proposal_not_open`)"), (status = 429, description = "Too many requests")))]
pub async fn proposal_withdraw(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    body::optional_object(&parts, body).await?;
    let row = find(&door, caller, &id).await?;
    door.still_authenticates(caller).await?;
    proposals::withdraw(&door.platform, &row, Actor(caller.subject)).await?;
    Ok(show::ok(&shown(&door, &find(&door, caller, &id).await?)?))
}

/// The caller's proposal, whose effect the key could have without it.
async fn find(door: &Door, caller: Caller, id: &str) -> Result<ProposalRow, Problem> {
    let found = proposals::find(&door.platform, id).await?.filter(|row| row.book == caller.book);
    let unknown = || {
        let sentence = "There is no proposal with this id.".to_owned();
        Problem::Coded(StatusCode::NOT_FOUND, sentence, ErrorCode::ProposalNotFound)
    };
    let row = found.ok_or_else(unknown)?;
    match Proposed::of(&row)?.scope() {
        Some(scope) if caller.scopes.allow(scope) => Ok(row),
        Some(scope) => Err(Problem::InsufficientScope(scope)),
        None => {
            let sentence = "A member of the team has to decide this in the dashboard.".to_owned();
            Err(Problem::Coded(StatusCode::FORBIDDEN, sentence, ErrorCode::MembersOnly))
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let sentence = refused.to_string();
        match refused {
            Refused::IsNotOpen(_) => Self::Coded(StatusCode::CONFLICT, sentence, ErrorCode::ProposalNotOpen),
            Refused::IsOwn => Self::Coded(
                StatusCode::FORBIDDEN,
                "This key, or one of the same hand, proposed this. Another one has to confirm it.".to_owned(),
                ErrorCode::MakerIsChecker,
            ),
            Refused::NeedsMember | Refused::NeedsCode | Refused::WrongCode => {
                Self::Coded(StatusCode::FORBIDDEN, sentence, ErrorCode::MembersOnly)
            }
            Refused::Effect(stopped) => stopped.into(),
        }
    }
}
