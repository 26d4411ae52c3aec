//! The overview of a book: balances, waiting withdrawals, and totals per day. Not here: the page (dashboard/home.rs),
//! SQL (store/day_sums.rs). Invariant: the cost of an overview does not grow with the book's history; entries that
//! are not in the day sums yet are added in portions.

use crate::background::look_again;
use crate::platform::Platform;
use crate::store::{DaySum, Failure};
use crate::test_clock;
use ledger::{BookId, Cents, EntryKind, WithdrawalState};
use std::time::Duration;
use tokio::sync::watch;

/// Days shown, including today.
pub const DAYS: i64 = 30;
/// Counts stop here.
pub const MOST: i64 = 1_000;
const MICROS_OF_A_DAY: i64 = 86_400_000_000;
/// Entries that one overview may add to the day sums.
const GLANCE: i64 = 10_000;
/// Entries that the background task adds per transaction.
const PORTION: i64 = 50_000;
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub struct Overview {
    pub main: Cents,
    pub payout: Cents,
    /// Withdrawals that have not ended.
    pub held: Cents,
    /// Withdrawals in review, at most [`MOST`].
    pub in_review: i64,
    /// Withdrawals with an unknown outcome, at most [`MOST`].
    pub in_doubt: i64,
    /// The last [`DAYS`] days, oldest first.
    pub days: Vec<Day>,
    /// False while the day sums lag behind the journal.
    pub is_complete: bool,
}

/// The totals of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Cents credited to payout users.
    pub given: i64,
    /// Cents of withdrawals paid, including the fees that the business kept.
    pub paid: i64,
    /// Withdrawals that succeeded.
    pub succeeded: i64,
    /// Withdrawals that failed or were returned.
    pub failed: i64,
    /// Withdrawals that were rejected or cancelled.
    pub stopped: i64,
}

pub async fn look(platform: &Platform, book: BookId) -> Result<Overview, Failure> {
    let store = &platform.store;
    let is_complete = store.add_to_day_sums(book, GLANCE).await?;
    let today = test_clock::now(platform, book).await?.div_euclid(MICROS_OF_A_DAY);
    let sums = store.day_sums(book, today - DAYS + 1).await?;
    let (main, payout) = store.own_balances(book).await?;
    Ok(Overview {
        main,
        payout,
        held: store.held(book).await?,
        in_review: store.count_withdrawals(book, Some(WithdrawalState::Review), MOST).await?,
        in_doubt: store.count_withdrawals(book, None, MOST).await?,
        days: days(today, &sums),
        is_complete,
    })
}

fn days(today: i64, sums: &[DaySum]) -> Vec<Day> {
    let mut days: Vec<Day> = (today - DAYS + 1..=today).map(|day| Day { day, ..Day::default() }).collect();
    for sum in sums {
        let Some(day) = days.iter_mut().find(|day| day.day == sum.day) else { continue };
        match sum.kind {
            EntryKind::UserCreated | EntryKind::UserCredited => day.given += sum.amount.0,
            EntryKind::WithdrawalSucceeded => {
                day.succeeded += sum.entries;
                day.paid += sum.amount.0;
            }
            EntryKind::WithdrawalFeeTaken => day.paid += sum.amount.0,
            EntryKind::WithdrawalFailed | EntryKind::WithdrawalReturned => day.failed += sum.entries,
            EntryKind::WithdrawalRejected | EntryKind::WithdrawalCancelled => day.stopped += sum.entries,
            _ => {}
        }
    }
    days
}

/// Keeps the day sums of all books up to date until `stop` is true or dropped, so that a page need not catch up on
/// its own.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = round(&platform, &stop).await {
            tracing::error!(error = format!("{failure:#}"), "the day sums could not be updated");
        }
        if !look_again(&mut stop, None, BETWEEN_ROUNDS).await {
            return;
        }
    }
}

async fn round(platform: &Platform, stop: &watch::Receiver<bool>) -> Result<(), Failure> {
    for business in platform.store.businesses().await? {
        for mode in [ledger::Mode::Live, ledger::Mode::Test] {
            while !platform.store.add_to_day_sums(BookId::new(business.number, mode), PORTION).await? {
                // Leave the database to requests for a moment.
                tokio::time::sleep(Duration::from_millis(50)).await;
                if *stop.borrow() || stop.has_changed().is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
