//! Proposals: commands that one person proposes and a second person must confirm (maker and checker). A member other
//! than the proposer confirms in the dashboard, or a key of another hand by API. The operator confirms what a member or a key
//! proposed; what an operator proposed, another one confirms with a code, where the business has no member who could. The confirmation is recorded first, and the effect follows under the proposal's number, so that it
//! takes effect exactly once: a confirmation that was interrupted can be repeated. Not here: the effects themselves
//! (ledger, withdrawals).

mod effect;

pub use effect::Proposed;

use crate::api_keys::{self, KeyError, KeyOrder, MadeKey};
use crate::audit_log;
use crate::counter::is_same_hand;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::ApiKey;
use crate::store::{Failure, NewAuditEntry, ProposalRow, ProposalState, WriteError};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, BookId, Micros, OnceKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// How long a proposal can be confirmed.
pub const LIFETIME: Micros = 7 * 24 * 60 * 60 * 1_000_000;
/// The same if a code is all that another operator needs.
pub const LIFETIME_OF_CODE: Micros = 24 * 60 * 60 * 1_000_000;

/// Purpose of the codes' digests.
const CODE: &str = "proposal code";

/// Why a proposal was not confirmed or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It was confirmed or withdrawn, or has expired.
    #[error("This proposal is {0} and can no longer be confirmed. Propose it again if it is still wanted.")]
    IsNotOpen(&'static str),
    /// The proposer may not confirm it.
    #[error("You proposed this yourself. Another person has to confirm it.")]
    IsOwn,
    /// A member can confirm it, so no code was issued.
    #[error("A member of the business's team has to confirm this in the dashboard.")]
    NeedsMember,
    #[error("This takes the code that the proposing command printed: --code -")]
    NeedsCode,
    #[error("This is not the code of this proposal.")]
    WrongCode,
    /// The effect was refused or failed.
    #[error(transparent)]
    Effect(#[from] Stopped),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Effect(failure.into())
    }
}

/// A new proposal.
#[derive(Debug)]
pub struct Made {
    pub row: ProposalRow,
    /// For another operator, shown only now; `None` if a member of the business can confirm.
    pub code: Option<SecretString>,
}

/// The person who confirms.
#[derive(Clone, Copy, Debug)]
pub enum Checker<'a> {
    /// A signed-in member with the permission that the proposal needs.
    Member(Actor),
    /// A key with the scope that it needs.
    Key(Actor),
    /// An operator who was given this code, if any.
    Operator(Option<&'a str>),
}

/// What became of a command that may take two people.
pub enum DoneOrProposed<T> {
    Done(T),
    Proposed(Box<Made>),
}

#[must_use]
pub fn id(platform: &Platform, row: &ProposalRow) -> String {
    platform.secrets.ids().seal(IdKind::Proposal, row.book, row.number)
}

pub async fn find(platform: &Platform, id: &str) -> Result<Option<ProposalRow>, Failure> {
    let Some((book, number)) = platform.secrets.ids().open_any(IdKind::Proposal, id) else { return Ok(None) };
    Ok(platform.store.proposal(number).await?.filter(|row| row.book == book))
}

/// All words of [`word`].
pub const STATES: [&str; 4] = ["open", "confirmed", "withdrawn", "expired"];

/// The state of a proposal now: one of [`STATES`].
#[must_use]
pub fn word(row: &ProposalRow, now: Micros) -> &'static str {
    let [open, confirmed, withdrawn, expired] = STATES;
    match row.state {
        ProposalState::Open if row.ends_at <= now => expired,
        ProposalState::Open => open,
        ProposalState::Confirmed => confirmed,
        ProposalState::Withdrawn => withdrawn,
    }
}

