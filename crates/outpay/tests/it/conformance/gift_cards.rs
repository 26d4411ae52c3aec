//! Gift cards: imported all or none and once, given out once, and always the same card to the same withdrawal.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{BookId, Cents};
use outpay::testing::store::{GiftCard, Given, NewGiftCard, Store, WriteError};
use std::collections::BTreeSet;

on_both_engines! {
    cards_come_back_as_they_were_imported,
    an_import_is_all_or_nothing,
    the_stock_is_what_still_works,
    kinds_and_what_is_left_of_each,
    a_withdrawal_gets_one_card_and_keeps_it,
    what_expires_first_is_given_first,
    a_recalled_card_is_not_given_out,
    cards_page,
    of_imports_at_once_none_is_half_done,
    one_withdrawal_asked_for_at_once_gets_one_card,
    withdrawals_at_once_get_a_card_each,
}

const BOOK: BookId = BookId(2);

fn card(brand: &str, face_value: i64, number: u8) -> NewGiftCard {
    NewGiftCard {
        brand: brand.to_owned(),
        face_value: Cents(face_value),
        expires_at: None,
        digest: [number; 32],
        sealed: vec![1, number, 0, 255],
    }
}

fn until(card: NewGiftCard, expires_at: i64) -> NewGiftCard {
    NewGiftCard { expires_at: Some(expires_at), ..card }
}

async fn import(store: &Store, cards: &[NewGiftCard]) {
    store.import_gift_cards(BOOK, cards, NOW).await.unwrap();
}

async fn give(store: &Store, withdrawal: i64, brand: &str, face_value: i64) -> Given {
    store.give_gift_card(BOOK, withdrawal, (brand, Cents(face_value)), NOW).await.unwrap()
}

async fn given(store: &Store, withdrawal: i64, brand: &str, face_value: i64) -> GiftCard {
    match give(store, withdrawal, brand, face_value).await {
        Given::Card(card) => card,
        other => panic!("no card: {other:?}"),
    }
}

async fn stock(store: &Store) -> Vec<(String, i64, i64)> {
    let stock = store.gift_card_stock(BOOK, NOW).await.unwrap();
    stock.into_iter().map(|(brand, face_value, count)| (brand, face_value.0, count)).collect()
}

async fn in_stock(store: &Store) -> i64 {
    stock(store).await.iter().map(|(_, _, count)| count).sum()
}

async fn cards_come_back_as_they_were_imported(world: &BareStore) {
    let store = &world.store;
    import(store, &[card("Acme", 2_500, 1), until(card("Acme", 5_000, 2), NOW + 9)]).await;
    import(store, &[card("Acme", 2_500, 3), card("Bolt", 2_500, 4)]).await;
    let cards = store.gift_cards(BOOK, "Acme", 0, 10).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.number).collect::<Vec<_>>(), [1, 2, 3]);
    let second = GiftCard {
        number: 2,
        brand: "Acme".to_owned(),
        face_value: Cents(5_000),
        expires_at: Some(NOW + 9),
        sealed: vec![1, 2, 0, 255],
        state: 1,
        withdrawal: None,
    };
    assert_eq!(cards[1], second);
    assert_eq!((cards[0].expires_at, cards[0].state_word()), (None, "in_stock"));
    assert!(store.has_gift_card(BOOK, &[4; 32]).await.unwrap());
    assert!(!store.has_gift_card(BOOK, &[5; 32]).await.unwrap());
    assert!(!store.has_gift_card(BookId(4), &[4; 32]).await.unwrap(), "another book's");
    assert!(store.gift_cards(BookId(4), "Acme", 0, 10).await.unwrap().is_empty());
}

async fn an_import_is_all_or_nothing(world: &BareStore) {
    let store = &world.store;
    import(store, &[card("Acme", 100, 1)]).await;
    let twice = [card("Acme", 100, 2), card("Acme", 100, 3), card("Acme", 100, 2)];
    let known = [card("Acme", 100, 4), card("Other brand", 999, 1)];
    let worthless = [card("Acme", 100, 4), card("Acme", 0, 5)];
    for cards in [twice.as_slice(), &known, &worthless] {
        assert!(store.import_gift_cards(BOOK, cards, NOW).await.is_err());
        assert_eq!(stock(store).await, [("Acme".to_owned(), 100, 1)]);
    }
    let conflict = store.import_gift_cards(BOOK, &twice, NOW).await;
    assert!(matches!(conflict, Err(WriteError::Conflict)), "{conflict:?}");
    // Every book has its own cards.
    store.import_gift_cards(BookId(4), &[card("Acme", 100, 1)], NOW).await.unwrap();
    import(store, &[]).await;
    import(store, &[card("Acme", 100, 2)]).await;
    let numbers = store.gift_cards(BOOK, "Acme", 0, 10).await.unwrap();
    assert_eq!(numbers.iter().map(|card| card.number).collect::<Vec<_>>(), [1, 2]);
}

