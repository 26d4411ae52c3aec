//! The hash chain over the audit log: one chain for all businesses, in the order in which rows were written. The driver
//! extends it in the transaction that writes the rows. Not here: what is written (audit_log.rs), who compares (audit/).
//!
//! The digested bytes, so that an auditor can be written without this code: SHA-256 over the previous digest (32 bytes;
//! zeros before the first), then as 8-byte big-endian two's complement numbers: number, business, book, at, actor; then
//! action, subject and detail, each as its length in bytes (8 bytes, big-endian) and its UTF-8 bytes.

use super::driver::{Row, Statement, Value};
use super::sql::sql;
use super::{Failure, Snapshot};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// One link: 32 bytes.
pub type LogDigest = [u8; 32];

/// Rows linked in one round; a transaction writes a few, and only a database from before the chain has more.
const ROUND: usize = 1_000;

/// The newest row and its digest.
pub(super) const HEAD: &str = "SELECT number, digest FROM audit_log_head WHERE one = 1";

/// The same on PostgreSQL: held until the transaction ends, so that numbers rise in the order of commits.
pub(super) const LOCKED_HEAD: &str = "SELECT number, digest FROM audit_log_head WHERE one = 1 FOR UPDATE";

/// `$1` the newest linked row: those after it, at most [`ROUND`].
pub(super) static UNLINKED: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM audit_log WHERE number > $1 ORDER BY number LIMIT 1000"));

/// The newest linked row and the digest that the next one follows.
pub(super) struct LogHead {
    pub(super) number: i64,
    digest: LogDigest,
}

impl LogHead {
    /// From the row of [`HEAD`]; without one the database is not what the migrations made.
    pub(super) fn of(row: Option<&Row>) -> Result<Self, Failure> {
        let row = row.context("the audit log has no head")?;
        Ok(Self { number: row.int(0)?, digest: digest_of(row, 1)? })
    }

    /// Links the rows of [`UNLINKED`] to this head and goes on to the last of them. What to write, and whether there may
    /// be more.
    pub(super) fn extend(&mut self, rows: &[Row]) -> Result<(Vec<Statement>, bool), Failure> {
        let mut statements = Vec::with_capacity(rows.len() + 1);
        for row in rows {
            self.digest = link(&self.digest, row)?;
            self.number = row.int(0)?;
            let values: Vec<Value> = vec![self.digest.as_slice().into(), self.number.into()];
            statements.push(Statement::one("UPDATE audit_log SET digest = $1 WHERE number = $2", values));
        }
        if !rows.is_empty() {
            let values: Vec<Value> = vec![self.number.into(), self.digest.as_slice().into()];
            let sql = "UPDATE audit_log_head SET number = $1, digest = $2 WHERE one = 1";
            statements.push(Statement::one(sql, values));
        }
        Ok((statements, rows.len() == ROUND))
    }
}

/// A row of the audit log as an audit sees it.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Rises with every row; a number may be left out.
    pub number: i64,
    /// As stored.
    pub digest: Option<LogDigest>,
    row: Row,
}

impl LogRow {
    /// The digest that it must have behind a row with this one.
    ///
    /// # Errors
    /// When the row is not what the migrations made.
    pub fn following(&self, previous: &LogDigest) -> Result<LogDigest, Failure> {
        link(previous, &self.row)
    }
}

/// The columns that `row` reads, in its order.
const COLUMNS: &str = "number, business, book, at, actor, action, subject, detail";

impl Snapshot {
    /// Rows of the audit log after `after`, at most `limit`.
    pub async fn log_rows(&self, after: i64, limit: i64) -> Result<Vec<LogRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS}, digest FROM audit_log WHERE number > $1 ORDER BY number LIMIT $2");
        let rows = self.query(sql, vec![after.into(), limit.into()]).await?;
        let row = |row: Row| {
            let digest = row.maybe_bytes(8)?.map(|_| digest_of(&row, 8)).transpose()?;
            Ok(LogRow { number: row.int(0)?, digest, row })
        };
        rows.into_iter().map(row).collect()
    }

    /// The newest row of the audit log and its digest, as its head says.
    pub async fn log_head(&self) -> Result<(i64, LogDigest), Failure> {
        let head = LogHead::of(self.query(HEAD, Vec::new()).await?.first())?;
        Ok((head.number, head.digest))
    }

    /// The number that the newest epoch began behind: rows above what is there and up to it were lost before a recovery.
    pub async fn log_floor(&self) -> Result<i64, Failure> {
        let rows = self.query("SELECT coalesce(max(floor), 0) FROM epoch", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }
}

/// The digest of a row (number, business, book, at, actor, action, subject, detail) that follows `previous`.
pub(super) fn link(previous: &LogDigest, row: &Row) -> Result<LogDigest, Failure> {
    let mut digest = Sha256::new();
    digest.update(previous);
    for column in 0..5 {
        digest.update(row.int(column)?.to_be_bytes());
    }
    for column in 5..8 {
        let text = row.text(column)?;
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    Ok(digest.finalize().into())
}

pub(super) fn digest_of(row: &Row, column: usize) -> Result<LogDigest, Failure> {
    row.bytes(column)?.try_into().context("a digest of the audit log has 32 bytes")
}
