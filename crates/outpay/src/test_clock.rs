//! The movable clock of a test book: its business moves it forward to see what time brings. The clock of live books is never moved.
//!
//! Which clock decides what, in a test book:
//!
//! | by the clock of the book ([`now`], [`Store::book_now`], [`ledger::Book::time`]) | by the machine's |
//! |---|---|
//! | times of entries, users and withdrawals; days of caps and of review rules | authentication, sessions, codes, links |
//! | expiry of money and of users, reminders | ceilings and limits of keys, rate limits |
//! | what simulated payments do, and for how long they are watched | leases, idempotency |
//! | the hour in which a code may be shown ten times | `webhook-timestamp`, times of deliveries, of attempts at them, of mails |
//! | days of the overview | the audit log, the request log, proposals, pauses, imports |
//!
//! What waits for a time (retries of webhooks and mails, the next look at a payment) waits by the machine's clock; a move brings it that
//! much nearer, in the transaction of the move. Not here: the rows (`store/test_clocks.rs`).
//!
//! [`Store::book_now`]: crate::store::Store::book_now

use crate::audit_log;
use crate::platform::Platform;
use crate::store::{Advanced, Failure, NewAdvance};
use ledger::{Actor, BookId, Micros, Mode, OnceKey};
use serde_json::json;

const SECOND: Micros = 1_000_000;
/// Seconds that a clock may be ahead: five years of 365 days.
pub const MOST_SECONDS: i64 = 5 * 365 * 86_400;

/// A clock as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestClock {
    /// The time of the book.
    pub now: Micros,
    /// Whole seconds.
    pub ahead_seconds: i64,
}

/// Why a clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum TestClockError {
    #[error("The clock of live money cannot be moved. Use a test key.")]
    IsLive,
    #[error("The advance_seconds must be an integer from 1 to {MOST_SECONDS}.")]
    OutOfRange,
    #[error("The clock may be at most {MOST_SECONDS} seconds ahead in all.")]
    TooFar,
    /// The idempotency key moved it by another time.
    #[error("This idempotency key was already used for another request. Send a new key with a new request.")]
    OtherRequest,
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The time of the book, by which its business is judged; for a live book, the machine's.
pub async fn now(platform: &Platform, book: BookId) -> Result<Micros, Failure> {
    Ok(platform.clock.now().saturating_add(platform.store.clock_ahead(book).await?))
}

/// The clock of a test book.
///
/// # Errors
/// [`TestClockError::IsLive`], or a failure.
pub async fn read(platform: &Platform, book: BookId) -> Result<TestClock, TestClockError> {
    if book.mode() == Mode::Live {
        return Err(TestClockError::IsLive);
    }
    Ok(shown(platform, platform.store.clock_ahead(book).await?))
}

/// Moves the clock of a test book forward. Moves at the same time add up; a request that is repeated under its key moves it once.
///
/// # Errors
/// [`TestClockError`]; nothing was moved then.
pub async fn advance(
    platform: &Platform,
    book: BookId,
    seconds: i64,
    (actor, once): (Actor, Option<OnceKey>),
) -> Result<TestClock, TestClockError> {
    if book.mode() == Mode::Live {
        return Err(TestClockError::IsLive);
    }
    if !(1..=MOST_SECONDS).contains(&seconds) {
        return Err(TestClockError::OutOfRange);
    }
    let detail = json!({ "advance_seconds": seconds });
    let entry = audit_log::in_book(platform, book, actor, "test_clock.advanced", "", &detail);
    let new = NewAdvance { book, micros: seconds * SECOND, most: MOST_SECONDS * SECOND, once };
    match platform.store.advance_clock(&new, &[entry]).await? {
        Advanced::Ahead(ahead) => {
            platform.rails.nudge.send();
            platform.webhooks.nudge();
            platform.mail.nudge();
            Ok(shown(platform, ahead))
        }
        Advanced::Before(ahead) => Ok(shown(platform, ahead)),
        Advanced::OtherRequest => Err(TestClockError::OtherRequest),
        Advanced::TooFar => Err(TestClockError::TooFar),
    }
}

fn shown(platform: &Platform, ahead: Micros) -> TestClock {
    TestClock { now: platform.clock.now().saturating_add(ahead), ahead_seconds: ahead / SECOND }
}
