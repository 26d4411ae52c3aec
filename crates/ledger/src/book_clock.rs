//! The clock of a book. A live book has the time that the caller gives. A test book may be ahead of it, by as much as its business
//! has moved it (`outpay`, test_clock.rs, which lists what goes by which clock).
//!
//! Invariant: the book's time stands in its entries, users and withdrawals; credentials, leases and ceilings of keys are judged by
//! the caller's time, so that moving the clock of a test book lifts no limit.

use crate::{Book, Micros, Mode};

impl Book {
    /// How far the clock is ahead, as it is stored.
    ///
    /// # Panics
    /// When the book is live, whose clock cannot be moved.
    pub fn put_clock(&mut self, ahead: Micros) {
        assert!(ahead == 0 || (ahead > 0 && self.id.mode() == Mode::Test), "only test books are ahead");
        self.ahead = ahead;
    }

    /// How far the book's clock is ahead; 0 for a live book.
    #[must_use]
    pub fn ahead(&self) -> Micros {
        self.ahead
    }

    /// The time of the book at the caller's `now`.
    #[must_use]
    pub fn time(&self, now: Micros) -> Micros {
        now.saturating_add(self.ahead)
    }
}
