//! What waits for a person: counts, and since when the oldest waits. What waits in a family of its own is counted in that family's
//! tests.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit, order, step, to_payout, withdraw};
use ledger::{Actor, BookId, Mode, Step, WithdrawalState};
use outpay::testing::store::WaitingCount;

on_both_engines! {
    withdrawals_wait_since_the_oldest_of_them,
    a_book_has_begun_with_each_of_its_first_steps,
    the_operator_lets_a_business_record_deposits,
}

async fn withdrawals_wait_since_the_oldest_of_them(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 100)]).await;
    let of = async |state| world.store.withdrawals_waiting(book, state).await.unwrap();
    let queued = Some(WithdrawalState::Queued);
    assert_eq!((of(queued).await, of(None).await), (WaitingCount::default(), WaitingCount::default()));
    till.carry_out(book, [withdraw(order(1, 1))]).await;
    till.now += 50;
    till.carry_out(book, [withdraw(order(1, 2))]).await;
    assert_eq!(of(queued).await, WaitingCount { count: 2, oldest: Some(NOW) });
    till.now += 50;
    till.carry_out(book, [step(1, Step::Send), step(1, Step::LoseOutcome)]).await;
    assert_eq!(of(queued).await, WaitingCount { count: 1, oldest: Some(NOW + 50) });
    assert_eq!(of(None).await, WaitingCount { count: 1, oldest: Some(NOW + 100) });
}

async fn a_book_has_begun_with_each_of_its_first_steps(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    let begun = async || world.store.has_begun(book).await.unwrap();
    assert_eq!(begun().await, [false; 3]);
    till.carry_out(book, [deposit(10, "line 1")]).await;
    assert_eq!(begun().await, [true, false, false]);
    till.carry_out(book, [to_payout(10)]).await;
    assert_eq!(begun().await, [true, true, false]);
    till.carry_out(book, [create("a@example.com", 1)]).await;
    assert_eq!(begun().await, [true; 3]);
    let test = BookId::new(book.business(), Mode::Test);
    assert_eq!(world.store.has_begun(test).await.unwrap(), [false; 3], "the other book has not");
    assert_eq!(world.store.has_begun(BookId(99)).await.unwrap(), [false; 3]);
}

async fn the_operator_lets_a_business_record_deposits(world: &BareStore) {
    let book = world.book("Acme").await;
    let (store, business) = (&world.store, book.business());
    assert!(!store.records_deposits(business).await.unwrap(), "not by itself");
    let log = entry(business, "changed", Actor::OPERATOR);
    store.set_records_deposits(business, true, &log).await.unwrap();
    assert!(store.records_deposits(business).await.unwrap());
    store.set_records_deposits(business, false, &log).await.unwrap();
    assert!(!store.records_deposits(business).await.unwrap());
    assert!(store.set_records_deposits(99, true, &entry(99, "changed", Actor::OPERATOR)).await.is_err());
    assert!(!store.records_deposits(99).await.unwrap());
}
