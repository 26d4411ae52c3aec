//! Reconciliation: a rail's own books compared with our withdrawals. One run reads the books of a rail for a period, traces each
//! payment to the withdrawal that ordered it, and stores what differs. Here: a run. Beside it: the comparison itself (compare.rs), what
//! follows from a difference (found.rs), the run of each night (night.rs). Not here: reading a rail's books (rails/), the rows (store/).
//!
//! Invariant: the rail's books are read before our attempts. An attempt is durable before it is sent, so a payment of ours in those
//! books always finds its attempt, and what finds none was not ordered here.

mod compare;
mod found;
pub mod night;
#[cfg(test)]
mod tests;

pub use found::{CloseError, close, id, named};

use crate::platform::Platform;
use crate::rails::{Booked, Mounted};
use crate::store::{Failure, ReconciliationRun, WithdrawalFilter};
use compare::{Books, Comparison, Traceable, Traced};
use ledger::{BookId, Micros, Mode, Withdrawal, WithdrawalState};
use std::time::Duration;

const DAY: Micros = 86_400_000_000;
/// The rail's books are read from this much before the period to this much after it: clocks differ, and a payment is booked a moment
/// before or after its withdrawal changes.
const MARGIN: Micros = 3_600_000_000;
/// Withdrawals that were asked for longer than this before the period are not looked for in the rail's books.
const LONGEST_LIFE: Micros = 90 * DAY;
/// Withdrawals per query.
const PAGE: i64 = 1_000;
/// How long a rail may take to show its books.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// What a run gave.
#[derive(Debug)]
pub struct Reconciled {
    pub run: ReconciliationRun,
    /// The rail was paused because of what this run found.
    pub paused: bool,
}

