//! What people do by hand: settling payments of manual rails, and ending a withdrawal whose outcome the rail never told,
//! always with proof. Not here: withdrawals that a rail is still at work on; those only the rail can end.

use super::{Stopped, advance, advance_once, is_remembered};
use crate::platform::Platform;
use crate::rails::Payment;
use crate::store::{Attempt, Failure, Hold};
use ledger::{
    Actor, BookId, Lease, OnceKey, Origin, Progress, Refusal, Step, Withdrawal, WithdrawalState,
    floor_of_epoch, is_from_before_a_recovery,
};

/// Longer than ending a withdrawal takes.
pub(super) const LEASE: i64 = 60_000_000;

/// The stable word of a payment that was not made.
pub const NOT_PAID: &str = "not_paid";
/// The stable word of money that came back.
pub const CAME_BACK: &str = "returned";

/// Takes manual payments into work: from now on the person cannot cancel.
///
/// # Errors
/// [`Stopped`].
pub async fn begin(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    manual(platform, book, withdrawal).await?;
    advance(platform, book, Progress::new(withdrawal, Step::Send), by).await
}

/// A manual payment was made; `proof` says how one can see that.
///
/// # Errors
/// [`Stopped`].
pub async fn settle(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    proof: &str,
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    settle_once(platform, book, (withdrawal, proof), by.into(), None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn settle_once(
    platform: &Platform,
    book: BookId,
    (withdrawal, proof): (i64, &str),
    origin: Origin,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    let found = find(platform, book, withdrawal).await?;
    if !found.provider.is_paid_by_hand() && !is_remembered(platform, book, once).await? {
        return Err(Refusal::WithdrawalIsNotManual.into());
    }
    let order_id = platform.secrets.ids().order_id(found.provider, book, withdrawal);
    let detail = serde_json::json!({ "order_id": order_id }).to_string();
    let done = Progress::new(withdrawal, Step::Succeed).with_note(proof).with_detail(detail);
    advance_once(platform, book, done.made_by_hand(), origin, once).await
}

/// A manual payment was not made; `reason` is what the person reads.
///
/// # Errors
/// [`Stopped`].
pub async fn fail(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    reason: &str,
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    manual(platform, book, withdrawal).await?;
    let failed = Progress::new(withdrawal, Step::Fail).because(NOT_PAID, reason).made_by_hand();
    advance(platform, book, failed, by).await
}

/// Money of a payment that had succeeded came back by a way that no rail reports.
///
/// # Errors
/// [`Stopped`].
pub async fn give_back(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    proof: &str,
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    let words = "The payment came back. Please check the destination and try again.";
    let step = Progress::new(withdrawal, Step::Return).because(CAME_BACK, words).with_note(proof);
    advance(platform, book, step, by).await
}

/// Ends a withdrawal whose outcome is unknown, which its rail was never asked to pay, or which is from before a recovery and may
/// have been paid by an attempt that is lost: the only way to do it by hand.
///
/// # Errors
/// [`Stopped`]; elsewhere the step is not possible, and while a worker has it, it is refused for the moment.
pub async fn resolve(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    (paid, proof): (bool, &str),
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    resolve_under_lease(platform, book, withdrawal, (paid, proof), by.into(), None).await
}

/// The same for a rail that this process lacks or that cannot say, as two people agreed; carried out once under `once`. A rail
/// that is here and knows that a payment may still be made is believed all the same.
///
/// # Errors
/// [`Stopped`], as [`resolve`].
pub async fn resolve_without_the_rail(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    (paid, proof): (bool, &str),
    actor: Actor,
    once: OnceKey,
) -> Result<Withdrawal, Stopped> {
    if is_remembered(platform, book, Some(once)).await? {
        return find(platform, book, withdrawal).await;
    }
    resolve_under_lease(platform, book, withdrawal, (paid, proof), actor.into(), Some(once)).await
}

/// Ends one as paid by a payment that its rail has proved, in whichever state the database has it: after a recovery it may be
/// queued although it was paid since. Once is enough: where this very proof ended it, it stays so.
///
/// # Errors
/// [`Stopped`].
pub async fn settle_by_proof(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    (proof, detail): (&str, String),
    actor: Actor,
) -> Result<Withdrawal, Stopped> {
    let found = find(platform, book, withdrawal).await?;
    if found.state == WithdrawalState::Succeeded {
        let entries = platform.store.entries_of_withdrawal(book, withdrawal).await?;
        if entries.iter().any(|stored| stored.entry.note == proof) {
            return Ok(found);
        }
    }
    let is_queued = found.state == WithdrawalState::Queued;
    let hold = match lease_in_state(platform, book, withdrawal, WithdrawalState::Queued).await? {
        Some(hold) if is_queued => hold,
        _ => take_lease(platform, book, withdrawal, Step::Succeed).await?,
    };
    let ended = end_by_proof(platform, hold, &found, (proof, detail), actor).await;
    let due_at = if ended.is_ok() { None } else { Some(platform.store.now().await?) };
    platform.store.release_withdrawal(hold, due_at).await?;
    ended
}

async fn end_by_proof(
    platform: &Platform,
    hold: Hold,
    found: &Withdrawal,
    (proof, detail): (&str, String),
    actor: Actor,
) -> Result<Withdrawal, Stopped> {
    let attempts = platform.store.attempts(hold.book, hold.withdrawal).await?;
    // What else was signed for it could pay a second time.
    if !attempts.is_empty() {
        check_spent(platform, hold.book, found, &attempts, false).await?;
    }
    let known = i64::try_from(attempts.len()).map_err(anyhow::Error::from)?;
    let lease = Lease { number: hold.lease, attempts: known };
    let step = Progress::new(hold.withdrawal, Step::Succeed).made_by_hand().under(lease);
    advance(platform, hold.book, step.with_note(proof).with_detail(detail), actor).await
}

async fn resolve_under_lease(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    (paid, proof): (bool, &str),
    origin: Origin,
    without_the_rail: Option<OnceKey>,
) -> Result<Withdrawal, Stopped> {
    let step = if paid { Step::Succeed } else { Step::Fail };
    let hold = take_lease(platform, book, withdrawal, step).await?;
    let ended = end(platform, hold, (paid, proof), origin, without_the_rail).await;
    let due_at = if ended.is_ok() { None } else { Some(platform.store.now().await?) };
    platform.store.release_withdrawal(hold, due_at).await?;
    ended
}

/// While a worker has it, it may be about to send. The process that takes the lease gives it back.
pub(super) async fn take_lease(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    step: Step,
) -> Result<Hold, Stopped> {
    if let Some(hold) = lease_in_state(platform, book, withdrawal, WithdrawalState::Sending).await? {
        return Ok(hold);
    }
    Err(match find(platform, book, withdrawal).await?.state {
        WithdrawalState::Sending => Refusal::WithdrawalIsBeingWorkedOn.into(),
        state => Refusal::StepIsNotPossible(state, step).into(),
    })
}

/// Takes the lease of a withdrawal that is in this state; `None` where it is not, or a worker has it.
pub(super) async fn lease_in_state(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    state: WithdrawalState,
) -> Result<Option<Hold>, Failure> {
    let now = platform.store.now().await?;
    let mut bytes = [0; 8];
    platform.entropy.fill(&mut bytes);
    let me = i64::from_be_bytes(bytes) | 1;
    platform.store.lease_one(book, (withdrawal, state), me, (now, now + LEASE)).await
}

async fn end(
    platform: &Platform,
    hold: Hold,
    (paid, proof): (bool, &str),
    origin: Origin,
    without_the_rail: Option<OnceKey>,
) -> Result<Withdrawal, Stopped> {
    let Hold { book, withdrawal, .. } = hold;
    let found = find(platform, book, withdrawal).await?;
    let step = if paid { Step::Succeed } else { Step::Fail };
    // Where a rail pays and no attempt was ever made, nothing can have been paid, and the rail will never say so. Whether a
    // person has paid by hand is said with `fail`.
    let by_rail = !found.provider.is_paid_by_hand();
    let attempts = platform.store.attempts(book, withdrawal).await?;
    let nothing_sent = by_rail && !paid && attempts.is_empty();
    // Unless the database was set back to a moment before the attempt: then it may have been paid, and only a person can say so.
    let forgotten = by_rail && paid && attempts.is_empty() && is_from_before(platform, &found).await?;
    if !found.outcome_unknown && !nothing_sent && !forgotten {
        return Err(Refusal::StepIsNotPossible(found.state, step).into());
    }
    // What was signed for a chain can be made good by whoever has seen it, until its nonce is used up. That is so after a
    // payment in another way as well.
    if !attempts.is_empty() {
        check_spent(platform, book, &found, &attempts, without_the_rail.is_some()).await?;
    }
    let known = i64::try_from(attempts.len()).map_err(anyhow::Error::from)?;
    let progress = Progress::new(withdrawal, step).under(Lease { number: hold.lease, attempts: known });
    let progress = if paid {
        progress
    } else {
        progress.because(NOT_PAID, "The payment was not made. Please try again.")
    };
    let ended = advance_once(platform, book, progress.with_note(proof), origin, without_the_rail).await?;
    Ok(ended.0)
}

/// Was it asked for before the installation was recovered?
async fn is_from_before(platform: &Platform, withdrawal: &Withdrawal) -> Result<bool, Failure> {
    let floor = floor_of_epoch(platform.store.epoch().await?);
    Ok(is_from_before_a_recovery(withdrawal.number, floor))
}

/// Refuses while the attempts may still pay as far as the rail knows. A rail that is not here, or cannot say, is replaced only
/// by two people.
async fn check_spent(
    platform: &Platform,
    book: BookId,
    withdrawal: &Withdrawal,
    attempts: &[Attempt],
    without_the_rail: bool,
) -> Result<(), Stopped> {
    match is_spent(platform, book, withdrawal, attempts).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::PaymentMayStillBeMade.into()),
        Err(Stopped::Refused(Refusal::RailIsNotHere) | Stopped::Failure(_)) if without_the_rail => Ok(()),
        Err(stopped) => Err(stopped),
    }
}

