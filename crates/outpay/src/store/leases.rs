//! Leases of withdrawals: which worker has one, and until when. Each lease has a number that only grows, and everything its
//! holder writes is conditional on that number and on the time, which is [`Store::now`]. The number alone keeps a worker that
//! was frozen from writing; the time decides when another one may take over. Not here: the teller's look at the lease, in
//! the transaction of a step (teller.rs).

use super::driver::{Statement, WriteError};
use super::withdrawals::withdrawal;
use super::{Failure, Store};
use ledger::{BookId, Micros, Withdrawal};

/// A lease of a withdrawal, as its holder names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose.
    pub book: BookId,
    /// The withdrawal's number.
    pub withdrawal: i64,
    /// The lease's number.
    pub lease: i64,
}

/// A withdrawal that a worker has for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// Whose.
    pub book: BookId,
    /// As it was when the lease began.
    pub withdrawal: Withdrawal,
    /// The lease's number.
    pub lease: i64,
}

impl Leased {
    /// What its holder names.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold { book: self.book, withdrawal: self.withdrawal.number, lease: self.lease }
    }
}

impl Hold {
    /// For transactions that write under a lease: touches the withdrawal's row, so that no other can take it meanwhile, and
    /// nothing where the lease is not held.
    pub(super) fn is_still_held(self, now: Micros) -> Statement {
        let sql = "UPDATE withdrawal SET lease = $1 WHERE book = $2 AND number = $3 AND lease = $1 AND leased_until > $4";
        let values = vec![self.lease.into(), self.book.0.into(), self.withdrawal.into(), now.into()];
        Statement::one(sql, values)
    }
}

impl Store {
    /// Takes at most `limit` withdrawals that are due and that no worker has, until `until`. Each is taken by a conditional
    /// update, so of two workers only one gets it.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn lease_withdrawals(
        &self,
        worker: i64,
        now: Micros,
        until: Micros,
        limit: i64,
    ) -> Result<Vec<Leased>, Failure> {
        let due = "SELECT number, payout_user, method, provider, amount, fees, destination, state, outcome_unknown, \
                   reason_code, reason, created_at, changed_at, book, lease FROM withdrawal \
                   WHERE due_at IS NOT NULL AND due_at <= $1 AND leased_until <= $1 ORDER BY due_at LIMIT $2";
        let mut leased = Vec::new();
        for row in self.driver.query(due, vec![now.into(), limit.into()]).await? {
            let (book, found, before) = (BookId(row.int(13)?), withdrawal(&row)?, row.int(14)?);
            let take = "UPDATE withdrawal SET lease = $1, leased_until = $2, leased_by = $3 \
                        WHERE book = $4 AND number = $5 AND lease = $6 AND leased_until <= $7 AND due_at <= $7 AND state = $8";
            let values = vec![
                (before + 1).into(),
                until.into(),
                worker.into(),
                book.0.into(),
                found.number.into(),
                before.into(),
                now.into(),
                found.state.code().into(),
            ];
            if self.touches_one(vec![Statement::one(take, values)]).await? {
                leased.push(Leased { book, withdrawal: found, lease: before + 1 });
            }
        }
        Ok(leased)
    }

    /// Takes the lease of one withdrawal that is being sent, as an operator who ends it has to; `None` while a worker has it.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn lease_one(
        &self,
        book: BookId,
        number: i64,
        worker: i64,
        (now, until): (Micros, Micros),
    ) -> Result<Option<Hold>, Failure> {
        let read = "SELECT lease FROM withdrawal WHERE book = $1 AND number = $2";
        let row = self.driver.query_one(read, vec![book.0.into(), number.into()]).await?;
        let Some(before) = row.map(|row| row.int(0)).transpose()? else { return Ok(None) };
        let take = "UPDATE withdrawal SET lease = $1, leased_until = $2, leased_by = $3 \
                    WHERE book = $4 AND number = $5 AND lease = $6 AND leased_until <= $7 AND state = 4";
        let values = vec![
            (before + 1).into(),
            until.into(),
            worker.into(),
            book.0.into(),
            number.into(),
            before.into(),
            now.into(),
        ];
        let taken = self.touches_one(vec![Statement::one(take, values)]).await?;
        Ok(taken.then_some(Hold { book, withdrawal: number, lease: before + 1 }))
    }

    /// Makes a lease last until `until`. `false`: it has run out, or another one follows it.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn renew_lease(&self, hold: Hold, (now, until): (Micros, Micros)) -> Result<bool, Failure> {
        let sql = "UPDATE withdrawal SET leased_until = $1 \
                   WHERE book = $2 AND number = $3 AND lease = $4 AND leased_until > $5";
        let values =
            vec![until.into(), hold.book.0.into(), hold.withdrawal.into(), hold.lease.into(), now.into()];
        self.touches_one(vec![Statement::one(sql, values)]).await
    }

    /// Gives a lease back and says when to look again; `None`: never. `false`: another one follows it, or it was given back
    /// before.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn release_withdrawal(&self, hold: Hold, due_at: Option<Micros>) -> Result<bool, Failure> {
        let sql = "UPDATE withdrawal SET leased_until = 0, leased_by = 0, due_at = $1 \
                   WHERE book = $2 AND number = $3 AND lease = $4 AND leased_until > 0";
        let values = vec![due_at.into(), hold.book.0.into(), hold.withdrawal.into(), hold.lease.into()];
        self.touches_one(vec![Statement::one(sql, values)]).await
    }

    pub(super) async fn touches_one(&self, statements: Vec<Statement>) -> Result<bool, Failure> {
        match self.driver.write(statements).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }
}
