//! The journal, read: one account's history along its links, and a book's entries in sequence. The teller writes it.

use super::driver::Row;
use super::sql::{of, sql};
use super::{Failure, Store};
use anyhow::Context;
use ledger::{AccountId, Actor, BookId, Cents, ChainDigest, Entry, EntryKind, HashSalt, Movement};
use std::sync::LazyLock;

/// An entry with its stored digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    pub entry: Entry,
    /// As stored; only an audit can say whether it is right.
    pub chain: ChainDigest,
}

/// Where a page of history begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPlace {
    /// At this entry.
    At(i64),
    /// At the entry before this one on the account.
    Before(i64),
}

impl StoredEntry {
    /// The entry before this one on `account`; 0 for none. `None` when this entry does not touch the account.
    #[must_use]
    pub fn previous_of(&self, account: AccountId) -> Option<i64> {
        let moved = self.entry.movement?;
        if moved.debit == account {
            Some(moved.debit_previous)
        } else {
            (moved.credit == account).then_some(moved.credit_previous)
        }
    }
}

/// The columns that `entry` reads, in its order.
pub(super) const COLUMNS: &str = "sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, chain, withdrawal, \
    actor, detail, salt";

impl Store {
    /// One account's entries, newest first, at most `limit`, by following the links: each step is one look-up by key,
    /// so a page costs the same however long the history is. `None`: the place is not on this account.
    pub async fn history(
        &self,
        book: BookId,
        account: AccountId,
        place: HistoryPlace,
        limit: i64,
    ) -> Result<Option<Vec<StoredEntry>>, Failure> {
        let start = match place {
            HistoryPlace::At(sequence) => sequence,
            HistoryPlace::Before(sequence) => {
                let entries = self.entries(book, sequence - 1, 1).await?;
                let entry = entries.first().filter(|found| found.entry.sequence == sequence);
                let Some(previous) = entry.and_then(|entry| entry.previous_of(account)) else {
                    return Ok(None);
                };
                previous
            }
        };
        let sql = sql!(
            "WITH RECURSIVE history AS ( \
               SELECT {COLUMNS}, book FROM journal WHERE book = $1 AND sequence = $2 \
               UNION ALL \
               SELECT {columns}, j.book FROM history h JOIN journal j ON j.book = h.book \
               AND j.sequence = CASE WHEN h.debit = $3 THEN h.debit_previous ELSE h.credit_previous END) \
             SELECT {COLUMNS} FROM history LIMIT $4",
            columns = of("j", COLUMNS)
        );
        let params = vec![book.0.into(), start.into(), account.0.into(), limit.into()];
        let entries = self.driver.query(sql, params).await?;
        let entries = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let elsewhere = entries.first().is_some_and(|first| first.previous_of(account).is_none());
        Ok((!elsewhere).then_some(entries))
    }

    /// A book's entries after `after`, in sequence, at most `limit`.
    pub async fn entries(&self, book: BookId, after: i64, limit: i64) -> Result<Vec<StoredEntry>, Failure> {
        let rows = self.driver.query(&ENTRIES, vec![book.0.into(), after.into(), limit.into()]).await?;
        rows.iter().map(entry).collect()
    }
}

impl Store {
    /// A withdrawal's entries, in sequence.
    pub async fn entries_of_withdrawal(
        &self,
        book: BookId,
        withdrawal: i64,
    ) -> Result<Vec<StoredEntry>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM journal WHERE book = $1 AND withdrawal = $2 AND withdrawal > 0 ORDER BY sequence"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), withdrawal.into()]).await?;
        rows.iter().map(entry).collect()
    }
}

static ENTRIES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {COLUMNS} FROM journal WHERE book = $1 AND sequence > $2 ORDER BY sequence LIMIT $3")
});

pub(super) fn entry(row: &Row) -> Result<StoredEntry, Failure> {
    let movement = Movement {
        debit: AccountId(row.int(4)?),
        credit: AccountId(row.int(5)?),
        amount: Cents(row.int(6)?),
        debit_previous: row.int(7)?,
        credit_previous: row.int(8)?,
    };
    let nothing = Movement {
        debit: AccountId(0),
        credit: AccountId(0),
        amount: Cents::ZERO,
        debit_previous: 0,
        credit_previous: 0,
    };
    let code = row.int(1)?;
    Ok(StoredEntry {
        entry: Entry {
            sequence: row.int(0)?,
            kind: EntryKind::from_code(code).with_context(|| format!("there is no entry kind {code}"))?,
            at: row.int(2)?,
            user: row.int(3)?,
            movement: (movement != nothing).then_some(movement),
            note: row.text(9)?.to_owned(),
            withdrawal: row.int(11)?,
            actor: Actor(row.int(12)?),
            detail: row.text(13)?.to_owned(),
            salt: row.maybe_bytes(14)?.map(salt).transpose()?,
        },
        chain: row.bytes(10)?.try_into().context("a chain digest has 32 bytes")?,
    })
}

/// A salt as it is stored.
pub(super) fn salt(bytes: &[u8]) -> Result<HashSalt, Failure> {
    Ok(HashSalt(bytes.try_into().context("a salt has 16 bytes")?))
}