/// Why there was no comparison.
#[derive(Debug, thiserror::Error)]
pub enum NotReconciled {
    #[error("there is no method {0:?} in this configuration")]
    UnknownRail(String),
    #[error("{0} keeps no books that can be read")]
    NoBooks(String),
    /// The books could not be read, or the database failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Compares the books of a live rail with ours over a period: from, until.
///
/// # Errors
/// [`NotReconciled`]; where the rail's books could not be read, a run that says so is stored.
pub async fn run(
    platform: &Platform,
    rail: &str,
    period: (Micros, Micros),
) -> Result<Reconciled, NotReconciled> {
    let unknown = || NotReconciled::UnknownRail(rail.to_owned());
    let mounted = platform.rails.get(Mode::Live, rail).ok_or_else(unknown)?;
    let started_at = platform.store.now().await?;
    let mut record = ReconciliationRun {
        rail: rail.to_owned(),
        period,
        started_at,
        finished_at: started_at,
        booked: 0,
        matched: 0,
        found: 0,
        failure: String::new(),
    };
    let comparison = match look(platform, mounted, period).await {
        Ok(Some(comparison)) => comparison,
        Ok(None) => return Err(NotReconciled::NoBooks(rail.to_owned())),
        Err(failure) => {
            record.finished_at = platform.store.now().await?;
            record.failure = format!("{failure:#}").chars().take(500).collect();
            platform.store.add_reconciliation_run(&record).await?;
            return Err(failure.into());
        }
    };
    let paused = found::settle(platform, rail, period, &comparison.mismatches).await?;
    let open = platform.store.open_mismatches().await?;
    let open = open.iter().filter(|one| one.rail == rail).count();
    record.finished_at = platform.store.now().await?;
    record.booked = comparison.booked;
    record.matched = comparison.matched;
    record.found = i64::try_from(open).unwrap_or(i64::MAX);
    platform.store.add_reconciliation_run(&record).await?;
    let (booked, matched, found) = (record.booked, record.matched, record.found);
    tracing::info!(rail, booked, matched, found, "a rail's own books were compared with ours");
    found::tell(platform).await?;
    Ok(Reconciled { run: record, paused })
}

/// Reads both books and compares them; `None` where the rail keeps none.
async fn look(
    platform: &Platform,
    mounted: &Mounted,
    period: (Micros, Micros),
) -> Result<Option<Comparison>, Failure> {
    let name = mounted.facts().name.as_str();
    let succeeded = succeeded(platform, name, period).await?;
    let first = first_attempt(platform, &succeeded, period.0).await?;
    let range = (first.saturating_sub(MARGIN).max(0), period.1.saturating_add(MARGIN));
    let books = tokio::time::timeout(PATIENCE, mounted.rail.own_books(range)).await;
    let Some(booked) = books.map_err(|_| anyhow::anyhow!("its books took too long to read"))?? else {
        return Ok(None);
    };
    let names = names(platform, mounted).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut there = Vec::with_capacity(booked.len());
    for booked in booked {
        let owner = trace(platform, mounted, &names, &booked).await?;
        there.push(Traced { booked, owner });
    }
    let books = Books { period, now: platform.store.now().await?, there, succeeded };
    Ok(Some(compare::compare(books, |net| mounted.rail.expected_fee(net))))
}

/// The withdrawals of all live books that succeeded by a method in this time.
async fn succeeded(
    platform: &Platform,
    method: &str,
    (from, until): (Micros, Micros),
) -> Result<Vec<(BookId, Withdrawal)>, Failure> {
    let oldest = from.saturating_sub(LONGEST_LIFE);
    let mut found = Vec::new();
    for business in platform.store.businesses().await? {
        let book = BookId::new(business.number, Mode::Live);
        let mut filter = WithdrawalFilter {
            state: Some(WithdrawalState::Succeeded),
            method: Some(method.to_owned()),
            ..WithdrawalFilter::default()
        };
        loop {
            let page = platform.store.withdrawals(book, &filter, PAGE).await?;
            filter.below = page.last().map(|last| last.number);
            let is_last = page.last().is_none_or(|last| last.created_at < oldest);
            let is_of_period = |one: &Withdrawal| (from..until).contains(&one.changed_at);
            found.extend(page.into_iter().filter(is_of_period).map(|withdrawal| (book, withdrawal)));
            if is_last {
                break;
            }
        }
    }
    Ok(found)
}

/// When the first attempt at one of these was made, no later than `from`: its payment cannot be booked before.
async fn first_attempt(
    platform: &Platform,
    withdrawals: &[(BookId, Withdrawal)],
    from: Micros,
) -> Result<Micros, Failure> {
    let mut first = from;
    for (book, withdrawal) in withdrawals.iter().filter(|(_, withdrawal)| withdrawal.created_at < from) {
        let attempts = platform.store.attempts(*book, withdrawal.number).await?;
        // A payment by hand has no attempt.
        let began = attempts.first().map_or(withdrawal.created_at, |attempt| attempt.created_at);
        first = first.min(began);
    }
    Ok(first)
}

/// The names under which rails of this kind have made attempts, the present one first.
async fn names(platform: &Platform, mounted: &Mounted) -> Result<Vec<String>, Failure> {
    let facts = mounted.facts();
    let mut names = vec![facts.name.clone()];
    for rail in platform.store.recorded_rails().await? {
        let is_like = !rail.test_mode && rail.provider == facts.provider.word();
        if is_like && !names.contains(&rail.name) {
            names.push(rail.name);
        }
    }
    Ok(names)
}

/// The withdrawal that ordered a payment: by the key of its attempt, by the order number of its rail, or as a person has said.
async fn trace(
    platform: &Platform,
    mounted: &Mounted,
    names: &[&str],
    booked: &Booked,
) -> Result<Traceable, Failure> {
    let (store, facts) = (&platform.store, mounted.facts());
    if booked.reference.is_empty() {
        return Ok(Traceable::Unknown);
    }
    if let Some((book, withdrawal)) = store.withdrawal_of_key(names, &booked.reference).await? {
        return Ok(Traceable::Ordered(book, Box::new(withdrawal)));
    }
    let ordered = platform.secrets.ids().open_order(facts.provider, &booked.reference);
    let assigned = store.assigned_transfer(&facts.name, &booked.reference).await?;
    let Some((book, number)) = ordered.or(assigned.flatten()) else {
        return Ok(if assigned.is_some() { Traceable::Assigned } else { Traceable::Unknown });
    };
    let found = store.withdrawal(book, number).await?.filter(|_| book.mode() == Mode::Live);
    Ok(found.map_or(Traceable::Unknown, |withdrawal| Traceable::Ordered(book, Box::new(withdrawal))))
}