/// What was done, or the proposal of it where the verb said that it takes two people.
pub async fn or_propose<T>(
    platform: &Platform,
    proposal: NewProposal<'_>,
    done: Result<T, Stopped>,
) -> Result<DoneOrProposed<T>, Stopped> {
    match done {
        Ok(done) => Ok(DoneOrProposed::Done(done)),
        Err(Stopped::NeedsSecondPerson) => {
            Ok(DoneOrProposed::Proposed(Box::new(make(platform, &proposal).await?)))
        }
        Err(stopped) => Err(stopped),
    }
}

/// Makes a key that works once a second person has confirmed it; its text is shown to the person who proposes it.
///
/// # Errors
/// As [`api_keys::create`].
pub async fn key(platform: &Platform, order: &KeyOrder, by: Actor) -> Result<(MadeKey, Made), KeyError> {
    let key = api_keys::create_waiting(platform, order, by).await?;
    let what = Proposed::Key { key: key.number, replaces: None };
    let made = propose(platform, order.book, &what, &order.name, by).await?;
    Ok((key, made))
}

/// The same for a key that replaces `old`, which goes on working until then, and for `overlap` more.
///
/// # Errors
/// As [`api_keys::roll`].
pub async fn rolled_key(
    platform: &Platform,
    old: &ApiKey,
    overlap: Micros,
    by: Actor,
) -> Result<(MadeKey, Made), KeyError> {
    let key = api_keys::roll_waiting(platform, old, by).await?;
    let what = Proposed::Key { key: key.number, replaces: Some((old.number, overlap)) };
    let made = propose(platform, old.book, &what, &old.name, by).await?;
    Ok((key, made))
}

/// A proposal to make.
#[derive(Debug)]
pub struct NewProposal<'a> {
    pub book: BookId,
    pub what: Proposed,
    /// Why, or the proof.
    pub reason: &'a str,
    pub by: Actor,
    /// A request that is repeated under the same key finds its proposal.
    pub once: Option<OnceKey>,
}

pub async fn propose(
    platform: &Platform,
    book: BookId,
    what: &Proposed,
    reason: &str,
    by: Actor,
) -> Result<Made, Failure> {
    make(platform, &NewProposal { book, what: what.clone(), reason, by, once: None }).await
}

