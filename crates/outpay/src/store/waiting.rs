//! What waits for a person in a book: how many, and since when the oldest does. Counts stop at [`MOST`], so each costs the same
//! however much waits. Not here: what is made of it (needs.rs).

use super::codes::{
    DELIVERY_FAILED, DEPOSITED, IMPORT_WAITING, MISMATCH_OPEN, MOVED_TO_PAYOUT, PROPOSAL_OPEN,
};
use super::driver::Value;
use super::own_movements::FEW;
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents, Micros, WithdrawalState};

/// Counts stop here.
pub const MOST: i64 = 1_000;

/// How many wait, and since when the oldest does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingCount {
    pub count: i64,
    pub oldest: Option<Micros>,
}

impl Store {
    /// Withdrawals in this state; with `None`, those with an unknown outcome. The oldest is the one that was asked for first.
    pub async fn withdrawals_waiting(
        &self,
        book: BookId,
        state: Option<WithdrawalState>,
    ) -> Result<WaitingCount, Failure> {
        let count = self.count_withdrawals(book, state, MOST).await?;
        let row = match state {
            _ if count == 0 => None,
            Some(state) => {
                let sql = "SELECT changed_at FROM withdrawal WHERE book = $1 AND state = $2 ORDER BY number LIMIT 1";
                self.driver.query_one(sql, vec![book.0.into(), state.code().into()]).await?
            }
            None => {
                let sql = "SELECT changed_at FROM withdrawal WHERE book = $1 AND outcome_unknown = 1 ORDER BY number LIMIT 1";
                self.driver.query_one(sql, vec![book.0.into()]).await?
            }
        };
        Ok(WaitingCount { count, oldest: row.map(|row| row.int(0)).transpose()? })
    }

    /// Deliveries of webhooks that failed for good since then, test sends aside.
    pub async fn deliveries_failed(&self, book: BookId, since: Micros) -> Result<WaitingCount, Failure> {
        let sql = sql!(
            "SELECT count(*), min(finished_at) FROM (SELECT finished_at FROM webhook_delivery WHERE book = $1 \
             AND state = {DELIVERY_FAILED} AND sequence IS NOT NULL ORDER BY number DESC LIMIT {MOST}) AS newest WHERE finished_at >= $2"
        );
        self.waiting(sql, vec![book.0.into(), since.into()]).await
    }

    /// Open differences between rails' books and this book.
    pub async fn mismatches_open(&self, book: BookId) -> Result<WaitingCount, Failure> {
        let sql = sql!(
            "SELECT count(*), min(found_at) FROM (SELECT found_at FROM reconciliation_mismatch WHERE book = $1 \
             AND state = {MISMATCH_OPEN} LIMIT {MOST}) AS open"
        );
        self.waiting(sql, vec![book.0.into()]).await
    }

    /// Proposals that can be confirmed now.
    pub async fn proposals_open(&self, book: BookId, now: Micros) -> Result<WaitingCount, Failure> {
        let sql = sql!(
            "SELECT count(*), min(proposed_at) FROM (SELECT proposed_at, state, ends_at FROM proposal WHERE book = $1 \
             ORDER BY number DESC LIMIT {MOST}) AS newest WHERE state = {PROPOSAL_OPEN} AND ends_at > $2"
        );
        self.waiting(sql, vec![book.0.into(), now.into()]).await
    }

    /// Imports that another member has to confirm.
    pub async fn imports_waiting(&self, book: BookId) -> Result<WaitingCount, Failure> {
        let sql = sql!(
            "SELECT count(*), min(changed_at) FROM (SELECT changed_at, state FROM import WHERE book = $1 \
             ORDER BY number DESC LIMIT {MOST}) AS newest WHERE state = {IMPORT_WAITING}"
        );
        self.waiting(sql, vec![book.0.into()]).await
    }

    async fn waiting(&self, sql: &'static str, values: Vec<Value>) -> Result<WaitingCount, Failure> {
        let row = self.driver.query_one(sql, values).await?;
        row.map_or(Ok(WaitingCount::default()), |row| {
            Ok(WaitingCount { count: row.int(0)?, oldest: row.maybe_int(1)? })
        })
    }

    /// Brands and face values of a book's newest cards, in stock or not.
    pub async fn newest_card_kinds(&self, book: BookId) -> Result<Vec<(String, Cents)>, Failure> {
        let sql = "SELECT DISTINCT brand, face_value FROM (SELECT brand, face_value FROM gift_card WHERE book = $1 \
                   ORDER BY number DESC LIMIT 500) AS newest ORDER BY brand, face_value";
        let rows = self.driver.query(sql, vec![book.0.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), Cents(row.int(1)?)))).collect()
    }

    /// Has the book had a deposit, a transfer to the payout balance, a payout user?
    pub async fn has_begun(&self, book: BookId) -> Result<[bool; 3], Failure> {
        let sql = sql!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM journal WHERE book = $1 AND kind = {DEPOSITED} AND {FEW}) THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM journal WHERE book = $1 AND kind = {MOVED_TO_PAYOUT} AND {FEW}) THEN 1 ELSE 0 END, \
             CASE WHEN users > 0 THEN 1 ELSE 0 END FROM book WHERE id = $1"
        );
        let Some(row) = self.driver.query_one(sql, vec![book.0.into()]).await? else { return Ok([false; 3]) };
        Ok([row.int(0)? == 1, row.int(1)? == 1, row.int(2)? == 1])
    }
}
