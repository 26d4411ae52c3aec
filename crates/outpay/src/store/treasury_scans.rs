//! After a recovery: which rails' own books were read, and the transfers in them that no attempt made. Not here: reading
//! them (rails), what a person says of each (recovery/).

use super::audit_log::{self, NewAuditEntry};
use super::codes::TRANSFER_OPEN;
use super::driver::{Row, Statement, Value};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Cents, Micros};

/// A transfer in a rail's own books: money that left by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What the rail knows it by, as it knows attempts by their keys.
    pub transfer: String,
    /// Which of several under that name.
    pub place: i64,
    /// To whom, in the rail's way of writing it.
    pub destination: String,
    /// How much, in the rail's smallest units.
    pub units: String,
    /// The same in cents, where it is a whole number of them.
    pub cents: Option<Cents>,
    /// Where in its books.
    pub block: i64,
}

/// What a rail's own books say of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentSince {
    /// Money that left, in order.
    pub outgoing: Vec<Outgoing>,
    /// How many slots of its line are taken, with what waits there.
    pub slots: i64,
}

/// A rail whose books have to be read since a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryScan {
    pub rail: String,
    /// From when on.
    pub since: Micros,
    /// When they were.
    pub scanned_at: Option<Micros>,
    /// Slots of its line that were used up then.
    pub slots: i64,
    /// Why they are not read, as a person said; empty for no such word.
    pub skipped: String,
}

/// What a person said of a transfer that no attempt made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Nothing yet.
    Open,
    /// It is the payment of this withdrawal.
    Withdrawal(BookId, i64),
    /// It was paid to this person, whose withdrawal is lost.
    Person(BookId, i64),
    /// It is no withdrawal's, or the person is not there any more.
    Lost,
}

/// A transfer that no attempt made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedTransfer {
    /// The rail in whose books it stands.
    pub rail: String,
    /// The transfer.
    pub outgoing: Outgoing,
    /// Whose it is.
    pub assigned: Assigned,
    /// What was said to it.
    pub reason: String,
}

impl TreasuryScan {
    /// Is nothing left to be done?
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.scanned_at.is_some() || !self.skipped.is_empty()
    }
}

impl Assigned {
    fn columns(self) -> (i64, i64, i64) {
        match self {
            Self::Open => (1, 0, 0),
            Self::Withdrawal(book, number) => (2, book.0, number),
            Self::Person(book, number) => (3, book.0, number),
            Self::Lost => (4, 0, 0),
        }
    }

    fn from_columns(state: i64, book: i64, number: i64) -> Option<Self> {
        match state {
            1 => Some(Self::Open),
            2 => Some(Self::Withdrawal(BookId(book), number)),
            3 => Some(Self::Person(BookId(book), number)),
            4 => Some(Self::Lost),
            _ => None,
        }
    }
}

