//! Tables beside the books, read for the audit: attempts and slots, remembered answers, gift cards, keys, cursors, rows
//! of books that do not exist. All of it inside the audit's one moment. Not here: what each must look like (audit/).

use super::codes::{CARD_GIVEN_OUT, PUBLIC_KEY, SECRET_KEY};
use super::driver::Row;
use super::sql::sql;
use super::{Failure, Snapshot, postgres, sqlite};
use anyhow::Context;
use ledger::{BookId, OnceKey};
use std::collections::HashMap;

/// Tables whose rows belong to a book, each with an index that the book leads.
const OF_BOOKS: [&str; 6] = ["journal", "account", "payout_user", "remembered", "withdrawal", "attempt"];

/// Strange rows that are told of each kind.
const MOST_STRANGE: i64 = 20;

/// An attempt as far as an audit compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditAttempt {
    /// Of which withdrawal.
    pub withdrawal: i64,
    /// 1, 2, … inside its withdrawal.
    pub number: i64,
    /// The rail's name.
    pub rail: String,
    /// The place in the rail's line.
    pub slot: i64,
}

impl Snapshot {
    /// A book's attempts after this withdrawal and number, at most `limit`.
    pub async fn attempts(
        &self,
        book: BookId,
        (withdrawal, number): (i64, i64),
        limit: i64,
    ) -> Result<Vec<AuditAttempt>, Failure> {
        let sql = "SELECT withdrawal, number, rail, slot FROM attempt WHERE book = $1 AND (withdrawal, number) > ($2, $3) \
                   ORDER BY withdrawal, number LIMIT $4";
        let values = vec![book.0.into(), withdrawal.into(), number.into(), limit.into()];
        let attempt = |row: &Row| {
            let (withdrawal, number, rail) = (row.int(0)?, row.int(1)?, row.text(2)?.to_owned());
            Ok(AuditAttempt { withdrawal, number, rail, slot: row.int(3)? })
        };
        self.query(sql, values).await?.iter().map(attempt).collect()
    }

    /// Rails and keys that more than one attempt has.
    pub async fn repeated_attempt_keys(&self) -> Result<Vec<(String, String)>, Failure> {
        let sql = "SELECT rail, key FROM attempt GROUP BY rail, key HAVING count(*) > 1 ORDER BY rail, key LIMIT $1";
        let rows = self.query(sql, vec![MOST_STRANGE.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
    }

    /// The next slot of every line.
    pub async fn next_slots(&self) -> Result<Vec<(String, i64)>, Failure> {
        let rows = self.query("SELECT rail, next FROM rail_slot ORDER BY rail", Vec::new()).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }

    /// A book's remembered answers with keys above `after` (empty to begin with), at most `limit`: key and outcome.
    pub async fn remembered(
        &self,
        book: BookId,
        after: &[u8],
        limit: i64,
    ) -> Result<Vec<(OnceKey, String)>, Failure> {
        let sql = "SELECT key, outcome FROM remembered WHERE book = $1 AND key > $2 ORDER BY key LIMIT $3";
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        rows.iter().map(remembered).collect()
    }

    /// What is remembered under these keys; one that is not remembered is left out.
    pub async fn remembered_under(
        &self,
        book: BookId,
        keys: &[OnceKey],
    ) -> Result<HashMap<OnceKey, String>, Failure> {
        let mut found = HashMap::with_capacity(keys.len());
        match self {
            Self::Sqlite(connection) => {
                let sql = "SELECT key, outcome FROM remembered WHERE book = $1 AND key = $2";
                for key in keys {
                    let rows = sqlite::query(connection, sql, &[book.0.into(), key.0.as_slice().into()])?;
                    found.extend(rows.first().map(remembered).transpose()?);
                }
            }
            Self::Postgres(connection) => {
                let sql = "SELECT key, outcome FROM remembered WHERE book = $1 AND key = ANY($2)";
                let keys: Vec<&[u8]> = keys.iter().map(|key| key.0.as_slice()).collect();
                for row in postgres::query_any(connection, sql, book.0, &keys).await? {
                    found.extend([remembered(&row)?]);
                }
            }
        }
        Ok(found)
    }

    /// Gift cards of a book with numbers above `after` that were given out, or say whose they are: number, state, withdrawal.
    pub async fn given_gift_cards(
        &self,
        book: BookId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, i64, Option<i64>)>, Failure> {
        let sql = sql!(
            "SELECT number, state, withdrawal FROM gift_card WHERE book = $1 AND number > $2 \
             AND (state = {CARD_GIVEN_OUT} OR withdrawal IS NOT NULL) ORDER BY number LIMIT $3"
        );
        let rows = self.query(sql, vec![book.0.into(), after.into(), limit.into()]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?, row.maybe_int(2)?))).collect()
    }

