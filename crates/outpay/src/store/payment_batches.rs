//! Payment batches: payments by hand, grouped into files. A batch is written with its lines, its file and its audit entry in one
//! transaction, or not at all. What has become of a line is not kept here: it is the state of its withdrawal, which the teller
//! writes, so the two can never differ. Not here: what is in a file (batches/).
//!
//! Invariant: a payment is in one live batch (a unique index), and a file is given out only while each of its payments is open and may
//! leave.

use super::audit_log::{self, NewAuditEntry};
use super::codes::{BATCH_APPROVED, BATCH_DISSOLVED, BATCH_WAITING, WITHDRAWAL_QUEUED, WITHDRAWAL_SENDING};
use super::driver::{Row, Statement, WriteError};
use super::epoch::Floor;
use super::pauses::STOP_OF;
use super::sql::{of, sql};
use super::states::BatchState;
use super::withdrawals::{self, withdrawal};
use super::{Failure, Store};
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Micros, Withdrawal};

/// A batch as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentBatch {
    /// 1, 2, … in the book.
    pub number: i64,
    pub method: String,
    pub state: BatchState,
    pub currency: String,
    /// Billionths of the currency per US dollar.
    pub rate: i64,
    pub payments: i64,
    /// Cents of all payments.
    pub total: Cents,
    /// The same in the smallest unit of the currency: the sum of the lines.
    pub converted: i64,
    /// SHA-256 of the file; `None` where none was kept.
    pub digest: Option<[u8; 32]>,
    pub made_by: Actor,
    pub made_at: Micros,
    pub checked_by: Option<Actor>,
    pub checked_at: Option<Micros>,
    /// How often its file was given out, and when last.
    pub downloads: i64,
    pub downloaded_at: Option<Micros>,
    /// Who dissolved it.
    pub ended_by: Option<Actor>,
    pub ended_at: Option<Micros>,
    /// Why it was dissolved, or how one can see that it was not sent.
    pub proof: String,
}

/// A payment of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchLine {
    pub batch: i64,
    /// 1, 2, … in the order of the file.
    pub line: i64,
    /// Cents.
    pub amount: Cents,
    /// In the smallest unit of the batch's currency.
    pub converted: i64,
    /// False once the batch was dissolved with the payment still open.
    pub live: bool,
    pub withdrawal: Withdrawal,
}

/// How many lines of a batch are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCount {
    pub batch: i64,
    pub live: bool,
    pub state: ledger::WithdrawalState,
    pub lines: i64,
    /// When the newest of these withdrawals changed.
    pub changed_at: Micros,
}

/// The file of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatchFile {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Which batches to list.
#[derive(Clone, Debug, Default)]
pub struct BatchFilter {
    pub method: Option<String>,
    /// Only batches with a smaller number, for the next page.
    pub below: Option<i64>,
}

/// The columns that `batch` reads, in its order.
pub(super) const COLUMNS: &str = "number, method, state, currency, rate, payments, total, converted, digest, made_by, made_at, checked_by, checked_at, \
    downloads, downloaded_at, ended_by, ended_at, proof";

/// Lines that may not leave: their payment has ended, or is stopped.
const HELD_BACK: &str = "SELECT 1 FROM payment_batch_line l JOIN withdrawal w ON w.book = l.book AND w.number = l.withdrawal \
    WHERE l.book = b.book AND l.batch = b.number AND l.live = 1";

