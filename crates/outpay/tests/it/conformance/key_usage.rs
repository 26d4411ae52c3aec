//! Usage of keys: rows that several processes add to.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::BookId;
use outpay::testing::store::{KeyUsage, UsageCounts};

on_both_engines! {
    counts_are_added_to_what_is_there,
    processes_share_rows,
}

const HOUR: i64 = 3_600_000_000;

fn usage(book: BookId, key: i64, hour: i64, requests: i64) -> KeyUsage {
    let within = [requests, 0, 1, 0, 0, 0, 0, 2];
    let counts = UsageCounts { requests, client_errors: 1, server_errors: 2, micros: 30, within, moved: 400 };
    KeyUsage { book, key, hour: NOW + hour * HOUR, counts }
}

async fn counts_are_added_to_what_is_there(world: &BareStore) {
    let (store, book, other) = (&world.store, BookId(2), BookId(4));
    store.add_key_usage(&[]).await.unwrap();
    let rows = [usage(book, 1, 0, 5), usage(book, 1, 1, 7), usage(book, 2, 0, 9), usage(other, 1, 0, 11)];
    store.add_key_usage(&rows).await.unwrap();
    store.add_key_usage(&[usage(book, 1, 1, 3)]).await.unwrap();
    let found = store.key_usage(book, 1, NOW).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], rows[0]);
    let sum = UsageCounts {
        requests: 10,
        client_errors: 2,
        server_errors: 4,
        micros: 60,
        within: [10, 0, 2, 0, 0, 0, 0, 4],
        moved: 800,
    };
    assert_eq!(found[1].counts, sum);
    assert_eq!(store.key_usage(book, 1, NOW + HOUR).await.unwrap().len(), 1);
    assert!(store.key_usage(book, 3, NOW).await.unwrap().is_empty());
    let all = store.usage_of_keys(book, NOW).await.unwrap();
    let brief: Vec<(i64, i64, i64)> =
        all.iter().map(|(key, counts)| (*key, counts.requests, counts.moved)).collect();
    assert_eq!(brief, [(1, 15, 1_200), (2, 9, 400)]);
    let later = store.usage_of_keys(book, NOW + HOUR).await.unwrap();
    assert_eq!(later, [(1, sum)]);
}

async fn processes_share_rows(world: &BareStore) {
    let written = world.at_once(4, async |store, _| {
        for _ in 0..5 {
            let rows = [usage(BookId(2), 1, 0, 1), usage(BookId(2), 2, 0, 1)];
            store.add_key_usage(&rows).await.unwrap();
        }
    });
    assert_eq!(written.len(), 4);
    let all = world.store.usage_of_keys(BookId(2), NOW).await.unwrap();
    assert_eq!(
        all.iter().map(|(key, counts)| (*key, counts.requests)).collect::<Vec<_>>(),
        [(1, 20), (2, 20)]
    );
}
