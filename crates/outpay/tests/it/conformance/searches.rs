//! What the dashboard's home page and pages of one person look up. Lists are in lists.rs.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deactivate, order, rotate, step, withdraw};
use ledger::{BookId, Cents, Step, WithdrawalState};
use outpay::testing::store::WithdrawalFilter;

on_both_engines! {
    a_person_is_looked_up,
    withdrawals_in_doubt_are_found_and_counted,
}

/// 1 anna, 2 Anton, 3 an_b, 4 bob, 5 bo.b; balances 100, 200, …; 2 and 4 are inactive.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100_000).await;
    let people =
        ["anna@example.com", "Anton@example.com", "an_b@example.com", "bob@example.com", "bo.b@example.com"];
    till.carry_out(book, (1..).zip(people).map(|(number, email)| create(email, number * 100))).await;
    till.carry_out(book, [2, 4].map(deactivate)).await;
    book
}

async fn a_person_is_looked_up(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    assert_eq!(store.email_of(book, 2).await.unwrap().as_deref(), Some("anton@example.com"));
    assert_eq!(store.email_of(book, 6).await.unwrap(), None);
    assert_eq!(store.newest_user(book).await.unwrap(), 5);
    let before = store.hash_basis(book, 1).await.unwrap().unwrap();
    world.till().await.carry_out(book, [rotate(1)]).await;
    assert_ne!(store.hash_basis(book, 1).await.unwrap(), Some(before));
    assert_eq!(store.hash_basis(book, 6).await.unwrap(), None);
    assert_eq!(store.held(book).await.unwrap(), Cents(0));
    world.till().await.carry_out(book, [withdraw(order(1, 30)), withdraw(order(3, 50))]).await;
    assert_eq!(store.held(book).await.unwrap(), Cents(80));
}

async fn withdrawals_in_doubt_are_found_and_counted(world: &BareStore) {
    let book = start(world).await;
    let mut till = world.till().await;
    till.carry_out(book, (1..=4).map(|amount| withdraw(order(1, amount)))).await;
    till.carry_out(book, [withdraw(order(3, 5))]).await;
    till.carry_out(book, [1, 2, 5].map(|number| step(number, Step::Send))).await;
    till.carry_out(book, [1, 2, 5].map(|number| step(number, Step::LoseOutcome))).await;
    let found = async |filter: WithdrawalFilter| {
        let found = world.store.withdrawals_in_doubt(book, &filter, 10).await.unwrap();
        found.iter().map(|of| of.number).collect::<Vec<_>>()
    };
    let any = WithdrawalFilter::default;
    assert_eq!(found(any()).await, [5, 2, 1]);
    assert_eq!(found(WithdrawalFilter { user: Some(1), ..any() }).await, [2, 1]);
    assert_eq!(found(WithdrawalFilter { below: Some(2), ..any() }).await, [1]);
    assert_eq!(found(WithdrawalFilter { method: Some("no such".to_owned()), ..any() }).await, [0; 0]);
    let count = async |state, most| world.store.count_withdrawals(book, state, most).await.unwrap();
    assert_eq!((count(None, 10).await, count(None, 2).await), (3, 2));
    assert_eq!(count(Some(WithdrawalState::Queued), 10).await, 2);
    till.carry_out(book, [step(1, Step::Succeed), step(2, Step::FindOutcome)]).await;
    assert_eq!((found(any()).await, count(None, 10).await), (vec![5], 1));
}
