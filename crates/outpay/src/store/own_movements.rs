//! Movements of the business's own two balances, main and payout, newest first, each with the balance after it. Not here: the history
//! of a person's account (journal.rs), the sums and marks that make this cheap (day_sums.rs).

use super::codes::{USER_CREATED, USER_CREDITED};
use super::driver::Value;
use super::journal::{COLUMNS, StoredEntry, entry};
use super::sql::{of, sql};
use super::{Failure, Store};
use anyhow::Context;
use futures_util::future::try_join_all;
use ledger::{AccountId, BookId, Cents, EntryKind};
use std::ops::Range;

/// The kinds of migration 16's index over few entries. The text is the index's condition to the letter, without which SQLite does not
/// use it.
pub(super) const FEW: &str = "kind IN (1, 2, 3, 6, 23, 26, 40, 41, 42, 43)";

/// Which movements are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKinds {
    All,
    /// What people were given.
    Payouts,
    /// Those of one kind that is not a payout.
    One(EntryKind),
}

/// Movements of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementFilter {
    /// [`AccountId::MAIN`] or [`AccountId::PAYOUT`].
    pub account: AccountId,
    pub kinds: MovementKinds,
    /// Days since 1970-01-01, UTC.
    pub days: Range<i64>,
    /// Only those before this movement of the account.
    pub before: Option<i64>,
}

/// A movement, and what the account held after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMovement {
    pub stored: StoredEntry,
    pub balance: Cents,
}

/// Every day that an entry can be of.
pub const ALL_DAYS: Range<i64> = i64::MIN / MICROS_OF_A_DAY..i64::MAX / MICROS_OF_A_DAY;
const MICROS_OF_A_DAY: i64 = 86_400_000_000;

/// The sequences that the wanted entries lie between, and the newest of them if the sums know it.
struct Bounds {
    first: i64,
    newest: Option<i64>,
}

impl Store {
    /// Movements of the main or the payout balance, newest first, at most `limit`.
    pub async fn own_movements(
        &self,
        book: BookId,
        filter: &MovementFilter,
        limit: i64,
    ) -> Result<Vec<OwnMovement>, Failure> {
        let Some(bounds) = self.bounds(book, filter).await? else { return Ok(Vec::new()) };
        let found = match filter.kinds {
            MovementKinds::One(kind) => self.of_few(book, filter, kind, &bounds, limit).await?,
            MovementKinds::All | MovementKinds::Payouts => self.walk(book, filter, &bounds, limit).await?,
        };
        self.with_balances(book, filter.account, found).await
    }

    /// `None`: there is nothing on these days.
    async fn bounds(&self, book: BookId, filter: &MovementFilter) -> Result<Option<Bounds>, Failure> {
        if filter.days == ALL_DAYS && filter.kinds != MovementKinds::Payouts {
            return Ok(Some(Bounds { first: 0, newest: None }));
        }
        let (found, cursor) = self.sequences_of_days(book, filter.days.clone()).await?;
        let first = found.map_or(cursor + 1, |(first, _)| first);
        // What is not in the sums yet may be of any day.
        if self.last_sequence(book).await? > cursor {
            return Ok(Some(Bounds { first, newest: None }));
        }
        let sql = "SELECT max(last_sequence) FROM day_sum WHERE book = $1 AND day >= $2 AND day < $3 AND (debit = $4 OR credit = $4) \
                   AND kind >= $5 AND kind <= $6";
        let (least, most) = match filter.kinds {
            MovementKinds::All => (0, i64::MAX),
            MovementKinds::Payouts => (USER_CREATED, USER_CREDITED),
            MovementKinds::One(kind) => (kind.code(), kind.code()),
        };
        let values = vec![
            book.0.into(),
            filter.days.start.into(),
            filter.days.end.into(),
            filter.account.0.into(),
            least.into(),
            most.into(),
        ];
        let newest = self.driver.query_one(sql, values).await?.map_or(Ok(None), |row| row.maybe_int(0))?;
        Ok(newest.map(|newest| Bounds { first, newest: Some(newest) }))
    }

