//! Payout users and balances as lists and pages show them.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deactivate, debit, deposit, email};
use ledger::{AccountId, BookId, Cents, UserSnapshot, UserStatus};
use outpay::testing::store::{UserFilter, UserRow};

on_both_engines! {
    a_user_is_shown_with_balance_and_history,
    filters_can_be_combined,
    pages_go_from_the_newest_to_the_first,
    own_balances_are_main_and_payout,
    house_balances_are_those_of_all_books_but_of_users,
}

/// Users 1 to 7; 2, 3 and 6 are inactive.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 10_000).await;
    till.carry_out(book, (1..=7).map(|number| create(&format!("u{number}@example.com"), number))).await;
    till.carry_out(book, [2, 3, 6].map(deactivate)).await;
    book
}

async fn numbers(world: &BareStore, book: BookId, filter: &UserFilter, limit: i64) -> Vec<i64> {
    let users = world.store.users(book, filter, limit).await.unwrap();
    users.iter().map(|row| row.user.number).collect()
}

async fn a_user_is_shown_with_balance_and_history(world: &BareStore) {
    let book = start(world).await;
    let mut till = world.till().await;
    till.carry_out(book, [create("U3@EXAMPLE.com", 40), debit(3, 1)]).await;
    let user = UserSnapshot {
        number: 3,
        email: email("u3@example.com"),
        status: UserStatus::Inactive,
        balance: Cents(42),
        pending: Cents::ZERO,
        created_at: NOW,
        expires_at: None,
    };
    let row = UserRow { user, history: 14 };
    assert_eq!(world.store.user(book, 3).await.unwrap(), Some(row.clone()));
    let filter = UserFilter { email: Some(email("u3@example.com")), ..UserFilter::default() };
    assert_eq!(world.store.users(book, &filter, 5).await.unwrap(), [row]);
    for (book, number) in [(book, 8), (book, 0), (book, -3), (BookId(book.0 + 1), 3), (BookId(99), 3)] {
        assert_eq!(world.store.user(book, number).await.unwrap(), None, "{}, {number}", book.0);
    }
}

async fn filters_can_be_combined(world: &BareStore) {
    let book = start(world).await;
    let address = |text: &str| Some(email(text));
    let (active, inactive) = (Some(UserStatus::Active), Some(UserStatus::Inactive));
    for (email, status, below, expected) in [
        (None, None, None, vec![7, 6, 5, 4, 3, 2, 1]),
        (None, active, None, vec![7, 5, 4, 1]),
        (None, inactive, None, vec![6, 3, 2]),
        (None, None, Some(4), vec![3, 2, 1]),
        (None, active, Some(5), vec![4, 1]),
        (None, inactive, Some(6), vec![3, 2]),
        (None, inactive, Some(2), vec![]),
        (address("u2@example.com"), None, None, vec![2]),
        (address("u2@example.com"), inactive, None, vec![2]),
        (address("u2@example.com"), active, None, vec![]),
        (address("u1@example.com"), active, None, vec![1]),
        (address("u1@example.com"), inactive, None, vec![]),
        (address("u2@example.com"), None, Some(2), vec![]),
        (address("u2@example.com"), None, Some(3), vec![2]),
        (address("nobody@example.com"), None, None, vec![]),
    ] {
        let filter = UserFilter { email, status, below, ..UserFilter::default() };
        assert_eq!(numbers(world, book, &filter, 100).await, expected, "{filter:?}");
    }
    assert!(numbers(world, BookId(book.0 + 1), &UserFilter::default(), 100).await.is_empty());
}

async fn pages_go_from_the_newest_to_the_first(world: &BareStore) {
    let book = start(world).await;
    for (status, expected) in [
        (None, vec![vec![7, 6, 5], vec![4, 3, 2], vec![1], vec![]]),
        (Some(UserStatus::Active), vec![vec![7, 5, 4], vec![1], vec![]]),
        (Some(UserStatus::Inactive), vec![vec![6, 3, 2], vec![]]),
    ] {
        let mut filter = UserFilter { status, ..UserFilter::default() };
        let mut pages = Vec::new();
        loop {
            let page = numbers(world, book, &filter, 3).await;
            filter.below = page.last().copied();
            pages.push(page);
            if filter.below.is_none() {
                break;
            }
        }
        assert_eq!(pages, expected, "{status:?}");
    }
    // A user created between two pages does not shift the second.
    let filter = UserFilter { below: Some(5), ..UserFilter::default() };
    world.till().await.carry_out(book, [create("new@example.com", 1)]).await;
    assert_eq!(numbers(world, book, &filter, 2).await, [4, 3]);
}

async fn own_balances_are_main_and_payout(world: &BareStore) {
    let book = start(world).await;
    let payout = 10_000 - 28;
    assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(0), Cents(payout)));
    world.till().await.carry_out(book, [deposit(77, "more")]).await;
    assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(77), Cents(payout)));
    for empty in [BookId(book.0 + 1), BookId(99)] {
        assert_eq!(world.store.own_balances(empty).await.unwrap(), (Cents(0), Cents(0)));
    }
}

async fn house_balances_are_those_of_all_books_but_of_users(world: &BareStore) {
    let (book, other) = (start(world).await, world.book("Other").await);
    let mut till = world.till().await;
    till.carry_out(other, [deposit(70, "other")]).await;
    let found = world.store.house_balances().await.unwrap();
    let of = |book, account| {
        let row = found.iter().find(|(of, id, _)| (*of, *id) == (book, account));
        row.map(|(_, _, balance)| balance.0)
    };
    let (world_account, main, payout) = (AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT);
    assert_eq!((of(book, world_account), of(book, payout)), (Some(-10_000), Some(10_000 - 28)));
    assert_eq!((of(other, world_account), of(other, main)), (Some(-70), Some(70)));
    assert!(found.iter().all(|(_, id, _)| id.as_user().is_none()), "{found:?}");
    assert!(found.is_sorted_by_key(|(book, _, _)| book.0), "those of one book stand together");
}
