//! The injected clock and dice. Nothing else in the platform may ask the machine for time or randomness (clippy
//! refuses it), so that tests and the simulator decide both.

use ledger::Micros;
use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Stands still until a test moves it.
    Manual(Arc<ManualClock>),
}

/// The two times of a clock that is moved by hand.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    elapsed: AtomicI64,
}

/// What [`Clock::monotonic`] counts from.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic clock")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn manual(now: Micros) -> Self {
        Self::Manual(Arc::new(ManualClock { now: AtomicI64::new(now), elapsed: AtomicI64::new(0) }))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Micros {
        match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Manual(clock) => clock.now.load(Ordering::SeqCst),
        }
    }

    /// Microseconds since a moment of this process that means nothing by itself. It never goes back and never jumps, so intervals
    /// are measured by it; [`Self::now`] may be set by hand or by NTP at any time.
    #[must_use]
    pub fn monotonic(&self) -> Micros {
        match self {
            Self::System => i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX),
            Self::Manual(clock) => clock.elapsed.load(Ordering::SeqCst),
        }
    }

    /// Lets time pass on a manual clock; a system clock stays as it is.
    pub fn advance(&self, micros: i64) {
        if let Self::Manual(clock) = self {
            clock.now.fetch_add(micros, Ordering::SeqCst);
            clock.elapsed.fetch_add(micros.max(0), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock forward or back while no time passes, as NTP or an operator does.
    pub fn step(&self, micros: i64) {
        if let Self::Manual(clock) = self {
            clock.now.fetch_add(micros, Ordering::SeqCst);
        }
    }
}

/// Notices that the clock was set while the process runs.
pub struct ClockSteps {
    ahead: Micros,
}

/// NTP slews at most half a millisecond a second; what differs by more between two looks was set.
const SMALLEST_STEP: Micros = 1_000_000;

impl ClockSteps {
    /// From here on.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        Self { ahead: clock.now() - clock.monotonic() }
    }

    /// By how much the clock was set since the last look, if it was: below 0 for back.
    pub fn look(&mut self, clock: &Clock) -> Option<Micros> {
        let ahead = clock.now() - clock.monotonic();
        let by = ahead - std::mem::replace(&mut self.ahead, ahead);
        (by.abs() >= SMALLEST_STEP).then_some(by)
    }
}

/// Where random bytes come from.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system's generator.
    System,
    /// A generator that gives the same bytes for the same seed. For tests and the simulator.
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Entropy {
    /// The same bytes for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// Fills `bytes`.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's randomness")]
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => {
                getrandom::fill(bytes).expect("an operating system without randomness cannot make keys")
            }
            Self::Seeded(rng) => rng.lock().fill_bytes(bytes),
        }
    }
}

/// The beginning of the UTC day that `at` lies in.
#[must_use]
pub fn start_of_day(at: Micros) -> Micros {
    at - at.rem_euclid(86_400_000_000)
}

/// RFC 3339, UTC, microseconds, `Z` (contract, section 0).
#[must_use]
pub fn rfc3339(at: Micros) -> String {
    let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_and_time_that_passes_is_not() {
        let clock = Clock::manual(1_000_000_000_000);
        let mut steps = ClockSteps::new(&clock);
        clock.advance(3_600_000_000);
        assert_eq!(steps.look(&clock), None);
        clock.step(-600_000_000);
        assert_eq!((steps.look(&clock), steps.look(&clock)), (Some(-600_000_000), None));
        clock.step(2_000_000);
        assert_eq!(steps.look(&clock), Some(2_000_000));
    }

    #[test]
    fn the_monotonic_time_never_follows_a_clock_that_is_set() {
        let clock = Clock::manual(1_000_000_000_000);
        let before = clock.monotonic();
        clock.step(-600_000_000);
        assert_eq!(clock.monotonic(), before);
        clock.advance(5);
        assert_eq!(clock.monotonic(), before + 5);
        assert!(Clock::System.monotonic() <= Clock::System.monotonic());
    }
}
