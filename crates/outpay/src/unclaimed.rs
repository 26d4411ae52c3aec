//! Unclaimed money: where a business has set a number of days, what a person has not touched for that long goes back to
//! the payout balance. Counted from the newest movement of the person's account; a new credit begins the time anew.

use crate::background::look_again;
use crate::counter::Done;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::Failure;
use ledger::{Actor, BookId, Micros, Occurrence};
use std::time::Duration;
use tokio::sync::watch;

/// Microseconds of a day.
pub const DAY: Micros = 86_400_000_000;
/// A reminder is an event this many days before.
const REMIND_BEFORE: i64 = 7;
const BETWEEN_SWEEPS: Duration = Duration::from_secs(3600);
/// Accounts looked at between two pauses.
const PAGE: i64 = 500;

/// Sweeps every hour until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        match sweep(&platform).await {
            Ok(0) => {}
            Ok(people) => tracing::info!(people, "unclaimed money went back"),
            Err(failure) => {
                tracing::error!(error = format!("{failure:#}"), "unclaimed money could not be looked for");
            }
        }
        if !look_again(&mut stop, None, BETWEEN_SWEEPS).await {
            return;
        }
    }
}

/// Goes once through all books with a rule. How many people's money went back.
pub async fn sweep(platform: &Platform) -> Result<usize, Failure> {
    let mut expired = 0;
    for (book, days) in platform.store.expiry_rules().await? {
        expired += sweep_book(platform, book, days).await?;
    }
    Ok(expired)
}

async fn sweep_book(platform: &Platform, book: BookId, days: i64) -> Result<usize, Failure> {
    let now = platform.clock.now();
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
