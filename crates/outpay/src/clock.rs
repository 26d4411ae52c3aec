//! The injected clock and randomness. No other module reads the machine's time or randomness (clippy refuses it), so
//! that tests and the simulator control both.

use governor::nanos::Nanos;
use ledger::Micros;
use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// The source of time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when a test moves it.
    Manual(Arc<ManualClock>),
}

/// Wall time and elapsed time of a manual clock.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    elapsed: AtomicI64,
}

/// The origin of [`Clock::monotonic`].
#[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic clock")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The monotonic clock in the words of the crate that limits rates.
#[derive(Clone, Debug)]
pub struct ForLimits(pub Clock);

impl governor::clock::Clock for ForLimits {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Duration::from_micros(self.0.monotonic().unsigned_abs()).into()
    }
}

impl Clock {
    /// A manual clock set to `now`.
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

    /// Microseconds since an arbitrary moment of this process. It never jumps or goes back, so intervals are measured
    /// with it; [`Self::now`] can be set at any time, by hand or by NTP.
    #[must_use]
    pub fn monotonic(&self) -> Micros {
        match self {
            Self::System => i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX),
            Self::Manual(clock) => clock.elapsed.load(Ordering::SeqCst),
        }
    }

    /// Lets time pass on a manual clock; does nothing to the system clock.
    pub fn advance(&self, micros: i64) {
        if let Self::Manual(clock) = self {
            clock.now.fetch_add(micros, Ordering::SeqCst);
            clock.elapsed.fetch_add(micros.max(0), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock forward or back without elapsed time, as NTP or an operator does.
    pub fn step(&self, micros: i64) {
        if let Self::Manual(clock) = self {
            clock.now.fetch_add(micros, Ordering::SeqCst);
        }
    }
}

/// Detects that the clock was set while the process runs.
pub struct ClockSteps {
    ahead: Micros,
}

/// NTP slews by at most half a millisecond per second; a larger difference between two calls means that the clock was
/// set.
const SMALLEST_STEP: Micros = 1_000_000;

impl ClockSteps {
    /// Steps are detected from here on.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        Self { ahead: clock.now() - clock.monotonic() }
    }

    /// How far the clock was set since the last call, if it was; negative for backward.
    pub fn look(&mut self, clock: &Clock) -> Option<Micros> {
        let ahead = clock.now() - clock.monotonic();
        let by = ahead - std::mem::replace(&mut self.ahead, ahead);
        (by.abs() >= SMALLEST_STEP).then_some(by)
    }
}

/// The source of random bytes.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system's generator.
    System,
    /// A deterministic generator, for tests and the simulator.
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Entropy {
    /// The same seed gives the same bytes.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

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

/// The start of the UTC day of `at`.
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
