//! The look-ups of a witness, in one snapshot.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, rotate, withdraw};
use ledger::{BookId, Cents};
use outpay::testing::roles::Role;
use outpay::testing::store::{Given, MemberChange, NewGiftCard, Snapshot};

on_both_engines! {
    a_view_tells_what_a_witness_asks,
}

pub async fn view(world: &BareStore) -> Snapshot {
    world.store.snapshot().await.unwrap()
}

pub async fn books(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 500), rotate(1)]).await;
    till.carry_out(book, [withdraw(order(1, 10))]).await;
    book
}

pub async fn cards(world: &BareStore, book: BookId) {
    let card = |digest: u8| NewGiftCard {
        brand: "Shop".to_owned(),
        face_value: Cents(10),
        expires_at: None,
        digest: [digest; 32],
        sealed: vec![digest],
    };
    world.store.import_gift_cards(book, &[card(1), card(2)], NOW).await.unwrap();
}

pub async fn members(world: &BareStore, since: &[(i64, i64)]) {
    for (number, at) in since {
        let (number, at) = (*number, *at);
        let (email, name) = (format!("{number}@example.com"), "N".to_owned());
        let create = MemberChange::Create { number, email, name, password: "p".to_owned(), at };
        let join = MemberChange::Join { business: 1, member: number, role: Role::Owner, at };
        world.store.change_members(&[create, join]).await.unwrap();
    }
}

async fn a_view_tells_what_a_witness_asks(world: &BareStore) {
    let book = books(world).await;
    cards(world, book).await;
    members(world, &[(1, 77)]).await;
    world.tamper("INSERT INTO rail_slot (rail, next) VALUES ('line', 5)").await.unwrap();
    let given = world.store.give_gift_card(book, 1, ("Shop", Cents(10)), NOW).await.unwrap();
    assert!(matches!(given, Given::Card(card) if card.number == 1));
    let seen = view(world).await;
    assert_eq!(seen.rotations_of(book, 1).await.unwrap(), Some(1));
    assert_eq!(seen.rotations_of(book, 2).await.unwrap(), None);
    let in_stock = async |card| seen.is_card_in_stock(book, card).await.unwrap();
    assert_eq!((in_stock(1).await, in_stock(2).await, in_stock(3).await), (false, true, true));
    assert_eq!((seen.next_slot_of("line").await.unwrap(), seen.next_slot_of("other").await.unwrap()), (5, 0));
    assert_eq!(seen.member_since(1, 1).await.unwrap(), Some(77));
    assert_eq!(seen.member_since(1, 2).await.unwrap(), None);
    assert!(!seen.is_revoked(1).await.unwrap(), "there is no such key");
}
