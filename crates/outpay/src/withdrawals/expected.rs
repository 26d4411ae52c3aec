//! When a withdrawal is expected to be paid, for every door that shows it. Nothing is expected before it is queued: how long a
//! review takes is up to a person. Not here: noticing that a time has passed (`crate::delays`).

use crate::platform::Platform;
use crate::rails;
use crate::store::{Expectation, Failure};
use ledger::{BookId, Micros, Withdrawal, WithdrawalState};
use std::collections::BTreeMap;

/// What a person may know of it. Never a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedTime {
    /// By the book's clock.
    pub at: Micros,
    /// An earlier expected time has passed.
    pub is_delayed: bool,
}

/// The expected time of one withdrawal, where it is on its way.
pub async fn one(
    platform: &Platform,
    book: BookId,
    of: &Withdrawal,
) -> Result<Option<ExpectedTime>, Failure> {
    Ok(many(platform, book, std::slice::from_ref(of)).await?.remove(&of.number))
}

/// The same of many, by their numbers.
pub async fn many(
    platform: &Platform,
    book: BookId,
    all: &[Withdrawal],
) -> Result<BTreeMap<i64, ExpectedTime>, Failure> {
    let on_its_way =
        |of: &&Withdrawal| matches!(of.state, WithdrawalState::Queued | WithdrawalState::Sending);
    let numbers = || all.iter().filter(on_its_way).map(|of| of.number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(BTreeMap::new()) };
    let stored = platform.store.expectations(book, (first, last)).await?;
    let expected = |of: &Withdrawal| (of.number, expected(platform, book, of, stored.get(&of.number)));
    Ok(all.iter().filter(on_its_way).map(expected).collect())
}

fn expected(
    platform: &Platform,
    book: BookId,
    of: &Withdrawal,
    stored: Option<&Expectation>,
) -> ExpectedTime {
    match stored {
        Some(stored) => ExpectedTime { at: stored.expected_at, is_delayed: stored.delays > 0 },
        None => {
            ExpectedTime { at: of.created_at.saturating_add(within(platform, book, of)), is_delayed: false }
        }
    }
}

/// How long its method takes; where it is not configured any more, its kind.
#[must_use]
pub fn within(platform: &Platform, book: BookId, of: &Withdrawal) -> Micros {
    let mounted = platform.rails.get(book.mode(), &of.method);
    mounted.map_or(rails::kind(of.provider).expected_within, |mounted| mounted.expected_within())
}
