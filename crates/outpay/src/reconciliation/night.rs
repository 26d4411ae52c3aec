//! The comparison of each night: every live rail of this process, once per night and installation, by whichever process takes it.
//! Not here: the comparison (mod.rs).

use super::{DAY, NotReconciled, found};
use crate::background::look_again;
use crate::platform::Platform;
use crate::rails::Mounted;
use crate::store::Failure;
use ledger::{Micros, Mode};
use std::time::Duration;
use tokio::sync::watch;

const HOUR: Micros = 3_600_000_000;
/// A night begins at three o'clock, UTC.
const BEGINS: Micros = 3 * HOUR;
/// Longer than a comparison may take.
const LEASE: Micros = 2 * HOUR;
/// After a failure the next round tries again.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(15 * 60);
/// At least so much is compared again each night, since a rail may book late.
const LOOK_BACK: Micros = 2 * DAY;
/// A difference that has been open for longer is not looked at again by itself.
const LONGEST_LOOK_BACK: Micros = 90 * DAY;

/// Compares each night until `stop` says true or is dropped.
pub async fn run(platform: Platform, worker: i64, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = round(&platform, worker, &stop).await {
            tracing::error!(error = format!("{failure:#}"), "the comparison with rails' own books failed");
        }
        if !look_again(&mut stop, None, BETWEEN_ROUNDS).await {
            return;
        }
    }
}

/// Compares the rails whose comparison of this night is not done; how many were compared.
pub async fn round(platform: &Platform, worker: i64, stop: &watch::Receiver<bool>) -> Result<usize, Failure> {
    // What a process found and could not tell any more.
    found::tell(platform).await?;
    let mut compared = 0;
    for mounted in platform.rails.of(Mode::Live) {
        if *stop.borrow() {
            break;
        }
        compared += usize::from(rail(platform, mounted, worker).await?);
    }
    Ok(compared)
}

async fn rail(platform: &Platform, mounted: &Mounted, worker: i64) -> Result<bool, Failure> {
    let (store, name) = (&platform.store, mounted.facts().name.as_str());
    let now = store.now().await?;
    let night = now.saturating_sub(BEGINS).div_euclid(DAY);
    if !store.take_reconciliation_night(name, night, worker, (now, now + LEASE)).await? {
        return Ok(false);
    }
    let (done, compared) = match super::run(platform, name, period(platform, mounted, now).await?).await {
        Ok(_) => (Some(night), true),
        // By hand, for example: there is nothing to compare.
        Err(NotReconciled::NoBooks(_) | NotReconciled::UnknownRail(_)) => (Some(night), false),
        Err(NotReconciled::Failure(failure)) => {
            let error = format!("{failure:#}");
            tracing::error!(rail = name, error, "a rail's own books could not be compared with ours");
            (None, false)
        }
    };
    store.end_reconciliation_night(name, worker, done).await?;
    Ok(compared)
}

/// What is compared by itself: all since the last comparison, and for as long as a payment may come back; also the time of
/// differences that are open.
pub async fn period(
    platform: &Platform,
    mounted: &Mounted,
    now: Micros,
) -> Result<(Micros, Micros), Failure> {
    let facts = mounted.facts();
    let watch = facts.provider.watch(Mode::Live).map_or(0, |watch| watch.length);
    let until = platform.store.reconciled_until().await?;
    let until = until.into_iter().find(|(rail, _)| *rail == facts.name).map_or(now, |(_, until)| until);
    let from = until.min(now).saturating_sub(LOOK_BACK.max(watch));
    let open = platform.store.open_mismatches().await?;
    let open = open.iter().filter(|open| open.rail == facts.name).map(|open| open.found.at);
    let oldest = open.filter(|at| *at >= now.saturating_sub(LONGEST_LOOK_BACK)).min();
    Ok((oldest.map_or(from, |oldest| from.min(oldest)).max(0), now))
}
