//! Watches the funds of rails for which the operator has set how much they should hold: too much is lost at once where a key is
//! stolen, too little leaves payments waiting. It raises an alarm and moves no money. Not here: whether a certain payment is covered
//! (rails/), `outpay doctor`'s look at the same marks (cli/doctor/limits.rs).

use crate::background::look_again;
use crate::platform::Platform;
use crate::rails::{FundsAlarm, Mounted};
use ledger::{BookId, Cents, Mode};
use std::time::Duration;
use tokio::sync::watch;

const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
/// For the answer of one rail.
const LONGEST_CALL: Duration = Duration::from_secs(30);
/// Funds that have marks are the installation's: a rail whose funds differ by book states none.
const ANY_BOOK: i64 = 1;

/// Looks every minute until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        look(&platform).await;
        if !look_again(&mut stop, None, BETWEEN_LOOKS).await {
            return;
        }
    }
}

/// Looks once at the funds of all rails that have marks.
pub async fn look(platform: &Platform) {
    for mounted in platform.rails.of(Mode::Live).filter(|mounted| mounted.limits.watches_funds()) {
        if let Some(available) = available(mounted).await {
            note(mounted, available);
        }
    }
}

/// What a rail says that it could pay; `None` where it does not say.
pub async fn available(mounted: &Mounted) -> Option<Cents> {
    let funds = mounted.rail.balance(BookId::new(ANY_BOOK, Mode::Live));
    match tokio::time::timeout(LONGEST_CALL, funds).await {
        Ok(Ok(funds)) => funds.available,
        Ok(Err(_)) | Err(_) => None,
    }
}

/// Keeps them for the metrics, and logs where an alarm begins or ends.
fn note(mounted: &Mounted, available: Cents) {
    let alarm = mounted.limits.alarm(available);
    if mounted.note_funds(available, alarm) == alarm {
        return;
    }
    let (rail, cents) = (&mounted.facts().name, available.0);
    match alarm {
        Some(FundsAlarm::TooMuch) => {
            tracing::error!(
                rail,
                cents,
                "a rail holds more than it should: move what is above the mark away"
            );
        }
        Some(FundsAlarm::TooLittle) => tracing::warn!(rail, cents, "a rail holds less than it should"),
        None => tracing::info!(rail, cents, "a rail's funds are between their marks again"),
    }
}
