//! What counterparts posted about payments: each notice once, and what it makes due. Not here: whether it is genuine (rails/), and
//! how it came (`http/rail_notices.rs`).

use super::codes::{WITHDRAWAL_SENDING, WITHDRAWAL_SUCCEEDED};
use super::driver::{Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros, Provider};

/// Longer than a counterpart repeats a notice, by itself or by hand.
const KEPT: Micros = 60 * 86_400_000_000;

impl Store {
    /// Takes a notice of a rail: the withdrawals that it names are due now, where they are being sent or have succeeded. `false`: it was
    /// taken before; nothing was written. Withdrawals of another kind of rail stay as they are.
    pub async fn take_rail_notice(
        &self,
        (rail, provider): (&str, Provider),
        id: &str,
        withdrawals: &[(BookId, i64)],
    ) -> Result<bool, Failure> {
        let now = self.now().await?;
        let forget = "DELETE FROM rail_notice WHERE received_at < $1";
        let note = "INSERT INTO rail_notice (rail, id, received_at) VALUES ($1, $2, $3)";
        let mut statements = vec![
            Statement::new(forget, vec![(now - KEPT).into()]),
            Statement::one(note, vec![rail.into(), id.into(), now.into()]),
        ];
        for (book, number) in withdrawals {
            let due = sql!(
                "UPDATE withdrawal SET due_at = $1 WHERE book = $2 AND number = $3 AND provider = $4 \
                 AND state IN ({WITHDRAWAL_SENDING}, {WITHDRAWAL_SUCCEEDED})"
            );
            let values = vec![now.into(), book.0.into(), (*number).into(), provider.word().into()];
            statements.push(Statement::new(due, values));
        }
        match self.driver.write(statements).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }
}
