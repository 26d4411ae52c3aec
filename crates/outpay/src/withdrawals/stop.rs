//! Stopping a payment that its rail has and does not make: an attempt takes the place of the earlier ones and pays nobody. It
//! ends nothing by itself; once the rail proves that it was faster, the worker gives the money back.

use super::Stopped;
use super::settle::{LEASE, find, is_spent, lease_in_state, take_lease};
use crate::platform::Platform;
use crate::rails::Payment;
use crate::store::{Attempt, Hold};
use ledger::{BookId, Refusal, Step, Withdrawal};

/// Commits such an attempt, then sends it.
///
/// # Errors
/// [`Stopped`]; nothing was sent then.
pub async fn stop(platform: &Platform, book: BookId, number: i64) -> Result<Withdrawal, Stopped> {
    let found = find(platform, book, number).await?;
    let hold = if found.state.holds_money() {
        take_lease(platform, book, number, Step::Fail).await?
    } else {
        lease_for_gap(platform, book, &found).await?
    };
    let sent = send(platform, hold).await;
    let next_look = if found.state.holds_money() { Some(platform.store.now().await?) } else { None };
    platform.store.release_withdrawal(hold, next_look).await?;
    sent?;
    find(platform, book, number).await
}

/// An attempt that was committed while the withdrawal was ended in another way is never sent, and everything behind its slot
/// waits: the slot is used up, and the withdrawal stays as it is.
async fn lease_for_gap(platform: &Platform, book: BookId, ended: &Withdrawal) -> Result<Hold, Stopped> {
    let attempts = platform.store.attempts(book, ended.number).await?;
    if attempts.is_empty() || is_spent(platform, book, ended, &attempts).await? {
        return Err(Refusal::StepIsNotPossible(ended.state, Step::Fail).into());
    }
    let hold = lease_in_state(platform, book, ended.number, ended.state).await?;
    hold.ok_or_else(|| Refusal::WithdrawalIsBeingWorkedOn.into())
}

async fn send(platform: &Platform, hold: Hold) -> Result<(), Stopped> {
    let (store, Hold { book, withdrawal: number, .. }) = (&platform.store, hold);
    let withdrawal = find(platform, book, number).await?;
    let earlier = store.attempts(book, number).await?;
    let Some(last) = earlier.last() else {
        return Err(Refusal::StepIsNotPossible(withdrawal.state, Step::Fail).into());
    };
    let mounted = platform.rails.get(book.mode(), &withdrawal.method).ok_or(Stopped::UnknownMethod)?;
    let order_id = platform.secrets.ids().order_id(withdrawal.provider, book, number);
    let payment = Payment { book, withdrawal, order_id };
    let prepared = mounted.rail.prepare_stop(&payment, &earlier).await?;
    let attempt = Attempt {
        number: last.number + 1,
        rail: last.rail.clone(),
        key: prepared.key,
        request: prepared.request,
        slot: prepared.slot,
        created_at: store.now().await?,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    if !store.add_attempt(hold, &attempt, None).await? {
        return Err(Refusal::WithdrawalIsBeingWorkedOn.into());
    }
    // Preparing asks the rail, which takes its time.
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
