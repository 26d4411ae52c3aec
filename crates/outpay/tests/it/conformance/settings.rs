//! Settings of the installation, and the engine's settings for the operator.

use crate::conformance::bare_store::{BareStore, Engine, runtime};
use crate::conformance::on_both_engines;
use crate::conformance::till::{ask_once, create};
use ledger::{BookId, Cents, OnceKey};
use outpay::testing::clock::Clock;
use outpay::testing::store::Store;
use std::sync::Barrier;

on_both_engines! {
    the_first_master_key_is_the_one,
    of_master_keys_at_once_one_is_the_first,
    an_answer_is_remembered_in_its_book,
    the_engine_answers,
    money_moves_with_any_page_cache,
    the_newest_entry_tells_its_time,
    a_refused_write_breaks_nothing,
}

async fn the_first_master_key_is_the_one(world: &BareStore) {
    assert!(!world.store.has_master_key().await.unwrap());
    assert!(world.store.matches_master_key(&[1; 32]).await.unwrap());
    assert!(world.store.has_master_key().await.unwrap());
    assert!(world.store.matches_master_key(&[1; 32]).await.unwrap());
    assert!(!world.store.matches_master_key(&[2; 32]).await.unwrap());
    let other = Store::open(&world.place.url()).await.unwrap();
    assert!(!other.matches_master_key(&[2; 32]).await.unwrap());
    assert!(other.matches_master_key(&[1; 32]).await.unwrap());
}

async fn of_master_keys_at_once_one_is_the_first(world: &BareStore) {
    let url = world.place.url();
    let start = Barrier::new(4);
    let matches = |key: u8| {
        runtime().block_on(async {
            let store = Store::open(&url).await.unwrap();
            start.wait();
            store.matches_master_key(&[key; 32]).await.unwrap()
        })
    };
    let matched: Vec<bool> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|key| scope.spawn(move || matches(key))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(matched.iter().filter(|matched| **matched).count(), 1, "{matched:?}");
}

async fn an_answer_is_remembered_in_its_book(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 10).await;
    let remembered = async |book: BookId, key: &str| {
        world.store.is_remembered(book, &OnceKey::of_request(key)).await.unwrap()
    };
    assert!(!remembered(book, "key").await);
    let (_, verdicts) = till.save(&[ask_once(book, create("a@example.com", 10), "key")]).await;
    assert!(verdicts[0].is_ok() && !remembered(book, "key").await, "not before the commit");
    till.teller.commit().await.unwrap();
    assert!(remembered(book, "key").await);
    let refused = till.apply(&[ask_once(book, create("a@example.com", 1), "refused")]).await;
    assert!(refused[0].is_err() && !remembered(book, "refused").await);
    assert!(!remembered(book, "other").await);
    assert!(!remembered(BookId(book.0 + 1), "key").await, "another book's");
}

async fn the_engine_answers(world: &BareStore) {
    world.store.ping().await.unwrap();
    let facts = world.store.engine_facts().await.unwrap();
    let fact = |name: &str| {
        let found = facts.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("{name} is not among {facts:?}")).1.as_str()
    };
    assert!(fact("version").contains('.'), "{facts:?}");
    let clock = world.store.engine_clock().await.unwrap();
    match world.engine() {
        Engine::Sqlite => {
            assert_eq!(world.store.engine(), "sqlite");
            assert_eq!((fact("journal_mode"), fact("integrity")), ("wal", "ok"));
            assert_eq!(clock, None, "the clock is this machine's");
        }
        Engine::Postgres => {
            assert_eq!(world.store.engine(), "postgres");
            for name in ["synchronous_commit", "fsync", "full_page_writes"] {
                assert_eq!(fact(name), "on", "{name}");
            }
            assert_eq!(fact("read_only"), "off");
            let (there, here) = (clock.unwrap(), Clock::System.now());
            assert!((there - here).abs() < 60_000_000, "{there} is a minute from {here}");
        }
    }
}

async fn money_moves_with_any_page_cache(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    for mib in [1, 16, 2048, 65_536] {
        world.store.set_page_cache(mib).unwrap();
        till.carry_out(book, [create("ada@example.com", 250)]).await;
    }
    let ada = world.store.user(book, 1).await.unwrap().unwrap();
    assert_eq!(ada.user.balance, Cents(1_000));
}

async fn the_newest_entry_tells_its_time(world: &BareStore) {
    assert_eq!(world.store.newest_entry_at().await.unwrap(), None);
    let (older, newer) = (world.book("Older").await, world.book("Newer").await);
    let mut till = world.till().await;
    till.fund(older, 100).await;
    till.now += 5_000_000;
    till.fund(newer, 100).await;
    assert_eq!(world.store.newest_entry_at().await.unwrap(), Some(till.now));
}

async fn a_refused_write_breaks_nothing(world: &BareStore) {
    assert!(world.store.begin_epoch(1, 1).await.unwrap());
    assert!(!world.store.begin_epoch(1, 2).await.unwrap(), "rolled back");
    assert!(!world.store.is_broken());
    tokio::select! {
        biased;
        () = world.store.broken() => panic!("nothing has failed"),
        () = std::future::ready(()) => {}
    }
    let book = world.book("Acme").await;
    world.till().await.fund(book, 100).await;
}
