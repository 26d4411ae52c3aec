//! Repairs due times that a wrong clock has put off. If a clock was ahead when a due time or the end of a lease was
//! written, it is further in the future than any step can put it; such work is made due now. Not here: the rows
//! (store/due.rs).

use crate::audit_log;
use crate::background::look_again;
use crate::imports::run::LEASE as IMPORT_LEASE;
use crate::mail::LONGEST_STEPS as MAIL;
use crate::payment_worker::{LONGEST_STEPS as WITHDRAWAL, LONGEST_WATCH};
use crate::platform::Platform;
use crate::store::{DueWork, Failure, LongestSteps, NewAuditEntry, PulledBack};
use crate::webhooks::LONGEST_STEPS as DELIVERY;
use ledger::{Actor, BookId};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// The longest regular delays of each kind of work.
pub const LONGEST: LongestSteps = LongestSteps {
    withdrawal: WITHDRAWAL,
    watch: LONGEST_WATCH,
    delivery: DELIVERY,
    mail: MAIL,
    import_lease: IMPORT_LEASE,
};

const BETWEEN_SWEEPS: Duration = Duration::from_secs(30);

/// Sweeps now and every 30 seconds until `stop` is true or dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = sweep(&platform).await {
            tracing::warn!(
                error = format!("{failure:#}"),
                "due times put off by a wrong clock could not be checked"
            );
        }
        if !look_again(&mut stop, None, BETWEEN_SWEEPS).await {
            return;
        }
    }
}

/// Makes work due whose due time is further ahead than any regular delay.
pub async fn sweep(platform: &Platform) -> Result<PulledBack, Failure> {
    let pulled = platform.store.pull_back(&LONGEST).await?;
    if pulled != PulledBack::default() {
        let PulledBack { due, leases } = pulled;
        tracing::warn!(due, leases, "a clock was ahead: work that it had put off is due now");
        nudge(platform);
    }
    Ok(pulled)
}

/// Makes one piece of work due, for an operator. `false`: it does not wait for a time.
pub async fn make_due(platform: &Platform, work: DueWork, id: &str, actor: Actor) -> Result<bool, Failure> {
    let book = match work {
        DueWork::Withdrawal(book, _) | DueWork::Delivery(book, _) | DueWork::Import(book, _) => Some(book),
        DueWork::Mail(number) => platform.store.mail(number).await?.and_then(|row| row.mail.book),
    };
    let entry = |book: BookId| audit_log::in_book(platform, book, actor, "work.made_due", id, &json!({}));
    let entries: Vec<NewAuditEntry> = book.map(entry).into_iter().collect();
    let is_made = platform.store.make_due(work, &entries).await?;
    nudge(platform);
    Ok(is_made)
}

/// Makes all waiting work due, for an operator; returns how much.
pub async fn make_all_due(platform: &Platform, actor: Actor) -> Result<u64, Failure> {
    let businesses = platform.store.businesses().await?;
    let entry = |number| audit_log::in_business(platform, number, actor, "work.made_due", "", &json!({}));
    let entries: Vec<NewAuditEntry> = businesses.iter().map(|business| entry(business.number)).collect();
    let made = platform.store.make_all_due(&entries).await?;
    nudge(platform);
    Ok(made)
}

fn nudge(platform: &Platform) {
    platform.rails.nudge.send();
    platform.webhooks.nudge();
    platform.mail.nudge();
}
