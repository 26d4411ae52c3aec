//! The journal, read: one account's history along its links, and a book's entries in sequence. The teller writes it.

use super::codes::{USER_CREATED, USER_CREDITED, WITHDRAWAL_CREATED};
use super::driver::Row;
use super::sql::{of, sql};
use super::{Failure, Store};
use anyhow::Context;
use ledger::{AccountId, Actor, BookId, Cents, ChainDigest, Entry, EntryKind, HashSalt, Micros, Movement};
use std::ops::Range;
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

/// Which entries of a history to list; what is `None` does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only the payout under this reference.
    pub reference: Option<String>,
    /// Only payouts and withdrawals with this name and text among their metadata.
    pub metadata: Option<(String, String)>,
    /// Only those of these moments.
    pub created: Option<Range<Micros>>,
    /// Only those that moved so many cents.
    pub amount: Option<Range<i64>>,
}

impl HistoryFilter {
    /// Does it let everything through?
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
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
        let Some(start) = self.start_of(book, account, place).await? else { return Ok(None) };
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

    /// The same, only what the filter lets through. It walks the history until the page is full or what is older cannot fit.
    pub async fn history_of(
        &self,
        book: BookId,
        account: AccountId,
        place: HistoryPlace,
        filter: &HistoryFilter,
        limit: i64,
    ) -> Result<Option<Vec<StoredEntry>>, Failure> {
        let Some(start) = self.start_of(book, account, place).await? else { return Ok(None) };
        let sql = sql!(
            "WITH RECURSIVE history AS ( \
               SELECT {COLUMNS}, book FROM journal WHERE book = $1 AND sequence = $2 \
               UNION ALL \
               SELECT {columns}, j.book FROM history h JOIN journal j ON j.book = h.book \
               AND j.sequence = CASE WHEN h.debit = $3 THEN h.debit_previous ELSE h.credit_previous END \
               WHERE h.at >= $4) \
             SELECT {COLUMNS} FROM history WHERE at >= $4 AND at < $5 AND amount >= $6 AND amount < $7 \
             AND (CAST($8 AS TEXT) = '' OR (note = $8 AND kind IN ({USER_CREATED}, {USER_CREDITED}))) \
             AND (CAST($9 AS TEXT) = '' OR EXISTS (SELECT 1 FROM metadata m WHERE m.book = $1 AND m.payout_user = $3 \
             AND m.name = $9 AND m.value = $10 AND (m.sequence = history.sequence \
             OR (history.kind = {WITHDRAWAL_CREATED} AND m.sequence = -history.withdrawal)))) LIMIT $11",
            columns = of("j", COLUMNS)
        );
        let all = || i64::MIN..i64::MAX;
        let (created, amount) =
            (filter.created.clone().unwrap_or_else(all), filter.amount.clone().unwrap_or_else(all));
        let reference = filter.reference.as_deref().unwrap_or_default();
        let (name, value) = filter.metadata.clone().unwrap_or_default();
        let params = vec![
            book.0.into(),
            start.into(),
            account.0.into(),
            created.start.into(),
            created.end.into(),
            amount.start.into(),
            amount.end.into(),
            reference.into(),
            name.as_str().into(),
            value.as_str().into(),
            limit.into(),
        ];
        let entries = self.driver.query(sql, params).await?;
        let entries = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let elsewhere = entries.first().is_some_and(|first| first.previous_of(account).is_none());
        Ok((!elsewhere).then_some(entries))
    }

    /// The first entry of a page; `None`: the place is not on this account.
    async fn start_of(
        &self,
        book: BookId,
        account: AccountId,
        place: HistoryPlace,
    ) -> Result<Option<i64>, Failure> {
        match place {
            HistoryPlace::At(sequence) => Ok(Some(sequence)),
            HistoryPlace::Before(sequence) => {
                let entries = self.entries(book, sequence - 1, 1).await?;
                let entry = entries.first().filter(|found| found.entry.sequence == sequence);
                Ok(entry.and_then(|entry| entry.previous_of(account)))
            }
        }
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
