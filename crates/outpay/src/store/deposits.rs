//! Deposits by their reference. Not here: recording them, which is the teller's.

use super::{Failure, Store};
use ledger::{BookId, Cents};

impl Store {
    /// Sequence and amount of the deposit that was recorded under this reference.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn deposit_called(
        &self,
        book: BookId,
        reference: &str,
    ) -> Result<Option<(i64, Cents)>, Failure> {
        let sql = "SELECT sequence, amount FROM journal WHERE book = $1 AND note = $2 AND kind = 1";
        let row = self.driver.query_one(sql, vec![book.0.into(), reference.into()]).await?;
        row.map(|row| Ok((row.int(0)?, Cents(row.int(1)?)))).transpose()
    }
}
