//! What is remembered of API requests for a business's own eyes: how each key is used (usage.rs) and a log of recent
//! requests (log.rs) without secrets (redact.rs). Both are gathered in memory and written in the background. Invariants: no
//! answer waits for it; a failed write loses a line of the log, never more; what reaches the store went through redact.rs.

pub mod curl;
mod log;
pub mod redact;
mod usage;

pub use log::{DAYS, Kept, MOST_KEPT_BYTES, MOST_LINES, Seen};

use crate::clock::Clock;
use crate::store::{Failure, Store};
use ledger::{BookId, Cents, Micros};
use std::sync::Arc;

/// Gathers what is seen of requests; cheap to clone. Holds no handle to the teller, so that a process can end.
#[derive(Clone)]
pub struct Requests {
    store: Store,
    clock: Clock,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    usage: usage::Gathered,
    log: log::Gathered,
}

impl Requests {
    /// Over these parts.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, shared: Arc::default() }
    }

    /// Counts a request of a key.
    pub fn count(&self, (book, key): (BookId, i64), status: u16, at: Micros, micros: Micros, moved: Cents) {
        self.shared.usage.count(book, key, status, at, micros, moved);
    }

    /// Is there room in the log for a request of this book that ended like this? Then it must be given to [`Self::keep`],
    /// with the number that comes back: how many before it found none.
    #[must_use]
    pub fn room(&self, book: BookId, status: u16, at: Micros) -> Option<i64> {
        self.shared.log.room(book, status, at)
    }

    /// Takes a request into the log.
    pub fn keep(&self, seen: Seen) {
        self.shared.log.keep(seen);
    }

    /// Writes what was gathered, and forgets what is too old.
    ///
    /// # Errors
    /// When the database breaks: numbers of use are written next time, lines of the log are lost.
    pub async fn write(&self) -> Result<(), Failure> {
        self.shared.usage.write(&self.store).await?;
        self.shared.log.write(&self.store, self.clock.now()).await
    }
}
