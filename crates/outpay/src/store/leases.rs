//! Leases of withdrawals: which worker has one, and until when. Each lease has a number that only grows, and everything its
//! holder writes is conditional on that number and on the time, which is [`Store::now`]. The number alone keeps a worker that
//! was frozen from writing; the time decides when another one may take over. Not here: the teller's look at the lease, in
//! the transaction of a step (teller.rs).

use super::codes::{DELIVERY_PENDING, IMPORT_RUNNING, MAIL_PENDING, WITHDRAWAL_QUEUED, WITHDRAWAL_SENDING};
use super::driver::{Statement, WriteError};
use super::pauses::{STOP_OF, Stop};
use super::sql::sql;
use super::withdrawals::{COLUMNS, withdrawal};
use super::{Failure, Store};
use ledger::{BookId, Micros, Mode, Withdrawal, WithdrawalState};

/// A lease of a withdrawal, as its holder names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    pub book: BookId,
    pub withdrawal: i64,
    pub lease: i64,
}

/// A withdrawal that a worker has for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    pub book: BookId,
    /// As it was when the lease began.
    pub withdrawal: Withdrawal,
    pub lease: i64,
}

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Yes, now.
    Given,
    /// Not now.
    Stopped(Stop),
    /// The lease is not held any more.
    LeaseLost,
    /// The withdrawal is not being sent any more.
    Ended,
}

impl Leased {
    /// What its holder names.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold { book: self.book, withdrawal: self.withdrawal.number, lease: self.lease }
    }
}

impl Hold {
    /// The same as [`Self::is_still_held`] where an answer is written down: nothing is being submitted any more.
    pub(super) fn has_its_answer(self, now: Micros) -> Statement {
        let sql = "UPDATE withdrawal SET submitting = 0 WHERE book = $1 AND number = $2 AND lease = $3 AND leased_until > $4";
        let values = vec![self.book.0.into(), self.withdrawal.into(), self.lease.into(), now.into()];
        Statement::one(sql, values)
    }

    /// For transactions that write under a lease: touches the withdrawal's row, so that no other can take it meanwhile, and
    /// nothing where the lease is not held.
    pub(super) fn is_still_held(self, now: Micros) -> Statement {
        let sql = "UPDATE withdrawal SET lease = $1 WHERE book = $2 AND number = $3 AND lease = $1 AND leased_until > $4";
        let values = vec![self.lease.into(), self.book.0.into(), self.withdrawal.into(), now.into()];
        Statement::one(sql, values)
    }
}

