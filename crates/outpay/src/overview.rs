//! A book at a glance: what it holds, what waits, and what happened on each of the last days. Not here: the page
//! (dashboard/home.rs), SQL (store/day_sums.rs). Invariant: a glance costs the same however much has happened before; what
//! has not been summed up yet is summed up in portions.

use crate::platform::Platform;
use crate::store::{DaySum, Failure};
use ledger::{BookId, Cents, EntryKind, WithdrawalState};
use std::time::Duration;
use tokio::sync::watch;

/// How many days are told of, with today.
pub const DAYS: i64 = 30;
/// Counted no further than this.
pub const MOST: i64 = 1_000;
const MICROS_OF_A_DAY: i64 = 86_400_000_000;
/// Entries that a glance sums up.
const GLANCE: i64 = 10_000;
/// Entries that are summed up at once between glances.
const PORTION: i64 = 50_000;
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Cents.
    pub main: Cents,
    /// Cents.
    pub payout: Cents,
    /// Cents of withdrawals on their way.
    pub held: Cents,
    /// How many wait for review, up to [`MOST`].
    pub in_review: i64,
    /// How many have an outcome that nobody knows, up to [`MOST`].
    pub in_doubt: i64,
    /// The last [`DAYS`] days, oldest first.
    pub days: Vec<Day>,
    /// False while earlier entries are still being summed up.
    pub is_complete: bool,
}

/// What happened on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Cents that people were given.
    pub given: i64,
    /// Cents that people were paid; with the fees that the business keeps of them.
    pub paid: i64,
    /// Withdrawals that succeeded.
    pub succeeded: i64,
    /// Withdrawals that failed or came back.
    pub failed: i64,
    /// Withdrawals that were rejected or cancelled.
    pub stopped: i64,
}

/// A book at a glance.
///
/// # Errors
/// When the database breaks.
pub async fn look(platform: &Platform, book: BookId) -> Result<Overview, Failure> {
    let store = &platform.store;
    let is_complete = store.add_to_day_sums(book, GLANCE).await?;
    let today = platform.clock.now().div_euclid(MICROS_OF_A_DAY);
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

/// Sums up what nobody looks at, until `stop` says true or is dropped, so that nobody has to wait for it later.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = round(&platform, &stop).await {
            tracing::error!(
                error = format!("{failure:#}"),
                "the sums of days could not be brought up to date"
            );
        }
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(BETWEEN_ROUNDS) => {}
        }
    }
}

async fn round(platform: &Platform, stop: &watch::Receiver<bool>) -> Result<(), Failure> {
    for business in platform.store.businesses().await? {
        for mode in [ledger::Mode::Live, ledger::Mode::Test] {
            while !platform.store.add_to_day_sums(BookId::new(business.number, mode), PORTION).await? {
                // The doors have the first word about the database.
                tokio::time::sleep(Duration::from_millis(50)).await;
                if *stop.borrow() || stop.has_changed().is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
