//! Ending a withdrawal that its rail does not end: its outcome is unknown, nothing was ever sent, or it was paid by an attempt
//! that a recovery lost. Always with proof, and under the lease that a worker would have, so that no worker sends meanwhile.
//! Not here: payments by hand (by_hand.rs).

use super::by_hand::NOT_PAID;
use super::{Counter, Done};
use crate::rails::Payment;
use crate::stopped::Stopped;
use crate::store::{Attempt, Failure, Hold};
use ledger::{
    Lease, Progress, Refusal, Step, Withdrawal, WithdrawalState, floor_of_epoch, is_from_before_a_recovery,
};

/// Microseconds: longer than ending a withdrawal takes.
pub(super) const LEASE: i64 = 60_000_000;

/// What a person says about a withdrawal.
#[derive(Clone, Copy)]
struct Resolution<'a> {
    paid: bool,
    proof: &'a str,
    /// Two people have agreed to end it without the word of its rail.
    without_the_rail: bool,
}

impl Resolution<'_> {
    fn step(&self) -> Step {
        if self.paid { Step::Succeed } else { Step::Fail }
    }
}

impl Counter<'_> {
    /// Ends a withdrawal whose outcome is unknown, which its rail was never asked to pay, or which is from before a recovery
    /// and may have been paid by an attempt that is lost.
    ///
    /// # Errors
    /// [`Stopped`]; in other states the step is not possible, and while a worker has the withdrawal it is refused for the
    /// moment.
    pub async fn resolve(
        &self,
        withdrawal: i64,
        paid: bool,
        proof: &str,
    ) -> Result<Done<Withdrawal>, Stopped> {
        let resolution = Resolution { paid, proof, without_the_rail: false };
        let found = self.find(withdrawal).await?;
        self.check_two_people_for(&found, resolution.step()).await?;
        self.resolve_under_lease(withdrawal, resolution).await
    }

    /// The same for a rail that this process lacks or that cannot say, as two people agreed. A rail that is here and knows
    /// that a payment may still be made is believed all the same.
    ///
    /// # Errors
    /// [`Stopped`], as [`Self::resolve`].
    pub async fn resolve_without_the_rail(
        &self,
        withdrawal: i64,
        paid: bool,
        proof: &str,
    ) -> Result<Done<Withdrawal>, Stopped> {
        if self.is_remembered().await? {
            return Ok(Done { value: self.find(withdrawal).await?, replayed: true });
        }
        self.resolve_under_lease(withdrawal, Resolution { paid, proof, without_the_rail: true }).await
    }

    /// Ends one as paid by a payment that its rail has proved, in whichever state the database has it: after a recovery it may
    /// be queued although it was paid since. A repeat with the same proof changes nothing.
    pub async fn settle_by_proof(
        &self,
        withdrawal: i64,
        proof: &str,
        detail: String,
    ) -> Result<Done<Withdrawal>, Stopped> {
        let (store, found) = (&self.platform.store, self.find(withdrawal).await?);
        if found.state == WithdrawalState::Succeeded {
            let entries = store.entries_of_withdrawal(self.book, withdrawal).await?;
            if entries.iter().any(|stored| stored.entry.note == proof) {
                return Ok(Done { value: found, replayed: true });
            }
        }
        let hold = match self.lease_in_state(withdrawal, WithdrawalState::Queued).await? {
            Some(hold) if found.state == WithdrawalState::Queued => hold,
            _ => self.take_lease(withdrawal, Step::Succeed).await?,
        };
        let ended = self.end_by_proof(hold, &found, proof, detail).await;
        self.release(hold, ended.is_ok()).await?;
        ended
    }

    async fn end_by_proof(
        &self,
        hold: Hold,
        found: &Withdrawal,
        proof: &str,
        detail: String,
    ) -> Result<Done<Withdrawal>, Stopped> {
        let attempts = self.platform.store.attempts(hold.book, hold.withdrawal).await?;
        // Another attempt that was signed for it could pay a second time.
        if !attempts.is_empty() {
            self.check_spent(found, &attempts, false).await?;
        }
        let step =
            Progress::new(hold.withdrawal, Step::Succeed).made_by_hand().under(lease(hold, &attempts)?);
        self.advance(step.with_note(proof).with_detail(detail)).await
    }

    async fn resolve_under_lease(
        &self,
        withdrawal: i64,
        verdict: Resolution<'_>,
    ) -> Result<Done<Withdrawal>, Stopped> {
        let hold = self.take_lease(withdrawal, verdict.step()).await?;
        let ended = self.end(hold, verdict).await;
        self.release(hold, ended.is_ok()).await?;
        ended
    }

    async fn end(&self, hold: Hold, verdict: Resolution<'_>) -> Result<Done<Withdrawal>, Stopped> {
        let Hold { book, withdrawal, .. } = hold;
        let (found, paid) = (self.find(withdrawal).await?, verdict.paid);
        // Where a rail pays and no attempt was ever made, nothing can have been paid, and the rail will never say so. Whether a
        // person has paid by hand is said with `fail`.
        let by_rail = !found.provider.is_paid_by_hand();
        let attempts = self.platform.store.attempts(book, withdrawal).await?;
        let nothing_sent = by_rail && !paid && attempts.is_empty();
        // Unless the database was set back to a moment before the attempt: then it may have been paid, and only a person can say
        // so.
        let forgotten = by_rail && paid && attempts.is_empty() && self.is_from_before(&found).await?;
        if !found.outcome_unknown && !nothing_sent && !forgotten {
            return Err(Refusal::StepIsNotPossible(found.state, verdict.step()).into());
        }
        // A transaction that was signed for a chain can be sent by anyone who has seen it, until its nonce is used up. That is so
        // after a payment in another way as well.
        if !attempts.is_empty() {
            self.check_spent(&found, &attempts, verdict.without_the_rail).await?;
        }
        let progress = Progress::new(withdrawal, verdict.step()).under(lease(hold, &attempts)?);
        let progress = if paid {
            progress
        } else {
            progress.because(NOT_PAID, "The payment was not made. Please try again.")
        };
        self.advance(progress.with_note(verdict.proof)).await
    }

    /// Takes the lease of a withdrawal that is being sent. While a worker has it, it may be about to send. The process that
    /// takes the lease gives it back.
    pub(super) async fn take_lease(&self, withdrawal: i64, step: Step) -> Result<Hold, Stopped> {
        if let Some(hold) = self.lease_in_state(withdrawal, WithdrawalState::Sending).await? {
            return Ok(hold);
        }
        Err(match self.find(withdrawal).await?.state {
            WithdrawalState::Sending => Refusal::WithdrawalIsBeingWorkedOn.into(),
            state => Refusal::StepIsNotPossible(state, step).into(),
        })
    }

    /// Takes the lease of a withdrawal that is in this state; `None` where it is not, or a worker has it.
    pub(super) async fn lease_in_state(
        &self,
        withdrawal: i64,
        state: WithdrawalState,
    ) -> Result<Option<Hold>, Failure> {
        let now = self.platform.store.now().await?;
        let mut bytes = [0; 8];
        self.platform.entropy.fill(&mut bytes);
        let me = i64::from_be_bytes(bytes) | 1;
        self.platform.store.lease_one(self.book, (withdrawal, state), me, (now, now + LEASE)).await
    }

    /// Gives the lease back; a withdrawal that was not ended is due again at once.
    async fn release(&self, hold: Hold, is_ended: bool) -> Result<(), Failure> {
        let due_at = if is_ended { None } else { Some(self.platform.store.now().await?) };
        self.platform.store.release_withdrawal(hold, due_at).await.map(drop)
    }

    /// Was it asked for before the installation was recovered?
    async fn is_from_before(&self, withdrawal: &Withdrawal) -> Result<bool, Failure> {
        let floor = floor_of_epoch(self.platform.store.epoch().await?);
        Ok(is_from_before_a_recovery(withdrawal.number, floor))
    }

    /// Refuses while the attempts may still pay as far as the rail knows. A rail that is not here, or cannot say, is replaced
    /// only by two people.
    async fn check_spent(
        &self,
        withdrawal: &Withdrawal,
        attempts: &[Attempt],
        without_the_rail: bool,
    ) -> Result<(), Stopped> {
        match self.is_spent(withdrawal, attempts).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::PaymentMayStillBeMade.into()),
            Err(Stopped::Refused(Refusal::RailIsNotHere) | Stopped::Failure(_)) if without_the_rail => Ok(()),
            Err(stopped) => Err(stopped),
        }
    }

    /// Is it certain that none of the attempts can pay any more? Only the rail that made them can say so.
    pub(super) async fn is_spent(
        &self,
        withdrawal: &Withdrawal,
        attempts: &[Attempt],
    ) -> Result<bool, Stopped> {
        let (platform, book) = (self.platform, self.book);
        let mounted = platform.rails.get(book.mode(), &withdrawal.method);
        // Another kind of rail under the same name knows nothing of these attempts.
        let mounted = mounted.filter(|mounted| mounted.facts().provider == withdrawal.provider);
        let mounted = mounted.ok_or(Refusal::RailIsNotHere)?;
        let order_id = platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number);
        let now = platform.store.book_now(book).await?;
        let payment = Payment { book, withdrawal: withdrawal.clone(), order_id, now };
        Ok(mounted.rail.is_spent(&payment, attempts).await?)
    }
}

/// The lease as the ledger judges it: with the attempts that the decision rests on.
fn lease(hold: Hold, attempts: &[Attempt]) -> Result<Lease, Failure> {
    Ok(Lease { number: hold.lease, attempts: i64::try_from(attempts.len())? })
}
