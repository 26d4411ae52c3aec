//! The brakes that a withdrawal passes before it begins to be sent: room below its rail's ceiling, and the screening service's
//! word. Not here: pauses and switches, which the lease and each step look at; the room itself, which the transaction of the
//! first attempt takes (turn.rs).
//!
//! Asked before the worker takes a permit of the rail: the service may need seconds, and the rails of a line share one permit.

use super::limits::SECOND;
use crate::counter::Screened;
use crate::platform::Platform;
use crate::rails::Mounted;
use crate::store::{Failure, Leased};
use ledger::{Actor, Cents, Lease, Micros, Mode, WithdrawalState};

/// The shortest wait at a brake.
const SOONEST: Micros = 5 * SECOND;
/// The longest one.
const LATEST: Micros = 600 * SECOND;

/// Whether the worker goes on.
pub(super) enum Gate {
    Open,
    /// Not in this turn; the wait until the next one, if there is to be one.
    Closed(Option<Micros>),
}

/// Looks at the brakes where nothing was sent yet.
pub(super) async fn gate(platform: &Platform, mounted: &Mounted, leased: &Leased) -> Result<Gate, Failure> {
    let Leased { book, withdrawal, .. } = leased;
    let has_brakes = platform.screening.is_configured() || !mounted.limits.ceiling().is_none();
    if !has_brakes || book.mode() == Mode::Test {
        return Ok(Gate::Open);
    }
    let begins = match withdrawal.state {
        WithdrawalState::Queued => true,
        // A process ended before the first attempt, or lost the last room to another one.
        WithdrawalState::Sending => platform.store.attempts(*book, withdrawal.number).await?.is_empty(),
        _ => false,
    };
    if !begins {
        return Ok(Gate::Open);
    }
    if let Some(until) = mounted.left_alone_until(platform.clock.monotonic()) {
        return Ok(Gate::Closed(Some(until - platform.clock.monotonic())));
    }
    if let Some(wait) = wait_for_room(platform, mounted, withdrawal.net()).await? {
        return Ok(Gate::Closed(Some(wait)));
    }
    let lease = Lease { number: leased.lease, attempts: 0 };
    Ok(match platform.counter(*book, Actor::NONE).screen(withdrawal, Some(lease)).await? {
        Screened::Passed => Gate::Open,
        Screened::Held => Gate::Closed(None),
        Screened::Waits => {
            let since = platform.store.now().await? - withdrawal.changed_at;
            Gate::Closed(Some((since / 4).clamp(SOONEST, LATEST)))
        }
    })
}

/// How long to wait for room below the ceiling; `None`: there is room for this amount.
pub(super) async fn wait_for_room(
    platform: &Platform,
    mounted: &Mounted,
    amount: Cents,
) -> Result<Option<Micros>, Failure> {
    let ceiling = mounted.limits.ceiling();
    if ceiling.is_none() {
        return Ok(None);
    }
    let spent = platform.store.rail_spending(&mounted.facts().name).await?;
    let full_until = spent.look_again_at(&ceiling, amount);
    mounted.note_room(full_until.is_none());
    let now = platform.store.now().await?;
    Ok(full_until.map(|until| (until - now).clamp(SOONEST, LATEST)))
}
