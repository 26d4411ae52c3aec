//! Where the chains stand: the books' journals, and the audit log under a number that no book has. Read to sign heads, and
//! to compare signed ones. Not here: what a digest covers (the ledger; audit_log_chain.rs).

use super::driver::Row;
use super::{Failure, Snapshot, Store};
use crate::chain_head::{AUDIT_LOG, Head};
use anyhow::Context;

const HEADS: &str = "SELECT CAST(0 AS BIGINT), number, digest FROM audit_log_head WHERE one = 1 AND number > 0 \
     UNION ALL SELECT b.id, b.sequence, j.chain FROM book b JOIN journal j ON j.book = b.id AND j.sequence = b.sequence ORDER BY 1";
const IN_JOURNAL: &str = "SELECT chain FROM journal WHERE book = $1 AND sequence = $2";
const IN_LOG: &str =
    "SELECT digest FROM audit_log WHERE CAST($1 AS BIGINT) = 0 AND number = $2 AND digest IS NOT NULL";

impl Store {
    /// A number that changes with every entry of every chain, by one each: epochs do not count.
    pub async fn chain_entries(&self) -> Result<i64, Failure> {
        let sql = "SELECT CAST((SELECT coalesce(sum(sequence & 1099511627775), 0) FROM book) + \
                   (SELECT coalesce(sum(number & 1099511627775), 0) FROM audit_log_head) AS BIGINT)";
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// The heads of all chains that have entries: the audit log first, then the books.
    pub async fn chain_heads(&self) -> Result<Vec<Head>, Failure> {
        self.driver.query(HEADS, Vec::new()).await?.iter().map(head).collect()
    }

    /// The digest of a chain's entry; `None` where there is no such entry.
    pub async fn digest_at(&self, book: i64, sequence: i64) -> Result<Option<[u8; 32]>, Failure> {
        let row = self.driver.query_one(digest_of(book), vec![book.into(), sequence.into()]).await?;
        row.as_ref().map(|row| digest(row, 0)).transpose()
    }
}

impl Snapshot {
    /// The heads of all chains that have entries: the audit log first, then the books.
    pub async fn chain_heads(&self) -> Result<Vec<Head>, Failure> {
        self.query(HEADS, Vec::new()).await?.iter().map(head).collect()
    }

    /// The digest of a chain's entry; `None` where there is no such entry.
    pub async fn digest_at(&self, book: i64, sequence: i64) -> Result<Option<[u8; 32]>, Failure> {
        let rows = self.query(digest_of(book), vec![book.into(), sequence.into()]).await?;
        rows.first().map(|row| digest(row, 0)).transpose()
    }
}

fn digest_of(book: i64) -> &'static str {
    if book == AUDIT_LOG { IN_LOG } else { IN_JOURNAL }
}

fn head(row: &Row) -> Result<Head, Failure> {
    Ok(Head { book: row.int(0)?, sequence: row.int(1)?, digest: digest(row, 2)? })
}

fn digest(row: &Row, column: usize) -> Result<[u8; 32], Failure> {
    row.bytes(column)?.try_into().context("a digest has 32 bytes")
}
