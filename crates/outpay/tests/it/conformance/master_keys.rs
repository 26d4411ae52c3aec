//! Versions of the master key, the processes that have them, and what needs them.

use crate::conformance::bare_store::{BareStore, Engine, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{ask_once, create};
use ledger::{BookId, Cents, OnceKey};
use outpay::testing::store::{NewGiftCard, SealedColumn, TlsMode};

on_both_engines! {
    versions_follow_each_other_and_are_retired,
    a_process_that_lacks_a_version_holds_it,
    sealed_texts_are_found_by_their_first_byte,
    users_members_and_answers_are_counted_by_version,
    a_connection_tells_how_it_is_secured,
}

const BOOK: BookId = BookId(2);
const FIRST: (i64, i64) = (i64::MIN, i64::MIN);

async fn versions_follow_each_other_and_are_retired(world: &BareStore) {
    let store = &world.store;
    let begin =
        async |version: u8| store.begin_master_key(version, (&[version; 32], &[9; 32])).await.unwrap();
    assert!(store.master_keys().await.unwrap().is_empty());
    assert!(begin(1).await && !begin(1).await && begin(2).await && !begin(1).await);
    let rows = store.master_keys().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((rows[0].check, rows[1].check, rows[1].receipt_key), ([1; 32], [2; 32], [9; 32]));
    assert_eq!((rows[0].since, rows[0].resealed_at, rows[0].retired_at), (NOW, None, None));
    store.finish_master_key(1).await.unwrap();
    assert!(!store.retire_master_key(2).await.unwrap(), "it is in use");
    assert!(store.retire_master_key(1).await.unwrap() && !store.retire_master_key(1).await.unwrap());
    let rows = store.master_keys().await.unwrap();
    assert_eq!((rows[0].resealed_at, rows[0].retired_at, rows[1].resealed_at), (Some(NOW), Some(NOW), None));
    assert_eq!(store.snapshot().await.unwrap().master_keys().await.unwrap(), rows);
}

async fn a_process_that_lacks_a_version_holds_it(world: &BareStore) {
    let store = &world.store;
    let begin = async |version: u8| store.begin_master_key(version, (&[1; 32], &[2; 32])).await.unwrap();
    store.hold_master_keys(5, 0b01, 0).await.unwrap();
    let holders = store.key_holders().await.unwrap();
    assert_eq!((holders.len(), holders[0].process, holders[0].in_use, holders[0].seen_at), (1, 5, 0, NOW));
    assert!(holders[0].knows(0) && !holders[0].knows(1) && !begin(1).await);
    store.hold_master_keys(5, 0b11, 0).await.unwrap();
    assert!(store.key_holders().await.unwrap()[0].knows(1) && begin(1).await);
    store.hold_master_keys(6, 0b11, 1).await.unwrap();
    assert!(!begin(2).await);
    for process in [5, 6] {
        store.let_go_of_master_keys(process).await.unwrap();
    }
    assert!(store.key_holders().await.unwrap().is_empty() && begin(2).await);
}

async fn sealed_texts_are_found_by_their_first_byte(world: &BareStore) {
    let store = &world.store;
    for column in SealedColumn::ALL {
        assert!(store.sealed_otherwise(column, FIRST, 1, 10).await.unwrap().is_empty(), "{column:?}");
        assert!(store.count_sealed(column).await.unwrap().is_empty(), "{column:?}");
    }
    let card = |number: u8| NewGiftCard {
        brand: "Books".to_owned(),
        face_value: Cents(1_000),
        expires_at: None,
        digest: [number; 32],
        sealed: vec![1, number],
    };
    store.import_gift_cards(BOOK, &[card(1), card(2), card(3)], NOW).await.unwrap();
    let column = SealedColumn::GiftCard;
    let otherwise = async |after, limit: i64| store.sealed_otherwise(column, after, 2, limit).await.unwrap();
    let found = otherwise(FIRST, 2).await;
    assert_eq!(found.iter().map(|text| text.place).collect::<Vec<_>>(), [(2, 1), (2, 2)]);
    assert_eq!(
        (found[0].bound, found[0].bound_text.as_str(), &found[0].sealed[..]),
        (1_000, "Books", &[1, 1][..])
    );
    assert_eq!(otherwise(found[1].place, 2).await.len(), 1);
    assert!(store.sealed_otherwise(column, FIRST, 1, 10).await.unwrap().is_empty());

    let mut changed_meanwhile = found[1].clone();
    changed_meanwhile.sealed = vec![1, 99];
    let replaced = [(found[0].clone(), vec![2, 7]), (changed_meanwhile, vec![2, 8])];
    store.replace_sealed(&replaced).await.unwrap();
    let mut counted = store.count_sealed(column).await.unwrap();
    counted.sort_unstable();
    assert_eq!(counted, [(1, 2), (2, 1)]);
    assert_eq!(otherwise(FIRST, 10).await.iter().map(|text| text.place.1).collect::<Vec<_>>(), [2, 3]);
}

async fn users_members_and_answers_are_counted_by_version(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.apply(&[
        ask_once(book, create("a@example.com", 1), "a"),
        ask_once(book, create("b@example.com", 1), "b"),
    ])
    .await;
    let store = &world.store;
    assert_eq!(store.count_hashes_by_version().await.unwrap(), [(0, 2)]);
    let second = 1_i64 << 40;
    world.tamper(&format!("UPDATE payout_user SET generation = {second} WHERE number = 2")).await.unwrap();
    let mut counted = store.count_hashes_by_version().await.unwrap();
    counted.sort_unstable();
    assert_eq!(counted, [(0, 1), (1, 1)]);
    assert!(store.count_passwords_by_version().await.unwrap().is_empty());
    let insert = "INSERT INTO member (number, email, name, password, used_step, created_at) VALUES";
    world
        .tamper(&format!("{insert} (1, 'a', 'a', '$argon2id$', 0, 0), (2, 'b', 'b', 'b$argon2id$', 0, 0)"))
        .await
        .unwrap();
    let mut counted = store.count_passwords_by_version().await.unwrap();
    counted.sort_unstable();
    assert_eq!(counted, [("$".to_owned(), 1), ("b".to_owned(), 1)]);

    let before = (BookId(i64::MIN), OnceKey([0; 16]));
    let all = store.remembered_after(before, 10).await.unwrap();
    let payouts = all.iter().filter(|(_, text)| text.contains("paid")).count();
    assert_eq!(payouts, 2, "{all:?}");
    let first = store.remembered_after(before, 1).await.unwrap();
    let rest = store.remembered_after(first[0].0, 10).await.unwrap();
    assert_eq!([first, rest].concat(), all);
}

async fn a_connection_tells_how_it_is_secured(world: &BareStore) {
    let security = world.store.connection_security().await.unwrap();
    match world.engine() {
        Engine::Sqlite => assert_eq!(security, None),
        Engine::Postgres => {
            let security = security.unwrap();
            assert_eq!(
                (security.mode, security.is_local, security.encrypted),
                (TlsMode::Disable, true, None)
            );
        }
    }
}
