//! What happened on each day, by kind of entry and accounts: summed up from the journal behind a cursor, so that a chart or a
//! statement costs the same however long the journal is. Beside the sums stand marks: main and payout balance every 1,024 numbers.
//! Not here: when the sums are brought up to date (overview.rs), what a statement makes of them (statement.rs).
//!
//! Invariant: sums, marks and cursor change in one transaction, so they always tell of the same entries.

use super::driver::{Row, Statement, Value, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{AccountId, BookId, Cents, EntryKind};
use std::ops::Range;

/// All payout users together, where sums name an account.
pub const PEOPLE: AccountId = AccountId(1);
/// Numbers from one mark of the balances to the next.
const BUCKET: i64 = 1_024;
const MAIN: i64 = AccountId::MAIN.0;
const PAYOUT: i64 = AccountId::PAYOUT.0;
/// A sum of amounts is kept as high * PART + low.
const PART: i64 = 1_000_000_000;
/// The columns of an entry by which sums are made: its accounts, with one number for all people.
const ACCOUNTS: &str =
    "CASE WHEN debit > 0 THEN 1 ELSE debit END, CASE WHEN credit > 0 THEN 1 ELSE credit END";

/// A sum of entries of one kind between the same accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneySum {
    /// Of the entries.
    pub kind: EntryKind,
    /// Where the money came from: a house account, or [`PEOPLE`]; 0 where none moved.
    pub debit: AccountId,
    /// Where it went.
    pub credit: AccountId,
    /// How many entries there were.
    pub entries: i64,
    /// Cents that they moved. Wider than a balance: money that goes to and fro is counted each time.
    pub amount: i128,
}

/// The sums of a book before some days, on them, and after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodSums {
    pub before: Vec<MoneySum>,
    pub within: Vec<MoneySum>,
    pub after: Vec<MoneySum>,
}

/// The balances of a book's own accounts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HouseBalances {
    /// The book's newest entry then.
    pub sequence: i64,
    /// Those accounts that were ever used.
    pub balances: Vec<(AccountId, Cents)>,
}