async fn the_stock_is_what_still_works(world: &BareStore) {
    let store = &world.store;
    assert!(stock(store).await.is_empty());
    let cards = [
        card("Bolt", 500, 1),
        card("Acme", 5_000, 2),
        card("Acme", 500, 3),
        card("Acme", 500, 4),
        until(card("Acme", 500, 5), NOW + 1),
        until(card("Acme", 500, 6), NOW),
        until(card("Gone", 500, 7), NOW - 1),
    ];
    import(store, &cards).await;
    let expected = [("Acme".to_owned(), 500, 3), ("Acme".to_owned(), 5_000, 1), ("Bolt".to_owned(), 500, 1)];
    assert_eq!(stock(store).await, expected);
    given(store, 1, "Bolt", 500).await;
    assert_eq!(stock(store).await, expected[..2]);
    let kinds = store.newest_card_kinds(BOOK).await.unwrap();
    let kinds: Vec<_> = kinds.iter().map(|(brand, value)| (brand.as_str(), value.0)).collect();
    assert_eq!(kinds, [("Acme", 500), ("Acme", 5_000), ("Bolt", 500), ("Gone", 500)], "in stock or not");
}

async fn kinds_and_what_is_left_of_each(world: &BareStore) {
    let store = &world.store;
    let kinds = async |limit: usize| {
        let kinds = store.gift_card_kinds(BOOK, NOW, limit).await.unwrap();
        kinds.into_iter().map(|(brand, face_value)| (brand, face_value.0)).collect::<Vec<_>>()
    };
    let left = async |brand: &str, face_value: i64, most: i64| {
        store.gift_cards_left(BOOK, (brand, Cents(face_value)), NOW, most).await.unwrap()
    };
    assert!(kinds(9).await.is_empty());
    let cards = [
        card("Bolt", 500, 1),
        card("Acme", 5_000, 2),
        card("Acme", 500, 3),
        card("Acme", 500, 4),
        until(card("Acme", 500, 5), NOW + 1),
        until(card("Acme", 500, 6), NOW),
        until(card("Acme", 700, 7), NOW),
        until(card("Gone", 500, 8), NOW - 1),
        card("Zinc", 100, 9),
    ];
    import(store, &cards).await;
    store.import_gift_cards(BookId(4), &[card("Other", 100, 1)], NOW).await.unwrap();
    let all = [("Acme", 500), ("Acme", 5_000), ("Bolt", 500), ("Zinc", 100)].map(|(b, f)| (b.to_owned(), f));
    assert_eq!(kinds(9).await, all);
    assert_eq!(kinds(2).await, all[..2]);
    assert_eq!((left("Acme", 500, 9).await, left("Acme", 500, 2).await), (3, 2), "no further than asked");
    assert_eq!((left("Acme", 700, 9).await, left("Gone", 500, 9).await, left("Acme", 1, 9).await), (0, 0, 0));
    given(store, 1, "Bolt", 500).await;
    store.recall_gift_cards(BOOK, "Zinc").await.unwrap();
    assert_eq!(kinds(9).await, all[..2]);
    assert_eq!(left("Bolt", 500, 9).await, 0);
}

async fn a_withdrawal_gets_one_card_and_keeps_it(world: &BareStore) {
    let store = &world.store;
    import(store, &[card("Acme", 500, 1), card("Acme", 500, 2), card("Acme", 700, 3)]).await;
    assert_eq!(store.gift_card_of(BOOK, 7).await.unwrap(), None);
    let first = given(store, 7, "Acme", 500).await;
    assert_eq!((first.number, first.state_word(), first.withdrawal), (1, "given_out", Some(7)));
    assert_eq!(given(store, 7, "Acme", 500).await, first);
    assert_eq!(given(store, 7, "Acme", 700).await, first, "one card for ever, whatever is asked");
    assert_eq!(store.gift_card_of(BOOK, 7).await.unwrap(), Some(first));
    assert_eq!(given(store, 8, "Acme", 500).await.number, 2);
    for (withdrawal, brand, face_value) in [(9, "Acme", 500), (9, "Acme", 600), (9, "acme", 700)] {
        assert_eq!(give(store, withdrawal, brand, face_value).await, Given::NoneLeft, "{brand} {face_value}");
    }
    let other = store.give_gift_card(BookId(4), 7, ("Acme", Cents(700)), NOW).await.unwrap();
    assert_eq!(other, Given::NoneLeft, "another book's stock");
    assert_eq!(store.gift_card_of(BookId(4), 7).await.unwrap(), None);
}

async fn what_expires_first_is_given_first(world: &BareStore) {
    let store = &world.store;
    let cards = [
        card("Acme", 500, 1),
        until(card("Acme", 500, 2), NOW + 20),
        until(card("Acme", 500, 3), NOW + 10),
        until(card("Acme", 500, 4), NOW),
    ];
    import(store, &cards).await;
    let mut order = Vec::new();
    for withdrawal in 1..=3 {
        order.push(given(store, withdrawal, "Acme", 500).await.number);
    }
    assert_eq!(order, [3, 2, 1]);
    assert_eq!(give(store, 4, "Acme", 500).await, Given::NoneLeft, "the last has expired");
}

