//! What happened on each day, by kind of entry: summed up from the journal behind a cursor, so that a chart costs the same
//! however long the journal is. Not here: when the sums are brought up to date (overview.rs).

use super::codes::{USER_CREATED, WITHDRAWAL_RETURNED};
use super::driver::{Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Cents, EntryKind};

/// One kind's sum of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySum {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Of the entries.
    pub kind: EntryKind,
    /// How many there were.
    pub entries: i64,
    /// Cents that they moved.
    pub amount: Cents,
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "day, kind, entries, amount";

impl Store {
    /// Adds at most `most` journal entries to the sums; true once all are in. Where another process adds them at the same
    /// time, one of them does and the other changes nothing.
    pub async fn add_to_day_sums(&self, book: BookId, most: i64) -> Result<bool, Failure> {
        let begin =
            "INSERT INTO day_sum_cursor (book, sequence) VALUES ($1, 0) ON CONFLICT (book) DO NOTHING";
        let place = "SELECT c.sequence, b.sequence FROM book b LEFT JOIN day_sum_cursor c ON c.book = b.id WHERE b.id = $1";
        let Some(row) = self.driver.query_one(place, vec![book.0.into()]).await? else { return Ok(true) };
        let (cursor, end) = (row.maybe_int(0)?, row.int(1)?);
        let from = cursor.unwrap_or(0);
        if from >= end {
            return Ok(true);
        }
        // The next so many entries, not numbers: a recovery leaves a gap of 2^40 numbers.
        let reached = "SELECT max(sequence) FROM (SELECT sequence FROM journal WHERE book = $1 AND sequence > $2 ORDER BY sequence LIMIT $3) AS next";
        let row = self.driver.query_one(reached, vec![book.0.into(), from.into(), most.into()]).await?;
        let to = row.map_or(Ok(None), |row| row.maybe_int(0))?.unwrap_or(end).min(end);
        // Only what people are given and what becomes of withdrawals: the largest deposits could not be added up.
        let sums = sql!(
            "SELECT at / 86400000000, kind, count(*), CAST(sum(amount) AS BIGINT) FROM journal WHERE book = $1 \
             AND sequence > $2 AND sequence <= $3 AND kind >= {USER_CREATED} AND kind <= {WITHDRAWAL_RETURNED} \
             GROUP BY at / 86400000000, kind"
        );
        let rows = self.driver.query(sums, vec![book.0.into(), from.into(), to.into()]).await?;
        let mut statements = Vec::with_capacity(rows.len() + 2);
        if cursor.is_none() {
            statements.push(Statement::new(begin, vec![book.0.into()]));
        }
        let advance = "UPDATE day_sum_cursor SET sequence = $1 WHERE book = $2 AND sequence = $3";
        statements.push(Statement::one(advance, vec![to.into(), book.0.into(), from.into()]));
        let add = "INSERT INTO day_sum (book, day, kind, entries, amount) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (book, day, kind) \
                   DO UPDATE SET entries = day_sum.entries + excluded.entries, amount = day_sum.amount + excluded.amount";
        for row in &rows {
            let (day, kind, entries, amount) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
            let values = vec![book.0.into(), day.into(), kind.into(), entries.into(), amount.into()];
            statements.push(Statement::one(add, values));
        }
        match self.driver.write(statements).await {
            Ok(()) => Ok(to == end),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// The sums from this day on, oldest first.
    pub async fn day_sums(&self, book: BookId, from: i64) -> Result<Vec<DaySum>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM day_sum WHERE book = $1 AND day >= $2 ORDER BY day, kind");
        let sum = |row: &super::Row| {
            let kind = EntryKind::from_code(row.int(1)?).context("there is no such entry kind")?;
            Ok(DaySum { day: row.int(0)?, kind, entries: row.int(2)?, amount: Cents(row.int(3)?) })
        };
        self.driver.query(sql, vec![book.0.into(), from.into()]).await?.iter().map(sum).collect()
    }
}
