//! Settings of the installation, and what an operator is told of the engine.

use crate::on_both_engines;
use crate::world::{Engine, World, runtime};
use outpay::clock::Clock;
use outpay::store::Store;
use std::sync::Barrier;

on_both_engines! {
    the_first_master_key_is_the_one,
    of_master_keys_at_once_one_is_the_first,
    the_engine_answers,
}

async fn the_first_master_key_is_the_one(world: &World) {
    assert!(world.store.matches_master_key(&[1; 32]).await.unwrap());
    assert!(world.store.matches_master_key(&[1; 32]).await.unwrap());
    assert!(!world.store.matches_master_key(&[2; 32]).await.unwrap());
    let other = Store::open(&world.place.url()).await.unwrap();
    assert!(!other.matches_master_key(&[2; 32]).await.unwrap());
    assert!(other.matches_master_key(&[1; 32]).await.unwrap());
}

async fn of_master_keys_at_once_one_is_the_first(world: &World) {
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

async fn the_engine_answers(world: &World) {
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
