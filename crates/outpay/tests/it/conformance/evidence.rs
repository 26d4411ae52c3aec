//! Evidence that the audit reads besides the books: the same on both engines, page by page.

use crate::conformance::bare_store::{BareStore, Engine, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit};
use ledger::{Actor, BookId, Cents, OnceKey};
use outpay::testing::store::{AuditAttempt, NewGiftCard};

on_both_engines! {
    attempts_and_slots_are_read_in_order,
    remembered_answers_are_read_by_page_and_by_key,
    cards_that_are_given_out_are_read,
    nothing_is_strange_about_what_the_store_wrote,
}

const BOOK: BookId = BookId(2);

async fn attempts_and_slots_are_read_in_order(world: &BareStore) {
    let wanted = [(1, 1, "one", 4), (1, 2, "two", 4), (3, 1, "three", 9)];
    let request = if world.engine() == Engine::Sqlite { "x'01'" } else { "decode('01', 'hex')" };
    for (withdrawal, number, key, slot) in wanted {
        // Inserted directly: another suite tests who may write one.
        let insert = format!(
            "INSERT INTO attempt (book, withdrawal, number, rail, key, request, slot, created_at, answer, answer_text) \
             VALUES (2, {withdrawal}, {number}, 'usdc', '{key}', {request}, {slot}, 1, '', '')"
        );
        world.tamper(&insert).await.unwrap();
    }
    world.tamper("INSERT INTO rail_slot (rail, next) VALUES ('line', 10)").await.unwrap();
    let snapshot = world.store.snapshot().await.unwrap();
    let all = snapshot.attempts(BOOK, (0, 0), 10).await.unwrap();
    let expected = wanted.map(|(withdrawal, number, _, slot)| AuditAttempt {
        withdrawal,
        number,
        rail: "usdc".to_owned(),
        slot,
    });
    assert_eq!(all, expected);
    assert_eq!(snapshot.attempts(BOOK, (1, 1), 1).await.unwrap(), expected[1..2]);
    assert_eq!(snapshot.attempts(BOOK, (1, 2), 10).await.unwrap(), expected[2..]);
    assert_eq!(snapshot.attempts(BookId(3), (0, 0), 10).await.unwrap(), []);
    assert_eq!(snapshot.next_slots().await.unwrap(), [("line".to_owned(), 10)]);
    assert_eq!(snapshot.repeated_attempt_keys().await.unwrap(), []);
}

async fn remembered_answers_are_read_by_page_and_by_key(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [deposit(1, "a"), deposit(1, "b"), deposit(1, "c")]).await;
    let snapshot = world.store.snapshot().await.unwrap();
    let all = snapshot.remembered(book, &[], 100).await.unwrap();
    assert!(all.len() >= 3 && all.windows(2).all(|two| two[0].0 < two[1].0), "{all:?}");
    let mut paged = Vec::new();
    while let Some(one) = {
        let after = paged.last().map_or(Vec::new(), |(key, _): &(OnceKey, String)| key.0.to_vec());
        snapshot.remembered(book, &after, 1).await.unwrap().pop()
    } {
        paged.push(one);
    }
    assert_eq!(paged, all);
    let (known, unknown) =
        (["a", "c"].map(OnceKey::of_deposit_reference), OnceKey::of_deposit_reference("z"));
    let found = snapshot.remembered_under(book, &[known[0], unknown, known[1]]).await.unwrap();
    assert_eq!(found.len(), 2);
    for key in known {
        let stored = all.iter().find(|(stored, _)| *stored == key).unwrap();
        assert_eq!(found.get(&key), Some(&stored.1));
    }
    assert!(snapshot.remembered_under(BookId(99), &known).await.unwrap().is_empty());
}

async fn cards_that_are_given_out_are_read(world: &BareStore) {
    let card = |code| NewGiftCard {
        brand: "Shop".to_owned(),
        face_value: Cents(5),
        expires_at: None,
        digest: [code; 32],
        sealed: vec![code],
    };
    world.store.import_gift_cards(BOOK, &[card(1), card(2), card(3)], NOW).await.unwrap();
    for withdrawal in [7, 8] {
        world.store.give_gift_card(BOOK, withdrawal, ("Shop", Cents(5)), NOW).await.unwrap();
    }
    world.store.recall_gift_cards(BOOK, "Shop").await.unwrap();
    let snapshot = world.store.snapshot().await.unwrap();
    let given = [(1, 2, Some(7)), (2, 2, Some(8))];
    assert_eq!(snapshot.given_gift_cards(BOOK, 0, 10).await.unwrap(), given);
    assert_eq!(snapshot.given_gift_cards(BOOK, 1, 10).await.unwrap(), given[1..]);
    assert_eq!(snapshot.given_gift_cards(BOOK, 0, 1).await.unwrap(), given[..1]);
}

async fn nothing_is_strange_about_what_the_store_wrote(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 10)]).await;
    world.store.write_audit(&[entry(book.business(), "first", Actor::OPERATOR)]).await.unwrap();
    let snapshot = world.store.snapshot().await.unwrap();
    assert_eq!(snapshot.cursors_beyond().await.unwrap(), []);
    assert_eq!(snapshot.strange_key_credentials().await.unwrap(), []);
    assert_eq!(snapshot.strays().await.unwrap(), []);
    assert_eq!(snapshot.broken_pages().await.unwrap(), [""; 0]);
    world.tamper("INSERT INTO account (book, id, balance, head) VALUES (50, 1, 0, 0)").await.unwrap();
    world.tamper("INSERT INTO account (book, id, balance, head) VALUES (70, 1, 0, 0)").await.unwrap();
    let now = world.store.snapshot().await.unwrap();
    assert_eq!(now.strays().await.unwrap(), [("account", 50)]);
    assert_eq!(snapshot.strays().await.unwrap(), [], "its moment was before");
}