async fn a_recalled_card_is_not_given_out(world: &BareStore) {
    let store = &world.store;
    import(store, &[card("Acme", 500, 1), card("Acme", 500, 2), card("Bolt", 500, 3)]).await;
    let kept = given(store, 1, "Acme", 500).await;
    store.recall_gift_cards(BOOK, "Acme").await.unwrap();
    store.recall_gift_cards(BOOK, "Nobody's").await.unwrap();
    store.recall_gift_cards(BookId(4), "Bolt").await.unwrap();
    assert_eq!(give(store, 2, "Acme", 500).await, Given::NoneLeft);
    assert_eq!(given(store, 1, "Acme", 500).await, kept, "what was given stays given");
    let words: Vec<_> =
        store.gift_cards(BOOK, "Acme", 0, 9).await.unwrap().iter().map(GiftCard::state_word).collect();
    assert_eq!(words, ["given_out", "recalled"]);
    assert_eq!(stock(store).await, [("Bolt".to_owned(), 500, 1)]);
    assert!(store.has_gift_card(BOOK, &[2; 32]).await.unwrap(), "and cannot be imported again");
}

async fn cards_page(world: &BareStore) {
    let store = &world.store;
    let cards: Vec<_> = (1..=5).map(|number| card("Acme", 500, number)).collect();
    import(store, &[&cards[..], &[card("Bolt", 500, 6)]].concat()).await;
    let page = async |after, limit| {
        let cards = store.gift_cards(BOOK, "Acme", after, limit).await.unwrap();
        cards.iter().map(|card| card.number).collect::<Vec<_>>()
    };
    assert_eq!(page(0, 2).await, [1, 2]);
    assert_eq!(page(2, 2).await, [3, 4]);
    assert_eq!(page(4, 2).await, [5]);
    assert!(page(5, 2).await.is_empty());
}

async fn of_imports_at_once_none_is_half_done(world: &BareStore) {
    let done = world.at_once(3, async |store, process| {
        let own = |number: u8| card("Acme", 500, 10 * (process as u8 + 1) + number);
        let cards = [own(1), own(2), card("Acme", 500, 200), own(3)];
        store.import_gift_cards(BOOK, &cards, NOW).await
    });
    let imported = done.iter().filter(|done| done.is_ok()).count();
    assert_eq!(imported, 1, "one card is in all: {done:?}");
    assert!(done.iter().all(|done| matches!(done, Ok(()) | Err(WriteError::Conflict))), "{done:?}");
    let cards = world.store.gift_cards(BOOK, "Acme", 0, 99).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let winner = 10 * (done.iter().position(Result::is_ok).unwrap() as u8 + 1);
    let numbers: Vec<u8> = cards.iter().map(|card| card.sealed[1]).collect();
    assert_eq!(numbers, [winner + 1, winner + 2, 200, winner + 3]);
}

async fn one_withdrawal_asked_for_at_once_gets_one_card(world: &BareStore) {
    let cards: Vec<_> = (1..=40).map(|number| card("Acme", 500, number)).collect();
    import(&world.store, &cards).await;
    let told = world.at_once(4, async |store, _| {
        let mut cards = Vec::new();
        for withdrawal in 1..=8 {
            cards.push(given(&store, withdrawal, "Acme", 500).await);
        }
        cards
    });
    for others in &told[1..] {
        assert_eq!(others, &told[0], "every worker was told the same card");
    }
    let numbers: BTreeSet<i64> = told[0].iter().map(|card| card.number).collect();
    assert_eq!((numbers.len(), in_stock(&world.store).await), (8, 32));
}

async fn withdrawals_at_once_get_a_card_each(world: &BareStore) {
    let cards: Vec<_> = (1..=20).map(|number| card("Acme", 500, number)).collect();
    import(&world.store, &cards).await;
    let told = world.at_once(4, async |store, worker| {
        let mut cards = Vec::new();
        for number in 1..=7 {
            let withdrawal = worker as i64 * 100 + number;
            loop {
                match give(&store, withdrawal, "Acme", 500).await {
                    Given::Card(card) => cards.push(card),
                    Given::NoneLeft => {}
                    Given::TryAgain => continue,
                }
                break;
            }
        }
        cards
    });
    let told: Vec<GiftCard> = told.into_iter().flatten().collect();
    let numbers: BTreeSet<i64> = told.iter().map(|card| card.number).collect();
    assert_eq!((told.len(), numbers.len(), in_stock(&world.store).await), (20, 20, 0));
    for card in &told {
        let kept = world.store.gift_card_of(BOOK, card.withdrawal.unwrap()).await.unwrap();
        assert_eq!(kept.as_ref(), Some(card));
    }
}
