//! Deposits by their reference. Not here: recording them, which is the teller's.

use super::codes::{DEPOSIT_REVERSED, DEPOSITED};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents, CorrectionDetail};

impl Store {
    /// Sequence and amount of the deposit that was recorded under this reference.
    pub async fn deposit_called(
        &self,
        book: BookId,
        reference: &str,
    ) -> Result<Option<(i64, Cents)>, Failure> {
        let sql =
            sql!("SELECT sequence, amount FROM journal WHERE book = $1 AND note = $2 AND kind = {DEPOSITED}");
        let row = self.driver.query_one(sql, vec![book.0.into(), reference.into()]).await?;
        row.map(|row| Ok((row.int(0)?, Cents(row.int(1)?)))).transpose()
    }

    /// The largest deposit of a book of which nothing was reversed.
    pub async fn largest_deposit(&self, book: BookId) -> Result<Option<Cents>, Failure> {
        let sql = sql!("SELECT detail FROM journal WHERE book = $1 AND kind = {DEPOSIT_REVERSED}");
        let rows = self.driver.query(sql, vec![book.0.into()]).await?;
        let reversals = rows.iter().map(|row| Ok(CorrectionDetail::of(row.text(0)?)));
        let reversals = reversals.collect::<Result<Vec<_>, Failure>>()?;
        let reversed: Vec<i64> = reversals.into_iter().flatten().map(|detail| detail.deposit).collect();
        let sql = sql!(
            "SELECT sequence, amount FROM journal WHERE book = $1 AND kind = {DEPOSITED} ORDER BY amount DESC LIMIT $2"
        );
        let most = i64::try_from(reversed.len()).unwrap_or(i64::MAX).saturating_add(1);
        let rows = self.driver.query(sql, vec![book.0.into(), most.into()]).await?;
        let deposits = rows.iter().map(|row| Ok((row.int(0)?, Cents(row.int(1)?))));
        let deposits = deposits.collect::<Result<Vec<_>, Failure>>()?;
        Ok(deposits.into_iter().find(|(sequence, _)| !reversed.contains(sequence)).map(|(_, amount)| amount))
    }
}
