//! Comparisons of rails' own books with ours: what was compared when, which night's is done, and what a comparison looks up. Not
//! here: what was found (mismatches.rs), reading a rail's books (rails/).

use super::codes::{CARD_GIVEN_OUT, TRANSFER_OPEN};
use super::driver::{Row, Statement};
use super::sql::{of, sql};
use super::withdrawals::{self, COLUMNS as WITHDRAWAL};
use super::{Failure, Store};
use ledger::{BookId, Cents, Micros, Withdrawal};

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciliationRun {
    /// Which rail's books.
    pub rail: String,
    /// The time that was compared: from, until.
    pub period: (Micros, Micros),
    pub started_at: Micros,
    pub finished_at: Micros,
    /// Payments that the rail's books have in that time.
    pub booked: i64,
    /// Those that agree with ours.
    pub matched: i64,
    /// Differences that were open afterwards.
    pub found: i64,
    /// Why the books could not be read; empty where they were.
    pub failure: String,
}

/// A gift card that a withdrawal was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenCard {
    pub book: BookId,
    /// In the book's stock: 1, 2, …
    pub number: i64,
    pub face_value: Cents,
    /// Whose it is.
    pub withdrawal: i64,
    /// When its first attempt was committed; of a card without one, when it was imported.
    pub at: Micros,
}

/// The columns that `run` reads, in its order.
const COLUMNS: &str =
    "rail, period_from, period_until, started_at, finished_at, booked, matched, found, failure";

impl Store {
    /// Writes down a comparison.
    pub async fn add_reconciliation_run(&self, run: &ReconciliationRun) -> Result<(), Failure> {
        let sql =
            sql!("INSERT INTO reconciliation_run ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        let values = vec![
            run.rail.as_str().into(),
            run.period.0.into(),
            run.period.1.into(),
            run.started_at.into(),
            run.finished_at.into(),
            run.booked.into(),
            run.matched.into(),
            run.found.into(),
            run.failure.as_str().into(),
        ];
        Ok(self.driver.write(vec![Statement::one(sql, values)]).await?)
    }

    /// The newest comparison of each rail that has one, by rail.
    pub async fn newest_reconciliation_runs(&self) -> Result<Vec<ReconciliationRun>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM reconciliation_run WHERE number IN \
             (SELECT max(number) FROM reconciliation_run GROUP BY rail) ORDER BY rail"
        );
        self.driver.query(sql, Vec::new()).await?.iter().map(run).collect()
    }

    /// Until when each rail's books were compared, of those that were ever read.
    pub async fn reconciled_until(&self) -> Result<Vec<(String, Micros)>, Failure> {
        let sql = "SELECT rail, max(period_until) FROM reconciliation_run WHERE failure = '' GROUP BY rail ORDER BY rail";
        let rows = self.driver.query(sql, Vec::new()).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }

    /// Takes a night's comparison of a rail, until `leased.1`. `false`: it is done, or another worker does it now. A lease that ends
    /// later than this one was taken under a wrong clock, and does not count; nor does a night that is still to come.
    pub async fn take_reconciliation_night(
        &self,
        rail: &str,
        night: i64,
        worker: i64,
        (now, until): (Micros, Micros),
    ) -> Result<bool, Failure> {
        // A rail's first comparison is that of the night after it was seen first.
        let make = "INSERT INTO reconciliation_night (rail, night, leased_until, leased_by) VALUES ($1, $2, 0, 0) \
                    ON CONFLICT (rail) DO NOTHING";
        let take = "UPDATE reconciliation_night SET leased_until = $1, leased_by = $2 WHERE rail = $3 AND night <> $4 \
                    AND (leased_until <= $5 OR leased_until > $1)";
        let values = vec![until.into(), worker.into(), rail.into(), night.into(), now.into()];
        self.driver.write(vec![Statement::new(make, vec![rail.into(), night.into()])]).await?;
        self.touches_one(vec![Statement::one(take, values)]).await
    }

    /// Ends the lease of a night's comparison. `done`: it is not done again.
    pub async fn end_reconciliation_night(
        &self,
        rail: &str,
        worker: i64,
        done: Option<i64>,
    ) -> Result<(), Failure> {
        let sql = "UPDATE reconciliation_night SET night = coalesce($1, night), leased_until = 0, leased_by = 0 \
                   WHERE rail = $2 AND leased_by = $3";
        let values = vec![done.into(), rail.into(), worker.into()];
        Ok(self.driver.write(vec![Statement::new(sql, values)]).await?)
    }

    /// The withdrawal of a live book for which a rail of one of these names was given this key. A rail may have been renamed since.
    pub async fn withdrawal_of_key(
        &self,
        rails: &[&str],
        key: &str,
    ) -> Result<Option<(BookId, Withdrawal)>, Failure> {
        let sql = sql!(
            "SELECT {columns} FROM attempt a JOIN withdrawal w ON w.book = a.book AND w.number = a.withdrawal \
             WHERE a.rail = $1 AND a.key = $2 AND a.book % 2 = 0",
            columns = of("w", WITHDRAWAL)
        );
        for rail in rails {
            if let Some(row) = self.driver.query_one(sql, vec![(*rail).into(), key.into()]).await? {
                return Ok(Some((BookId(row.int(13)?), withdrawals::withdrawal(&row)?)));
            }
        }
        Ok(None)
    }

    /// Whether a person has said whose a transfer of this rail is, after a recovery; and the withdrawal that it paid, if one.
    pub async fn assigned_transfer(
        &self,
        rail: &str,
        transfer: &str,
    ) -> Result<Option<Option<(BookId, i64)>>, Failure> {
        let sql = sql!(
            "SELECT state, book, number FROM unmatched_transfer WHERE rail = $1 AND transfer = $2 \
             AND state <> {TRANSFER_OPEN} ORDER BY place LIMIT 1"
        );
        let row = self.driver.query_one(sql, vec![rail.into(), transfer.into()]).await?;
        row.map(|row| Ok((row.int(0)? == 2).then_some((BookId(row.int(1)?), row.int(2)?)))).transpose()
    }

    /// The gift cards of all live books that withdrawals were given in this time, each as its own row has it.
    pub async fn given_gift_cards(&self, (from, until): (Micros, Micros)) -> Result<Vec<GivenCard>, Failure> {
        let sql = sql!(
            "SELECT book, number, face_value, withdrawal, at FROM (SELECT g.book, g.number, g.face_value, g.withdrawal, \
             coalesce((SELECT min(a.created_at) FROM attempt a WHERE a.book = g.book AND a.withdrawal = g.withdrawal), \
             g.imported_at) AS at FROM gift_card g WHERE g.state = {CARD_GIVEN_OUT} AND g.book % 2 = 0) AS given \
             WHERE at >= $1 AND at < $2 ORDER BY book, number"
        );
        let rows = self.driver.query(sql, vec![from.into(), until.into()]).await?;
        let card = |row: &Row| {
            Ok(GivenCard {
                book: BookId(row.int(0)?),
                number: row.int(1)?,
                face_value: Cents(row.int(2)?),
                withdrawal: row.int(3)?,
                at: row.int(4)?,
            })
        };
        rows.iter().map(card).collect()
    }
}

fn run(row: &Row) -> Result<ReconciliationRun, Failure> {
    Ok(ReconciliationRun {
        rail: row.text(0)?.to_owned(),
        period: (row.int(1)?, row.int(2)?),
        started_at: row.int(3)?,
        finished_at: row.int(4)?,
        booked: row.int(5)?,
        matched: row.int(6)?,
        found: row.int(7)?,
        failure: row.text(8)?.to_owned(),
    })
}
