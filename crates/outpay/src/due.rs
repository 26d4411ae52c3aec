//! Work that a wrong clock has put off. Where a clock was ahead when a due time or the end of a lease was written, it stands
//! further ahead than any step puts it, and would be waited for: it is due now. Not here: the rows (store/due.rs).

use crate::imports::run::LEASE as IMPORT_LEASE;
use crate::mail::LONGEST_STEPS as MAIL;
use crate::members::audit;
use crate::platform::Platform;
use crate::rails::LONGEST_STEPS as WITHDRAWAL;
use crate::store::{Failure, LongestSteps, NewAuditEntry, PulledBack, Work};
use crate::webhooks::LONGEST_STEPS as DELIVERY;
use ledger::{Actor, BookId};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// The longest steps of every kind.
pub const LONGEST: LongestSteps =
    LongestSteps { withdrawal: WITHDRAWAL, delivery: DELIVERY, mail: MAIL, import_lease: IMPORT_LEASE };

const BETWEEN_SWEEPS: Duration = Duration::from_secs(30);

/// Sweeps at once and twice a minute until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = sweep(&platform).await {
            tracing::warn!(
                error = format!("{failure:#}"),
                "what a clock has put off could not be looked for"
            );
        }
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(BETWEEN_SWEEPS) => {}
        }
    }
}

/// Makes due what stands too far ahead.
///
/// # Errors
/// When the database breaks.
pub async fn sweep(platform: &Platform) -> Result<PulledBack, Failure> {
    let pulled = platform.store.pull_back(&LONGEST).await?;
    if pulled != PulledBack::default() {
        let PulledBack { due, leases } = pulled;
        tracing::warn!(due, leases, "a clock was ahead: what it had put off is due now");
        nudge(platform);
    }
    Ok(pulled)
}

/// Makes one thing due by hand. `false`: it waits for no time.
///
/// # Errors
/// When the database breaks.
pub async fn make_due(platform: &Platform, work: Work, id: &str, actor: Actor) -> Result<bool, Failure> {
    let book = match work {
        Work::Withdrawal(book, _) | Work::Delivery(book, _) | Work::Import(book, _) => Some(book),
        Work::Mail(number) => platform.store.mail(number).await?.and_then(|row| row.mail.book),
    };
    let entry = |book: BookId| audit::in_book(platform, book, actor, "work.made_due", id, &json!({}));
    let entries: Vec<NewAuditEntry> = book.map(entry).into_iter().collect();
    let is_made = platform.store.make_due(work, &entries).await?;
    nudge(platform);
    Ok(is_made)
}

/// Makes everything due by hand; how much was not.
///
/// # Errors
/// When the database breaks.
pub async fn make_all_due(platform: &Platform, actor: Actor) -> Result<u64, Failure> {
    let businesses = platform.store.businesses().await?;
    let entry = |number| audit::in_business(platform, number, actor, "work.made_due", "", &json!({}));
    let entries: Vec<NewAuditEntry> = businesses.iter().map(|business| entry(business.number)).collect();
    let made = platform.store.make_all_due(&entries).await?;
    nudge(platform);
    Ok(made)
}

fn nudge(platform: &Platform) {
    platform.rails.nudge.send_replace(());
    platform.webhooks.nudge();
    platform.mail.nudge();
}
