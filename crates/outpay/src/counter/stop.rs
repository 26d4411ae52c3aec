//! Stopping a payment that its rail has and does not make: an attempt takes the place of the earlier ones and pays nothing. It
//! does not end the withdrawal; once the rail proves that the stop came first, the worker gives the money back.

use super::Counter;
use super::resolve::LEASE;
use crate::rails::Payment;
use crate::stopped::Stopped;
use crate::store::{Attempt, Hold};
use ledger::{Refusal, Step, Withdrawal};

impl Counter<'_> {
    /// Commits such an attempt, then sends it.
    ///
    /// # Errors
    /// [`Stopped`]; nothing was sent then.
    pub async fn stop(&self, withdrawal: i64) -> Result<Withdrawal, Stopped> {
        let store = &self.platform.store;
        let found = self.find(withdrawal).await?;
        let hold = if found.state.holds_money() {
            self.take_lease(withdrawal, Step::Fail).await?
        } else {
            self.lease_for_gap(&found).await?
        };
        let sent = self.send_stop(hold).await;
        let next_look = if found.state.holds_money() { Some(store.now().await?) } else { None };
        store.release_withdrawal(hold, next_look).await?;
        sent?;
        self.find(withdrawal).await
    }

    /// An attempt that was committed while the withdrawal was ended in another way is never sent, and everything behind its
    /// slot waits: the stop uses the slot up, and the withdrawal stays as it is.
    async fn lease_for_gap(&self, ended: &Withdrawal) -> Result<Hold, Stopped> {
        let attempts = self.platform.store.attempts(self.book, ended.number).await?;
        if attempts.is_empty() || self.is_spent(ended, &attempts).await? {
            return Err(Refusal::StepIsNotPossible(ended.state, Step::Fail).into());
        }
        let hold = self.lease_in_state(ended.number, ended.state).await?;
        hold.ok_or_else(|| Refusal::WithdrawalIsBeingWorkedOn.into())
    }

    async fn send_stop(&self, hold: Hold) -> Result<(), Stopped> {
        let (platform, store) = (self.platform, &self.platform.store);
        let Hold { book, withdrawal: number, .. } = hold;
        let withdrawal = self.find(number).await?;
        let earlier = store.attempts(book, number).await?;
        let Some(last) = earlier.last() else {
            return Err(Refusal::StepIsNotPossible(withdrawal.state, Step::Fail).into());
        };
        let mounted = platform.rails.get(book.mode(), &withdrawal.method).ok_or(Stopped::UnknownMethod)?;
        let order_id = platform.secrets.ids().order_id(withdrawal.provider, book, number);
        let payment = Payment { book, withdrawal, order_id, now: store.book_now(book).await? };
        let prepared = mounted.rail.prepare_stop(&payment, &earlier).await?;
        let attempt = Attempt {
            number: last.number + 1,
            rail: last.rail.clone(),
            key: prepared.key,
            request: prepared.request,
            slot: prepared.slot,
            created_at: store.book_now(book).await?,
            answered_at: None,
            answer: String::new(),
            answer_text: String::new(),
        };
        if !store.add_attempt(hold, &attempt, None).await? {
            return Err(Refusal::WithdrawalIsBeingWorkedOn.into());
        }
        // Preparing asks the rail, which can take longer than the lease.
        let now = store.now().await?;
        if !store.renew_lease(hold, (now, now + LEASE)).await? {
            return Err(Refusal::LeaseWasLost.into());
        }
        let answer = mounted.rail.submit(&payment, &attempt).await;
        let now = store.now().await?;
        if !store.record_answer(hold, attempt.number, answer.in_words(), now).await? {
            return Err(Refusal::LeaseWasLost.into());
        }
        Ok(())
    }
}
