//! Proposals: what one person asks for and another has to confirm. Each change of a row is made with its entry in the audit
//! log, and only from the state that was looked at. Not here: who may confirm, and the effect (proposals/).

use super::audit_log::{NewAuditEntry, note};
use super::codes::{PROPOSAL_CONFIRMED, PROPOSAL_OPEN};
use super::driver::{Row, Statement, WriteError};
use super::epoch::Floor;
use super::sql::sql;
use super::states::ProposalState;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{Actor, BookId, Micros, OnceKey};

/// A proposal as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRow {
    /// 1, 2, … over all businesses.
    pub number: i64,
    /// Where it takes effect.
    pub book: BookId,
    /// The effect, as JSON.
    pub what: String,
    /// Why, or the proof, in the words of the person who proposed it.
    pub reason: String,
    pub proposed_by: Actor,
    pub proposed_at: Micros,
    /// From then on it cannot be confirmed any more.
    pub ends_at: Micros,
    /// Keyed digest of the code by which another operator confirms it, if one was printed.
    pub code: Option<[u8; 32]>,
    /// Where it stands.
    pub state: ProposalState,
    /// Who confirmed or withdrew it.
    pub decided_by: Option<Actor>,
    pub decided_at: Option<Micros>,
    /// When the effect was durable.
    pub carried_out_at: Option<Micros>,
}

/// The columns that `proposal` reads, in its order.
const COLUMNS: &str = "number, book, what, reason, proposed_by, proposed_at, ends_at, code, state, decided_by, decided_at, carried_out_at";

impl Store {
    /// The number that a new proposal would have.
    pub async fn next_proposal_number(&self) -> Result<i64, Failure> {
        self.next_number("SELECT coalesce(max(number), 0) FROM proposal", Vec::new(), Floor::Numbers).await
    }

    /// Adds an open proposal.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when another one has got its number or its idempotency key in the meantime.
    pub async fn add_proposal(
        &self,
        new: &ProposalRow,
        once: Option<&OnceKey>,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = "INSERT INTO proposal (number, book, what, reason, proposed_by, proposed_at, ends_at, code, state, once) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = vec![
            new.number.into(),
            new.book.0.into(),
            new.what.as_str().into(),
            new.reason.as_str().into(),
            new.proposed_by.0.into(),
            new.proposed_at.into(),
            new.ends_at.into(),
            new.code.as_ref().map(<[u8; 32]>::as_slice).into(),
            (ProposalState::Open as i64).into(),
            once.map(|once| once.0.as_slice()).into(),
        ];
        self.driver.write(vec![Statement::one(sql, values), note(entry)]).await
    }

    /// The proposal that a request under this idempotency key made.
    pub async fn proposal_once(&self, book: BookId, once: &OnceKey) -> Result<Option<ProposalRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM proposal WHERE book = $1 AND once = $2");
        let values = vec![book.0.into(), once.0.as_slice().into()];
        self.driver.query_one(sql, values).await?.as_ref().map(proposal).transpose()
    }

    /// The proposal with this number.
    pub async fn proposal(&self, number: i64) -> Result<Option<ProposalRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM proposal WHERE number = $1");
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(proposal).transpose()
    }

    /// A book's proposals, newest first, at most `limit`.
    pub async fn proposals(&self, book: BookId, limit: i64) -> Result<Vec<ProposalRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM proposal WHERE book = $1 ORDER BY number DESC LIMIT $2");
        let rows = self.driver.query(sql, vec![book.0.into(), limit.into()]).await?;
        rows.iter().map(proposal).collect()
    }

    /// Takes an open proposal that has not ended to another state. `false`: it is not open any more.
    pub async fn decide_proposal(
        &self,
        number: i64,
        to: ProposalState,
        by: Actor,
        now: Micros,
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE proposal SET state = $1, decided_by = $2, decided_at = $3 WHERE number = $4 \
             AND state = {PROPOSAL_OPEN} AND ends_at > $3"
        );
        let values = vec![(to as i64).into(), by.0.into(), now.into(), number.into()];
        settled(self.driver.write(vec![Statement::one(sql, values), note(entry)]).await)
    }

    /// Opens a confirmed proposal again whose effect was refused. `false`: it was carried out in the meantime.
    pub async fn reopen_proposal(&self, number: i64, entry: &NewAuditEntry) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE proposal SET state = {PROPOSAL_OPEN}, decided_by = NULL, decided_at = NULL WHERE number = $1 \
             AND state = {PROPOSAL_CONFIRMED} AND carried_out_at IS NULL"
        );
        settled(self.driver.write(vec![Statement::one(sql, vec![number.into()]), note(entry)]).await)
    }

    /// The effect of a proposal is durable, as `by` confirmed it; its code is of no use any more.
    pub async fn carried_out(&self, number: i64, by: Actor, now: Micros) -> Result<(), Failure> {
        let sql = sql!(
            "UPDATE proposal \
             SET state = {PROPOSAL_CONFIRMED}, decided_by = $1, decided_at = coalesce(decided_at, $2), \
             carried_out_at = $2, code = NULL \
             WHERE number = $3 AND carried_out_at IS NULL"
        );
        let values = vec![by.0.into(), now.into(), number.into()];
        self.driver.write(vec![Statement::new(sql, values)]).await.map_err(Failure::from)
    }
}

fn settled(written: Result<(), WriteError>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(WriteError::Conflict) => Ok(false),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

fn proposal(row: &Row) -> Result<ProposalRow, Failure> {
    let code = row.maybe_bytes(7)?.map(<[u8; 32]>::try_from).transpose();
    Ok(ProposalRow {
        number: row.int(0)?,
        book: BookId(row.int(1)?),
        what: row.text(2)?.to_owned(),
        reason: row.text(3)?.to_owned(),
        proposed_by: Actor(row.int(4)?),
        proposed_at: row.int(5)?,
        ends_at: row.int(6)?,
        code: code.context("the digest of a code has 32 bytes")?,
        state: ProposalState::from_code(row.int(8)?).context("no such state of a proposal")?,
        decided_by: row.maybe_int(9)?.map(Actor),
        decided_at: row.maybe_int(10)?,
        carried_out_at: row.maybe_int(11)?,
    })
}
