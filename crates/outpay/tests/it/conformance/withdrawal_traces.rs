//! The traces of withdrawals.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;

on_both_engines! {
    the_first_trace_stays_and_old_ones_are_forgotten,
}

async fn the_first_trace_stays_and_old_ones_are_forgotten(world: &BareStore) {
    let (book, other) = (world.book("Acme").await, world.book("Other").await);
    let trace = |digit: &str| format!("00-{}-{}-01", digit.repeat(32), digit.repeat(16));
    let store = &world.store;
    store.note_trace(book, 1, &trace("a")).await.unwrap();
    store.note_trace(book, 1, &trace("b")).await.unwrap();
    assert_eq!(store.trace_of(book, 1).await.unwrap(), Some(trace("a")));
    assert_eq!(store.trace_of(book, 2).await.unwrap(), None);
    assert_eq!(store.trace_of(other, 1).await.unwrap(), None);
    store.note_trace(other, 1, &trace("c")).await.unwrap();
    store.note_trace(book, 100_001, &trace("d")).await.unwrap();
    assert_eq!(store.trace_of(book, 1).await.unwrap(), None, "far behind the newest");
    assert_eq!(store.trace_of(book, 100_001).await.unwrap(), Some(trace("d")));
    assert_eq!(store.trace_of(other, 1).await.unwrap(), Some(trace("c")));
}
