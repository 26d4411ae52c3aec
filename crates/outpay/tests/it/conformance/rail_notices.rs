//! Notices of counterparts: each is taken once, and makes due what it names.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, step, withdraw};
use ledger::{BookId, Mode, Provider, Step, Terms};
use outpay::testing::store::Store;

on_both_engines! {
    a_notice_is_taken_once_for_each_rail,
    a_notice_makes_due_what_it_names_and_nothing_else,
}

async fn a_notice_is_taken_once_for_each_rail(world: &BareStore) {
    let store = &world.store;
    let take =
        async |rail: &str, id: &str| store.take_rail_notice((rail, Provider::Crypto), id, &[]).await.unwrap();
    assert!(take("usdc", "WH-1").await);
    assert!(!take("usdc", "WH-1").await, "again");
    assert!(take("usdc", "WH-2").await);
    assert!(take("other", "WH-1").await, "another rail's");
    world.tamper("UPDATE rail_notice SET received_at = 0 WHERE rail = 'usdc' AND id = 'WH-1'").await.unwrap();
    assert!(take("usdc", "WH-3").await);
    assert!(take("usdc", "WH-1").await, "forgotten after 60 days");
}

/// The numbers of the withdrawals that are due at that time.
async fn due(store: &Store, at: i64) -> Vec<i64> {
    let leased = store.lease_withdrawals(7, (Mode::Live, "usdc"), (at, at + 1), 10).await.unwrap();
    leased.iter().map(|leased| leased.withdrawal.number).collect()
}

async fn a_notice_makes_due_what_it_names_and_nothing_else(world: &BareStore) {
    let (book, store) = (world.book("Acme").await, &world.store);
    let mut till = world.till().await;
    store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    till.fund(book, 1_000).await;
    let asked = std::iter::once(create("a@example.com", 1_000)).chain((0..4).map(|_| withdraw(order(1, 10))));
    till.carry_out(book, asked).await;
    for number in [1, 2, 3] {
        till.withdrawal(book, step(number, Step::Send)).await;
    }
    till.withdrawal(book, step(3, Step::Succeed)).await;
    world.tamper("UPDATE withdrawal SET due_at = 4000000000000000 WHERE number <> 3").await.unwrap();
    world.tamper("UPDATE withdrawal SET due_at = NULL WHERE number = 3").await.unwrap();
    assert_eq!(due(store, NOW).await, [0; 0]);
    let (notice, elsewhere) = (("usdc", Provider::Crypto), BookId(book.0 + 2));
    // 1 is being sent, 3 has succeeded and is watched no more; 4 is queued, 5 does not exist.
    let named = [(book, 1), (book, 3), (book, 4), (book, 5), (elsewhere, 2)];
    assert!(store.take_rail_notice(("pp", Provider::Manual), "WH-1", &named).await.unwrap());
    assert_eq!(due(store, NOW).await, [0; 0], "of another kind of rail");
    assert!(store.take_rail_notice(notice, "WH-1", &named).await.unwrap());
    let mut found = due(store, NOW).await;
    found.sort_unstable();
    assert_eq!(found, [1, 3]);
    world.tamper("UPDATE withdrawal SET due_at = 4000000000000000, leased_until = 0").await.unwrap();
    assert!(!store.take_rail_notice(notice, "WH-1", &named).await.unwrap());
    assert_eq!(due(store, NOW).await, [0; 0], "a repeat does nothing");
}