/// For the transaction of a recovery: this rail's books have to be read from there on.
pub(super) fn begin_scan(rail: &str, since: Micros) -> Statement {
    let sql = "INSERT INTO treasury_scan (rail, since) VALUES ($1, $2) ON CONFLICT (rail) DO UPDATE SET \
               since = CASE WHEN treasury_scan.scanned_at IS NULL AND treasury_scan.since < excluded.since \
                 THEN treasury_scan.since ELSE excluded.since END, scanned_at = NULL, skipped = ''";
    Statement::new(sql, vec![rail.into(), since.into()])
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "rail, since, scanned_at, slots, skipped";

/// The columns that `unmatched` reads, in its order.
const TRANSFER: &str = "rail, transfer, place, destination, units, cents, block, state, book, number, reason";

impl Store {
    /// The rails whose books have to be read since a recovery, and those that were.
    pub async fn treasury_scans(&self) -> Result<Vec<TreasuryScan>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM treasury_scan ORDER BY rail");
        let scan = |row: &Row| {
            Ok(TreasuryScan {
                rail: row.text(0)?.to_owned(),
                since: row.int(1)?,
                scanned_at: row.maybe_int(2)?,
                slots: row.int(3)?,
                skipped: row.text(4)?.to_owned(),
            })
        };
        self.driver.query(sql, Vec::new()).await?.iter().map(scan).collect()
    }

    /// Stores the transfers of a rail's books that no attempt made; those stored before are left alone. Returns how many are new.
    pub async fn finish_treasury_scan(
        &self,
        rail: &str,
        found: &SentSince,
        now: Micros,
    ) -> Result<u64, Failure> {
        let sql = sql!(
            "INSERT INTO unmatched_transfer (rail, transfer, place, destination, units, cents, block, state) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), \
             CAST($6 AS BIGINT), CAST($7 AS BIGINT), {TRANSFER_OPEN} \
             WHERE NOT EXISTS (SELECT 1 FROM attempt WHERE rail = $1 AND key = $2) \
             ON CONFLICT (rail, transfer, place) DO NOTHING"
        );
        let insert = |out: &Outgoing| {
            let values: Vec<Value> = vec![
                rail.into(),
                out.transfer.as_str().into(),
                out.place.into(),
                out.destination.as_str().into(),
                out.units.as_str().into(),
                out.cents.map(|cents| cents.0).into(),
                out.block.into(),
            ];
            Statement::new(sql, values)
        };
        let mut statements: Vec<Statement> = found.outgoing.iter().map(insert).collect();
        let done = "UPDATE treasury_scan SET scanned_at = $1, slots = $2 WHERE rail = $3";
        statements.push(Statement::one(done, vec![now.into(), found.slots.into(), rail.into()]));
        let touched = self.driver.write_counted(statements).await?;
        Ok(touched.iter().take(found.outgoing.len()).sum())
    }

    /// Says that a rail's books are not read, and why, with the entries of it. `false`: they were read, or need not be.
    pub async fn skip_treasury_scan(
        &self,
        rail: &str,
        reason: &str,
        entries: &[NewAuditEntry],
    ) -> Result<bool, Failure> {
        let sql =
            "UPDATE treasury_scan SET skipped = $1 WHERE rail = $2 AND scanned_at IS NULL AND skipped = ''";
        let skip = Statement::one(sql, vec![reason.into(), rail.into()]);
        self.touches_one(std::iter::once(skip).chain(entries.iter().map(audit_log::note)).collect()).await
    }

    /// All transfers that no attempt made, in the order of the chain.
    pub async fn unmatched_transfers(&self) -> Result<Vec<UnmatchedTransfer>, Failure> {
        let sql = sql!("SELECT {TRANSFER} FROM unmatched_transfer ORDER BY rail, block, transfer, place");
        self.driver.query(sql, Vec::new()).await?.iter().map(unmatched).collect()
    }

    /// Says whose an open transfer is, with the entries of it. `false`: it is not open any more; nothing was written.
    pub async fn assign_transfer(
        &self,
        found: &UnmatchedTransfer,
        (assigned, reason): (Assigned, &str),
        now: Micros,
        entries: &[NewAuditEntry],
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE unmatched_transfer SET state = $1, book = $2, number = $3, reason = $4, assigned_at = $5 \
             WHERE rail = $6 AND transfer = $7 AND place = $8 AND state = {TRANSFER_OPEN}"
        );
        let (state, book, number) = assigned.columns();
        let values = vec![
            state.into(),
            book.into(),
            number.into(),
            reason.into(),
            now.into(),
            found.rail.as_str().into(),
            found.outgoing.transfer.as_str().into(),
            found.outgoing.place.into(),
        ];
        let assign = Statement::one(sql, values);
        self.touches_one(std::iter::once(assign).chain(entries.iter().map(audit_log::note)).collect()).await
    }
}

fn unmatched(row: &Row) -> Result<UnmatchedTransfer, Failure> {
    let assigned = Assigned::from_columns(row.int(7)?, row.int(8)?, row.int(9)?);
    Ok(UnmatchedTransfer {
        rail: row.text(0)?.to_owned(),
        outgoing: Outgoing {
            transfer: row.text(1)?.to_owned(),
            place: row.int(2)?,
            destination: row.text(3)?.to_owned(),
            units: row.text(4)?.to_owned(),
            cents: row.maybe_int(5)?.map(Cents),
            block: row.int(6)?,
        },
        assigned: assigned.context("no such state of a transfer")?,
        reason: row.text(10)?.to_owned(),
    })
}