impl Store {
    /// Adds at most `most` journal entries to the sums; true once all are in. Where another process adds them at the same
    /// time, one of them does and the other changes nothing.
    pub async fn add_to_day_sums(&self, book: BookId, most: i64) -> Result<bool, Failure> {
        let place = "SELECT c.sequence, b.sequence, coalesce(c.main, 0), coalesce(c.payout, 0) FROM book b \
                     LEFT JOIN day_sum_cursor c ON c.book = b.id WHERE b.id = $1";
        let Some(row) = self.driver.query_one(place, vec![book.0.into()]).await? else { return Ok(true) };
        let (cursor, end, balances) = (row.maybe_int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?]);
        let from = cursor.unwrap_or(0);
        if from >= end {
            return Ok(true);
        }
        // The next so many entries, not numbers: a recovery leaves a gap of 2^40 numbers.
        let reached = "SELECT max(sequence) FROM (SELECT sequence FROM journal WHERE book = $1 AND sequence > $2 ORDER BY sequence LIMIT $3) AS next";
        let row = self.driver.query_one(reached, vec![book.0.into(), from.into(), most.into()]).await?;
        let to = row.map_or(Ok(None), |row| row.maybe_int(0))?.unwrap_or(end).min(end);
        let mut statements = Vec::new();
        if cursor.is_none() {
            let begin =
                "INSERT INTO day_sum_cursor (book, sequence) VALUES ($1, 0) ON CONFLICT (book) DO NOTHING";
            statements.push(Statement::new(begin, vec![book.0.into()]));
        }
        let advance = "UPDATE day_sum_cursor SET sequence = $1 WHERE book = $2 AND sequence = $3";
        statements.push(Statement::one(advance, vec![to.into(), book.0.into(), from.into()]));
        statements.extend(self.sums_to_add(book, from, to).await?);
        statements.extend(self.marks_to_add(book, (from, to), balances).await?);
        match self.driver.write(statements).await {
            Ok(()) => Ok(to == end),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Statements that add the entries after `from` up to `to` to the sums.
    async fn sums_to_add(&self, book: BookId, from: i64, to: i64) -> Result<Vec<Statement>, Failure> {
        let sums = sql!(
            "SELECT at / 86400000000, kind, {ACCOUNTS}, count(*), CAST(sum(amount / {PART}) AS BIGINT), \
             CAST(sum(amount % {PART}) AS BIGINT), min(sequence), max(sequence) FROM journal WHERE book = $1 \
             AND sequence > $2 AND sequence <= $3 GROUP BY 1, 2, 3, 4"
        );
        let add = "INSERT INTO day_sum (book, day, kind, debit, credit, entries, high, low, first_sequence, last_sequence) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (book, day, kind, debit, credit) DO UPDATE \
                   SET entries = day_sum.entries + excluded.entries, high = day_sum.high + excluded.high, \
                   low = day_sum.low + excluded.low, last_sequence = excluded.last_sequence";
        let rows = self.driver.query(sums, vec![book.0.into(), from.into(), to.into()]).await?;
        let statement = |row: &Row| {
            let mut values = vec![Value::from(book.0)];
            for column in 0..9 {
                values.push(row.int(column)?.into());
            }
            Ok(Statement::one(add, values))
        };
        rows.iter().map(statement).collect()
    }

    /// Statements that mark the balances of the same entries, from the balances before them.
    async fn marks_to_add(
        &self,
        book: BookId,
        (from, to): (i64, i64),
        [mut main, mut payout]: [i64; 2],
    ) -> Result<Vec<Statement>, Failure> {
        let nets = sql!(
            "SELECT sequence / {BUCKET}, \
             CAST(sum(CASE WHEN credit = {MAIN} THEN amount WHEN debit = {MAIN} THEN -amount ELSE 0 END) AS BIGINT), \
             CAST(sum(CASE WHEN credit = {PAYOUT} THEN amount WHEN debit = {PAYOUT} THEN -amount ELSE 0 END) AS BIGINT) \
             FROM journal WHERE book = $1 AND sequence > $2 AND sequence <= $3 GROUP BY 1 ORDER BY 1"
        );
        // A bucket that an earlier portion began has its mark.
        let mark = "INSERT INTO balance_mark (book, bucket, main, payout) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (book, bucket) DO NOTHING";
        let mut statements = Vec::new();
        for row in self.driver.query(nets, vec![book.0.into(), from.into(), to.into()]).await? {
            let values = vec![book.0.into(), row.int(0)?.into(), main.into(), payout.into()];
            statements.push(Statement::new(mark, values));
            let plus = |balance: i64, net: i64| balance.checked_add(net).context("a balance does not fit");
            (main, payout) = (plus(main, row.int(1)?)?, plus(payout, row.int(2)?)?);
        }
        let sql = "UPDATE day_sum_cursor SET main = $1, payout = $2 WHERE book = $3";
        statements.push(Statement::one(sql, vec![main.into(), payout.into(), book.0.into()]));
        Ok(statements)
    }

    /// What moved money on these days, each sum with its day, oldest first.
    pub async fn day_sums(&self, book: BookId, days: Range<i64>) -> Result<Vec<(i64, MoneySum)>, Failure> {
        let sql = "SELECT kind, debit, credit, entries, high, low, day FROM day_sum WHERE book = $1 AND day >= $2 AND day < $3 \
                   AND debit <> 0 ORDER BY day, kind, debit, credit";
        let rows = self.driver.query(sql, vec![book.0.into(), days.start.into(), days.end.into()]).await?;
        rows.iter().map(|row| Ok((row.int(6)?, money_sum(row)?))).collect()
    }

    /// The sums of all these days together.
    pub async fn totals(&self, book: BookId, days: Range<i64>) -> Result<Vec<MoneySum>, Failure> {
        let sql = "SELECT kind, debit, credit, CAST(sum(entries) AS BIGINT), CAST(sum(high) AS BIGINT), CAST(sum(low) AS BIGINT) \
                   FROM day_sum WHERE book = $1 AND day >= $2 AND day < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let rows = self.driver.query(sql, vec![book.0.into(), days.start.into(), days.end.into()]).await?;
        rows.iter().map(money_sum).collect()
    }

    /// The last entry that is in the sums, and the sums of these days and of those before and after them.
    pub async fn period_sums(&self, book: BookId, days: Range<i64>) -> Result<(i64, PeriodSums), Failure> {
        // The cursor comes from the same statement as the sums, so that they tell of the same entries.
        let sql = "SELECT s.kind, s.debit, s.credit, CAST(sum(s.entries) AS BIGINT), CAST(sum(s.high) AS BIGINT), \
                   CAST(sum(s.low) AS BIGINT), CASE WHEN s.day < $1 THEN 0 WHEN s.day < $2 THEN 1 ELSE 2 END, c.sequence \
                   FROM day_sum_cursor c JOIN day_sum s ON s.book = c.book WHERE c.book = $3 GROUP BY 1, 2, 3, 7, 8 ORDER BY 7, 1, 2, 3";
        let rows = self.driver.query(sql, vec![days.start.into(), days.end.into(), book.0.into()]).await?;
        let cursor = rows.first().map_or(Ok(0), |row| row.int(7))?;
        Ok((cursor, by_period(&rows)?))
    }

    /// The same from the journal, of the entries after `after` up to `to`.
    pub async fn unsummed(
        &self,
        book: BookId,
        (after, to): (i64, i64),
        days: Range<i64>,
    ) -> Result<PeriodSums, Failure> {
        if after >= to {
            return Ok(PeriodSums::default());
        }
        let sql = sql!(
            "SELECT kind, {ACCOUNTS}, count(*), CAST(sum(amount / {PART}) AS BIGINT), CAST(sum(amount % {PART}) AS BIGINT), \
             CASE WHEN at / 86400000000 < $1 THEN 0 WHEN at / 86400000000 < $2 THEN 1 ELSE 2 END FROM journal \
             WHERE book = $3 AND sequence > $4 AND sequence <= $5 GROUP BY 1, 2, 3, 7 ORDER BY 7, 1, 2, 3"
        );
        let values = vec![days.start.into(), days.end.into(), book.0.into(), after.into(), to.into()];
        by_period(&self.driver.query(sql, values).await?)
    }

    /// The first and the last entry of these days that is in the sums, and the last of all that are.
    pub async fn sequences_of_days(
        &self,
        book: BookId,
        days: Range<i64>,
    ) -> Result<(Option<(i64, i64)>, i64), Failure> {
        let sql = "SELECT (SELECT min(s.first_sequence) FROM day_sum s WHERE s.book = $1 AND s.day >= $2 AND s.day < $3), \
                   (SELECT max(s.last_sequence) FROM day_sum s WHERE s.book = $1 AND s.day >= $2 AND s.day < $3), \
                   (SELECT c.sequence FROM day_sum_cursor c WHERE c.book = $1)";
        let values = vec![book.0.into(), days.start.into(), days.end.into()];
        let Some(row) = self.driver.query_one(sql, values).await? else { return Ok((None, 0)) };
        let found = row.maybe_int(0)?.zip(row.maybe_int(1)?);
        Ok((found, row.maybe_int(2)?.unwrap_or(0)))
    }

    /// The balances of a book's own accounts, all of one moment.
    pub async fn house_balances_of(&self, book: BookId) -> Result<HouseBalances, Failure> {
        let sql = "SELECT b.sequence, a.id, a.balance FROM book b LEFT JOIN account a ON a.book = b.id AND a.id < 0 \
                   WHERE b.id = $1 ORDER BY a.id";
        let rows = self.driver.query(sql, vec![book.0.into()]).await?;
        let mut found = HouseBalances::default();
        for row in &rows {
            found.sequence = row.int(0)?;
            if let (Some(id), Some(balance)) = (row.maybe_int(1)?, row.maybe_int(2)?) {
                found.balances.push((AccountId(id), Cents(balance)));
            }
        }
        Ok(found)
    }
}

fn by_period(rows: &[Row]) -> Result<PeriodSums, Failure> {
    let mut sums = PeriodSums::default();
    for row in rows {
        let period = match row.int(6)? {
            0 => &mut sums.before,
            1 => &mut sums.within,
            _ => &mut sums.after,
        };
        period.push(money_sum(row)?);
    }
    Ok(sums)
}

fn money_sum(row: &Row) -> Result<MoneySum, Failure> {
    Ok(MoneySum {
        kind: EntryKind::from_code(row.int(0)?).context("there is no such entry kind")?,
        debit: AccountId(row.int(1)?),
        credit: AccountId(row.int(2)?),
        entries: row.int(3)?,
        amount: i128::from(row.int(4)?) * i128::from(PART) + i128::from(row.int(5)?),
    })
}
