//! Payments by hand that were handed out in a file: each in one, so that two people with two files do not both pay it. Not
//! here: what is in the files (by_hand.rs).

use super::audit_log::{self, NewAuditEntry};
use super::codes::WITHDRAWAL_SENDING;
use super::driver::{Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros};
use std::collections::HashMap;

/// The last file that a payment was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOut {
    /// In how many files it was.
    pub times: i64,
    /// When the last one was made.
    pub at: Micros,
}

impl Store {
    /// Payments in work that were handed out, by number.
    pub async fn handed_out(&self, book: BookId) -> Result<HashMap<i64, HandedOut>, Failure> {
        let sql = sql!(
            "SELECT h.withdrawal, h.times, h.at FROM handed_out h JOIN withdrawal w ON w.book = h.book \
             AND w.number = h.withdrawal WHERE h.book = $1 AND w.state = {WITHDRAWAL_SENDING}"
        );
        let rows = self.driver.query(sql, vec![book.0.into()]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, HandedOut { times: row.int(1)?, at: row.int(2)? }))).collect()
    }

    /// Hands payments out, each as it was handed out before, with the audit entry that tells of it. `true` for each that is this
    /// caller's: it is in work, and nothing else has handed it out in between.
    ///
    /// # Errors
    /// When the database breaks; nothing is handed out then.
    pub async fn hand_out(
        &self,
        book: BookId,
        claims: &[(i64, Option<HandedOut>)],
        actor: Actor,
        entry: &NewAuditEntry,
    ) -> Result<Vec<bool>, Failure> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let first = sql!(
            "INSERT INTO handed_out (times, at, actor, book, withdrawal) \
             SELECT 1, CAST($1 AS BIGINT), CAST($2 AS BIGINT), book, number FROM withdrawal WHERE book = $3 \
             AND number = $4 AND state = {WITHDRAWAL_SENDING} ON CONFLICT (book, withdrawal) DO NOTHING"
        );
        let again = "UPDATE handed_out SET times = times + 1, at = $1, actor = $2 WHERE book = $3 AND withdrawal = $4 AND times = $5";
        let now = self.now().await?;
        let mut claims = claims.to_vec();
        let place: HashMap<i64, usize> = claims.iter().enumerate().map(|(at, claim)| (claim.0, at)).collect();
        // Rows are touched in one order, so that two files at once do not wait for each other.
        claims.sort_unstable_by_key(|claim| claim.0);
        let statement = |(number, before): &(i64, Option<HandedOut>)| {
            let mut values = vec![now.into(), actor.0.into(), book.0.into(), (*number).into()];
            values.extend(before.map(|before| before.times.into()));
            Statement::new(if before.is_some() { again } else { first }, values)
        };
        let statements = claims.iter().map(statement).chain([audit_log::note(entry)]).collect();
        let touched = self.driver.write_counted(statements).await.map_err(|error| match error {
            WriteError::Conflict => anyhow::anyhow!("an audit entry of a business that does not exist"),
            WriteError::Failure(failure) => failure,
        })?;
        let mut claimed = vec![false; claims.len()];
        for ((number, _), touched) in claims.iter().zip(touched) {
            claimed[place[number]] = touched == 1;
        }
        Ok(claimed)
    }
}