impl Store {
    /// The number that the next batch of a book would have.
    pub async fn next_batch_number(&self, book: BookId) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(number), 0) FROM payment_batch WHERE book = $1";
        self.next_number(sql, vec![book.0.into()], Floor::Numbers).await
    }

    /// A method's payments that are queued or being sent, may leave, and are in no live batch; oldest first, at most `most`.
    pub async fn payments_without_batch(
        &self,
        book: BookId,
        method: &str,
        most: i64,
    ) -> Result<Vec<Withdrawal>, Failure> {
        let sql = sql!(
            "SELECT {columns} FROM withdrawal w WHERE w.book = $1 AND w.state IN ({WITHDRAWAL_QUEUED}, {WITHDRAWAL_SENDING}) \
             AND w.method = $2 AND NOT EXISTS (SELECT 1 FROM payment_batch_line l WHERE l.book = w.book AND l.withdrawal = w.number \
             AND l.live = 1) AND {stop} = 0 ORDER BY w.number LIMIT $3",
            columns = of("w", withdrawals::COLUMNS),
            stop = *STOP_OF
        );
        let values = vec![book.0.into(), method.into(), most.into()];
        self.driver.query(sql, values).await?.iter().map(withdrawal).collect()
    }

    /// Adds a batch of payments that are being sent, with its file.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when another batch has got its number or a payment of it in the meantime, or a payment has ended
    /// or was stopped; nothing was written then.
    pub async fn add_payment_batch(
        &self,
        book: BookId,
        new: &PaymentBatch,
        lines: &[(i64, Cents, i64)],
        file: &StoredBatchFile,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = sql!(
            "INSERT INTO payment_batch (book, number, method, state, currency, rate, payments, total, converted, digest, made_by, \
             made_at, downloads, proof) VALUES ($1, $2, $3, {BATCH_WAITING}, $4, $5, $6, $7, $8, $9, $10, $11, 0, '')"
        );
        let values = vec![
            book.0.into(),
            new.number.into(),
            new.method.as_str().into(),
            new.currency.as_str().into(),
            new.rate.into(),
            new.payments.into(),
            new.total.0.into(),
            new.converted.into(),
            new.digest.as_ref().map(<[u8; 32]>::as_slice).into(),
            new.made_by.0.into(),
            new.made_at.into(),
        ];
        let line = sql!(
            "INSERT INTO payment_batch_line (book, batch, line, withdrawal, amount, converted, live) \
             SELECT w.book, CAST($1 AS BIGINT), CAST($2 AS BIGINT), w.number, CAST($3 AS BIGINT), CAST($4 AS BIGINT), 1 \
             FROM withdrawal w WHERE w.book = $5 AND w.number = $6 AND w.state = {WITHDRAWAL_SENDING} AND {stop} = 0",
            stop = *STOP_OF
        );
        let mut statements = vec![Statement::one(sql, values)];
        for (at, (withdrawal, amount, converted)) in (1_i64..).zip(lines) {
            let place = [new.number.into(), at.into(), amount.0.into(), (*converted).into()];
            let values = place.into_iter().chain([book.0.into(), (*withdrawal).into()]).collect();
            statements.push(Statement::one(line, values));
        }
        let keep = "INSERT INTO payment_batch_file (book, batch, name, media_type, bytes) VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            book.0.into(),
            new.number.into(),
            file.name.as_str().into(),
            file.media_type.as_str().into(),
            file.bytes.as_slice().into(),
        ];
        statements.extend([Statement::one(keep, values), audit_log::note(entry)]);
        self.driver.write(statements).await
    }

    /// The batch with this number.
    pub async fn payment_batch(&self, book: BookId, number: i64) -> Result<Option<PaymentBatch>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM payment_batch WHERE book = $1 AND number = $2");
        self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?.as_ref().map(batch).transpose()
    }

    /// A book's batches, newest first, at most `limit`.
    pub async fn payment_batches(
        &self,
        book: BookId,
        filter: &BatchFilter,
        limit: i64,
    ) -> Result<Vec<PaymentBatch>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM payment_batch WHERE book = $1 AND number < $2 AND ($3 = '' OR method = $3) \
             ORDER BY number DESC LIMIT $4"
        );
        let method = filter.method.as_deref().unwrap_or_default();
        let below = filter.below.unwrap_or(i64::MAX);
        let values = vec![book.0.into(), below.into(), method.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(batch).collect()
    }

    /// How many lines of the batches between these two numbers are in which state.
    pub async fn payment_batch_counts(
        &self,
        book: BookId,
        (first, last): (i64, i64),
    ) -> Result<Vec<LineCount>, Failure> {
        let sql = "SELECT l.batch, l.live, w.state, count(*), max(w.changed_at) FROM payment_batch_line l \
                   JOIN withdrawal w ON w.book = l.book AND w.number = l.withdrawal \
                   WHERE l.book = $1 AND l.batch >= $2 AND l.batch <= $3 GROUP BY l.batch, l.live, w.state";
        let rows = self.driver.query(sql, vec![book.0.into(), first.into(), last.into()]).await?;
        let count = |row: &Row| {
            let state =
                ledger::WithdrawalState::from_code(row.int(2)?).context("no such withdrawal state")?;
            let (batch, live) = (row.int(0)?, row.int(1)? == 1);
            Ok(LineCount { batch, live, state, lines: row.int(3)?, changed_at: row.int(4)? })
        };
        rows.iter().map(count).collect()
    }

    /// The lines of a batch, in the order of its file.
    pub async fn payment_batch_lines(&self, book: BookId, number: i64) -> Result<Vec<BatchLine>, Failure> {
        let sql = sql!(
            "SELECT {columns}, l.batch, l.line, l.amount, l.converted, l.live FROM payment_batch_line l \
             JOIN withdrawal w ON w.book = l.book AND w.number = l.withdrawal WHERE l.book = $1 AND l.batch = $2 ORDER BY l.line",
            columns = of("w", withdrawals::COLUMNS)
        );
        self.driver.query(sql, vec![book.0.into(), number.into()]).await?.iter().map(line).collect()
    }

    /// The line of the live batch that a payment is in.
    pub async fn payment_batch_line_of(
        &self,
        book: BookId,
        withdrawal: i64,
    ) -> Result<Option<BatchLine>, Failure> {
        let sql = sql!(
            "SELECT {columns}, l.batch, l.line, l.amount, l.converted, l.live FROM payment_batch_line l \
             JOIN withdrawal w ON w.book = l.book AND w.number = l.withdrawal \
             WHERE l.book = $1 AND l.withdrawal = $2 AND l.live = 1",
            columns = of("w", withdrawals::COLUMNS)
        );
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        row.as_ref().map(line).transpose()
    }

    /// How many payments of a batch have ended, and how many are stopped: by a pause, or by a switch.
    pub async fn payment_batch_held_back(&self, book: BookId, number: i64) -> Result<(i64, i64), Failure> {
        let sql = sql!(
            "SELECT CAST(coalesce(sum(CASE WHEN w.state <> {WITHDRAWAL_SENDING} THEN 1 ELSE 0 END), 0) AS BIGINT), \
             CAST(coalesce(sum(CASE WHEN {stop} <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) \
             FROM payment_batch_line l JOIN withdrawal w ON w.book = l.book AND w.number = l.withdrawal \
             WHERE l.book = $1 AND l.batch = $2 AND l.live = 1",
            stop = *STOP_OF
        );
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// Approves a batch that waits, while all its payments are open and may leave. `false`: they do not, or it does not wait.
    pub async fn approve_payment_batch(
        &self,
        book: BookId,
        number: i64,
        (by, at): (Actor, Micros),
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE payment_batch AS b SET state = {BATCH_APPROVED}, checked_by = $1, checked_at = $2 \
             WHERE b.book = $3 AND b.number = $4 AND b.state = {BATCH_WAITING} \
             AND NOT EXISTS ({HELD_BACK} AND (w.state <> {WITHDRAWAL_SENDING} OR {stop} <> 0))",
            stop = *STOP_OF
        );
        let values = vec![by.0.into(), at.into(), book.0.into(), number.into()];
        self.touches_one(vec![Statement::one(sql, values), audit_log::note(entry)]).await
    }

    /// The file of a batch.
    pub async fn payment_batch_file(
        &self,
        book: BookId,
        number: i64,
    ) -> Result<Option<StoredBatchFile>, Failure> {
        let sql = "SELECT name, media_type, bytes FROM payment_batch_file WHERE book = $1 AND batch = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        let file = |row: Row| {
            let (name, media_type) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
            Ok(StoredBatchFile { name, media_type, bytes: row.bytes(2)?.to_vec() })
        };
        row.map(file).transpose()
    }

    /// Counts a download of an approved batch's file before it is given out, while all its payments are open and may leave. `false`: that
    /// is not so, or the batch was downloaded or dissolved meanwhile.
    pub async fn count_batch_download(
        &self,
        book: BookId,
        (number, seen): (i64, i64),
        at: Micros,
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE payment_batch AS b SET downloads = downloads + 1, downloaded_at = $1 \
             WHERE b.book = $2 AND b.number = $3 AND b.state = {BATCH_APPROVED} AND b.downloads = $4 \
             AND NOT EXISTS ({HELD_BACK} AND (w.state <> {WITHDRAWAL_SENDING} OR {stop} <> 0))",
            stop = *STOP_OF
        );
        let values = vec![at.into(), book.0.into(), number.into(), seen.into()];
        self.touches_one(vec![Statement::one(sql, values), audit_log::note(entry)]).await
    }

    /// Dissolves a batch as it was seen: its open payments are free for another batch. `false`: it was approved, downloaded or
    /// dissolved in the meantime.
    pub async fn dissolve_payment_batch(
        &self,
        book: BookId,
        seen: &PaymentBatch,
        (by, at, proof): (Actor, Micros, &str),
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE payment_batch SET state = {BATCH_DISSOLVED}, ended_by = $1, ended_at = $2, proof = $3 \
             WHERE book = $4 AND number = $5 AND state = $6 AND downloads = $7 AND state <> {BATCH_DISSOLVED}"
        );
        let values = vec![
            by.0.into(),
            at.into(),
            proof.into(),
            book.0.into(),
            seen.number.into(),
            (seen.state as i64).into(),
            seen.downloads.into(),
        ];
        let free = sql!(
            "UPDATE payment_batch_line SET live = 0 WHERE book = $1 AND batch = $2 AND EXISTS (SELECT 1 FROM withdrawal w \
             WHERE w.book = payment_batch_line.book AND w.number = payment_batch_line.withdrawal \
             AND w.state = {WITHDRAWAL_SENDING})"
        );
        let free = Statement::new(free, vec![book.0.into(), seen.number.into()]);
        self.touches_one(vec![Statement::one(sql, values), free, audit_log::note(entry)]).await
    }
}

