//! The clocks of test books: they move forward, moves add up, and what waits in the book comes due sooner.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, withdraw};
use ledger::{BookId, Mode, OnceKey};
use outpay::testing::store::{Advanced, NewAdvance, Store};

on_both_engines! {
    moves_add_up_and_stop_at_the_most,
    a_move_under_a_key_is_made_once,
    entries_have_the_time_of_their_book,
    what_waits_in_the_book_comes_due_sooner,
    a_live_book_has_no_clock_to_move,
}

const SECOND: i64 = 1_000_000;

async fn books(world: &BareStore) -> (BookId, BookId) {
    let live = world.book("Acme").await;
    (live, BookId::new(live.business(), Mode::Test))
}

async fn advance(store: &Store, book: BookId, seconds: i64, once: Option<OnceKey>) -> Advanced {
    let new = NewAdvance { book, micros: seconds * SECOND, most: 100 * SECOND, once };
    store.advance_clock(&new, &[]).await.unwrap()
}

async fn moves_add_up_and_stop_at_the_most(world: &BareStore) {
    let ((live, test), store) = (books(world).await, &world.store);
    assert!(store.clocks_ahead().await.unwrap().is_empty());
    assert_eq!(advance(store, test, 10, None).await, Advanced::Ahead(10 * SECOND));
    assert_eq!(advance(store, test, 90, None).await, Advanced::Ahead(100 * SECOND));
    assert_eq!(advance(store, test, 1, None).await, Advanced::TooFar);
    assert_eq!(store.clocks_ahead().await.unwrap(), [(test, 100 * SECOND)]);
    let ahead = async |book| store.clock_ahead(book).await.unwrap();
    assert_eq!((ahead(live).await, ahead(test).await), (0, 100 * SECOND));
    let (before, of_live, of_test) = (
        store.now().await.unwrap(),
        store.book_now(live).await.unwrap(),
        store.book_now(test).await.unwrap(),
    );
    assert!(before <= of_live && of_live + 100 * SECOND <= of_test, "{before} {of_live} {of_test}");
}

async fn a_move_under_a_key_is_made_once(world: &BareStore) {
    let ((_, test), store) = (books(world).await, &world.store);
    let key = Some(OnceKey([7; 16]));
    let moves = (0..8).map(|_| advance(store, test, 10, key));
    let all = futures_util::future::join_all(moves).await;
    assert_eq!(all.iter().filter(|one| **one == Advanced::Ahead(10 * SECOND)).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|one| **one == Advanced::Before(10 * SECOND)).count(), 7, "{all:?}");
    assert_eq!(advance(store, test, 11, key).await, Advanced::OtherRequest);
    let others = futures_util::future::join_all((0..8).map(|_| advance(store, test, 1, None))).await;
    assert!(others.contains(&Advanced::Ahead(18 * SECOND)), "{others:?}");
    assert_eq!(store.clock_ahead(test).await.unwrap(), 18 * SECOND);
}

async fn entries_have_the_time_of_their_book(world: &BareStore) {
    let ((live, test), store) = (books(world).await, &world.store);
    for book in [live, test] {
        world.till().await.fund(book, 100).await;
    }
    advance(store, test, 60, None).await;
    for book in [live, test] {
        world.till().await.carry_out(book, [create("a@example.com", 1)]).await;
    }
    let last = async |book| world.journal(book).await.last().unwrap().entry.at;
    assert_eq!(last(test).await - last(live).await, 60 * SECOND);
    let newest = store.newest_entry_at().await.unwrap().unwrap();
    assert_eq!(newest, last(live).await, "as the clock of the process showed it");
}

async fn what_waits_in_the_book_comes_due_sooner(world: &BareStore) {
    let ((live, test), store) = (books(world).await, &world.store);
    for book in [live, test] {
        let mut till = world.till().await;
        till.fund(book, 100).await;
        till.carry_out(book, [create("a@example.com", 50)]).await;
        till.withdrawal(book, withdraw(order(1, 10))).await;
    }
    let now = store.now().await.unwrap();
    let later = now + 90 * SECOND;
    world.tamper(&format!("UPDATE withdrawal SET due_at = {later}")).await.unwrap();
    let method = order(1, 10).method;
    let due = async |at| {
        let leased = store.lease_withdrawals(1, (Mode::Test, &method), (at, at + 1), 10).await.unwrap();
        for one in &leased {
            assert!(store.release_withdrawal(one.hold(), Some(later)).await.unwrap());
        }
        leased.len()
    };
    let soon = now + 60 * SECOND;
    assert_eq!(due(soon).await, 0);
    advance(store, test, 40, None).await;
    assert_eq!(due(soon).await, 1);
    assert_eq!(due(soon).await, 0, "what is written afterwards waits from then on");
    advance(store, test, 60, None).await;
    assert_eq!(due(soon).await, 1);
    let untouched =
        format!("UPDATE withdrawal SET due_at = due_at WHERE book = {} AND due_at = {later}", live.0);
    assert_eq!(world.tamper(&untouched).await.unwrap(), 1, "the live book waits as before");
}

async fn a_live_book_has_no_clock_to_move(world: &BareStore) {
    let ((live, _), store) = (books(world).await, &world.store);
    let new = NewAdvance { book: live, micros: SECOND, most: 100 * SECOND, once: None };
    store.advance_clock(&new, &[]).await.unwrap_err();
    for wrong in ["clock_ahead = 1 WHERE id % 2 = 0", "clock_ahead = -1 WHERE id % 2 = 1"] {
        world.tamper(&format!("UPDATE book SET {wrong}")).await.unwrap_err();
    }
    assert_eq!(store.clock_ahead(live).await.unwrap(), 0);
}
