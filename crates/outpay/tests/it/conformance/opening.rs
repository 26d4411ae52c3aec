//! Opening: migrations run once, however often and by however many processes it is opened, and only on a database
//! that is durable.

use crate::conformance::bare_store::{BareStore, Engine, Place, runtime};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, create, debit};
use outpay::testing::store::{DatabaseState, DatabaseUrl, Store, newest_schema};
use std::sync::Barrier;

on_both_engines! {
    opening_again_changes_nothing,
    what_a_newer_program_has_changed_is_left_alone,
    openers_at_once_take_turns,
    a_handle_is_one_more_hand_on_the_same_database,
    a_look_at_a_database_makes_nothing,
}

async fn opening_again_changes_nothing(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 40), debit(1, 10)]).await;
    let before = world.everything().await;
    for _ in 0..3 {
        Store::open(&world.place.url()).await.unwrap();
    }
    assert_eq!(world.everything().await, before);
    assert!(world.tamper("INSERT INTO migration (version) VALUES (1)").await.is_err(), "recorded once");
}

async fn a_look_at_a_database_makes_nothing(world: &BareStore) {
    let place = Place::fresh(world.engine());
    for _ in 0..2 {
        assert_eq!(place.url().state().await.unwrap(), DatabaseState::Empty, "also after a look");
    }
    if let DatabaseUrl::Sqlite(path) = place.url() {
        assert!(!path.exists());
    }
    let here = world.place.url();
    assert_eq!(here.state().await.unwrap(), DatabaseState::Unfinished);
    assert!(world.store.matches_master_key(&[1; 32]).await.unwrap());
    let migration = newest_schema();
    assert_eq!(here.state().await.unwrap(), DatabaseState::Made { migration });
    let earlier = format!("DELETE FROM migration WHERE version = {migration}");
    world.tamper(&earlier).await.unwrap();
    assert_eq!(here.state().await.unwrap(), DatabaseState::Made { migration: migration - 1 });
}

async fn what_a_newer_program_has_changed_is_left_alone(world: &BareStore) {
    world.tamper("INSERT INTO migration (version) VALUES (999)").await.unwrap();
    let refused = Store::open(&world.place.url()).await.err().unwrap();
    assert!(refused.to_string().contains("newer Outpay"), "{refused:#}");
}

async fn openers_at_once_take_turns(world: &BareStore) {
    let place = Place::fresh(world.engine());
    let start = Barrier::new(6);
    let open = || {
        start.wait();
        runtime().block_on(async {
            let store = Store::open(&place.url()).await?;
            store.matches_master_key(&[1; 32]).await
        })
    };
    std::thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
        for opener in openers {
            assert!(opener.join().unwrap().unwrap(), "every opener sees the same database");
        }
    });
}

async fn a_handle_is_one_more_hand_on_the_same_database(world: &BareStore) {
    let copy = world.store.clone();
    let other = Store::open(&world.place.url()).await.unwrap();
    let book = world.book("Acme").await;
    for store in [&copy, &other] {
        assert_eq!(store.engine(), world.store.engine());
        assert_eq!(store.business(book.business()).await.unwrap().unwrap().name, "Acme");
    }
}

#[test]
fn urls_say_what_they_can_be() {
    assert_eq!(DatabaseUrl::parse("sqlite:a/b.db").unwrap(), DatabaseUrl::Sqlite("a/b.db".into()));
    for url in ["", "sqlite:", "a.db", "mysql://x", "file:a.db"] {
        assert!(DatabaseUrl::parse(url).is_err(), "{url:?}");
    }
    let secret = DatabaseUrl::parse("postgres://user:word@host/name").unwrap();
    assert!(!format!("{secret:?}").contains("word"), "{secret:?}");
}

mod only {
    pub mod sqlite {
        use super::super::*;

        #[test]
        fn what_is_no_database_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("outpay.db");
            std::fs::write(
                &path,
                "this was a letter to my aunt, long enough to be looked at twice\n".repeat(99),
            )
            .unwrap();
            let opened = runtime().block_on(Store::open(&DatabaseUrl::Sqlite(path.clone())));
            assert!(opened.is_err());
            let opened = runtime().block_on(Store::open(&DatabaseUrl::Sqlite(folder.path().to_owned())));
            assert!(opened.is_err(), "a folder");
        }