/// Is it certain that whatever the attempts can do is done? Only the rail that made them can say so.
pub(super) async fn is_spent(
    platform: &Platform,
    book: BookId,
    withdrawal: &Withdrawal,
    attempts: &[Attempt],
) -> Result<bool, Stopped> {
    let mounted = platform.rails.get(book.mode(), &withdrawal.method);
    // Another kind of rail under the same name knows nothing of these attempts.
    let mounted = mounted.filter(|mounted| mounted.facts().provider == withdrawal.provider);
    let mounted = mounted.ok_or(Refusal::RailIsNotHere)?;
    let order_id = platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number);
    let payment = Payment { book, withdrawal: withdrawal.clone(), order_id };
    Ok(mounted.rail.is_spent(&payment, attempts).await?)
}

pub(super) async fn find(platform: &Platform, book: BookId, withdrawal: i64) -> Result<Withdrawal, Stopped> {
    let found = platform.store.withdrawal(book, withdrawal).await?;
    found.ok_or(Stopped::Refused(Refusal::WithdrawalIsUnknown))
}

async fn manual(platform: &Platform, book: BookId, withdrawal: i64) -> Result<Withdrawal, Stopped> {
    let found = find(platform, book, withdrawal).await?;
    if found.provider.is_paid_by_hand() {
        return Ok(found);
    }
    Err(Refusal::WithdrawalIsNotManual.into())
}
