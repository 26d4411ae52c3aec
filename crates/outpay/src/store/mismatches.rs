//! Differences between a rail's own books and ours: one row for each, however often it is found. Not here: how they are found
//! (reconciliation/), the comparisons themselves (reconciliations.rs).
//!
//! Invariant: rail, kind and subject name a difference. One that a person has closed stays closed until the rail's books say
//! something else again.

use super::audit_log::{self, NewAuditEntry};
use super::codes::{MISMATCH_CLOSED, MISMATCH_OPEN, MISMATCH_VANISHED};
use super::driver::{Row, Statement, Value};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Micros};

/// What has become of a payment, by the books of one side. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Standing {
    /// Ordered; the money has not left, or not for good.
    Open = 1,
    /// Paid.
    Paid = 2,
    /// Ordered, and never paid.
    NotPaid = 3,
    /// Paid, and come back.
    Returned = 4,
}

impl Standing {
    pub const ALL: [Self; 4] = [Self::Open, Self::Paid, Self::NotPaid, Self::Returned];

    /// For people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::NotPaid => "not paid",
            Self::Returned => "returned",
        }
    }

    fn code(standing: Option<Self>) -> i64 {
        standing.map_or(0, |standing| standing as i64)
    }

    fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| *standing as i64 == code)
    }
}

/// In what two books differ. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum MismatchKind {
    /// The rail has a payment that was not ordered here.
    MissingHere = 1,
    /// The withdrawal succeeded here, and the rail has no payment for it.
    MissingThere = 2,
    /// The amounts differ.
    Amount = 3,
    /// The rail charged another fee than expected.
    Fee = 4,
    /// One side says paid, for example, and the other returned.
    Standing = 5,
}

impl MismatchKind {
    pub const ALL: [Self; 5] =
        [Self::MissingHere, Self::MissingThere, Self::Amount, Self::Fee, Self::Standing];

    /// For programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Amount => "amount_differs",
            Self::Fee => "fee_differs",
            Self::Standing => "standing_differs",
        }
    }

    /// For people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::MissingHere => "Not ordered here",
            Self::MissingThere => "Not in the rail's books",
            Self::Amount => "Another amount",
            Self::Fee => "Another fee",
            Self::Standing => "Another outcome",
        }
    }
}

/// Where a difference stands. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MismatchState {
    Open = 1,
    /// A later comparison did not find it any more.
    Vanished = 2,
    /// A person has closed it, and said why.
    Closed = 3,
}

impl MismatchState {
    const ALL: [Self; 3] = [Self::Open, Self::Vanished, Self::Closed];

    /// For people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Vanished => "vanished",
            Self::Closed => "closed",
        }
    }
}

/// A difference as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMismatch {
    pub kind: MismatchKind,
    /// With rail and kind its name.
    pub subject: String,
    /// The withdrawal that ordered the payment, if one did.
    pub owner: Option<(BookId, i64)>,
    /// What we gave the rail.
    pub reference: String,
    /// The rail's number of the payment.
    pub rail_number: String,
    /// Cents by our books; of the fee, where that differs.
    pub here: Option<Cents>,
    /// The same by the rail's.
    pub there: Option<Cents>,
    pub here_standing: Option<Standing>,
    pub there_standing: Option<Standing>,
    /// More has left, or may leave, than our books say.
    pub is_alarm: bool,
    /// When the payment was booked there, or the withdrawal changed here.
    pub at: Micros,
}

impl NewMismatch {
    /// What both sides say, in words, without a name or an account.
    #[must_use]
    pub fn words(&self) -> String {
        let side = |cents: Option<Cents>, standing: Option<Standing>| {
            let amount = cents.map(|cents| crate::format::money(cents.0));
            let parts = [standing.map(|standing| standing.word().to_owned()), amount];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            if parts.is_empty() { "nothing".to_owned() } else { parts.join(" ") }
        };
        let (here, there) = (side(self.here, self.here_standing), side(self.there, self.there_standing));
        format!("here {here}, at the rail {there}")
    }

