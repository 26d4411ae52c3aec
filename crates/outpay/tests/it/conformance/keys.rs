//! API keys: an owner's view and authentication change together.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{BookId, Ceilings, Cents, Micros};
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::networks::Networks;
use outpay::testing::scopes::{Resource, Scope, Scopes};
use outpay::testing::store::{ApiKey, Credential, CredentialKind, KeyNews, NewApiKey, WriteError};
use std::sync::Arc;

on_both_engines! {
    a_key_comes_back_as_it_was_made,
    a_number_or_digest_is_taken_once,
    rolling_without_overlap_ends_the_old_key_now,
    rolling_with_overlap_ends_the_old_key_later,
    a_key_that_is_gone_is_not_rolled,
    revoking_ends_a_key_once,
    a_key_that_waits_is_activated,
    uses_never_move_back,
}

pub fn new_key(number: i64, book: BookId) -> NewApiKey {
    NewApiKey {
        number,
        book,
        kind: CredentialKind::SecretKey,
        name: format!("key {number}"),
        hint: "sk_live_…abcd".to_owned(),
        digest: digest(number),
        created_at: NOW,
        expires_at: None,
        limits: KeyLimits::default(),
        family: None,
        budget: None,
        waits: false,
    }
}

fn digest(number: i64) -> [u8; 32] {
    [u8::try_from(number).unwrap(); 32]
}

async fn key(world: &BareStore, number: i64) -> ApiKey {
    world.store.key(number).await.unwrap().unwrap()
}

/// Does the key's credential authenticate, and until when?
async fn credential(world: &BareStore, number: i64) -> (bool, Option<Micros>) {
    let found = world.store.credential(&digest(number)).await.unwrap().unwrap();
    assert_eq!(found.subject, number);
    (found.active, found.expires_at)
}

async fn a_key_comes_back_as_it_was_made(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    assert_eq!(store.next_key_number().await.unwrap(), 1);
    assert!(store.keys(book).await.unwrap().is_empty());
    let allowed = Networks::parse("203.0.113.7, 2001:db8::/32").unwrap().map(Arc::new);
    let cents = |cents: i64| Some(Cents(cents));
    let ceilings = Ceilings { per_request: cents(1), per_day: cents(2), per_recipient_day: cents(3) };
    let scopes = Scopes::of(&[Scope::write(Resource::Payouts), Scope::read(Resource::Users)]);
    let limits = KeyLimits { allowed, max_amount: cents(5_000), ceilings, scopes };
    let public = NewApiKey {
        kind: CredentialKind::PublicKey,
        name: "näme '\" 🙂".to_owned(),
        expires_at: Some(NOW + 5),
        limits: limits.clone(),
        ..new_key(2, book)
    };
    store.create_key(&public, &KeyNews::default()).await.unwrap();
    store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    store.create_key(&new_key(3, BookId(book.0 + 1)), &KeyNews::default()).await.unwrap();
    assert_eq!(store.next_key_number().await.unwrap(), 4);
    let stored = ApiKey {
        number: 2,
        family: 2,
        book,
        kind: CredentialKind::PublicKey,
        name: "näme '\" 🙂".to_owned(),
        hint: "sk_live_…abcd".to_owned(),
        created_at: NOW,
        expires_at: Some(NOW + 5),
        revoked_at: None,
        last_used_at: None,
        limits: limits.clone(),
        budget: 2,
        waits: false,
    };
    assert_eq!(store.key(2).await.unwrap(), Some(stored.clone()));
    assert_eq!(store.key(9).await.unwrap(), None);
    let listed = store.keys(book).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.number).collect::<Vec<_>>(), [1, 2], "this book's, oldest first");
    assert_eq!(listed[1], stored);
    let found = store.credential(&digest(2)).await.unwrap();
    let kind = CredentialKind::PublicKey;
    let expires_at = Some(NOW + 5);
    assert_eq!(
        found,
        Some(Credential { kind, book, subject: 2, active: true, expires_at, budget: 2, limits })
    );
}

async fn a_number_or_digest_is_taken_once(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    let same_number = NewApiKey { digest: digest(2), ..new_key(1, book) };
    let same_digest = NewApiKey { number: 2, ..new_key(1, book) };
    let strange_book = new_key(3, BookId(99));
    for key in [same_number, same_digest, strange_book] {
        let made = store.create_key(&key, &KeyNews::default()).await;
        assert!(matches!(made, Err(WriteError::Conflict)), "{key:?}: {made:?}");
    }
    assert_eq!(store.keys(book).await.unwrap().len(), 1);
    assert_eq!(store.credential(&digest(2)).await.unwrap(), None);
}

async fn rolling_without_overlap_ends_the_old_key_now(world: &BareStore) {
    let book = world.book("Acme").await;
    world.store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    world.store.roll_key(1, &new_key(2, book), NOW + 10, NOW + 10, &KeyNews::default()).await.unwrap();
    assert_eq!(key(world, 1).await.revoked_at, Some(NOW + 10));
    assert_eq!(key(world, 2).await.revoked_at, None);
    assert!(!credential(world, 1).await.0);
    assert_eq!(credential(world, 2).await, (true, None));
}