impl Store {
    /// Takes at most `limit` withdrawals of a rail that are due and that no worker has, until `until`; of those that are queued, only
    /// what may leave. Each is taken by a conditional
    /// update, so of two workers only one gets it.
    pub async fn lease_withdrawals(
        &self,
        worker: i64,
        (mode, method): (Mode, &str),
        (now, until): (Micros, Micros),
        limit: i64,
    ) -> Result<Vec<Leased>, Failure> {
        let due = sql!(
            "SELECT {COLUMNS}, lease FROM withdrawal w \
             WHERE w.method = $1 AND w.book % 2 = $2 AND w.due_at IS NOT NULL AND w.due_at <= $3 AND w.leased_until <= $3 \
             AND (w.state <> {WITHDRAWAL_QUEUED} OR {stop} = 0) ORDER BY w.due_at LIMIT $4",
            stop = *STOP_OF
        );
        let mut leased = Vec::new();
        let of_mode = i64::from(mode == Mode::Test);
        for row in
            self.driver.query(due, vec![method.into(), of_mode.into(), now.into(), limit.into()]).await?
        {
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

    /// Takes the lease of one withdrawal in this state, as an operator who ends it has to; `None` while a worker has it.
    pub async fn lease_one(
        &self,
        book: BookId,
        (number, state): (i64, WithdrawalState),
        worker: i64,
        (now, until): (Micros, Micros),
    ) -> Result<Option<Hold>, Failure> {
        let read = "SELECT lease FROM withdrawal WHERE book = $1 AND number = $2";
        let row = self.driver.query_one(read, vec![book.0.into(), number.into()]).await?;
        let Some(before) = row.map(|row| row.int(0)).transpose()? else { return Ok(None) };
        let take = "UPDATE withdrawal SET lease = $1, leased_until = $2, leased_by = $3 \
                    WHERE book = $4 AND number = $5 AND lease = $6 AND leased_until <= $7 AND state = $8";
        let values = vec![
            (before + 1).into(),
            until.into(),
            worker.into(),
            book.0.into(),
            number.into(),
            before.into(),
            now.into(),
            state.code().into(),
        ];
        let taken = self.touches_one(vec![Statement::one(take, values)]).await?;
        Ok(taken.then_some(Hold { book, withdrawal: number, lease: before + 1 }))
    }

    /// Makes a lease last until `until`. `false`: it has run out, or another one follows it.
    pub async fn renew_lease(&self, hold: Hold, (now, until): (Micros, Micros)) -> Result<bool, Failure> {
        let sql = "UPDATE withdrawal SET leased_until = $1 \
                   WHERE book = $2 AND number = $3 AND lease = $4 AND leased_until > $5";
        let values =
            vec![until.into(), hold.book.0.into(), hold.withdrawal.into(), hold.lease.into(), now.into()];
        self.touches_one(vec![Statement::one(sql, values)]).await
    }

    /// The last look before a request leaves: renews the lease until `until` and marks the withdrawal as being submitted, where
    /// the lease is held, the withdrawal is being sent and nothing stops it; all in one update. A pause that is committed
    /// later finds the mark ([`Self::submitting`]), one that was committed before is found here.
    pub async fn begin_submitting(
        &self,
        hold: Hold,
        (now, until): (Micros, Micros),
    ) -> Result<Clearance, Failure> {
        let sql = sql!(
            "UPDATE withdrawal AS w SET leased_until = $1, submitting = 1 \
             WHERE w.book = $2 AND w.number = $3 AND w.lease = $4 AND w.leased_until > $5 \
             AND w.state = {WITHDRAWAL_SENDING} AND {stop} = 0",
            stop = *STOP_OF
        );
        let values =
            vec![until.into(), hold.book.0.into(), hold.withdrawal.into(), hold.lease.into(), now.into()];
        let marked = self.touches_one(vec![Statement::one(sql, values)]).await?;
        // Once more now that the mark is committed: on PostgreSQL a pause may have been committed while the update ran.
        if let Some(stop) = self.stop_of(hold.book, hold.withdrawal).await? {
            return Ok(Clearance::Stopped(stop));
        }
        if marked {
            return Ok(Clearance::Given);
        }
        let state = self.withdrawal(hold.book, hold.withdrawal).await?.map(|found| found.state);
        Ok(if state == Some(WithdrawalState::Sending) { Clearance::LeaseLost } else { Clearance::Ended })
    }

    /// Gives a lease back and says when to look again; `None`: never. `false`: another one follows it, or it was given back
    /// before.
    pub async fn release_withdrawal(&self, hold: Hold, due_at: Option<Micros>) -> Result<bool, Failure> {
        let sql = "UPDATE withdrawal SET leased_until = 0, leased_by = 0, submitting = 0, due_at = $1 \
                   WHERE book = $2 AND number = $3 AND lease = $4 AND leased_until > 0";
        let values = vec![due_at.into(), hold.book.0.into(), hold.withdrawal.into(), hold.lease.into()];
        self.touches_one(vec![Statement::one(sql, values)]).await
    }

    /// Who has leases that last, of withdrawals, webhooks, mails and imports: the workers' numbers.
    pub async fn lease_holders(&self) -> Result<Vec<i64>, Failure> {
        let sql = sql!(
            "SELECT leased_by FROM withdrawal WHERE due_at IS NOT NULL AND leased_until > $1 UNION SELECT leased_by \
             FROM webhook_delivery WHERE state = {DELIVERY_PENDING} AND leased_until > $1 UNION SELECT leased_by FROM mail \
             WHERE state = {MAIL_PENDING} AND leased_until > $1 UNION SELECT leased_by FROM import \
             WHERE state = {IMPORT_RUNNING} AND leased_until > $1 AND leased_by <> 0 ORDER BY 1"
        );
        let rows = self.driver.query(sql, vec![self.now().await?.into()]).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// Ends the leases of a worker that is known to be gone; how many. What it may have been submitting stays marked until the
    /// rail is asked.
    pub async fn end_leases_of(&self, worker: i64) -> Result<u64, Failure> {
        let all = [
            "UPDATE withdrawal SET leased_until = 0, leased_by = 0 WHERE due_at IS NOT NULL AND leased_by = $1",
            sql!(
                "UPDATE webhook_delivery SET leased_until = 0, leased_by = 0 WHERE state = {DELIVERY_PENDING} \
                 AND leased_by = $1"
            ),
            sql!(
                "UPDATE mail SET leased_until = 0, leased_by = 0 WHERE state = {MAIL_PENDING} AND leased_by = $1"
            ),
            sql!(
                "UPDATE import SET leased_until = 0, leased_by = 0 WHERE state = {IMPORT_RUNNING} AND leased_by = $1"
            ),
        ];
        let end = |sql: &'static str| Statement::new(sql, vec![worker.into()]);
        Ok(self.driver.write_counted(all.map(end).into()).await?.iter().sum())
    }

    pub(super) async fn touches_one(&self, statements: Vec<Statement>) -> Result<bool, Failure> {
        match self.driver.write(statements).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }
}
