//! The overview of a book: balances, and totals per day of a range and of the range before it. Not here: the page (dashboard/money/home.rs),
//! what needs a person (needs.rs), SQL (store/day_sums.rs). Invariant: the cost of an overview does not grow with the book's history;
//! entries that are not in the day sums yet are added in portions.

use crate::background::look_again;
use crate::platform::Platform;
use crate::store::{Failure, MoneySum, PEOPLE};
use crate::test_clock;
use ledger::{AccountId, BookId, EntryKind, Micros};
use std::ops::Range;
use std::time::Duration;
use tokio::sync::watch;

const MICROS_OF_A_DAY: i64 = 86_400_000_000;
/// Entries that one overview may add to the day sums.
const GLANCE: i64 = 10_000;
/// Entries that the background task adds per transaction.
const PORTION: i64 = 50_000;
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub struct Overview {
    pub balances: BookBalances,
    /// The days that were asked for, oldest first.
    pub days: Vec<Day>,
    /// Of all these days.
    pub total: Volume,
    /// Of as many days before them.
    pub before: Volume,
    /// Do the days reach to now? Only then each has the balances at its end.
    pub reaches_now: bool,
    /// False while the day sums lag behind the journal.
    pub is_complete: bool,
}

/// Cents of a business and its people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookBalances {
    pub main: i64,
    pub payout: i64,
    /// Withdrawals that have not ended.
    pub held: i64,
    /// What people could withdraw.
    pub people: i64,
}

/// One day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    pub volume: Volume,
    /// The balances at its end.
    pub balances: BookBalances,
}

/// What happened on some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
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

impl Volume {
    fn add(&mut self, sum: &MoneySum) {
        // A payout is at most a million dollars, so no number of them reaches the end of an i64.
        let amount = i64::try_from(sum.amount).unwrap_or(i64::MAX);
        match sum.kind {
            EntryKind::UserCreated | EntryKind::UserCredited => {
                self.given = self.given.saturating_add(amount);
            }
            EntryKind::WithdrawalSucceeded => {
                self.succeeded += sum.entries;
                self.paid = self.paid.saturating_add(amount);
            }
            EntryKind::WithdrawalFeeTaken => self.paid = self.paid.saturating_add(amount),
            EntryKind::WithdrawalFailed | EntryKind::WithdrawalReturned => self.failed += sum.entries,
            EntryKind::WithdrawalRejected | EntryKind::WithdrawalCancelled => self.stopped += sum.entries,
            _ => {}
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            given: self.given.saturating_add(other.given),
            paid: self.paid.saturating_add(other.paid),
            succeeded: self.succeeded + other.succeeded,
            failed: self.failed + other.failed,
            stopped: self.stopped + other.stopped,
        }
    }
}

impl BookBalances {
    /// The balances before this movement.
    fn undo(&mut self, sum: &MoneySum) {
        for (account, sign) in [(sum.credit, -1), (sum.debit, 1)] {
            let balance = match account {
                AccountId::MAIN => &mut self.main,
                AccountId::PAYOUT => &mut self.payout,
                AccountId::HELD => &mut self.held,
                PEOPLE => &mut self.people,
                _ => continue,
            };
            // BookBalances fit; in between, a day's turnover may not.
            let undone = i128::from(*balance) + sign * sum.amount;
            *balance = i64::try_from(undone).unwrap_or(if undone < 0 { i64::MIN } else { i64::MAX });
        }
    }
}

/// The day of a book now, since 1970-01-01.
pub async fn today(platform: &Platform, book: BookId) -> Result<i64, Failure> {
    Ok(day_of(test_clock::now(platform, book).await?))
}

/// The day of this moment.
#[must_use]
pub fn day_of(at: Micros) -> i64 {
    at.div_euclid(MICROS_OF_A_DAY)
}

/// The overview of these days.
pub async fn look(platform: &Platform, book: BookId, days: Range<i64>) -> Result<Overview, Failure> {
    let store = &platform.store;
    let is_complete = store.add_to_day_sums(book, GLANCE).await?;
    let balances = balances(platform, book).await?;
    let reaches_now = days.end > today(platform, book).await?;
    let sums = store.day_sums(book, days.clone()).await?;
    let length = days.end.saturating_sub(days.start);
    let mut before = Volume::default();
    for sum in store.totals(book, days.start.saturating_sub(length)..days.start).await? {
        before.add(&sum);
    }
    let days = series(days, balances, &sums);
    let total = days.iter().fold(Volume::default(), |total, day| total.plus(day.volume));
    Ok(Overview { balances, days, total, before, reaches_now, is_complete })
}

async fn balances(platform: &Platform, book: BookId) -> Result<BookBalances, Failure> {
    let house = platform.store.house_balances_of(book).await?.balances;
    let of = |account| house.iter().find(|(id, _)| *id == account).map_or(0, |(_, balance)| balance.0);
    let others: i128 = house.iter().map(|(_, balance)| i128::from(balance.0)).sum();
    Ok(BookBalances {
        main: of(AccountId::MAIN),
        payout: of(AccountId::PAYOUT),
        held: of(AccountId::HELD),
        // What the house accounts lack, people have: money only moves between accounts.
        people: i64::try_from(-others)?,
    })
}

/// The days, each with the balances at its end, counted back from those at the end of the last one.
fn series(days: Range<i64>, now: BookBalances, sums: &[(i64, MoneySum)]) -> Vec<Day> {
    let (mut balances, mut rest) = (now, sums);
    let mut undo_from = |day: i64, volume: &mut Volume| {
        while let Some(((of, sum), before)) = rest.split_last()
            && *of >= day
        {
            balances.undo(sum);
            volume.add(sum);
            rest = before;
        }
        balances
    };
    let mut series = Vec::new();
    for day in days.rev() {
        let ends_with = undo_from(day + 1, &mut Volume::default());
        let mut volume = Volume::default();
        undo_from(day, &mut volume);
        series.push(Day { day, volume, balances: ends_with });
    }
    series.reverse();
    series
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_totals_and_the_balances_at_their_ends() {
        let sum = |kind, debit, credit, amount| MoneySum { kind, debit, credit, entries: 1, amount };
        let sums = [
            (5, sum(EntryKind::MovedToPayout, AccountId::MAIN, AccountId::PAYOUT, 100)),
            (6, sum(EntryKind::UserCreated, AccountId::PAYOUT, PEOPLE, 30)),
            (6, sum(EntryKind::WithdrawalCreated, PEOPLE, AccountId::HELD, 20)),
            (8, sum(EntryKind::WithdrawalSucceeded, AccountId::HELD, AccountId(-10), 20)),
        ];
        let now = BookBalances { main: 900, payout: 70, held: 0, people: 10 };
        let days = series(5..9, now, &sums);
        let ends =
            days.iter().map(|day| (day.day, day.balances.payout, day.balances.held, day.balances.people));
        let expected = [(5, 100, 0, 0), (6, 70, 20, 10), (7, 70, 20, 10), (8, 70, 0, 10)];
        assert_eq!(ends.collect::<Vec<_>>(), expected);
        let volumes: Vec<_> =
            days.iter().map(|day| (day.volume.given, day.volume.paid, day.volume.succeeded)).collect();
        assert_eq!(volumes, [(0, 0, 0), (30, 0, 0), (0, 0, 0), (0, 20, 1)]);
    }
}