async fn make(platform: &Platform, new: &NewProposal<'_>) -> Result<Made, Failure> {
    let NewProposal { book, ref what, reason, by, once } = *new;
    let team = platform.store.team(book.business()).await?;
    // The operator confirms without a code what others proposed.
    let needs_code = by == Actor::OPERATOR && !team.iter().any(|member| member.role.may(what.permission()));
    let code = needs_code.then(|| new_code(platform));
    let digest = code.as_ref().map(|code| platform.secrets.page_mac(CODE, code.expose_secret()));
    let now = platform.clock.now();
    loop {
        if let Some(once) = &once
            && let Some(row) = platform.store.proposal_once(book, once).await?
        {
            return Ok(Made { row, code: None });
        }
        let row = ProposalRow {
            number: platform.store.next_proposal_number().await?,
            book,
            what: serde_json::to_string(what)?,
            reason: reason.to_owned(),
            proposed_by: by,
            proposed_at: now,
            ends_at: now + if needs_code { LIFETIME_OF_CODE } else { LIFETIME },
            code: digest,
            state: ProposalState::Open,
            decided_by: None,
            decided_at: None,
            carried_out_at: None,
        };
        match platform
            .store
            .add_proposal(&row, once.as_ref(), &entry(platform, &row, by, "proposal.made"))
            .await
        {
            Ok(()) => return Ok(Made { row, code }),
            // A concurrent proposal took the number, or is the same request.
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
    }
}

/// Confirms a proposal and carries out its effect.
///
/// # Errors
/// [`Refused`]; if a rule refuses the effect, the proposal is open again.
pub async fn confirm(platform: &Platform, row: &ProposalRow, checker: Checker<'_>) -> Result<(), Refused> {
    let now = platform.clock.now();
    let is_cut_off = row.state == ProposalState::Confirmed && row.carried_out_at.is_none();
    let state = word(row, now);
    if state != "open" && !is_cut_off {
        return Err(Refused::IsNotOpen(state));
    }
    let actor = check(platform, row, checker).await?;
    // An interrupted confirmation is completed in the name of the person who confirmed it.
    let actor = row.decided_by.filter(|_| is_cut_off).unwrap_or(actor);
    if !is_cut_off {
        let confirmed = entry(platform, row, actor, "proposal.confirmed");
        let store = &platform.store;
        if !store.decide_proposal(row.number, ProposalState::Confirmed, actor, now, &confirmed).await? {
            let after = store.proposal(row.number).await?;
            return Err(Refused::IsNotOpen(after.map_or("gone", |after| word(&after, now))));
        }
    }
    match effect::carry_out(platform, row, actor).await {
        Ok(()) => Ok(platform.store.carried_out(row.number, actor, platform.clock.now()).await?),
        Err(stopped @ (Stopped::Refused(_) | Stopped::NotPossible(_) | Stopped::Batch(_))) => {
            let refused = entry(platform, row, actor, "proposal.refused");
            platform.store.reopen_proposal(row.number, &refused).await?;
            Err(stopped.into())
        }
        Err(stopped) => Err(stopped.into()),
    }
}

/// Withdraws a proposal: its proposer takes it back, or another person declines it.
pub async fn withdraw(platform: &Platform, row: &ProposalRow, by: Actor) -> Result<(), Refused> {
    let now = platform.clock.now();
    let withdrawn = entry(platform, row, by, "proposal.withdrawn");
    if platform.store.decide_proposal(row.number, ProposalState::Withdrawn, by, now, &withdrawn).await? {
        return end_waiting_key(platform, row, by).await;
    }
    let after = platform.store.proposal(row.number).await?;
    Err(Refused::IsNotOpen(after.map_or("gone", |after| word(&after, now))))
}

/// A key that waits for a proposal ends with it.
async fn end_waiting_key(platform: &Platform, row: &ProposalRow, by: Actor) -> Result<(), Refused> {
    let Proposed::Key { key, .. } = Proposed::of(row)? else { return Ok(()) };
    let Some(key) = platform.store.key(key).await? else { return Ok(()) };
    match api_keys::revoke(platform, &key, by).await {
        Ok(()) | Err(KeyError::Revoked | KeyError::Unknown) => Ok(()),
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

/// Checks that this person may confirm; returns the confirming actor.
async fn check(platform: &Platform, row: &ProposalRow, checker: Checker<'_>) -> Result<Actor, Refused> {
    match checker {
        Checker::Member(actor) | Checker::Key(actor) => {
            if is_same_hand(platform, row.book, row.proposed_by, actor).await? {
                return Err(Refused::IsOwn);
            }
            Ok(actor)
        }
        Checker::Operator(_) if row.proposed_by != Actor::OPERATOR => Ok(Actor::OPERATOR),
        Checker::Operator(code) => {
            let digest = row.code.ok_or(Refused::NeedsMember)?;
            let code = code.ok_or(Refused::NeedsCode)?;
            if !platform.secrets.page_mac_fits(CODE, code, &digest) {
                return Err(Refused::WrongCode);
            }
            Ok(Actor::OPERATOR)
        }
    }
}

/// 80 random bits.
fn new_code(platform: &Platform) -> SecretString {
    let mut bytes = [0; 10];
    platform.entropy.fill(&mut bytes);
    SecretString::from(BASE32_NOPAD.encode(&bytes))
}

fn entry(platform: &Platform, row: &ProposalRow, by: Actor, action: &'static str) -> NewAuditEntry {
    let what: serde_json::Value = serde_json::from_str(&row.what).unwrap_or_default();
    let detail = json!({ "what": what, "reason": row.reason, "proposed_by": row.proposed_by.0 });
    audit_log::in_book(platform, row.book, by, action, &id(platform, row), &detail)
}