        #[cfg(unix)]
        #[test]
        fn the_file_is_its_owners_alone() {
            use std::os::unix::fs::PermissionsExt;
            let place = Place::fresh(Engine::Sqlite);
            runtime().block_on(async {
                let store = Store::open(&place.url()).await.unwrap();
                store.matches_master_key(&[1; 32]).await.unwrap();
                for name in ["outpay.db", "outpay.db-wal", "outpay.db-shm"] {
                    let mode =
                        std::fs::metadata(place.path().with_file_name(name)).unwrap().permissions().mode();
                    assert_eq!(mode & 0o077, 0, "{name}");
                }
            });
        }
    }

    pub mod postgres {
        use super::super::*;
        use crate::conformance::pgbouncer::PgBouncer;
        use crate::conformance::turns;

        /// Every session sets it itself, so a database with a weaker setting is used durably all the same.
        #[test]
        fn a_database_set_to_commit_asynchronously_commits_durably_all_the_same() {
            for word in ["off", "local"] {
                let place = Place::fresh(Engine::Postgres);
                place.alter(&format!("SET synchronous_commit = {word}"));
                let facts = runtime().block_on(async {
                    let store = Store::open(&place.url()).await.unwrap();
                    store.teller().await.unwrap();
                    store.engine_facts().await.unwrap()
                });
                assert!(facts.contains(&("synchronous_commit", "on".to_owned())), "{facts:?}");
            }
        }

        #[test]
        fn a_read_only_database_is_refused() {
            let place = Place::fresh(Engine::Postgres);
            place.alter("SET default_transaction_read_only = on");
            let opened = runtime().block_on(Store::open(&place.url()));
            let error = format!("{:#}", opened.err().expect("it cannot write there"));
            assert!(error.contains("read-only"), "{error}");
        }

        #[test]
        fn a_server_that_is_not_there_is_an_error() {
            let url = DatabaseUrl::parse("postgres://outpay:word@127.0.0.1:1/outpay").unwrap();
            let opened = runtime().block_on(Store::open(&url));
            let error = format!("{:#}", opened.err().expect("no server listens there"));
            assert!(!error.contains("word"), "{error}");
        }

        /// Locks in sorted order need READ COMMITTED: each statement must see what the last holder of the lock wrote.
        #[test]
        fn tellers_take_turns_whatever_isolation_the_database_is_set_to() {
            for word in ["repeatable read", "serializable"] {
                BareStore::run(Engine::Postgres, async |world: &BareStore| {
                    world.place.alter(&format!("SET default_transaction_isolation = '{word}'"));
                    turns::two_tellers_take_turns(world).await;
                });
            }
        }

        /// A limit of the role or the database would end the server with the first slow statement.
        #[test]
        fn limits_of_the_database_on_statements_and_locks_do_not_hold() {
            BareStore::run(Engine::Postgres, async |world: &BareStore| {
                let book = world.book("Acme").await;
                let other = world.place.connect().await;
                for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
                    world.place.alter(&format!("SET {limit} = '20ms'"));
                }
                let store = Store::open(&world.place.url()).await.unwrap();
                let mut till = Till::new(store.teller().await.unwrap(), world.secrets.clone());
                other.batch_execute("BEGIN; SELECT 1 FROM book FOR UPDATE").await.unwrap();
                let release = async {
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                    other.batch_execute("COMMIT").await.unwrap();
                };
                tokio::join!(till.fund(book, 100), release);
            });
        }

        #[test]
        fn a_database_that_cannot_store_every_text_is_refused() {
            let place = Place::fresh_latin1();
            let opened = runtime().block_on(Store::open(&place.url()));
            let error = format!("{:#}", opened.err().expect("it lacks most letters"));
            assert!(error.contains("LATIN1") && error.contains("UTF8"), "{error}");
        }

        /// Between two transactions it gives the client another server connection, without its settings.
        #[test]
        fn a_pooler_of_transactions_is_refused_and_one_of_sessions_works() {
            let place = Place::fresh(Engine::Postgres);
            for (mode, works) in [("transaction", false), ("statement", false), ("session", true)] {
                let pooler = PgBouncer::start(&place, mode);
                let opened = runtime().block_on(async {
                    let store = Store::open(&pooler.url()).await?;
                    store.teller().await?;
                    store.matches_master_key(&[1; 32]).await
                });
                match (works, opened) {
                    (true, opened) => assert!(opened.unwrap()),
                    (false, Ok(_)) => panic!("{mode} is not refused"),
                    (false, Err(error)) => {
                        assert!(format!("{error:#}").contains("pool_mode=session"), "{error:#}")
                    }
                }
            }
        }

        #[test]
        fn times_and_rounding_do_not_depend_on_how_the_database_is_set() {
            let place = Place::fresh(Engine::Postgres);
            place.alter("SET TimeZone = 'Pacific/Chatham'");
            let (now, here) = runtime().block_on(async {
                let store = Store::open(&place.url()).await.unwrap();
                (store.engine_clock().await.unwrap().unwrap(), outpay::testing::clock::Clock::System.now())
            });
            assert!((now - here).abs() < 60_000_000, "{now} is a minute from {here}");
        }
    }
}
