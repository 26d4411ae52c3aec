//! Turns at computing passwords' digests. Invariants: a flood of sign-ins is refused before it costs a digest or a row, keeps a
//! bounded share of the processors from the payments, and does not delay browsers that have signed in before ("device
//! cookies", OWASP).

use crate::clock::Clock;
use ledger::Micros;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Tries of one lane that wait or are computed; more are refused.
const PLACES: usize = 16;
/// Share of one processor that unknown browsers get in the long run: one part in this many.
const SHARE: i64 = 4;
/// What unknown browsers may use at once before the share holds.
const BURST: Micros = 1_000_000;

/// Who asks for a digest. Each lane computes one digest at a time, which bounds memory too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordLane {
    /// A browser without a device cookie for the account.
    Unknown,
    /// A browser with one, or a member who is signed in or invited.
    Known,
}

/// A place in the queue of a lane, free again when it is dropped.
pub struct PasswordPlace {
    pub(super) lane: PasswordLane,
    _place: OwnedSemaphorePermit,
}

/// The queues and turns of both lanes.
pub(super) struct PasswordLanes {
    clock: Clock,
    known: LaneParts,
    unknown: LaneParts,
    debt: Mutex<Debt>,
}

struct LaneParts {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

/// Processor time that unknown browsers have used beyond their share, and since when it is paid off.
#[derive(Default)]
struct Debt {
    owed: Micros,
    at: Micros,
}

impl Debt {
    /// Adds what a digest took, which is paid off while time passes; returns how long the next one has to wait.
    fn add(&mut self, took: Micros, now: Micros) -> Micros {
        let paid = now.saturating_sub(self.at).max(0);
        self.owed = (self.owed - paid).max(0).saturating_add(took.max(0).saturating_mul(SHARE));
        self.at = now;
        (self.owed - BURST).max(0)
    }
}

impl PasswordLanes {
    pub(super) fn new(clock: Clock) -> Self {
        let lane =
            || LaneParts { places: Arc::new(Semaphore::new(PLACES)), turn: Arc::new(Semaphore::new(1)) };
        Self { clock, known: lane(), unknown: lane(), debt: Mutex::default() }
    }

    fn parts(&self, lane: PasswordLane) -> &LaneParts {
        match lane {
            PasswordLane::Known => &self.known,
            PasswordLane::Unknown => &self.unknown,
        }
    }

    /// `None`: the queue is full.
    pub(super) fn enter(&self, lane: PasswordLane) -> Option<PasswordPlace> {
        let place = Arc::clone(&self.parts(lane).places).try_acquire_owned().ok()?;
        Some(PasswordPlace { lane, _place: place })
    }

    /// Runs `compute` in the lane's turn. After a digest for an unknown browser the turn stays taken until its share allows
    /// another; the answer does not wait for that.
    pub(super) async fn run<T>(&self, lane: PasswordLane, compute: impl Future<Output = T>) -> T {
        let turn = Arc::clone(&self.parts(lane).turn).acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        let before = self.clock.monotonic();
        let result = compute.await;
        if lane == PasswordLane::Unknown {
            let now = self.clock.monotonic();
            let rest = self.debt.lock().add(now - before, now);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_micros(rest.unsigned_abs())).await;
                drop(turn);
            });
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> PasswordLanes {
        PasswordLanes::new(Clock::System)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_leaves_the_other_lane_open() {
        let lanes = lanes();
        let places: Vec<PasswordPlace> =
            (0..PLACES).filter_map(|_| lanes.enter(PasswordLane::Unknown)).collect();
        assert_eq!(places.len(), PLACES);
        assert!(lanes.enter(PasswordLane::Unknown).is_none());
        assert!(lanes.enter(PasswordLane::Known).is_some());
        drop(places);
        assert!(lanes.enter(PasswordLane::Unknown).is_some());
    }

    #[tokio::test]
    async fn a_known_browser_does_not_wait_for_an_unknown_one() {
        let lanes = lanes();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let unknown = lanes.run(PasswordLane::Unknown, released);
        let known = lanes.run(PasswordLane::Known, async { release.send(()) });
        let (unknown, known) = tokio::join!(unknown, known);
        assert!(unknown.is_ok() && known.is_ok());
    }

    #[test]
    fn unknown_browsers_get_their_share_of_a_processor() {
        let mut debt = Debt::default();
        let (mut now, took, mut digests) = (0, 20_000, 0);
        while now < 60_000_000 {
            now += took;
            now += debt.add(took, now);
            digests += 1;
        }
        let used = digests * took;
        assert!((14_500_000..=15_500_000).contains(&used), "{used} of 60 s");
        // A single one after a pause waits for nothing.
        assert_eq!(debt.add(took, now + 10_000_000), 0);
    }
}
