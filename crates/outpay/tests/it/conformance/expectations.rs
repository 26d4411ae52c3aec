//! Expected times of withdrawals: what has passed is noted once, and told once.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{BookId, Mode};
use outpay::testing::clock::Clock;
use outpay::testing::store::{Expectation, OverdueWithdrawal, Store};

on_both_engines! {
    what_is_on_its_way_too_long_is_overdue,
    of_processes_at_once_one_notes_a_delay,
    a_delay_is_told_once,
    a_test_book_goes_by_its_own_clock,
}

const WITHIN: i64 = 1_000;

/// Withdrawals 1 to 9, each in the state of its number, asked for now.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let row = |number: i64| {
        format!(
            "({}, {number}, 1, 'usdc', 'crypto', 10, 0, '{{}}', {number}, 0, '', '', {NOW}, {NOW})",
            book.0
        )
    };
    let rows: Vec<String> = (1..=9).map(row).collect();
    let sql = format!(
        "INSERT INTO withdrawal (book, number, payout_user, method, provider, amount, fees, destination, state, \
         outcome_unknown, reason_code, reason, created_at, changed_at) VALUES {}",
        rows.join(", ")
    );
    world.tamper(&sql).await.unwrap();
    book
}

async fn overdue(store: &Store, after: i64) -> Vec<OverdueWithdrawal> {
    let store = store.clone().with_clock(Clock::manual(NOW + after));
    store.overdue_withdrawals((Mode::Live, "usdc"), WITHIN, 10).await.unwrap()
}

fn numbers(found: &[OverdueWithdrawal]) -> Vec<i64> {
    found.iter().map(|one| one.withdrawal).collect()
}

async fn what_is_on_its_way_too_long_is_overdue(world: &BareStore) {
    let (book, store) = (start(world).await, &world.store);
    assert!(overdue(store, WITHIN - 1).await.is_empty());
    let found = overdue(store, WITHIN).await;
    assert_eq!(numbers(&found), [3, 4], "queued and being sent; not in review, not ended");
    let expected =
        OverdueWithdrawal { book, withdrawal: 3, user: 1, created_at: NOW, now: NOW + WITHIN, stored: None };
    assert_eq!(found[0], expected);
    store.expect(book, 3, NOW + 5_000).await.unwrap();
    assert_eq!(numbers(&overdue(store, WITHIN).await), [4], "it was approved later");
    assert_eq!(numbers(&overdue(store, 5_000).await), [3, 4]);
    let none = store.overdue_withdrawals((Mode::Test, "usdc"), 0, 10).await.unwrap();
    assert!(none.is_empty(), "the other mode");
    let other = store.overdue_withdrawals((Mode::Live, "usdt"), 0, 10).await.unwrap();
    assert!(other.is_empty(), "another method");
    let all = store.expectations(book, (1, 9)).await.unwrap();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        [(3, Expectation { expected_at: NOW + 5_000, delays: 0 })]
    );
}

async fn of_processes_at_once_one_notes_a_delay(world: &BareStore) {
    let (book, store) = (start(world).await, &world.store);
    for delays in 1..=3 {
        let before = overdue(store, delays * 10_000).await;
        let of = before.iter().find(|one| one.withdrawal == 3).unwrap();
        let noted =
            world.at_once(3, async |store, _| store.note_delay(of, NOW + delays * 10_000 + 1).await.unwrap());
        assert_eq!(noted.iter().filter(|noted| **noted).count(), 1, "{noted:?}");
        let kept = store.expectations(book, (3, 3)).await.unwrap()[&3];
        assert_eq!(kept, Expectation { expected_at: NOW + delays * 10_000 + 1, delays });
        assert_eq!(numbers(&overdue(store, 99_000).await), [4], "not again before it was told");
        let untold = store.untold_delays(10).await.unwrap();
        store.note_told(&untold[0]).await.unwrap();
    }
    let of = overdue(store, 99_000).await.into_iter().find(|one| one.withdrawal == 3).unwrap();
    world.tamper("UPDATE withdrawal SET state = 5 WHERE number = 3").await.unwrap();
    assert!(!store.note_delay(&of, NOW + 200_000).await.unwrap(), "it was paid meanwhile");
}

async fn a_delay_is_told_once(world: &BareStore) {
    let (book, store) = (start(world).await, &world.store);
    for of in overdue(store, WITHIN).await {
        assert!(store.note_delay(&of, NOW + 7_000).await.unwrap());
    }
    let untold = store.untold_delays(1).await.unwrap();
    assert_eq!((untold[0].book, untold[0].withdrawal, untold[0].user), (book, 3, 1));
    assert_eq!(untold[0].expectation, Expectation { expected_at: NOW + 7_000, delays: 1 });
    store.note_told(&untold[0]).await.unwrap();
    let left = store.untold_delays(10).await.unwrap();
    assert_eq!(left.iter().map(|one| one.withdrawal).collect::<Vec<_>>(), [4]);
    assert_eq!(numbers(&overdue(store, 7_000).await), [3], "the other one is not told yet");
}

async fn a_test_book_goes_by_its_own_clock(world: &BareStore) {
    let book = start(world).await;
    let test = BookId(book.0 + 1);
    world.tamper(&format!("UPDATE withdrawal SET book = {}", test.0)).await.unwrap();
    let found = async || world.store.overdue_withdrawals((Mode::Test, "usdc"), WITHIN, 10).await.unwrap();
    assert!(found().await.is_empty());
    world.tamper(&format!("UPDATE book SET clock_ahead = {WITHIN} WHERE id = {}", test.0)).await.unwrap();
    let found = found().await;
    assert_eq!((numbers(&found), found[0].now), (vec![3, 4], NOW + WITHIN));
}