    /// Books whose webhooks, mails or sums of days have read further than their journal goes: which reader, and the book.
    pub async fn cursors_beyond(&self) -> Result<Vec<(String, BookId)>, Failure> {
        let sql = "SELECT CAST('webhooks' AS TEXT), b.id FROM webhook_endpoint c JOIN book b ON b.id = c.book WHERE c.cursor > b.sequence \
                   UNION ALL SELECT CAST('mails' AS TEXT), b.id FROM mail_choice c JOIN book b ON b.id = c.book WHERE c.cursor > b.sequence \
                   UNION ALL SELECT CAST('sums of days' AS TEXT), b.id FROM day_sum_cursor c JOIN book b ON b.id = c.book WHERE c.sequence > b.sequence \
                   ORDER BY 2, 1 LIMIT $1";
        let rows = self.query(sql, vec![MOST_STRANGE.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), BookId(row.int(1)?)))).collect()
    }

    /// Credentials of API keys that no key has as it is stored, or that outlive it: book and the key's number.
    pub async fn strange_key_credentials(&self) -> Result<Vec<(BookId, i64)>, Failure> {
        let sql = sql!(
            "SELECT c.book, c.subject FROM credential c LEFT JOIN api_key k ON k.number = c.subject \
             AND k.digest = c.digest AND k.book = c.book AND k.kind = c.kind WHERE c.kind IN ({SECRET_KEY}, {PUBLIC_KEY}) \
             AND (k.number IS NULL OR (c.active = 1 \
             AND k.revoked_at IS NOT NULL) OR coalesce(c.expires_at, -1) <> coalesce(k.expires_at, -1)) \
             ORDER BY c.book, c.subject LIMIT $1"
        );
        let rows = self.query(sql, vec![MOST_STRANGE.into()]).await?;
        rows.iter().map(|row| Ok((BookId(row.int(0)?), row.int(1)?))).collect()
    }

    /// Tables with rows of books that do not exist, and one such book each. Goes from book to book along the index.
    pub async fn strays(&self) -> Result<Vec<(&'static str, i64)>, Failure> {
        let mut found = Vec::new();
        for table in OF_BOOKS {
            let sql = format!(
                "WITH RECURSIVE seen(book) AS (SELECT min(book) FROM {table} \
                 UNION ALL SELECT (SELECT min(book) FROM {table} WHERE book > seen.book) FROM seen WHERE seen.book IS NOT NULL) \
                 SELECT min(book) FROM seen WHERE book IS NOT NULL AND book NOT IN (SELECT id FROM book)"
            );
            let rows = self.query(&sql, Vec::new()).await?;
            found.extend(
                rows.first().map(|row| row.maybe_int(0)).transpose()?.flatten().map(|book| (table, book)),
            );
        }
        Ok(found)
    }

    /// What the engine finds wrong with its own file: pages that do not belong together, rows that an index does not have,
    /// constraints that do not hold. SQLite alone can tell.
    pub async fn broken_pages(&self) -> Result<Vec<String>, Failure> {
        let Self::Sqlite(connection) = self else { return Ok(Vec::new()) };
        let rows = sqlite::query(connection, "PRAGMA integrity_check(20)", &[])?;
        let told: Vec<String> =
            rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect::<Result<_, Failure>>()?;
        Ok(told.into_iter().filter(|line| line != "ok").collect())
    }
}

fn remembered(row: &Row) -> Result<(OnceKey, String), Failure> {
    let key = row.bytes(0)?.try_into().context("a key digest has 16 bytes")?;
    Ok((OnceKey(key), row.text(1)?.to_owned()))
}
