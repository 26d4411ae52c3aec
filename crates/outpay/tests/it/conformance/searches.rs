//! The searches of the dashboard's lists and home page.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deactivate, order, rotate, step, withdraw};
use ledger::{BookId, Cents, Step, UserStatus, WithdrawalState};
use outpay::testing::store::{UserPage, UserSearch, WithdrawalFilter};

on_both_engines! {
    people_are_found_by_how_their_address_begins,
    people_are_found_by_status_and_balance,
    searches_go_on_where_they_ended,
    a_person_is_looked_up,
    withdrawals_in_doubt_are_found_and_counted,
}

const ANY: UserSearch = UserSearch { beginning: String::new(), status: None, balance: None, after: None };

fn numbers(page: &UserPage) -> Vec<i64> {
    page.users.iter().map(|row| row.user.number).collect()
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

async fn people_are_found_by_how_their_address_begins(world: &BareStore) {
    let book = start(world).await;
    let found = async |beginning: &str| {
        let search = UserSearch { beginning: beginning.to_owned(), ..ANY };
        numbers(&world.store.search_users(book, &search, 10).await.unwrap())
    };
    // By the bytes of the addresses, on both engines.
    assert_eq!(found("an").await, [3, 1, 2]);
    assert_eq!(found("ann").await, [1]);
    assert_eq!(found("bo").await, [5, 4]);
    assert_eq!(found("bo.").await, [5]);
    assert_eq!(found("an%").await, [0; 0], "no wildcard");
    assert_eq!(found("z").await, [0; 0]);
    let elsewhere = UserSearch { beginning: "a".to_owned(), ..ANY };
    assert!(world.store.search_users(BookId(book.0 + 1), &elsewhere, 10).await.unwrap().users.is_empty());
}

async fn people_are_found_by_status_and_balance(world: &BareStore) {
    let book = start(world).await;
    let found = async |search: UserSearch| {
        let page = world.store.search_users(book, &search, 10).await.unwrap();
        assert_eq!(page.next, None);
        numbers(&page)
    };
    let (active, inactive) = (Some(UserStatus::Active), Some(UserStatus::Inactive));
    let balance = Some((Cents(200), Cents(400)));
    assert_eq!(found(ANY).await, [5, 4, 3, 2, 1]);
    assert_eq!(found(UserSearch { status: inactive, ..ANY }).await, [4, 2]);
    assert_eq!(found(UserSearch { balance, ..ANY }).await, [4, 3, 2]);
    assert_eq!(found(UserSearch { balance, status: active, ..ANY }).await, [3]);
    assert_eq!(found(UserSearch { balance, status: inactive, ..ANY }).await, [4, 2]);
    let beginning = "an".to_owned();
    assert_eq!(found(UserSearch { beginning: beginning.clone(), balance, ..ANY }).await, [3, 2]);
    assert_eq!(found(UserSearch { beginning, balance, status: active, ..ANY }).await, [3]);
}

async fn searches_go_on_where_they_ended(world: &BareStore) {
    let book = start(world).await;
    let balance = Some((Cents(0), Cents(1_000)));
    for (search, expected) in [
        (ANY, vec![vec![5, 4], vec![3, 2], vec![1]]),
        (UserSearch { balance, ..ANY }, vec![vec![5, 4], vec![3, 2], vec![1]]),
        (UserSearch { beginning: "a".to_owned(), ..ANY }, vec![vec![3, 1], vec![2]]),
        (UserSearch { beginning: "b".to_owned(), status: Some(UserStatus::Active), ..ANY }, vec![vec![5]]),
    ] {
        let (mut search, mut pages) = (search, Vec::new());
        loop {
            let page = world.store.search_users(book, &search, 2).await.unwrap();
            pages.push(numbers(&page));
            search.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(pages, expected, "{search:?}");
    }
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
