//! Proposals: commands that one person proposes and a second person must confirm (maker and checker). A member other
//! than the proposer confirms in the dashboard; if the business has no member who could, another operator confirms
//! with a code. The confirmation is recorded first, and the effect follows under the proposal's number, so that it
//! takes effect exactly once: a confirmation that was interrupted can be repeated. Not here: the effects themselves
//! (ledger, withdrawals).

mod effect;

pub use effect::Proposed;

use crate::audit_log;
use crate::counter::is_same_hand;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::{Failure, NewAuditEntry, ProposalRow, ProposalState, WriteError};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, BookId, Micros};
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
    /// An operator who was given this code.
    Code(&'a str),
}

#[must_use]
pub fn id(platform: &Platform, row: &ProposalRow) -> String {
    platform.secrets.ids().seal(IdKind::Proposal, row.book, row.number)
}

pub async fn find(platform: &Platform, id: &str) -> Result<Option<ProposalRow>, Failure> {
    let Some((book, number)) = platform.secrets.ids().open_any(IdKind::Proposal, id) else { return Ok(None) };
    Ok(platform.store.proposal(number).await?.filter(|row| row.book == book))
}

/// The state of a proposal now, as a word.
#[must_use]
pub fn word(row: &ProposalRow, now: Micros) -> &'static str {
    match row.state {
        ProposalState::Open if row.ends_at <= now => "expired",
        ProposalState::Open => "open",
        ProposalState::Confirmed => "confirmed",
        ProposalState::Withdrawn => "withdrawn",
    }
}

pub async fn propose(
    platform: &Platform,
    book: BookId,
    what: &Proposed,
    reason: &str,
    by: Actor,
) -> Result<Made, Failure> {
    let team = platform.store.team(book.business()).await?;
    let needs_code =
        !team.iter().any(|member| Actor::member(member.number) != by && member.role.may(what.permission()));
    let code = needs_code.then(|| new_code(platform));
    let digest = code.as_ref().map(|code| platform.secrets.page_mac(CODE, code.expose_secret()));
    let now = platform.clock.now();
    loop {
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
        match platform.store.add_proposal(&row, &entry(platform, &row, by, "proposal.made")).await {
            Ok(()) => return Ok(Made { row, code }),
            // A concurrent proposal took the number.
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
        Err(Stopped::Refused(refusal)) => {
            let refused = entry(platform, row, actor, "proposal.refused");
            platform.store.reopen_proposal(row.number, &refused).await?;
            Err(Stopped::Refused(refusal).into())
        }
        Err(stopped) => Err(stopped.into()),
    }
}

/// Withdraws a proposal: its proposer takes it back, or another person declines it.
pub async fn withdraw(platform: &Platform, row: &ProposalRow, by: Actor) -> Result<(), Refused> {
    let now = platform.clock.now();
    let withdrawn = entry(platform, row, by, "proposal.withdrawn");
    if platform.store.decide_proposal(row.number, ProposalState::Withdrawn, by, now, &withdrawn).await? {
        return Ok(());
    }
    let after = platform.store.proposal(row.number).await?;
    Err(Refused::IsNotOpen(after.map_or("gone", |after| word(&after, now))))
}

/// Checks that this person may confirm; returns the confirming actor.
async fn check(platform: &Platform, row: &ProposalRow, checker: Checker<'_>) -> Result<Actor, Refused> {
    match checker {
        Checker::Member(actor) => {
            if is_same_hand(platform, row.book, row.proposed_by, actor).await? {
                return Err(Refused::IsOwn);
            }
            Ok(actor)
        }
        Checker::Code(code) => {
            let digest = row.code.ok_or(Refused::NeedsMember)?;
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
