//! What one person has withdrawn so far, for the reviewer of the next withdrawal. Not here: the withdrawals themselves (withdrawals.rs).

use super::codes::WITHDRAWAL_SUCCEEDED;
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents};

/// Withdrawals of a person that are looked at: more than a person makes in years, and read in some milliseconds.
pub const MOST_OF_A_PERSON: i64 = 10_000;

/// A person's withdrawals in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WithdrawalHistory {
    /// Made before the one that is reviewed.
    pub earlier: i64,
    /// How many of all have succeeded.
    pub succeeded: i64,
    /// Gross, of those that have succeeded.
    pub withdrawn: Cents,
    /// False where only the newest [`MOST_OF_A_PERSON`] were looked at.
    pub is_all: bool,
}

impl Store {
    /// The history of a person, seen from the withdrawal with this number.
    pub async fn withdrawal_history(
        &self,
        book: BookId,
        user: i64,
        number: i64,
    ) -> Result<WithdrawalHistory, Failure> {
        let sql = sql!(
            "SELECT count(*), CAST(coalesce(sum(CASE WHEN number < $1 THEN 1 ELSE 0 END), 0) AS BIGINT), \
             CAST(coalesce(sum(CASE WHEN state = {WITHDRAWAL_SUCCEEDED} THEN 1 ELSE 0 END), 0) AS BIGINT), \
             CAST(coalesce(sum(CASE WHEN state = {WITHDRAWAL_SUCCEEDED} THEN amount ELSE 0 END), 0) AS BIGINT) \
             FROM (SELECT number, state, amount FROM withdrawal WHERE book = $2 AND payout_user = $3 \
             ORDER BY number DESC LIMIT $4) AS newest"
        );
        let values = vec![number.into(), book.0.into(), user.into(), (MOST_OF_A_PERSON + 1).into()];
        let Some(row) = self.driver.query_one(sql, values).await? else {
            return Ok(WithdrawalHistory { is_all: true, ..WithdrawalHistory::default() });
        };
        Ok(WithdrawalHistory {
            earlier: row.int(1)?,
            succeeded: row.int(2)?,
            withdrawn: Cents(row.int(3)?),
            is_all: row.int(0)? <= MOST_OF_A_PERSON,
        })
    }
}