    /// Follows the links of the account: each step is one look-up by key.
    async fn walk(
        &self,
        book: BookId,
        filter: &MovementFilter,
        bounds: &Bounds,
        limit: i64,
    ) -> Result<Vec<StoredEntry>, Failure> {
        let start = match (filter.before, bounds.newest) {
            (Some(before), _) => {
                let found = self.entries(book, before - 1, 1).await?;
                let found = found.first().filter(|found| found.entry.sequence == before);
                found.and_then(|found| found.previous_of(filter.account)).unwrap_or(0)
            }
            (None, Some(newest)) => newest,
            (None, None) => self.account_head(book, filter.account).await?,
        };
        let sql = sql!(
            "WITH RECURSIVE history AS ( \
               SELECT {COLUMNS}, book FROM journal WHERE book = $1 AND sequence = $2 \
               UNION ALL \
               SELECT {columns}, j.book FROM history h JOIN journal j ON j.book = h.book \
               AND j.sequence = CASE WHEN h.debit = $3 THEN h.debit_previous ELSE h.credit_previous END \
               WHERE j.sequence >= $4) \
             SELECT {COLUMNS} FROM history WHERE at >= $5 AND at < $6 \
             AND (CAST($7 AS BIGINT) = 0 OR kind IN ({USER_CREATED}, {USER_CREDITED})) LIMIT $8",
            columns = of("j", COLUMNS)
        );
        let only_payouts = filter.kinds == MovementKinds::Payouts;
        let mut values = vec![book.0.into(), start.into(), filter.account.0.into(), bounds.first.into()];
        values.extend(moments(&filter.days));
        values.extend([Value::from(only_payouts), limit.into()]);
        self.driver.query(sql, values).await?.iter().map(entry).collect()
    }

    async fn of_few(
        &self,
        book: BookId,
        filter: &MovementFilter,
        kind: EntryKind,
        bounds: &Bounds,
        limit: i64,
    ) -> Result<Vec<StoredEntry>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM journal WHERE book = $1 AND kind = $2 AND {FEW} AND sequence >= $3 AND sequence < $4 \
             AND (debit = $5 OR credit = $5) AND at >= $6 AND at < $7 ORDER BY sequence DESC LIMIT $8"
        );
        let before = filter.before.or(bounds.newest.map(|newest| newest + 1)).unwrap_or(i64::MAX);
        let mut values = vec![book.0.into(), kind.code().into(), bounds.first.into(), before.into()];
        values.push(filter.account.0.into());
        values.extend(moments(&filter.days));
        values.push(limit.into());
        self.driver.query(sql, values).await?.iter().map(entry).collect()
    }

    async fn account_head(&self, book: BookId, account: AccountId) -> Result<i64, Failure> {
        let sql = "SELECT head FROM account WHERE book = $1 AND id = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), account.0.into()]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The balance after each entry. One that follows its neighbour in the account's history has it from there.
    async fn with_balances(
        &self,
        book: BookId,
        account: AccountId,
        found: Vec<StoredEntry>,
    ) -> Result<Vec<OwnMovement>, Failure> {
        let follows = |at: usize| {
            let newer = at.checked_sub(1).and_then(|newer| found.get(newer));
            newer.is_some_and(|newer| newer.previous_of(account) == Some(found[at].entry.sequence))
        };
        let asked = (0..found.len()).filter(|at| !follows(*at));
        let asked = asked.map(|at| self.balance_after(book, account, found[at].entry.sequence));
        let mut asked = try_join_all(asked).await?.into_iter();
        let mut balances = Vec::with_capacity(found.len());
        for at in 0..found.len() {
            let balance = if follows(at) {
                let newer: Cents = balances[at - 1];
                newer.minus(found[at - 1].entry.signed_for(account)).context("a balance does not fit")?
            } else {
                asked.next().context("every other balance was asked for")?
            };
            balances.push(balance);
        }
        let pairs = found.into_iter().zip(balances);
        Ok(pairs.map(|(stored, balance)| OwnMovement { stored, balance }).collect())
    }

    /// What the main or the payout balance was after the entry with this sequence.
    pub async fn balance_after(
        &self,
        book: BookId,
        account: AccountId,
        sequence: i64,
    ) -> Result<Cents, Failure> {
        let mark = "SELECT bucket * 1024, main, payout FROM balance_mark WHERE book = $1 AND bucket <= $2 \
                    ORDER BY bucket DESC LIMIT 1";
        let row = self.driver.query_one(mark, vec![book.0.into(), (sequence / 1_024).into()]).await?;
        let column = if account == AccountId::MAIN { 1 } else { 2 };
        let (first, balance) =
            row.map_or(Ok((0, 0)), |row| Ok::<_, Failure>((row.int(0)?, row.int(column)?)))?;
        let since = "SELECT CAST(coalesce(sum(CASE WHEN credit = $1 THEN amount ELSE -amount END), 0) AS BIGINT) FROM journal \
                     WHERE book = $2 AND sequence >= $3 AND sequence <= $4 AND (debit = $1 OR credit = $1)";
        let values = vec![account.0.into(), book.0.into(), first.into(), sequence.into()];
        let since = self.driver.query_one(since, values).await?.map_or(Ok(0), |row| row.int(0))?;
        Cents(balance).plus(Cents(since)).context("a balance does not fit")
    }
}

/// The first moment of these days, and the first after them.
fn moments(days: &Range<i64>) -> [Value; 2] {
    [days.start, days.end].map(|day| day.saturating_mul(MICROS_OF_A_DAY).into())
}
