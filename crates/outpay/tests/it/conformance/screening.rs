//! What the screening service said, as it is stored: the last word counts, but for that of two people.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId};
use outpay::testing::store::{NewAuditEntry, ScreeningRow, ScreeningState, Store};

on_both_engines! {
    the_last_word_counts_until_two_people_speak,
    denied_ones_are_found_by_number,
}

fn entry(book: BookId) -> NewAuditEntry {
    NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: NOW,
        actor: Actor::NONE,
        action: "withdrawal.screening_denied",
        subject: "ord_1".to_owned(),
        detail: "{}".to_owned(),
    }
}

async fn note(store: &Store, book: BookId, number: i64, state: ScreeningState, reference: &str) -> bool {
    store.note_screening(book, number, (state, reference), &[entry(book)]).await.unwrap()
}

async fn the_last_word_counts_until_two_people_speak(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    assert_eq!(store.screening(book, 1).await.unwrap(), None);
    assert!(!store.release_screening(book, 1, &entry(book)).await.unwrap(), "nothing was said of it");
    for (state, reference) in [(ScreeningState::Allowed, "a"), (ScreeningState::Denied, "it's b")] {
        assert!(note(store, book, 1, state, reference).await);
        let row = ScreeningRow { state, reference: reference.to_owned(), asked_at: NOW };
        assert_eq!(store.screening(book, 1).await.unwrap(), Some(row));
    }
    assert_eq!(store.screening(BookId(book.0 + 2), 1).await.unwrap(), None, "another book's");
    assert!(store.release_screening(book, 1, &entry(book)).await.unwrap());
    assert!(!store.release_screening(book, 1, &entry(book)).await.unwrap(), "once");
    assert!(!note(store, book, 1, ScreeningState::Denied, "c").await);
    let row = store.screening(book, 1).await.unwrap().unwrap();
    assert_eq!((row.state, row.reference.as_str()), (ScreeningState::Released, "it's b"));
    assert!(note(store, book, 2, ScreeningState::Allowed, "").await);
    assert!(!store.release_screening(book, 2, &entry(book)).await.unwrap(), "it was not denied");
}

async fn denied_ones_are_found_by_number(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    for (number, state) in [
        (1, ScreeningState::Denied),
        (2, ScreeningState::Allowed),
        (3, ScreeningState::Denied),
        (9, ScreeningState::Denied),
    ] {
        assert!(note(store, book, number, state, &format!("case {number}")).await);
    }
    let found = async |first, last| {
        store.denied_screenings(book, (first, last)).await.unwrap().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(found(1, 3).await, [(1, "case 1".to_owned()), (3, "case 3".to_owned())]);
    assert!(found(4, 8).await.is_empty());
    assert!(store.release_screening(book, 3, &entry(book)).await.unwrap());
    assert_eq!(found(2, 9).await, [(9, "case 9".to_owned())]);
}