    /// Do both say the same of the two books?
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |one: &Self| (one.here, one.there, one.here_standing, one.there_standing);
        said(self) == said(other)
    }
}

/// A difference as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub number: i64,
    pub rail: String,
    pub found: NewMismatch,
    /// When it was found first, or again after it had ended.
    pub found_at: Micros,
    pub state: MismatchState,
    pub ended_at: Option<Micros>,
    /// Why a person closed it.
    pub reason: String,
    pub actor: Actor,
}

/// The columns that `mismatch` reads, in its order.
const COLUMNS: &str = "number, rail, kind, subject, book, withdrawal, reference, rail_number, here, there, here_standing, there_standing, \
    is_alarm, at, found_at, state, ended_at, reason, actor";

impl Store {
    /// The difference of this name, open or not.
    pub async fn mismatch_named(
        &self,
        rail: &str,
        kind: MismatchKind,
        subject: &str,
    ) -> Result<Option<Mismatch>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM reconciliation_mismatch WHERE rail = $1 AND kind = $2 AND subject = $3"
        );
        let values = vec![rail.into(), (kind as i64).into(), subject.into()];
        self.driver.query_one(sql, values).await?.as_ref().map(mismatch).transpose()
    }

    /// The difference with this number.
    pub async fn mismatch(&self, number: i64) -> Result<Option<Mismatch>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM reconciliation_mismatch WHERE number = $1");
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(mismatch).transpose()
    }

    /// Stores differences as open from now on: new ones, and those that are named the same and say something else now.
    pub async fn open_mismatches_anew(
        &self,
        rail: &str,
        found: &[NewMismatch],
        now: Micros,
    ) -> Result<(), Failure> {
        let again = sql!(
            "UPDATE reconciliation_mismatch SET here = $1, there = $2, here_standing = $3, there_standing = $4, \
             is_alarm = $5, at = $6, found_at = $7, state = {MISMATCH_OPEN}, ended_at = NULL, reason = '', actor = 0, told = $8 \
             WHERE rail = $9 AND kind = $10 AND subject = $11"
        );
        let new = sql!(
            "INSERT INTO reconciliation_mismatch (rail, kind, subject, book, withdrawal, reference, rail_number, here, there, \
             here_standing, there_standing, is_alarm, at, found_at, state, reason, actor, told) \
             SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), \
             CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS BIGINT), CAST($9 AS BIGINT), CAST($10 AS BIGINT), \
             CAST($11 AS BIGINT), CAST($12 AS BIGINT), CAST($13 AS BIGINT), CAST($14 AS BIGINT), {MISMATCH_OPEN}, '', 0, \
             CAST($15 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM reconciliation_mismatch WHERE rail = $1 AND kind = $2 \
             AND subject = $3)"
        );
        let statements = found.iter().flat_map(|one| {
            let told: Value = one.owner.is_none().into();
            let (kind, subject): (Value, Value) = ((one.kind as i64).into(), one.subject.as_str().into());
            let said = said(one);
            let update = said.iter().cloned().chain([now.into(), told.clone(), rail.into()]);
            let update = update.chain([kind.clone(), subject.clone()]).collect();
            let (book, withdrawal) = one.owner.map_or((0, 0), |(book, number)| (book.0, number));
            let named = [rail.into(), kind, subject, book.into(), withdrawal.into()];
            let of = [one.reference.as_str().into(), one.rail_number.as_str().into()];
            let insert = named.into_iter().chain(of).chain(said).chain([now.into(), told]).collect();
            [Statement::new(again, update), Statement::new(new, insert)]
        });
        Ok(self.driver.write(statements.collect()).await?)
    }

    /// Ends open differences that a comparison did not find any more.
    pub async fn end_vanished_mismatches(&self, numbers: &[i64], now: Micros) -> Result<(), Failure> {
        let sql = sql!(
            "UPDATE reconciliation_mismatch SET state = {MISMATCH_VANISHED}, ended_at = $1 WHERE number = $2 \
             AND state = {MISMATCH_OPEN}"
        );
        let end = |number: &i64| Statement::new(sql, vec![now.into(), (*number).into()]);
        Ok(self.driver.write(numbers.iter().map(end).collect()).await?)
    }

    /// Closes an open difference, with the entries of it. `false`: it is not open any more; nothing was written.
    pub async fn close_mismatch(
        &self,
        number: i64,
        reason: &str,
        actor: Actor,
        now: Micros,
        entries: &[NewAuditEntry],
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE reconciliation_mismatch SET state = {MISMATCH_CLOSED}, ended_at = $1, reason = $2, actor = $3 \
             WHERE number = $4 AND state = {MISMATCH_OPEN}"
        );
        let close = Statement::one(sql, vec![now.into(), reason.into(), actor.0.into(), number.into()]);
        self.touches_one(std::iter::once(close).chain(entries.iter().map(audit_log::note)).collect()).await
    }

    /// All that are open, by rail and in the order in which they were found.
    pub async fn open_mismatches(&self) -> Result<Vec<Mismatch>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM reconciliation_mismatch WHERE state = {MISMATCH_OPEN} ORDER BY rail, number"
        );
        self.driver.query(sql, Vec::new()).await?.iter().map(mismatch).collect()
    }

    /// Those of a book's withdrawals, the open ones first, then the newest, at most `limit`.
    pub async fn mismatches_of_book(&self, book: BookId, limit: i64) -> Result<Vec<Mismatch>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM reconciliation_mismatch WHERE book = $1 \
             ORDER BY CASE WHEN state = {MISMATCH_OPEN} THEN 0 ELSE 1 END, number DESC LIMIT $2"
        );
        self.driver.query(sql, vec![book.0.into(), limit.into()]).await?.iter().map(mismatch).collect()
    }

    /// Those whose event is not in the journal yet, oldest first.
    pub async fn untold_mismatches(&self) -> Result<Vec<Mismatch>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM reconciliation_mismatch WHERE told = 0 ORDER BY number");
        self.driver.query(sql, Vec::new()).await?.iter().map(mismatch).collect()
    }

    /// The event of a difference, as it was found then, is in the journal.
    pub async fn note_mismatch_told(&self, number: i64, found_at: Micros) -> Result<(), Failure> {
        let sql = "UPDATE reconciliation_mismatch SET told = 1 WHERE number = $1 AND found_at = $2";
        Ok(self.driver.write(vec![Statement::new(sql, vec![number.into(), found_at.into()])]).await?)
    }
}

