//! Metadata of payouts and withdrawals. The teller writes those of payouts, with their entries; a business sets those of a
//! withdrawal afterwards.

use super::audit_log::{self, NewAuditEntry};
use super::driver::{Row, Statement, Value, WriteError};
use super::{Failure, Store};
use ledger::{BookId, Metadata};
use std::collections::BTreeMap;

/// Whose metadata: a payout's, by its user and the sequence of its entry; a withdrawal's, by its user and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetadataOf {
    /// User, sequence.
    Payout(i64, i64),
    /// User, number.
    Withdrawal(i64, i64),
}

impl MetadataOf {
    fn place(self) -> (i64, i64) {
        match self {
            Self::Payout(user, sequence) => (user, sequence),
            Self::Withdrawal(user, number) => (user, -number),
        }
    }
}

impl Store {
    /// The metadata of these; what has none is left out.
    pub async fn metadata(
        &self,
        book: BookId,
        of: Vec<MetadataOf>,
    ) -> Result<BTreeMap<MetadataOf, Metadata>, Failure> {
        let mut found = BTreeMap::new();
        if !self.has_metadata(book).await? {
            return Ok(found);
        }
        for of in of {
            let (user, sequence) = of.place();
            let sql =
                "SELECT name, value FROM metadata WHERE book = $1 AND payout_user = $2 AND sequence = $3";
            let rows = self.driver.query(sql, vec![book.0.into(), user.into(), sequence.into()]).await?;
            if !rows.is_empty() {
                found.insert(of, metadata(&rows)?);
            }
        }
        Ok(found)
    }

    /// The metadata of these users: of each one's newest payout that brought some.
    pub async fn metadata_of_users(
        &self,
        book: BookId,
        users: Vec<i64>,
    ) -> Result<BTreeMap<i64, Metadata>, Failure> {
        let mut found = BTreeMap::new();
        if !self.has_metadata(book).await? {
            return Ok(found);
        }
        for user in users {
            let sql = "SELECT name, value FROM metadata WHERE book = $1 AND payout_user = $2 AND sequence = \
                       (SELECT max(sequence) FROM metadata WHERE book = $1 AND payout_user = $2 AND sequence > 0)";
            let rows = self.driver.query(sql, vec![book.0.into(), user.into()]).await?;
            if !rows.is_empty() {
                found.insert(user, metadata(&rows)?);
            }
        }
        Ok(found)
    }

    /// Most businesses use none: one look-up spares a look-up per item.
    async fn has_metadata(&self, book: BookId) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM metadata WHERE book = $1 LIMIT 1";
        Ok(self.driver.query_one(sql, vec![book.0.into()]).await?.is_some())
    }

    /// Sets a withdrawal's metadata in place of those before, with the audit log entry that tells of it.
    pub async fn set_withdrawal_metadata(
        &self,
        book: BookId,
        (user, number): (i64, i64),
        metadata: &Metadata,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let place = || -> [Value; 3] { [book.0.into(), user.into(), (-number).into()] };
        let sql = "DELETE FROM metadata WHERE book = $1 AND payout_user = $2 AND sequence = $3";
        let mut statements = vec![Statement::new(sql, place().to_vec())];
        for (name, value) in metadata.pairs() {
            let sql =
                "INSERT INTO metadata (book, payout_user, sequence, name, value) VALUES ($1, $2, $3, $4, $5)";
            let values = place().into_iter().chain([name.as_str().into(), value.as_str().into()]);
            statements.push(Statement::one(sql, values.collect()));
        }
        statements.push(audit_log::note(entry));
        self.driver.write(statements).await
    }
}

fn metadata(rows: &[Row]) -> Result<Metadata, Failure> {
    let pair = |row: &Row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    Ok(Metadata::from_stored(rows.iter().map(pair).collect::<Result<_, Failure>>()?))
}
