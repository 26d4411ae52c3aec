//! Terms of methods, the rule about unclaimed money, and whose money it applies to.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, debit, deposit, order, to_payout, withdraw};
use ledger::{BookId, Cents, FeeRule, ReviewRule, Terms};
use outpay::testing::store::{SettingsChange, Unclaimed, WriteError};

on_both_engines! {
    terms_come_back_as_they_were_set,
    settings_are_changed_from_what_was_seen_alone,
    an_origin_is_allowed_by_a_business_or_by_any,
    an_expiry_rule_is_set_and_taken_away,
    a_rule_of_two_people_is_set_and_taken_away,
    unclaimed_is_what_did_not_move,
    unclaimed_money_pages,
    a_reminder_is_noted,
}

async fn terms_come_back_as_they_were_set(world: &BareStore) {
    let store = &world.store;
    let (book, other) = (BookId(2), BookId(4));
    assert!(store.all_terms(book).await.unwrap().is_empty());
    let whole = Terms {
        enabled: true,
        fee: FeeRule { fixed: Cents(25), basis_points: 150, floor: Cents(50), cap: Some(Cents(1_000)) },
        minimum: Cents(2),
        maximum: Cents(99_999),
        review: ReviewRule {
            always: true,
            above: Some(Cents(0)),
            above_per_day: Some(Cents(i64::MAX)),
            new_destination: true,
        },
        daily_cap: Some(Cents(7)),
    };
    store.set_terms(book, "usdc", &whole).await.unwrap();
    store.set_terms(book, "bank", &Terms::default()).await.unwrap();
    store.set_terms(other, "usdc", &Terms::default()).await.unwrap();
    let all = store.all_terms(book).await.unwrap();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        [("bank".to_owned(), Terms::default()), ("usdc".to_owned(), whole.clone())]
    );
    let changed = Terms { daily_cap: None, enabled: false, ..whole };
    store.set_terms(book, "usdc", &changed).await.unwrap();
    assert_eq!(store.all_terms(book).await.unwrap()["usdc"], changed);
    assert_eq!(store.all_terms(other).await.unwrap()["usdc"], Terms::default());
}

async fn settings_are_changed_from_what_was_seen_alone(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    assert!(store.book_settings(BookId(98)).await.unwrap().is_none());
    let seen = async || store.book_settings(book).await.unwrap().unwrap();
    let first = seen().await;
    assert_eq!((first.payouts_enabled, first.expiry_days, first.terms.len()), (true, None, 0));
    let terms = |minimum| {
        let terms = Terms { minimum: Cents(minimum), ..Terms::default() };
        SettingsChange { terms: vec![("bank".to_owned(), terms)], ..SettingsChange::default() }
    };
    let days = |days| SettingsChange { expiry_days: Some(days), ..SettingsChange::default() };
    let off = SettingsChange { payouts_enabled: Some(false), ..SettingsChange::default() };
    let origins = |names: &[&str]| {
        let origins = names.iter().map(|name| format!("https://{name}.example")).collect();
        SettingsChange { allowed_origins: Some(origins), ..SettingsChange::default() }
    };
    let (one, two, none) = (origins(&["a"]), origins(&["b", "c"]), origins(&[]));
    for change in [terms(2), terms(3), days(Some(30)), days(Some(31)), days(None), one, two, none, off] {
        let before = seen().await;
        store.change_settings(book, &before, &change, &[]).await.unwrap();
        for other in [&change, &terms(9), &days(Some(99))] {
            let late = store.change_settings(book, &before, other, &[]).await;
            assert!(matches!(late, Err(WriteError::Conflict)), "{change:?}, {other:?}");
        }
    }
    let last = seen().await;
    assert_eq!((last.payouts_enabled, last.expiry_days), (false, None));
    assert_eq!(last.terms["bank"].minimum, Cents(3));
}

async fn an_origin_is_allowed_by_a_business_or_by_any(world: &BareStore) {
    let (store, book, other) = (&world.store, world.book("Acme").await, world.book("Other").await);
    let (shop, one, two) = ("https://shop.example", book.business(), other.business());
    let is_allowed = async |business| store.is_allowed_origin(business, shop).await.unwrap();
    assert!(!is_allowed(None).await);
    let change = SettingsChange { allowed_origins: Some(vec![shop.to_owned()]), ..SettingsChange::default() };
    let seen = store.book_settings(book).await.unwrap().unwrap();
    store.change_settings(book, &seen, &change, &[]).await.unwrap();
    let found = (is_allowed(None).await, is_allowed(Some(one)).await, is_allowed(Some(two)).await);
    assert_eq!(found, (true, true, false));
    assert!(!store.is_allowed_origin(None, "https://Shop.example").await.unwrap());
    assert_eq!(store.allowed_origins(one).await.unwrap(), [shop]);
}

