//! Credentials of payout hashes: the teller writes them, one look-up finds them.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{basis, create, deactivate, rotate};
use ledger::{BookId, Mode, UserStatus};
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::store::{Credential, CredentialKind};

on_both_engines! {
    a_hash_opens_its_user,
    a_hash_dies_with_its_rotation,
    a_status_is_the_credentials_too,
    a_user_changed_in_the_batch_that_makes_it,
}

async fn found(world: &BareStore, book: BookId, user: i64, generation: i64) -> Option<Credential> {
    world
        .store
        .credential(&world.secrets.hash_digest(book, user, &basis(book, user, generation)).unwrap())
        .await
        .unwrap()
}

fn opens(book: BookId, subject: i64, active: bool) -> Option<Credential> {
    Some(Credential {
        kind: CredentialKind::PayoutHash,
        book,
        subject,
        active,
        expires_at: None,
        budget: 0,
        limits: KeyLimits::default(),
    })
}

async fn a_hash_opens_its_user(world: &BareStore) {
    let book = world.book("Acme").await;
    let test = BookId::new(book.business(), Mode::Test);
    let mut till = world.till().await;
    for id in [book, test] {
        till.fund(id, 100).await;
        till.carry_out(id, [create("a@example.com", 1), create("b@example.com", 1)]).await;
    }
    till.carry_out(book, [create("a@example.com", 1)]).await;
    for id in [book, test] {
        for user in [1, 2] {
            assert_eq!(found(world, id, user, 0).await, opens(id, user, true));
        }
    }
    assert_eq!(found(world, book, 3, 0).await, None);
    assert_eq!(found(world, book, 1, 1).await, None);
    assert_eq!(world.store.credential(&[0; 32]).await.unwrap(), None);
}

async fn a_hash_dies_with_its_rotation(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 1), create("b@example.com", 1)]).await;
    till.carry_out(book, [rotate(1)]).await;
    till.carry_out(book, [rotate(1), rotate(1)]).await;
    for generation in 0..3 {
        assert_eq!(found(world, book, 1, generation).await, None, "{generation}");
    }
    assert_eq!(found(world, book, 1, 3).await, opens(book, 1, true));
    assert_eq!(found(world, book, 2, 0).await, opens(book, 2, true));
}

async fn a_status_is_the_credentials_too(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 1)]).await;
    let activate = || ledger::Command::SetStatus { user: 1, status: UserStatus::Active };
    till.carry_out(book, [deactivate(1)]).await;
    assert_eq!(found(world, book, 1, 0).await, opens(book, 1, false));
    till.carry_out(book, [rotate(1), create("a@example.com", 1)]).await;
    assert_eq!(found(world, book, 1, 1).await, opens(book, 1, false), "a new hash of an inactive user");
    till.carry_out(book, [activate()]).await;
    assert_eq!(found(world, book, 1, 1).await, opens(book, 1, true));
    till.carry_out(book, [deactivate(1), activate(), activate()]).await;
    assert_eq!(found(world, book, 1, 1).await, opens(book, 1, true));
}

async fn a_user_changed_in_the_batch_that_makes_it(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 1), rotate(1), deactivate(1), rotate(1)]).await;
    assert_eq!(found(world, book, 1, 2).await, opens(book, 1, false));
    for generation in [0, 1] {
        assert_eq!(found(world, book, 1, generation).await, None);
    }
}
