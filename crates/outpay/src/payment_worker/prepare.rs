//! Prepares the next attempt of a payment: the rail writes it, and the funds must cover it beside the attempts in flight on
//! its line. Not here: committing it (turn.rs).

use super::limits::{LONGEST_CALL, too_slow};
use crate::platform::Platform;
use crate::rails::{Mounted, Outcome, Payment, Prepared};
use crate::store::{Attempt, Failure};

/// Prepares the attempt, or says why there can be none now.
///
/// The slot is read before the attempts in flight. An attempt that the second read misses has therefore taken the slot, so
/// that this one cannot be committed: of two prepared at once, only one relies on the same funds.
pub(super) async fn next(
    platform: &Platform,
    mounted: &Mounted,
    payment: &Payment,
    earlier: &[Attempt],
) -> Result<Result<Prepared, Outcome>, Failure> {
    let line = mounted.facts().line.as_deref();
    let rails = line.map_or_else(Vec::new, |line| platform.rails.names_in_line(line));
    let slot = match line {
        Some(line) => platform.store.next_slot(line, &rails).await?,
        None => 0,
    };
    let prepare = async {
        let prepared = mounted.rail.prepare(payment, earlier, slot).await?;
        let replaces = earlier.iter().any(|attempt| attempt.slot == prepared.slot);
        if line.is_some() && !replaces {
            let room = check_room(platform, mounted, &rails, &prepared).await;
            room.map_err(|failure| Outcome::unknown(format!("{failure:#}")))?;
        }
        Ok(prepared)
    };
    Ok(tokio::time::timeout(LONGEST_CALL, prepare).await.unwrap_or_else(|_| Err(too_slow())))
}

async fn check_room(
    platform: &Platform,
    mounted: &Mounted,
    rails: &[&str],
    prepared: &Prepared,
) -> Result<(), Failure> {
    let from = mounted.rail.first_open_slot().await?;
    let waiting = platform.store.attempts_from(rails, from).await?;
    mounted.rail.check_room(prepared, &waiting).await
}
