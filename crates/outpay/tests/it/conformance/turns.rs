//! The tellers of two processes take turns on one book: each sees everything that the other committed.

use crate::conformance::bare_store::{BareStore, runtime};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, ask, ask_once, create, debit};
use ledger::{Applied, BookId, Cents, EntryKind, GENESIS, Mode, link};
use outpay::testing::store::Store;
use std::sync::Barrier;

on_both_engines! {
    two_tellers_take_turns,
    other_books_are_not_in_the_way_of_the_answer,
}

const BATCHES: i64 = 40;

pub async fn two_tellers_take_turns(world: &BareStore) {
    let book = world.book("Acme").await;
    world.till().await.fund(book, 1_000_000).await;
    let start = Barrier::new(2);
    let url = world.place.url();
    let process = |own: &str| {
        runtime().block_on(async {
            let store = Store::open(&url).await.unwrap();
            let mut till = Till::new(store.teller().await.unwrap(), world.secrets.clone());
            start.wait();
            let mut done = 0;
            for batch in 0..BATCHES {
                let verdicts = till
                    .apply(&[
                        ask_once(book, create("shared@example.com", 3), &format!("shared {batch}")),
                        ask(book, create(&format!("{own}{batch}@example.com"), 5)),
                        ask(book, create("both@example.com", 7)),
                    ])
                    .await;
                assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
                done += i64::from(matches!(verdicts[0], Ok(Applied { replayed: false, .. })));
            }
            done
        })
    };
    let done: i64 = std::thread::scope(|scope| {
        let one = scope.spawn(|| process("one"));
        let other = scope.spawn(|| process("other"));
        one.join().unwrap() + other.join().unwrap()
    });
    assert_eq!(done, BATCHES, "each key took effect once");

    let journal = world.journal(book).await;
    assert_eq!(journal.len() as i64, 2 + BATCHES * 5);
    let mut chain = GENESIS;
    for (sequence, stored) in (1..).zip(&journal) {
        assert_eq!(stored.entry.sequence, sequence);
        let created = match stored.entry.kind {
            EntryKind::UserCreated => world.store.user(book, stored.entry.user).await.unwrap(),
            _ => None,
        };
        let payee = created.as_ref().map_or("", |row| row.user.email.as_str());
        chain = link(&chain, book, &stored.entry, payee);
        assert_eq!(stored.chain, chain);
    }
    let users = world.store.users(book, &Default::default(), i64::MAX).await.unwrap();
    assert_eq!(users.len() as i64, 2 * BATCHES + 2);
    let given: i64 = users.iter().map(|row| row.user.balance.0).sum();
    assert_eq!(given, BATCHES * (3 + 2 * 5 + 2 * 7));
    assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(0), Cents(1_000_000 - given)));
}

/// While one teller holds a book, another teller's books proceed on PostgreSQL; SQLite has one writer.
async fn other_books_are_not_in_the_way_of_the_answer(world: &BareStore) {
    let book = world.book("Acme").await;
    let test = BookId::new(book.business(), Mode::Test);
    for id in [book, test] {
        world.till().await.fund(id, 100).await;
    }
    let store = Store::open(&world.place.url()).await.unwrap();
    let mut first = Till::new(store.teller().await.unwrap(), world.secrets.clone());
    first.save(&[ask(book, create("a@example.com", 10))]).await;
    if world.engine() == crate::conformance::bare_store::Engine::Postgres {
        world.till().await.carry_out(test, [create("a@example.com", 20)]).await;
    }
    // Readers never wait, and do not see uncommitted changes.
    assert!(world.store.user(book, 1).await.unwrap().is_none());
    first.teller.commit().await.unwrap();
    assert_eq!(world.store.user(book, 1).await.unwrap().unwrap().user.balance, Cents(10));
    world.till().await.carry_out(book, [debit(1, 10)]).await;
}
