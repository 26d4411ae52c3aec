//! Deposits by their reference, and who may record them. Not here: recording them, which is the teller's.

use super::audit_log::{NewAuditEntry, note};
use super::codes::{DEPOSIT_REVERSED, DEPOSITED};
use super::driver::{Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents, CorrectionDetail};

impl Store {
    /// May members of this business record deposits of real money?
    pub async fn records_deposits(&self, business: i64) -> Result<bool, Failure> {
        let sql = "SELECT records_deposits FROM business WHERE number = $1";
        let row = self.driver.query_one(sql, vec![business.into()]).await?;
        row.map_or(Ok(false), |row| Ok(row.int(0)? == 1))
    }

    /// Sets whether they may, and writes the audit entry that tells of it.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when there is no such business.
    pub async fn set_records_deposits(
        &self,
        business: i64,
        may: bool,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = "UPDATE business SET records_deposits = $1 WHERE number = $2";
        self.driver.write(vec![Statement::one(sql, vec![may.into(), business.into()]), note(entry)]).await
    }

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
