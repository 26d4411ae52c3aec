//! The traces of withdrawals: by which a step in another process, or after a restart, joins the trace of its request.

use super::driver::Statement;
use super::{Failure, Store};
use ledger::BookId;

/// A book keeps the traces of this many of its newest withdrawals.
const KEPT: i64 = 100_000;

impl Store {
    /// Notes the trace of a withdrawal; the first one stays.
    pub async fn note_trace(&self, book: BookId, withdrawal: i64, trace: &str) -> Result<(), Failure> {
        let insert = "INSERT INTO withdrawal_trace (book, withdrawal, trace) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let forget = "DELETE FROM withdrawal_trace WHERE book = $1 AND withdrawal <= $2";
        let statements = vec![
            Statement::new(insert, vec![book.0.into(), withdrawal.into(), trace.into()]),
            Statement::new(forget, vec![book.0.into(), (withdrawal - KEPT).into()]),
        ];
        Ok(self.driver.write(statements).await?)
    }

    /// The trace of a withdrawal, if its request was traced.
    pub async fn trace_of(&self, book: BookId, withdrawal: i64) -> Result<Option<String>, Failure> {
        let sql = "SELECT trace FROM withdrawal_trace WHERE book = $1 AND withdrawal = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
    }
}