pub(super) fn batch(row: &Row) -> Result<PaymentBatch, Failure> {
    let digest = row.maybe_bytes(8)?.map(<[u8; 32]>::try_from).transpose();
    Ok(PaymentBatch {
        number: row.int(0)?,
        method: row.text(1)?.to_owned(),
        state: BatchState::from_code(row.int(2)?).context("no such state of a batch")?,
        currency: row.text(3)?.to_owned(),
        rate: row.int(4)?,
        payments: row.int(5)?,
        total: Cents(row.int(6)?),
        converted: row.int(7)?,
        digest: digest.context("a SHA-256 digest has 32 bytes")?,
        made_by: Actor(row.int(9)?),
        made_at: row.int(10)?,
        checked_by: row.maybe_int(11)?.map(Actor),
        checked_at: row.maybe_int(12)?,
        downloads: row.int(13)?,
        downloaded_at: row.maybe_int(14)?,
        ended_by: row.maybe_int(15)?.map(Actor),
        ended_at: row.maybe_int(16)?,
        proof: row.text(17)?.to_owned(),
    })
}

/// A row of a withdrawal's columns, then those of its line.
fn line(row: &Row) -> Result<BatchLine, Failure> {
    Ok(BatchLine {
        batch: row.int(14)?,
        line: row.int(15)?,
        amount: Cents(row.int(16)?),
        converted: row.int(17)?,
        live: row.int(18)? == 1,
        withdrawal: withdrawal(row)?,
    })
}
