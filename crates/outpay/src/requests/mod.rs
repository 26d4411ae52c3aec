//! Records of API requests for the business itself: the usage of each key (usage.rs) and a log of recent requests
//! (log.rs) without secrets (redact.rs). Both are collected in memory and written in the background. Invariants: no
//! response waits for them; a failed write loses lines of the log, never more; everything that reaches the store has
//! passed redact.rs.

pub mod curl;
mod log;
pub mod redact;
mod usage;

pub use log::{DAYS, KeptRequest, MOST_KEPT_BYTES, MOST_LINES, SeenRequest};

use crate::clock::Clock;
use crate::store::{Failure, Store};
use ledger::{BookId, Cents, Micros};
use std::sync::Arc;

/// Collects data about requests; cheap to clone. Holds no handle to the teller, which would keep the process from
/// ending.
#[derive(Clone)]
pub struct Requests {
    store: Store,
    clock: Clock,
    shared: Arc<RequestsParts>,
}

#[derive(Default)]
struct RequestsParts {
    usage: usage::GatheredUsage,
    log: log::GatheredRequests,
}

impl Requests {
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, shared: Arc::default() }
    }

    /// Counts a request of a key.
    pub fn count(&self, (book, key): (BookId, i64), status: u16, at: Micros, micros: Micros, moved: Cents) {
        self.shared.usage.count(book, key, status, at, micros, moved);
    }

    /// Reserves a place in the log, if there is one for a request of this book with this status. The request must
    /// then be passed to [`Self::keep`] with the returned number: how many requests before it were skipped.
    #[must_use]
    pub fn room(&self, book: BookId, status: u16, at: Micros) -> Option<i64> {
        self.shared.log.room(book, status, at)
    }

    /// Adds a request to the log.
    pub fn keep(&self, seen: SeenRequest) {
        self.shared.log.keep(seen);
    }

    /// Writes what was collected, and deletes old lines.
    ///
    /// # Errors
    /// On a failure, usage counts are written next time; lines of the log are lost.
    pub async fn write(&self) -> Result<(), Failure> {
        self.shared.usage.write(&self.store).await?;
        self.shared.log.write(&self.store, self.clock.now()).await
    }
}
