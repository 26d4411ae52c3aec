//! Rate limits (contract, 2.8): by client address and by credential text alone, before anything is looked up, so that
//! an answer of 429 does not reveal whether a credential exists. By the monotonic clock: a clock set back would keep every
//! known client waiting for as long.

use crate::clock::{Clock, ForLimits};
pub use crate::web::client::ClientAddress;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::Extensions;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, ForLimits, NoOpMiddleware<Nanos>>;

/// Both limits.
pub struct RateLimit {
    addresses: Limiter<IpAddr>,
    credentials: Limiter<u64>,
    clock: ForLimits,
    hash: RandomState,
}

impl RateLimit {
    /// At most this many requests a second, and as many at once, for each address and each credential.
    #[must_use]
    pub fn new(requests_per_second: NonZeroU32, clock: Clock) -> Self {
        let quota = Quota::per_second(requests_per_second);
        let clock = ForLimits(clock);
        let addresses = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        let credentials = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        Self { addresses, credentials, clock, hash: RandomState::new() }
    }

    /// Counts a request of this address; the error is the number of seconds to wait.
    pub(super) fn check_address(&self, extensions: &Extensions) -> Result<(), u64> {
        let Some(ClientAddress(address)) = extensions.get() else { return Ok(()) };
        let now = self.clock.now();
        self.addresses.check_key(address).map_err(|until| seconds(until.wait_time_from(now)))
    }

    /// Counts a request with this credential text; the error is the number of seconds to wait. Requests without one are counted
    /// together, which takes as long, and are not limited here.
    pub(super) fn check_credential(&self, sent: Option<&[u8]>) -> Result<(), u64> {
        let now = self.clock.now();
        let key = self.hash.hash_one(sent.unwrap_or_default());
        let within = self.credentials.check_key(&key).map_err(|until| seconds(until.wait_time_from(now)));
        if sent.is_some() { within } else { Ok(()) }
    }

    /// Forgets addresses and credentials that have been quiet.
    pub fn forget_quiet(&self) {
        self.addresses.retain_recent();
        self.credentials.retain_recent();
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}
