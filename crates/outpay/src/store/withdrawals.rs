//! Withdrawals as doors read them. The teller writes them, but for the columns of their leases (leases.rs).

use super::codes::{WITHDRAWAL_SENDING, WITHDRAWAL_SUCCEEDED};
use super::driver::{Row, Value};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{Book, BookId, Cents, Micros, Provider, Withdrawal, WithdrawalState};
use std::sync::LazyLock;

/// Which withdrawals to list.
#[derive(Clone, Debug, Default)]
pub struct WithdrawalFilter {
    /// Only in this state.
    pub state: Option<WithdrawalState>,
    /// Only this user's.
    pub user: Option<i64>,
    /// Only by this method.
    pub method: Option<String>,
    /// Only withdrawals with a smaller number, for the next page.
    pub below: Option<i64>,
}

/// One withdrawal; `$1` book, `$2` number.
pub(super) static WITHDRAWAL: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number = $2"));

/// `$1` book, then the columns of [`WITHDRAWAL`] in order, then `due_at`.
pub(super) const INSERT_WITHDRAWAL: &str = "INSERT INTO withdrawal (book, number, payout_user, method, provider, amount, fees, destination, \
     state, outcome_unknown, reason_code, reason, created_at, changed_at, due_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// When a worker should look at a withdrawal that has just come to this state; `None` where a person acts next, or nothing follows.
/// Due times go by the machine's clock, from which the book's may be ahead.
pub(super) fn due_at(book: &Book, withdrawal: &Withdrawal) -> Option<Micros> {
    let changed_at = withdrawal.changed_at - book.ahead();
    match withdrawal.state {
        _ if withdrawal.provider.is_paid_by_hand() => None,
        WithdrawalState::Queued | WithdrawalState::Sending => Some(changed_at),
        WithdrawalState::Succeeded => {
            withdrawal.provider.watch(book.id.mode()).map(|watch| changed_at + watch.first)
        }
        _ => None,
    }
}

/// The columns that `withdrawal` reads, in its order; the last is for those who need to know the book.
pub(super) const COLUMNS: &str = "number, payout_user, method, provider, amount, fees, destination, state, outcome_unknown, reason_code, reason, \
    created_at, changed_at, book";

impl Store {
    /// The withdrawal with this number.
    pub async fn withdrawal(&self, book: BookId, number: i64) -> Result<Option<Withdrawal>, Failure> {
        let row = self.driver.query_one(&WITHDRAWAL, vec![book.0.into(), number.into()]).await?;
        row.as_ref().map(withdrawal).transpose()
    }

    /// Withdrawals, newest first, at most `limit`.
    pub async fn withdrawals(
        &self,
        book: BookId,
        filter: &WithdrawalFilter,
        limit: i64,
    ) -> Result<Vec<Withdrawal>, Failure> {
        let below: Value = filter.below.unwrap_or(i64::MAX).into();
        // One text per way in, so that each has its index.
        let (sql, third): (_, Value) = match (filter.user, filter.state) {
            (Some(user), _) => (
                sql!(
                    "SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number < $2 AND payout_user = $3 \
                     AND (CAST($4 AS BIGINT) = 0 OR state = $4) AND ($5 = '' OR method = $5) ORDER BY number DESC LIMIT $6"
                ),
                user.into(),
            ),
            (None, Some(state)) => (
                sql!(
                    "SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number < $2 AND state = $3 \
                     AND (CAST($4 AS BIGINT) = 0 OR state = $4) AND ($5 = '' OR method = $5) ORDER BY number DESC LIMIT $6"
                ),
                state.code().into(),
            ),
            (None, None) => (
                sql!(
                    "SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number < $2 AND payout_user > $3 \
                     AND (CAST($4 AS BIGINT) = 0 OR state = $4) AND ($5 = '' OR method = $5) ORDER BY number DESC LIMIT $6"
                ),
                0.into(),
            ),
        };
        let state = filter.state.map_or(0, WithdrawalState::code);
        let method = filter.method.as_deref().unwrap_or_default();
        let values = vec![book.0.into(), below, third, state.into(), method.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(withdrawal).collect()
    }

    /// Withdrawals with an unknown outcome, newest first, at most `limit`, by the filter's user and method.
    pub async fn withdrawals_in_doubt(
        &self,
        book: BookId,
        filter: &WithdrawalFilter,
        limit: i64,
    ) -> Result<Vec<Withdrawal>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM withdrawal WHERE book = $1 AND number < $2 AND outcome_unknown = 1 \
             AND (CAST($3 AS BIGINT) = 0 OR payout_user = $3) AND ($4 = '' OR method = $4) ORDER BY number DESC LIMIT $5"
        );
        let method = filter.method.as_deref().unwrap_or_default();
        let (below, user) = (filter.below.unwrap_or(i64::MAX), filter.user.unwrap_or(0));
        let values = vec![book.0.into(), below.into(), user.into(), method.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(withdrawal).collect()
    }

    /// How many withdrawals of a book are in this state, counted up to `most`; with `None`, those with an unknown outcome.
    pub async fn count_withdrawals(
        &self,
        book: BookId,
        state: Option<WithdrawalState>,
        most: i64,
    ) -> Result<i64, Failure> {
        let row = match state {
            Some(state) => {
                let sql = "SELECT count(*) FROM (SELECT 1 FROM withdrawal WHERE book = $1 AND state = $2 LIMIT $3) AS found";
                self.driver.query_one(sql, vec![book.0.into(), state.code().into(), most.into()]).await?
            }
            None => {
                let sql = "SELECT count(*) FROM (SELECT 1 FROM withdrawal WHERE book = $1 AND outcome_unknown = 1 LIMIT $2) AS found";
                self.driver.query_one(sql, vec![book.0.into(), most.into()]).await?
            }
        };
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Cents of a user that are held by withdrawals on their way.
    pub async fn pending(&self, book: BookId, user: i64) -> Result<Cents, Failure> {
        let sql = sql!(
            "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM withdrawal WHERE book = $1 AND payout_user = $2 \
             AND state < {WITHDRAWAL_SUCCEEDED}"
        );
        let row = self.driver.query_one(sql, vec![book.0.into(), user.into()]).await?;
        row.map_or(Ok(Cents::ZERO), |row| Ok(Cents(row.int(0)?)))
    }

    /// How many withdrawals of all books are being sent, and how many of them have an unknown outcome.
    pub async fn withdrawals_under_way(&self) -> Result<(i64, i64), Failure> {
        let sql = sql!(
            "SELECT count(*), CAST(coalesce(sum(outcome_unknown), 0) AS BIGINT) FROM withdrawal WHERE due_at IS NOT NULL \
             AND state = {WITHDRAWAL_SENDING}"
        );
        let row = self.driver.query_one(sql, Vec::new()).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }
}

pub(super) fn withdrawal(row: &Row) -> Result<Withdrawal, Failure> {
    let provider = row.text(3)?;
    Ok(Withdrawal {
        number: row.int(0)?,
        user: row.int(1)?,
        method: row.text(2)?.to_owned(),
        provider: Provider::from_word(provider).with_context(|| format!("no provider {provider}"))?,
        amount: Cents(row.int(4)?),
        fees: Cents(row.int(5)?),
        destination: row.text(6)?.to_owned(),
        state: WithdrawalState::from_code(row.int(7)?).context("no such withdrawal state")?,
        outcome_unknown: row.int(8)? == 1,
        reason_code: row.text(9)?.to_owned(),
        reason: row.text(10)?.to_owned(),
        created_at: row.int(11)?,
        changed_at: row.int(12)?,
    })
}
