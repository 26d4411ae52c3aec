//! Unclaimed money: where a business has set a number of days, what a person has not touched for that long goes back to
//! the payout balance. Counted from the newest movement of the person's account; a new credit begins the time anew.

use crate::background::look_again;
use crate::counter::Done;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::Failure;
use crate::test_clock;
use ledger::{Actor, BookId, Micros, Occurrence};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// Microseconds of a day.
pub const DAY: Micros = 86_400_000_000;
/// A reminder is an event this many days before.
const REMIND_BEFORE: i64 = 7;
/// Between two looks at which clocks of test books were moved; their books are swept then.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Every hour all books are swept.
const LOOKS_PER_SWEEP: u32 = 1800;
/// Accounts looked at between two pauses.
const PAGE: i64 = 500;

/// Sweeps every hour, and a test book soon after its clock was moved, until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    let mut clocks = BTreeMap::new();
    let mut look = 0u32;
    loop {
        match round(&platform, look.is_multiple_of(LOOKS_PER_SWEEP), &mut clocks).await {
            Ok(0) => {}
            Ok(people) => tracing::info!(people, "unclaimed money went back"),
            Err(failure) => {
                tracing::error!(error = format!("{failure:#}"), "unclaimed money could not be looked for");
            }
        }
        look = look.wrapping_add(1);
        if !look_again(&mut stop, None, BETWEEN_LOOKS).await {
            return;
        }
    }
}

/// Sweeps all books, or those whose clocks are not as `clocks` knows them.
async fn round(
    platform: &Platform,
    is_for_all: bool,
    clocks: &mut BTreeMap<BookId, Micros>,
) -> Result<usize, Failure> {
    let ahead: BTreeMap<BookId, Micros> = platform.store.clocks_ahead().await?.into_iter().collect();
    let is_moved = |book: &BookId| ahead.get(book) != clocks.get(book);
    let expired = if is_for_all {
        sweep(platform).await?
    } else if ahead == *clocks {
        0
    } else {
        sweep_books(platform, is_moved).await?
    };
    *clocks = ahead;
    Ok(expired)
}

/// Goes once through all books with a rule. How many people's money went back.
pub async fn sweep(platform: &Platform) -> Result<usize, Failure> {
    sweep_books(platform, |_| true).await
}

async fn sweep_books(platform: &Platform, wanted: impl Fn(&BookId) -> bool) -> Result<usize, Failure> {
    let mut expired = 0;
    for (book, days) in platform.store.expiry_rules().await? {
        if wanted(&book) {
            expired += sweep_book(platform, book, days).await?;
        }
    }
    Ok(expired)
}

async fn sweep_book(platform: &Platform, book: BookId, days: i64) -> Result<usize, Failure> {
    let now = test_clock::now(platform, book).await?;
    let too_old = now - days.saturating_mul(DAY);
    let soon_too_old = now - (days - REMIND_BEFORE).max(0).saturating_mul(DAY);
    let notice = REMIND_BEFORE.min(days) * DAY;
    let counter = platform.counter(book, Actor::NONE);
    let (mut after, mut expired) = (0, 0);
    loop {
        let page = platform.store.unclaimed(book, soon_too_old, after, PAGE).await?;
        for idle in &page {
            after = idle.user;
            // Every recipient is reminded first, also where the rule is new or no sweep ran for a while.
            if idle.reminded_at < idle.since {
                let note = crate::clock::rfc3339((idle.since + days * DAY).max(now + notice));
                let told = counter.record(Occurrence::UserMoneyExpiring, Some(idle.user), note).await;
                is_done(told)?;
                platform.store.note_reminder(book, idle.user, now).await?;
            } else if idle.since <= too_old && idle.reminded_at + notice <= now {
                expired += usize::from(is_done(counter.expire(idle.user, idle.head).await)?);
            }
        }
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(expired);
        }
    }
}

/// A refusal means that the recipient has moved the money in the meantime.
fn is_done<T>(done: Result<Done<T>, Stopped>) -> Result<bool, Failure> {
    match done {
        Ok(_) => Ok(true),
        Err(Stopped::Refused(_)) => Ok(false),
        Err(stopped) => Err(stopped.into()),
    }
}