async fn a_rule_of_two_people_is_set_and_taken_away(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    for above in [Some(Cents(0)), Some(Cents(500)), None, None] {
        let change = SettingsChange { two_people_above: Some(above), ..SettingsChange::default() };
        let seen = store.book_settings(book).await.unwrap().unwrap();
        store.change_settings(book, &seen, &change, &[]).await.unwrap();
        assert_eq!(store.two_people_above(book).await.unwrap(), above);
        assert_eq!(store.two_people_above(BookId(book.0 + 1)).await.unwrap(), None);
    }
}

async fn an_expiry_rule_is_set_and_taken_away(world: &BareStore) {
    let store = &world.store;
    let (book, other) = (BookId(4), BookId(2));
    assert_eq!(store.expiry_days(book).await.unwrap(), None);
    store.set_expiry_days(book, None).await.unwrap();
    store.set_expiry_days(book, Some(90)).await.unwrap();
    store.set_expiry_days(book, Some(30)).await.unwrap();
    store.set_expiry_days(other, Some(365)).await.unwrap();
    assert_eq!(store.expiry_days(book).await.unwrap(), Some(30));
    assert_eq!(store.expiry_rules().await.unwrap(), [(other, 365), (book, 30)]);
    store.set_expiry_days(book, None).await.unwrap();
    assert_eq!(store.expiry_days(book).await.unwrap(), None);
    assert_eq!(store.expiry_rules().await.unwrap(), [(other, 365)]);
    assert!(store.set_expiry_days(book, Some(0)).await.is_err(), "zero days would leave no time");
}

async fn unclaimed_is_what_did_not_move(world: &BareStore) {
    let (book, other) = (world.book("Acme").await, world.book("Other").await);
    let mut till = world.till().await;
    till.now = NOW - 100;
    // Entries 1 and 2; then 3 to 6, one for each user.
    till.fund(book, 10_000).await;
    let people = ["a", "b", "c", "d"].map(|name| create(&format!("{name}@example.com"), 100));
    till.carry_out(book, people).await;
    till.fund(other, 10).await;
    till.carry_out(other, [create("a@example.com", 10)]).await;
    till.now = NOW;
    // b withdraws some of it, c is paid again, d has nothing left: entries 7 to 12.
    till.carry_out(book, [deposit(1, "old business"), to_payout(1)]).await;
    till.carry_out(book, [withdraw(order(2, 40)), create("c@example.com", 1), debit(4, 100)]).await;

    let found = async |since, after| world.store.unclaimed(book, since, after, 100).await.unwrap();
    let idle = |user, head, since| Unclaimed { user, head, since, reminded_at: 0 };
    assert_eq!(found(NOW - 101, 0).await, []);
    assert_eq!(found(NOW - 100, 0).await, [idle(1, 3, NOW - 100)]);
    assert_eq!(found(NOW - 1, 0).await, [idle(1, 3, NOW - 100)]);
    let head = async |user| world.store.user(book, user).await.unwrap().unwrap().history;
    let (b, c) = (head(2).await, head(3).await);
    assert_eq!(found(NOW, 0).await, [idle(1, 3, NOW - 100), idle(2, b, NOW), idle(3, c, NOW)]);
    assert_eq!(found(NOW, 2).await, [idle(3, c, NOW)]);
}

async fn unclaimed_money_pages(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, (1..=5).map(|number| create(&format!("u{number}@example.com"), 1))).await;
    let page = async |after, limit| {
        let found = world.store.unclaimed(book, NOW, after, limit).await.unwrap();
        found.iter().map(|idle| idle.user).collect::<Vec<_>>()
    };
    assert_eq!(page(0, 2).await, [1, 2]);
    assert_eq!(page(2, 2).await, [3, 4]);
    assert_eq!(page(4, 2).await, [5]);
    assert!(page(5, 2).await.is_empty());
}

async fn a_reminder_is_noted(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 1), create("b@example.com", 1)]).await;
    let reminded = async || {
        let found = world.store.unclaimed(book, NOW, 0, 10).await.unwrap();
        found.iter().map(|idle| idle.reminded_at).collect::<Vec<_>>()
    };
    world.store.note_reminder(book, 2, NOW + 1).await.unwrap();
    world.store.note_reminder(BookId(book.0 + 1), 1, NOW + 7).await.unwrap();
    assert_eq!(reminded().await, [0, NOW + 1]);
    world.store.note_reminder(book, 2, NOW + 5).await.unwrap();
    assert_eq!(reminded().await, [0, NOW + 5]);
}
