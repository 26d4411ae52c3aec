//! One frozen view of the whole database for the audit, while the platform goes on writing.

use super::codes::{PAYOUT_HASH, USER_CREATED};
use super::driver::{Driver, Row, Value};
use super::journal;
use super::journal::{StoredEntry, entry, salt};
use super::sql::{of, sql};
use super::withdrawals::{COLUMNS, WITHDRAWAL, withdrawal};
use super::{Failure, Store, postgres, sqlite};
use anyhow::Context;
use ledger::CredentialDigest;
use ledger::{Account, AccountId, BookHead, BookId, Cents, EntryKind, HashSalt, Withdrawal};

/// A read-only transaction that sees one moment.
pub enum Snapshot {
    /// A connection with an open read transaction.
    Sqlite(rusqlite::Connection),
    /// A connection with an open REPEATABLE READ transaction.
    Postgres(deadpool_postgres::ClientWrapper),
}

/// A book as it is stored.
#[derive(Clone, Debug)]
pub struct AuditBook {
    pub id: BookId,
    /// Where it stands.
    pub head: BookHead,
    pub business: String,
}

/// An account as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct AuditAccount {
    pub id: AccountId,
    /// Balance and newest entry.
    pub account: Account,
}

/// A user as it is stored, with what the credential under `digest` says.
#[derive(Clone, Debug)]
pub struct AuditUser {
    pub number: i64,
    /// 1 for active.
    pub active: bool,
    pub generation: i64,
    /// Of the hash.
    pub salt: HashSalt,
}

/// A stored credential of a payout user's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCredential {
    /// Under which it is looked up.
    pub digest: CredentialDigest,
    pub book: BookId,
    pub user: i64,
    /// Does it authenticate?
    pub active: bool,
}

impl Store {
    /// Opens a view of this moment.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        match &self.driver {
            Driver::Sqlite(sqlite) => {
                let connection = sqlite.reader()?;
                connection.execute_batch("BEGIN; SELECT count(*) FROM book;")?;
                Ok(Snapshot::Sqlite(connection))
            }
            Driver::Postgres(postgres) => {
                // Taken out of the pool for good: its transaction must not meet the next borrower.
                let connection = deadpool_postgres::Object::take(postgres.connection().await?);
                connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                connection.query("SELECT count(*) FROM book", &[]).await?;
                Ok(Snapshot::Postgres(connection))
            }
        }
    }
}

impl Snapshot {
    pub(super) async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::query(connection, sql, &params),
            Self::Postgres(connection) => postgres::query(connection, sql, &params).await,
        }
    }

    pub async fn books(&self) -> Result<Vec<AuditBook>, Failure> {
        let sql = "SELECT b.id, b.sequence, b.chain, b.users, s.name, b.withdrawals FROM book b JOIN business s ON s.number = b.business ORDER BY b.id";
        let rows = self.query(sql, Vec::new()).await?;
        let book = |row: &Row| {
            let chain = row.bytes(2)?.try_into().context("a chain digest has 32 bytes")?;
            let head =
                BookHead { sequence: row.int(1)?, chain, users: row.int(3)?, withdrawals: row.int(5)? };
            Ok(AuditBook { id: BookId(row.int(0)?), head, business: row.text(4)?.to_owned() })
        };
        rows.iter().map(book).collect()
    }

    /// A book's entries after `after`, in sequence, at most `limit`; each with the payee that its digest covers (the
    /// address of the user, or the order of the withdrawal, that it creates), empty for none.
    pub async fn entries(
        &self,
        book: BookId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(StoredEntry, String)>, Failure> {
        let sql = sql!(
            "SELECT {columns}, u.email FROM journal j LEFT JOIN payout_user u ON j.kind = {USER_CREATED} \
             AND u.book = j.book AND u.number = j.payout_user WHERE j.book = $1 AND j.sequence > $2 \
             ORDER BY j.sequence LIMIT $3",
            columns = of("j", journal::COLUMNS)
        );
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let stored = entry(row)?;
            let payee = match stored.entry.kind {
                EntryKind::WithdrawalCreated => self.order_text(book, stored.entry.withdrawal).await?,
                _ => row.maybe_text(15)?.unwrap_or_default().to_owned(),
            };
            entries.push((stored, payee));
        }
        Ok(entries)
    }

    async fn order_text(&self, book: BookId, number: i64) -> Result<String, Failure> {
        let rows = self.query(&WITHDRAWAL, vec![book.0.into(), number.into()]).await?;
        rows.first().map_or(Ok(String::new()), |row| Ok(withdrawal(row)?.order_text()))
    }

    /// A book's withdrawals above `after` by number, at most `limit`.
    pub async fn withdrawals(
        &self,
        book: BookId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Withdrawal>, Failure> {
        let sql =
            sql!("SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number > $2 ORDER BY number LIMIT $3");
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        rows.iter().map(withdrawal).collect()
    }

    /// A book's accounts above `after` by number, at most `limit`.
    pub async fn accounts(&self, book: BookId, after: i64, limit: i64) -> Result<Vec<AuditAccount>, Failure> {
        let sql = "SELECT id, balance, head FROM account WHERE book = $1 AND id > $2 ORDER BY id LIMIT $3";
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        let account = |row: &Row| {
            let account = Account { balance: Cents(row.int(1)?), head: row.int(2)? };
            Ok(AuditAccount { id: AccountId(row.int(0)?), account })
        };
        rows.iter().map(account).collect()
    }

    /// A book's users above `after` by number, at most `limit`.
    pub async fn users(&self, book: BookId, after: i64, limit: i64) -> Result<Vec<AuditUser>, Failure> {
        let sql = "SELECT number, status, generation, salt FROM payout_user WHERE book = $1 AND number > $2 ORDER BY number LIMIT $3";
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        let user = |row: &Row| {
            let (number, active) = (row.int(0)?, row.int(1)? == 1);
            Ok(AuditUser { number, active, generation: row.int(2)?, salt: salt(row.bytes(3)?)? })
        };
        rows.iter().map(user).collect()
    }

    /// All credentials of users' hashes with a digest above `after` (empty to begin with), at most `limit`, by digest.
    pub async fn hash_credentials(&self, after: &[u8], limit: i64) -> Result<Vec<HashCredential>, Failure> {
        let sql = sql!(
            "SELECT digest, book, subject, active FROM credential WHERE kind = {PAYOUT_HASH} AND digest > $1 \
             ORDER BY digest LIMIT $2"
        );
        let rows = self.query(sql, vec![after.into(), limit.into()]).await?;
        let credential = |row: &Row| {
            Ok(HashCredential {
                digest: row.bytes(0)?.try_into().context("a credential digest has 32 bytes")?,
                book: BookId(row.int(1)?),
                user: row.int(2)?,
                active: row.int(3)? == 1,
            })
        };
        rows.iter().map(credential).collect()
    }
}
