//! The injected clock and dice. Nothing else in the platform may ask the machine for time or randomness (clippy
//! refuses it), so that tests and the simulator decide both.

use ledger::Micros;
use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Microseconds since 1970 that stand still until somebody moves them.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn manual(now: Micros) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now)))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Micros {
        match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock; a system clock cannot be moved and stays as it is.
    pub fn advance(&self, micros: i64) {
        if let Self::Manual(now) = self {
            now.fetch_add(micros, Ordering::SeqCst);
        }
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
