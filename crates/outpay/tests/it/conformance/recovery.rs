//! The changes of a recovery: all in one transaction, or none.

use crate::conformance::bare_store::{BareStore, Engine, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::witnessed::{books, cards, members, view};
use ledger::BookId;
use outpay::testing::store::{KeyNews, RecoveryChanges};

on_both_engines! {
    a_recovery_does_again_what_was_done,
    a_recovery_without_knowledge_revokes_all,
}

async fn keys(world: &BareStore, book: BookId, numbers: &[i64]) {
    for number in numbers {
        world
            .store
            .create_key(&crate::conformance::keys::new_key(*number, book), &KeyNews::default())
            .await
            .unwrap();
    }
}

async fn revoked(world: &BareStore) -> Vec<bool> {
    let seen = view(world).await;
    let mut all = Vec::new();
    for number in 1..=3 {
        all.push(seen.is_revoked(number).await.unwrap());
    }
    all
}

async fn a_recovery_does_again_what_was_done(world: &BareStore) {
    let book = books(world).await;
    assert_eq!(world.store.open_withdrawals().await.unwrap(), 1);
    cards(world, book).await;
    keys(world, book, &[1, 2, 3]).await;
    members(world, &[(1, 10), (2, 20), (3, 30)]).await;
    let bytes = if world.engine() == Engine::Sqlite { "x'78'" } else { "'x'::bytea" };
    let mark = format!("INSERT INTO setting (name, value) VALUES ('recovery.needed', {bytes})");
    world.tamper(&mark).await.unwrap();
    assert_eq!(world.store.recovery_mark().await.unwrap().as_deref(), Some("x"));
    let lease = format!("UPDATE withdrawal SET due_at = {NOW}, leased_until = {}, leased_by = 7", i64::MAX);
    world.tamper(&lease).await.unwrap();
    assert_eq!(world.store.lease_holders().await.unwrap(), [7]);
    let changes = RecoveryChanges {
        scans: Vec::new(),
        revoke_all_keys: false,
        revoked_keys: vec![2, 99],
        removals: vec![(1, 2, 25), (1, 3, 25)],
        revealed_cards: vec![(book, 2), (book, 9)],
        detail: "{}".to_owned(),
    };
    let counts = world.store.recover(&changes, NOW).await.unwrap();
    assert_eq!((counts.keys, counts.members, counts.cards), (1, 1, 1));
    assert_eq!((counts.sessions, counts.invitations), (0, 0));
    assert_eq!(revoked(world).await, [false, true, false]);
    let seen = view(world).await;
    // A member who joined again later stays.
    assert_eq!(seen.member_since(1, 2).await.unwrap(), None);
    assert_eq!(seen.member_since(1, 3).await.unwrap(), Some(30));
    assert!(!seen.is_card_in_stock(book, 2).await.unwrap());
    assert!(seen.is_card_in_stock(book, 1).await.unwrap());
    assert_eq!(world.store.recovery_mark().await.unwrap(), None);
    // Leases in the backup belong to earlier processes, which cannot be working on this database.
    assert!(world.store.lease_holders().await.unwrap().is_empty());
    world.tamper(&lease).await.unwrap();
    // A repeat changes nothing.
    let again = world.store.recover(&changes, NOW).await.unwrap();
    assert_eq!((again.keys, again.members, again.cards), (0, 0, 0));
    assert_eq!(
        world.store.lease_holders().await.unwrap(),
        [7],
        "it was not restored, so a worker may be at it"
    );
}

async fn a_recovery_without_knowledge_revokes_all(world: &BareStore) {
    let book = books(world).await;
    keys(world, book, &[1, 2, 3]).await;
    let changes =
        RecoveryChanges { revoke_all_keys: true, detail: "{}".to_owned(), ..RecoveryChanges::default() };
    assert_eq!(world.store.recover(&changes, NOW).await.unwrap().keys, 3);
    assert_eq!(revoked(world).await, [true; 3]);
    let basis = world.store.hash_basis(book, 1).await.unwrap().unwrap();
    let hash = world.secrets.hash_digest(book, 1, &basis).unwrap();
    assert!(world.store.credential(&hash).await.unwrap().unwrap().active, "people's hashes work on");
}
