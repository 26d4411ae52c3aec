//! What a book does when its installation recovers: from here on it numbers everything in a new epoch, so that nothing that
//! was lost can have the number of something that is made later.

use crate::decide::Plan;
use crate::{Actor, Book, Change, Entry, EntryKind, Micros, Reply, floor_of_epoch};

/// A book that is in the epoch already, or in a later one, stays as it is.
pub(crate) fn recover(book: &Book, epoch: i64) -> Plan {
    let before = book.head.sequence;
    let raise = Change::RaiseNumbers { epoch, note: format!("previous sequence {before}") };
    let is_behind = before <= floor_of_epoch(epoch);
    Plan { changes: is_behind.then_some(raise).into_iter().collect(), reply: Reply::Recorded }
}

impl Book {
    /// The one place where the sequence has a gap.
    pub(crate) fn raise_numbers(&mut self, epoch: i64, note: String, at: Micros, actor: Actor) {
        let floor = floor_of_epoch(epoch);
        assert!(self.head.sequence <= floor, "a book is never taken back into an earlier epoch");
        self.head.users = self.head.users.max(floor);
        self.head.withdrawals = self.head.withdrawals.max(floor);
        let (kind, detail, sequence) = (EntryKind::InstallationRecovered, String::new(), floor + 1);
        let (user, movement, withdrawal, salt) = (0, None, 0, None);
        self.append(Entry { sequence, kind, at, user, movement, note, withdrawal, actor, detail, salt });
    }
}
