//! Comparisons of rails' own books with ours: what is written down of them, whose night it is, and what they look up.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, withdraw};
use ledger::{BookId, Cents, Mode, Terms};
use outpay::testing::store::{
    Assigned, Attempt, GivenCard, NewGiftCard, Outgoing, ReconciliationRun, RecoveryChanges, SentSince,
};

on_both_engines! {
    the_newest_run_of_each_rail_is_told,
    a_night_is_taken_once,
    a_payment_is_traced_by_its_key,
    a_transfer_that_a_person_assigned_is_known,
    cards_that_were_given_out_are_listed,
}

fn run(rail: &str, until: i64, failure: &str) -> ReconciliationRun {
    ReconciliationRun {
        rail: rail.to_owned(),
        period: (NOW - 50, until),
        started_at: NOW,
        finished_at: NOW + 1,
        booked: 3,
        matched: 2,
        found: 1,
        failure: failure.to_owned(),
    }
}

async fn the_newest_run_of_each_rail_is_told(world: &BareStore) {
    let store = &world.store;
    assert_eq!(store.newest_reconciliation_runs().await.unwrap(), []);
    let runs =
        [run("usdc", NOW, ""), run("bank", NOW, ""), run("usdc", NOW - 10, ""), run("card", NOW, "503")];
    for run in &runs {
        store.add_reconciliation_run(run).await.unwrap();
    }
    store.add_reconciliation_run(&run("bank", NOW + 9, "503")).await.unwrap();
    let newest = store.newest_reconciliation_runs().await.unwrap();
    assert_eq!(newest, [run("bank", NOW + 9, "503"), runs[3].clone(), runs[2].clone()]);
    let until = store.reconciled_until().await.unwrap();
    assert_eq!(until, [("bank".to_owned(), NOW), ("usdc".to_owned(), NOW)], "only where they were read");
}

async fn a_night_is_taken_once(world: &BareStore) {
    let take = async |night, worker, now| {
        world.store.take_reconciliation_night("usdc", night, worker, (now, now + 100)).await.unwrap()
    };
    let end = async |worker, done| world.store.end_reconciliation_night("usdc", worker, done).await.unwrap();
    assert!(!take(5, 1, NOW).await, "the night in which it is seen first is over");
    assert!(take(6, 1, NOW).await);
    assert!(!take(6, 2, NOW + 99).await, "another has it");
    end(2, Some(6)).await;
    assert!(!take(6, 2, NOW + 99).await, "only its worker ends it");
    assert!(take(6, 2, NOW + 100).await, "its lease ran out");
    end(2, None).await;
    assert!(take(6, 3, NOW).await, "it was not done");
    end(3, Some(6)).await;
    assert!(!take(6, 3, NOW).await);
    assert!(take(7, 3, NOW + 1_000_000).await);
    assert!(take(7, 4, NOW).await, "a lease of a clock that was ahead does not count");
}

fn attempt(key: &str) -> Attempt {
    Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: key.to_owned(),
        request: vec![1],
        slot: 0,
        created_at: NOW + 5,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    }
}

/// One withdrawal by `usdc` with an attempt under this key.
async fn attempted(world: &BareStore, book: BookId, key: &str) {
    let mut till = world.till().await;
    let terms = Terms { enabled: true, ..Terms::default() };
    world.store.set_terms(book, "usdc", &terms).await.unwrap();
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 100), withdraw(order(1, 10))]).await;
    let lease = (NOW, NOW + 9);
    let leased = world.store.lease_withdrawals(7, (book.mode(), "usdc"), lease, 1).await.unwrap();
    assert!(world.store.add_attempt(leased[0].hold(), &attempt(key), None).await.unwrap());
}

async fn a_payment_is_traced_by_its_key(world: &BareStore) {
    let book = world.book("Acme").await;
    attempted(world, book, "0x1").await;
    attempted(world, BookId::new(book.business(), Mode::Test), "test").await;
    let of = async |rails: &[&str], key: &str| {
        let found = world.store.withdrawal_of_key(rails, key).await.unwrap();
        found.map(|(book, withdrawal)| (book, withdrawal.number, withdrawal.amount))
    };
    assert_eq!(of(&["usdc"], "0x1").await, Some((book, 1, Cents(10))));
    assert_eq!(of(&["renamed", "usdc"], "0x1").await, Some((book, 1, Cents(10))));
    assert_eq!((of(&["usdt"], "0x1").await, of(&["usdc"], "0x2").await), (None, None));
    assert_eq!(of(&["usdc"], "test").await, None, "no counterpart has a payment of test mode");
}

async fn a_transfer_that_a_person_assigned_is_known(world: &BareStore) {
    let store = &world.store;
    let scans = vec![("usdc".to_owned(), NOW)];
    store.recover(&RecoveryChanges { scans, ..RecoveryChanges::default() }, NOW).await.unwrap();
    let outgoing = |transfer: &str| Outgoing {
        transfer: transfer.to_owned(),
        place: 0,
        destination: "0xABC".to_owned(),
        units: "5".to_owned(),
        cents: None,
        block: 7,
    };
    let found = SentSince { outgoing: ["0x1", "0x2", "0x3"].map(outgoing).into(), slots: 3 };
    store.finish_treasury_scan("usdc", &found, NOW).await.unwrap();
    let transfers = store.unmatched_transfers().await.unwrap();
    let assign = async |at: usize, to| store.assign_transfer(&transfers[at], (to, "why"), NOW, &[]).await;
    assert!(assign(0, Assigned::Withdrawal(BookId(2), 9)).await.unwrap());
    assert!(assign(1, Assigned::Lost).await.unwrap());
    let known = async |transfer| store.assigned_transfer("usdc", transfer).await.unwrap();
    assert_eq!(known("0x1").await, Some(Some((BookId(2), 9))));
    assert_eq!((known("0x2").await, known("0x3").await, known("0x4").await), (Some(None), None, None));
    assert_eq!(store.assigned_transfer("usdt", "0x1").await.unwrap(), None);
}

async fn cards_that_were_given_out_are_listed(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    attempted(world, book, "GC-1").await;
    let card = |number: u8| NewGiftCard {
        brand: "Acme".to_owned(),
        face_value: Cents(10),
        expires_at: None,
        digest: [number; 32],
        sealed: vec![number],
    };
    store.import_gift_cards(book, &[card(1), card(2), card(3)], NOW - 7).await.unwrap();
    for withdrawal in [1, 99] {
        store.give_gift_card(book, withdrawal, ("Acme", Cents(10)), NOW).await.unwrap();
    }
    let of_test = BookId::new(book.business(), Mode::Test);
    store.import_gift_cards(of_test, &[card(4)], NOW).await.unwrap();
    store.give_gift_card(of_test, 1, ("Acme", Cents(10)), NOW).await.unwrap();
    let given = |number, withdrawal, at| GivenCard { book, number, face_value: Cents(10), withdrawal, at };
    let (attempted, stray) = (given(1, 1, NOW + 5), given(2, 99, NOW - 7));
    let all = async |from, until| store.given_gift_cards((from, until)).await.unwrap();
    assert_eq!(all(NOW - 7, NOW + 6).await, [attempted.clone(), stray.clone()]);
    assert_eq!((all(NOW, NOW + 6).await, all(NOW - 7, NOW + 5).await), (vec![attempted], vec![stray]));
}
