//! Businesses, their names and their two books.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::keys::new_key;
use crate::conformance::on_both_engines;
use ledger::{BookHead, BookId, Mode};
use outpay::testing::store::{Business, NewBusiness, WriteError};

on_both_engines! {
    a_business_is_made_with_its_books_and_keys,
    names_and_numbers_are_unique_and_a_conflict_leaves_nothing,
    the_switch_is_the_businesss_own,
}

fn business(number: i64, name: &str) -> NewBusiness {
    NewBusiness { number, name: name.to_owned(), created_at: NOW }
}

async fn a_business_is_made_with_its_books_and_keys(world: &BareStore) {
    let store = &world.store;
    assert_eq!(store.next_business_number().await.unwrap(), 1);
    assert!(store.businesses().await.unwrap().is_empty());
    let keys = [new_key(1, BookId::new(1, Mode::Live)), new_key(2, BookId::new(1, Mode::Test))];
    store.create_business(&business(1, "Acme 🙂"), &keys).await.unwrap();
    assert_eq!(store.next_business_number().await.unwrap(), 2);
    assert_eq!(store.next_key_number().await.unwrap(), 3);
    store.create_business(&business(7, "acme 🙂"), &[]).await.unwrap();
    assert_eq!(store.next_business_number().await.unwrap(), 8);

    let first = Business { number: 1, name: "Acme 🙂".to_owned(), payouts_enabled: false, created_at: NOW };
    let other = Business { number: 7, name: "acme 🙂".to_owned(), ..first.clone() };
    assert_eq!(store.businesses().await.unwrap(), [first.clone(), other.clone()]);
    assert_eq!(store.business(7).await.unwrap(), Some(other));
    assert_eq!(store.business_by_name("Acme 🙂").await.unwrap(), Some(first));
    assert_eq!(store.business(2).await.unwrap(), None);
    assert_eq!(store.business_by_name("ACME 🙂").await.unwrap(), None);
    let books = store.snapshot().await.unwrap().books().await.unwrap();
    let books: Vec<_> = books.into_iter().map(|book| (book.id, book.head, book.business)).collect();
    let book = |id, name: &str| (BookId(id), BookHead::default(), name.to_owned());
    assert_eq!(books, [book(2, "Acme 🙂"), book(3, "Acme 🙂"), book(14, "acme 🙂"), book(15, "acme 🙂")]);
}

async fn names_and_numbers_are_unique_and_a_conflict_leaves_nothing(world: &BareStore) {
    let store = &world.store;
    store.create_business(&business(1, "Acme"), &[new_key(1, BookId(2))]).await.unwrap();
    let taken_name = store.create_business(&business(2, "Acme"), &[new_key(2, BookId(4))]).await;
    assert!(matches!(taken_name, Err(WriteError::Conflict)), "{taken_name:?}");
    let taken_number = store.create_business(&business(1, "Other"), &[]).await;
    assert!(matches!(taken_number, Err(WriteError::Conflict)), "{taken_number:?}");
    let taken_key = store.create_business(&business(2, "Other"), &[new_key(1, BookId(4))]).await;
    assert!(matches!(taken_key, Err(WriteError::Conflict)), "{taken_key:?}");
    let strange_book = store.create_business(&business(2, "Other"), &[new_key(2, BookId(99))]).await;
    assert!(matches!(strange_book, Err(WriteError::Conflict)), "{strange_book:?}");
    assert_eq!(store.businesses().await.unwrap().len(), 1);
    assert_eq!(store.next_key_number().await.unwrap(), 2);
    assert_eq!(store.snapshot().await.unwrap().books().await.unwrap().len(), 2);
    store.create_business(&business(2, "Other"), &[new_key(2, BookId(4))]).await.unwrap();
}

async fn the_switch_is_the_businesss_own(world: &BareStore) {
    let store = &world.store;
    for (number, name) in [(1, "One"), (2, "Other")] {
        store.create_business(&business(number, name), &[]).await.unwrap();
    }
    let enabled = async || {
        let all = store.businesses().await.unwrap();
        all.iter().map(|business| business.payouts_enabled).collect::<Vec<_>>()
    };
    assert_eq!(enabled().await, [false, false]);
    store.set_payouts_enabled(2, true).await.unwrap();
    store.set_payouts_enabled(2, true).await.unwrap();
    assert_eq!(enabled().await, [false, true]);
    store.set_payouts_enabled(2, false).await.unwrap();
    assert_eq!(enabled().await, [false, false]);
    assert!(matches!(store.set_payouts_enabled(3, true).await, Err(WriteError::Conflict)));
}
