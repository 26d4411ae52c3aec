//! When withdrawals are expected to be paid, where that is not simply their method's usual time after the request, and which
//! have passed that time. Not here: how long a method usually takes (`rails/`), telling of a delay (`crate::delays`).

use super::codes::{WITHDRAWAL_QUEUED, WITHDRAWAL_SENDING};
use super::driver::{Row, Statement};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros, Mode};
use std::collections::BTreeMap;

/// What is kept of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// By the book's clock.
    pub expected_at: Micros,
    /// How often an expected time has passed before this one.
    pub delays: i64,
}

/// A withdrawal on its way whose expected time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverdueWithdrawal {
    pub book: BookId,
    pub withdrawal: i64,
    pub user: i64,
    /// When it was asked for.
    pub created_at: Micros,
    /// By the book's clock.
    pub now: Micros,
    /// `None`: it follows from the request.
    pub stored: Option<Expectation>,
}

/// A delay that is written down and not told of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UntoldDelay {
    pub book: BookId,
    pub withdrawal: i64,
    pub user: i64,
    pub expectation: Expectation,
}

impl Store {
    /// What is kept of the withdrawals between these two numbers.
    pub async fn expectations(
        &self,
        book: BookId,
        (first, last): (i64, i64),
    ) -> Result<BTreeMap<i64, Expectation>, Failure> {
        let sql = "SELECT withdrawal, expected_at, delays FROM withdrawal_expectation \
                   WHERE book = $1 AND withdrawal >= $2 AND withdrawal <= $3";
        let rows = self.driver.query(sql, vec![book.0.into(), first.into(), last.into()]).await?;
        let read =
            |row: &Row| Ok((row.int(0)?, Expectation { expected_at: row.int(1)?, delays: row.int(2)? }));
        rows.iter().map(read).collect()
    }

    /// A withdrawal is expected at this time; it begins anew where it was expected before.
    pub async fn expect(&self, book: BookId, withdrawal: i64, expected_at: Micros) -> Result<(), Failure> {
        let sql = "INSERT INTO withdrawal_expectation (book, withdrawal, expected_at, delays, told) VALUES ($1, $2, $3, 0, 1) \
                   ON CONFLICT (book, withdrawal) DO UPDATE SET expected_at = excluded.expected_at";
        let values = vec![book.0.into(), withdrawal.into(), expected_at.into()];
        self.driver.write(vec![Statement::new(sql, values)]).await.map_err(Failure::from)
    }

    /// Withdrawals by a method that are queued or being sent although their time has passed, at most `limit`; `within` is the
    /// method's usual time.
    pub async fn overdue_withdrawals(
        &self,
        (mode, method): (Mode, &str),
        within: Micros,
        limit: i64,
    ) -> Result<Vec<OverdueWithdrawal>, Failure> {
        // The states stand in the text as the partial index has them.
        let sql = "SELECT w.book, w.number, w.payout_user, w.created_at, b.clock_ahead, e.expected_at, e.delays FROM withdrawal w \
                   JOIN book b ON b.id = w.book \
                   LEFT JOIN withdrawal_expectation e ON e.book = w.book AND e.withdrawal = w.number \
                   WHERE w.state IN (3, 4) AND w.method = $1 AND w.book % 2 = $2 \
                   AND coalesce(e.expected_at, w.created_at + $3) <= $4 + b.clock_ahead AND coalesce(e.told, 1) = 1 \
                   ORDER BY w.created_at LIMIT $5";
        let now = self.now().await?;
        let of_mode = i64::from(mode == Mode::Test);
        let values = vec![method.into(), of_mode.into(), within.into(), now.into(), limit.into()];
        let read = |row: &Row| {
            let stored = match (row.maybe_int(5)?, row.maybe_int(6)?) {
                (Some(expected_at), Some(delays)) => Some(Expectation { expected_at, delays }),
                _ => None,
            };
            Ok(OverdueWithdrawal {
                book: BookId(row.int(0)?),
                withdrawal: row.int(1)?,
                user: row.int(2)?,
                created_at: row.int(3)?,
                now: now + row.int(4)?,
                stored,
            })
        };
        self.driver.query(sql, values).await?.iter().map(read).collect()
    }

    /// Writes down that a time has passed, and the new one. `false`: another process was faster, or it is not on its way any
    /// more.
    pub async fn note_delay(&self, of: &OverdueWithdrawal, expected_at: Micros) -> Result<bool, Failure> {
        let (book, number) = (of.book.0.into(), of.withdrawal.into());
        let statement = match of.stored {
            None => Statement::one(
                sql!(
                    "INSERT INTO withdrawal_expectation (book, withdrawal, expected_at, delays, told) \
                     SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), 1, 0 \
                     WHERE EXISTS (SELECT 1 FROM withdrawal w WHERE w.book = $1 AND w.number = $2 \
                     AND w.state IN ({WITHDRAWAL_QUEUED}, {WITHDRAWAL_SENDING})) \
                     ON CONFLICT (book, withdrawal) DO NOTHING"
                ),
                vec![book, number, expected_at.into()],
            ),
            Some(Expectation { delays, .. }) => Statement::one(
                sql!(
                    "UPDATE withdrawal_expectation SET delays = delays + 1, told = 0, expected_at = $1 \
                     WHERE book = $2 AND withdrawal = $3 AND delays = $4 AND told = 1 \
                     AND EXISTS (SELECT 1 FROM withdrawal w WHERE w.book = $2 AND w.number = $3 \
                     AND w.state IN ({WITHDRAWAL_QUEUED}, {WITHDRAWAL_SENDING}))"
                ),
                vec![expected_at.into(), book, number, delays.into()],
            ),
        };
        self.touches_one(vec![statement]).await
    }

    /// Delays that are written down and not told of, at most `limit`.
    pub async fn untold_delays(&self, limit: i64) -> Result<Vec<UntoldDelay>, Failure> {
        let sql = "SELECT e.book, e.withdrawal, w.payout_user, e.expected_at, e.delays FROM withdrawal_expectation e \
                   JOIN withdrawal w ON w.book = e.book AND w.number = e.withdrawal \
                   WHERE e.told = 0 ORDER BY e.book, e.withdrawal LIMIT $1";
        let read = |row: &Row| {
            Ok(UntoldDelay {
                book: BookId(row.int(0)?),
                withdrawal: row.int(1)?,
                user: row.int(2)?,
                expectation: Expectation { expected_at: row.int(3)?, delays: row.int(4)? },
            })
        };
        self.driver.query(sql, vec![limit.into()]).await?.iter().map(read).collect()
    }

    /// The event of a delay is in the journal.
    pub async fn note_told(&self, of: &UntoldDelay) -> Result<(), Failure> {
        let sql =
            "UPDATE withdrawal_expectation SET told = 1 WHERE book = $1 AND withdrawal = $2 AND delays = $3";
        let values = vec![of.book.0.into(), of.withdrawal.into(), of.expectation.delays.into()];
        self.driver.write(vec![Statement::new(sql, values)]).await.map_err(Failure::from)
    }
}