/// What both sides say, in the order of the columns from `here` to `at`.
fn said(found: &NewMismatch) -> [Value; 6] {
    [
        found.here.map(|cents| cents.0).into(),
        found.there.map(|cents| cents.0).into(),
        Standing::code(found.here_standing).into(),
        Standing::code(found.there_standing).into(),
        found.is_alarm.into(),
        found.at.into(),
    ]
}

fn mismatch(row: &Row) -> Result<Mismatch, Failure> {
    let (kind, state) = (row.int(2)?, row.int(15)?);
    let kind = MismatchKind::ALL.into_iter().find(|one| *one as i64 == kind);
    let state = MismatchState::ALL.into_iter().find(|one| *one as i64 == state);
    let (book, withdrawal) = (BookId(row.int(4)?), row.int(5)?);
    Ok(Mismatch {
        number: row.int(0)?,
        rail: row.text(1)?.to_owned(),
        found: NewMismatch {
            kind: kind.context("no such kind of a mismatch")?,
            subject: row.text(3)?.to_owned(),
            owner: (withdrawal > 0).then_some((book, withdrawal)),
            reference: row.text(6)?.to_owned(),
            rail_number: row.text(7)?.to_owned(),
            here: row.maybe_int(8)?.map(Cents),
            there: row.maybe_int(9)?.map(Cents),
            here_standing: Standing::from_code(row.int(10)?),
            there_standing: Standing::from_code(row.int(11)?),
            is_alarm: row.int(12)? == 1,
            at: row.int(13)?,
        },
        found_at: row.int(14)?,
        state: state.context("no such state of a mismatch")?,
        ended_at: row.maybe_int(16)?,
        reason: row.text(17)?.to_owned(),
        actor: Actor(row.int(18)?),
    })
}
