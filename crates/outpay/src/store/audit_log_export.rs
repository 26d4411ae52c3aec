//! The audit log as it is exported: every row of a business with its digest and the one before it in the chain, so that it can
//! be verified outside. Not here: how a row is linked (audit_log_chain.rs).

use super::audit_log_chain::{LogDigest, digest_of};
use super::driver::Row;
use super::sql::sql;
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros};

/// A row with its place in the chain, which is one over all businesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedEntry {
    pub number: i64,
    pub business: i64,
    /// `None` for the business as a whole, which is digested as 0.
    pub book: Option<BookId>,
    pub at: Micros,
    pub actor: Actor,
    pub action: String,
    pub subject: String,
    pub detail: String,
    /// Of the row before it, of whichever business; zeros before the first.
    pub previous: LogDigest,
    pub digest: LogDigest,
}

impl Store {
    /// A business's entries after `after`, oldest first: of all its books, or of one and the business as a whole.
    pub async fn exported_entries(
        &self,
        business: i64,
        book: Option<BookId>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ExportedEntry>, Failure> {
        let sql = sql!(
            "SELECT l.number, l.business, l.book, l.at, l.actor, l.action, l.subject, l.detail, l.digest, \
             (SELECT b.digest FROM audit_log b WHERE b.number < l.number ORDER BY b.number DESC LIMIT 1) FROM audit_log l \
             WHERE l.business = $1 AND l.number > $2 AND (CAST($3 AS BIGINT) = 0 OR l.book IN (0, CAST($3 AS BIGINT))) ORDER BY l.number LIMIT $4"
        );
        let book = book.map_or(0, |book| book.0);
        let values = vec![business.into(), after.into(), book.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Result<ExportedEntry, Failure> {
    let before = row.maybe_bytes(9)?.map(|_| digest_of(row, 9)).transpose()?;
    Ok(ExportedEntry {
        number: row.int(0)?,
        business: row.int(1)?,
        book: Some(row.int(2)?).filter(|book| *book != 0).map(BookId),
        at: row.int(3)?,
        actor: Actor(row.int(4)?),
        action: row.text(5)?.to_owned(),
        subject: row.text(6)?.to_owned(),
        detail: row.text(7)?.to_owned(),
        previous: before.unwrap_or_default(),
        digest: digest_of(row, 8)?,
    })
}
