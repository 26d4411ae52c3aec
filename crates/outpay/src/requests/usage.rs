//! Usage of keys, counted in memory per key and hour and added to rows every few seconds. Several processes add to
//! the same rows. Not here: pages (dashboard/).

use crate::store::{Failure, KeyUsage, Store, UsageCounts};
use ledger::{BookId, Cents, Micros};
use parking_lot::Mutex;
use std::collections::HashMap;

const HOUR: Micros = 3_600_000_000;

/// Counts since the last write.
#[derive(Default)]
pub(super) struct GatheredUsage(Mutex<HashMap<(BookId, i64, Micros), UsageCounts>>);

impl GatheredUsage {
    pub(super) fn count(
        &self,
        book: BookId,
        key: i64,
        status: u16,
        at: Micros,
        micros: Micros,
        moved: Cents,
    ) {
        let hour = at - at.rem_euclid(HOUR);
        let mut all = self.0.lock();
        let counts = all.entry((book, key, hour)).or_default();
        counts.requests += 1;
        counts.client_errors += i64::from((400..500).contains(&status));
        counts.server_errors += i64::from(status >= 500);
        counts.micros = counts.micros.saturating_add(micros.max(0));
        counts.within[UsageCounts::bucket(micros)] += 1;
        counts.moved = counts.moved.saturating_add(moved.0);
    }

    pub(super) async fn write(&self, store: &Store) -> Result<(), Failure> {
        let taken = std::mem::take(&mut *self.0.lock());
        if taken.is_empty() {
            return Ok(());
        }
        let row = |(&(book, key, hour), &counts): (&(BookId, i64, Micros), &UsageCounts)| KeyUsage {
            book,
            key,
            hour,
            counts,
        };
        let mut rows: Vec<KeyUsage> = taken.iter().map(row).collect();
        // Sorted, so that two processes lock the rows in the same order and cannot deadlock.
        rows.sort_unstable_by_key(|row| (row.book.0, row.key, row.hour));
        let written = store.add_key_usage(&rows).await;
        if written.is_err() {
            let mut waiting = self.0.lock();
            for (place, counts) in taken {
                waiting.entry(place).or_default().add(&counts);
            }
        }
        Ok(written?)
    }
}
