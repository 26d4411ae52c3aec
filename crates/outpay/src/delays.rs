//! Withdrawals that take longer than expected: once each time that the expected time passes, the new one is written down and an
//! event tells of it (`payout.delayed`). Each new time is twice as far away as the one before. Not here: how long a method
//! usually takes (rails/), and how a delay is shown (withdrawals/expected.rs).
//!
//! Invariant: an event is told exactly once per passing. The row comes first; the event has the row's number of delays in its
//! idempotency key, so a process that dies between the two is repeated without effect.

use crate::background::look_again;
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::rails::Mounted;
use crate::stopped::Stopped;
use crate::store::{Failure, OverdueWithdrawal, UntoldDelay};
use ledger::{Actor, Micros, Occurrence, OnceKey, Refusal};
use std::time::Duration;
use tokio::sync::watch;

const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);
/// Rows per step.
const PAGE: i64 = 200;
/// After so many delays the time is not doubled any more.
const MOST_DOUBLINGS: u32 = 10;

/// Sweeps every few seconds until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = sweep(&platform).await {
            tracing::error!(error = format!("{failure:#}"), "delayed withdrawals could not be looked for");
        }
        if !look_again(&mut stop, None, BETWEEN_SWEEPS).await {
            return;
        }
    }
}

/// Goes once through all methods; how many delays were told.
pub async fn sweep(platform: &Platform) -> Result<usize, Failure> {
    for mounted in platform.rails.all() {
        note(platform, mounted).await?;
    }
    tell(platform).await
}

/// Writes down the new times of what is overdue.
async fn note(platform: &Platform, mounted: &Mounted) -> Result<(), Failure> {
    let (facts, within) = (mounted.facts(), mounted.expected_within());
    loop {
        let page = platform.store.overdue_withdrawals((mounted.mode, &facts.name), within, PAGE).await?;
        for overdue in &page {
            platform.store.note_delay(overdue, next(overdue, within)).await?;
        }
        // What was noted is not told yet, and does not come again.
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

/// Twice the wait before, from now on: a process that was down for a while does not tell of each time that has passed meanwhile.
fn next(overdue: &OverdueWithdrawal, within: Micros) -> Micros {
    let delays = overdue.stored.map_or(0, |stored| stored.delays);
    let doublings = u32::try_from(delays + 1).unwrap_or(MOST_DOUBLINGS).min(MOST_DOUBLINGS);
    overdue.now.saturating_add(within.saturating_mul(1 << doublings))
}

/// Puts the events of noted delays into the journals.
async fn tell(platform: &Platform) -> Result<usize, Failure> {
    let mut told = 0;
    loop {
        let page = platform.store.untold_delays(PAGE).await?;
        for untold in &page {
            record(platform, untold).await?;
            platform.store.note_told(untold).await?;
            told += 1;
        }
        if page.is_empty() {
            return Ok(told);
        }
    }
}

async fn record(platform: &Platform, of: &UntoldDelay) -> Result<(), Failure> {
    let found = platform.store.withdrawal(of.book, of.withdrawal).await?;
    if !found.is_some_and(|found| found.state.holds_money()) {
        return Ok(());
    }
    let once = OnceKey::of_delay(of.withdrawal, of.expectation.delays);
    let counter = platform.counter(of.book, Actor::NONE).once(once);
    let note = rfc3339(of.expectation.expected_at);
    match counter.record_of_withdrawal(Occurrence::WithdrawalDelayed, (of.user, of.withdrawal), note).await {
        // Told before with another time: it was approved anew between the event and the note of it.
        Ok(_) | Err(Stopped::Refused(Refusal::IdempotencyKeyWasUsedForAnotherRequest)) => Ok(()),
        Err(stopped) => Err(stopped.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Expectation;
    use ledger::BookId;

    #[test]
    fn each_time_is_twice_as_far_away() {
        let overdue = |delays: Option<i64>| OverdueWithdrawal {
            book: BookId(2),
            withdrawal: 1,
            user: 1,
            created_at: 0,
            now: 1_000,
            stored: delays.map(|delays| Expectation { expected_at: 900, delays }),
        };
        for (delays, expected) in [(None, 1_200), (Some(0), 1_200), (Some(1), 1_400), (Some(2), 1_800)] {
            assert_eq!(next(&overdue(delays), 100), expected, "{delays:?}");
        }
        assert_eq!(next(&overdue(Some(i64::MAX - 1)), 100), 1_000 + 100 * 1_024);
    }
}