async fn rolling_with_overlap_ends_the_old_key_later(world: &BareStore) {
    let book = world.book("Acme").await;
    world.store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    world.store.roll_key(1, &new_key(2, book), NOW + 11, NOW + 10, &KeyNews::default()).await.unwrap();
    let old = key(world, 1).await;
    assert_eq!((old.revoked_at, old.expires_at), (None, Some(NOW + 11)));
    assert_eq!(credential(world, 1).await, (true, Some(NOW + 11)));
    assert_eq!(credential(world, 2).await, (true, None));
    // All keys of a chain of replacements are one family.
    world.store.create_key(&new_key(3, book), &KeyNews::default()).await.unwrap();
    world.store.roll_key(2, &new_key(4, book), NOW + 11, NOW + 10, &KeyNews::default()).await.unwrap();
    let families: Vec<i64> = world.store.keys(book).await.unwrap().iter().map(|key| key.family).collect();
    assert_eq!(families, [1, 1, 3, 1]);
    let budgets: Vec<i64> = world.store.keys(book).await.unwrap().iter().map(|key| key.budget).collect();
    assert_eq!(budgets, [1, 1, 3, 1]);
    // A key in its overlap can still be revoked at once.
    world.store.revoke_key(1, NOW + 10, &KeyNews::default()).await.unwrap();
    assert!(!credential(world, 1).await.0);
}

async fn a_key_that_is_gone_is_not_rolled(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    store.create_key(&new_key(2, book), &KeyNews::default()).await.unwrap();
    store.revoke_key(1, NOW, &KeyNews::default()).await.unwrap();
    for (old, end) in [(1, NOW), (1, NOW + 50), (9, NOW), (9, NOW + 50)] {
        let rolled = store.roll_key(old, &new_key(3, book), end, NOW, &KeyNews::default()).await;
        assert!(matches!(rolled, Err(WriteError::Conflict)), "{old}, {end}: {rolled:?}");
    }
    let taken = store
        .roll_key(2, &NewApiKey { digest: digest(3), ..new_key(1, book) }, NOW, NOW, &KeyNews::default())
        .await;
    assert!(matches!(taken, Err(WriteError::Conflict)), "{taken:?}");
    assert_eq!(store.keys(book).await.unwrap().len(), 2, "no new key was made");
    assert_eq!(store.credential(&digest(3)).await.unwrap(), None);
    assert_eq!(credential(world, 2).await, (true, None), "and the old one lives");
}

async fn revoking_ends_a_key_once(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    store.create_key(&new_key(1, book), &KeyNews::default()).await.unwrap();
    store.create_key(&new_key(2, book), &KeyNews::default()).await.unwrap();
    store.revoke_key(1, NOW + 3, &KeyNews::default()).await.unwrap();
    for number in [1, 9] {
        let again = store.revoke_key(number, NOW + 4, &KeyNews::default()).await;
        assert!(matches!(again, Err(WriteError::Conflict)), "{number}: {again:?}");
    }
    assert_eq!(key(world, 1).await.revoked_at, Some(NOW + 3), "the first moment stays");
    assert!(!credential(world, 1).await.0);
    assert_eq!(credential(world, 2).await, (true, None));
}

async fn uses_never_move_back(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    for number in 1..=3 {
        store.create_key(&new_key(number, book), &KeyNews::default()).await.unwrap();
    }
    store.record_key_uses(&[]).await.unwrap();
    store.record_key_uses(&[(1, NOW + 9), (2, NOW + 5), (77, NOW)]).await.unwrap();
    store.record_key_uses(&[(1, NOW + 8), (2, NOW + 6)]).await.unwrap();
    let mut used = Vec::new();
    for number in 1..=3 {
        used.push(key(world, number).await.last_used_at);
    }
    assert_eq!(used, [Some(NOW + 9), Some(NOW + 6), None]);
}

async fn a_key_that_waits_is_activated(world: &BareStore) {
    let book = world.book("Acme").await;
    let (store, none) = (&world.store, KeyNews::default());
    store.create_key(&new_key(1, book), &none).await.unwrap();
    for number in [2, 3, 4] {
        store.create_key(&NewApiKey { waits: true, ..new_key(number, book) }, &none).await.unwrap();
        assert_eq!(
            (credential(world, number).await.0, key(world, number).await.status(NOW)),
            (false, "waiting")
        );
    }
    store.activate_key(2, None, NOW, &none).await.unwrap();
    assert_eq!((credential(world, 2).await.0, key(world, 2).await.status(NOW)), (true, "active"));
    store.activate_key(3, Some((1, NOW + 5)), NOW, &none).await.unwrap();
    assert_eq!((credential(world, 1).await, credential(world, 3).await.0), ((true, Some(NOW + 5)), true));
    store.revoke_key(4, NOW, &none).await.unwrap();
    let gone = store.activate_key(4, Some((2, NOW)), NOW, &none).await;
    assert!(matches!(gone, Err(WriteError::Conflict)), "{gone:?}");
    assert!(credential(world, 2).await.0, "nothing of it was done");
}
