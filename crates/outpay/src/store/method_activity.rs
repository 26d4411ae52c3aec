//! What a book's withdrawals by one method came to lately. Read from the newest withdrawals alone, so that it costs the same however
//! many there are. Not here: what it says of the method's health (withdrawals/health.rs).

use super::codes::{
    WITHDRAWAL_FAILED, WITHDRAWAL_QUEUED, WITHDRAWAL_RETURNED_STATE, WITHDRAWAL_SENDING, WITHDRAWAL_SUCCEEDED,
};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents, Micros};

/// Withdrawals that are looked at, the newest first.
const NEWEST: i64 = 1_000;

/// The newest withdrawals of a book by one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodActivity {
    /// When the last of them succeeded.
    pub last_success: Option<Micros>,
    /// When the last of them failed or came back, with its code and its text for the person.
    pub last_failure: Option<(Micros, String, String)>,
    /// How many failed since the time that was asked for.
    pub failed_since: i64,
    /// Queued or being sent: how many, and what they pay. All of them, not the newest alone.
    pub on_the_way: (i64, Cents),
    /// Those of them with an unknown outcome.
    pub in_doubt: i64,
}

impl Store {
    /// What a book's withdrawals by this method came to; failures are counted since then.
    pub async fn method_activity(
        &self,
        book: BookId,
        method: &str,
        since: Micros,
    ) -> Result<MethodActivity, Failure> {
        let newest = sql!(
            "SELECT state, changed_at, reason_code, reason FROM (SELECT number, state, changed_at, reason_code, reason \
             FROM withdrawal WHERE book = $1 AND method = $2 ORDER BY number DESC LIMIT {NEWEST}) AS newest \
             WHERE state IN ({WITHDRAWAL_SUCCEEDED}, {WITHDRAWAL_FAILED}, {WITHDRAWAL_RETURNED_STATE}) \
             ORDER BY changed_at DESC"
        );
        let of = || vec![book.0.into(), method.into()];
        let mut activity = MethodActivity::default();
        for row in self.driver.query(newest, of()).await? {
            let (state, at) = (row.int(0)?, row.int(1)?);
            if state == WITHDRAWAL_SUCCEEDED {
                activity.last_success.get_or_insert(at);
                continue;
            }
            activity.failed_since += i64::from(at >= since);
            if activity.last_failure.is_none() {
                activity.last_failure = Some((at, row.text(2)?.to_owned(), row.text(3)?.to_owned()));
            }
        }
        let under_way = sql!(
            "SELECT count(*), CAST(coalesce(sum(amount - fees), 0) AS BIGINT), \
             CAST(coalesce(sum(outcome_unknown), 0) AS BIGINT) FROM withdrawal WHERE book = $1 \
             AND state IN ({WITHDRAWAL_QUEUED}, {WITHDRAWAL_SENDING}) AND method = $2"
        );
        if let Some(row) = self.driver.query_one(under_way, of()).await? {
            activity.on_the_way = (row.int(0)?, Cents(row.int(1)?));
            activity.in_doubt = row.int(2)?;
        }
        Ok(activity)
    }
}
