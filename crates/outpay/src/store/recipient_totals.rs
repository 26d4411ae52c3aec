//! Lifetime totals of one recipient. Sums per day are stored for all people together, none for one person, so these come from
//! the account's own entries along its links: one look-up by key each, and never more than [`MOST_ENTRIES`], so the cost does not
//! grow with the history. A longer one has no totals.

use super::codes::WITHDRAWAL_SUCCEEDED;
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{AccountId, BookId, Cents, EntryKind};

/// The most entries that are added up.
pub const MOST_ENTRIES: i64 = 5_000;

/// What moved on a recipient's balance since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientTotals {
    /// Payouts.
    pub given: Cents,
    /// Taken back by the business.
    pub reclaimed: Cents,
    /// Unclaimed money that expired.
    pub expired: Cents,
    /// Withdrawals that were requested, fees included.
    pub withdrawn: Cents,
    /// Back from withdrawals that were cancelled, rejected, failed or returned.
    pub returned: Cents,
    /// Of the withdrawals that are paid: what they cost the recipient, contained in `withdrawn`.
    pub fees: Cents,
}

impl RecipientTotals {
    /// The balance to which the totals add up; `None` on overflow.
    #[must_use]
    pub fn balance(&self) -> Option<Cents> {
        let came_in = self.given.0.checked_add(self.returned.0)?;
        let gone = self.reclaimed.0.checked_add(self.expired.0)?.checked_add(self.withdrawn.0)?;
        came_in.checked_sub(gone).map(Cents)
    }
}

impl Store {
    /// The totals of a user whose newest entry is `head`. `None`: there are more than `most` entries.
    pub async fn recipient_totals(
        &self,
        book: BookId,
        user: i64,
        head: i64,
        most: i64,
    ) -> Result<Option<RecipientTotals>, Failure> {
        let sql = "WITH RECURSIVE history AS ( \
                     SELECT book, kind, debit, amount, debit_previous, credit_previous, CAST(1 AS BIGINT) AS step \
                     FROM journal WHERE book = $1 AND sequence = $2 \
                     UNION ALL \
                     SELECT j.book, j.kind, j.debit, j.amount, j.debit_previous, j.credit_previous, h.step + 1 \
                     FROM history h JOIN journal j ON j.book = h.book \
                     AND j.sequence = CASE WHEN h.debit = $3 THEN h.debit_previous ELSE h.credit_previous END \
                     WHERE h.step <= $4) \
                   SELECT kind, count(*), CAST(sum(amount) AS BIGINT) FROM history GROUP BY kind";
        let values = vec![book.0.into(), head.into(), AccountId::user(user).0.into(), most.into()];
        let (mut totals, mut entries) = (RecipientTotals::default(), 0);
        for row in self.driver.query(sql, values).await? {
            let code = row.int(0)?;
            let kind =
                EntryKind::from_code(code).with_context(|| format!("there is no entry of kind {code}"))?;
            entries += row.int(1)?;
            let sum = match kind {
                EntryKind::UserCreated | EntryKind::UserCredited => &mut totals.given,
                EntryKind::UserDebited => &mut totals.reclaimed,
                EntryKind::UserMoneyExpired => &mut totals.expired,
                EntryKind::WithdrawalCreated => &mut totals.withdrawn,
                _ => &mut totals.returned,
            };
            *sum = Cents(sum.0.checked_add(row.int(2)?).context("a recipient's totals overflow")?);
        }
        if entries > most {
            return Ok(None);
        }
        // Each withdrawal has an entry, so these are not more than were added up.
        let fees = sql!(
            "SELECT CAST(coalesce(sum(fees), 0) AS BIGINT) FROM withdrawal WHERE book = $1 AND payout_user = $2 \
             AND state = {WITHDRAWAL_SUCCEEDED}"
        );
        let fees = self.driver.query_one(fees, vec![book.0.into(), user.into()]).await?;
        totals.fees = Cents(fees.map_or(Ok(0), |row| row.int(0))?);
        Ok(Some(totals))
    }
}
