//! Metadata of payouts and withdrawals, and lists that look for them.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::email;
use ledger::{AccountId, Actor, BatchPayout, BookId, Cents, Command, Metadata};
use outpay::testing::store::{HistoryFilter, HistoryPlace, MetadataOf, NewAuditEntry, UserFilter};

on_both_engines! {
    metadata_come_back_with_their_payouts,
    a_withdrawal_s_are_replaced,
    users_and_payouts_are_found,
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    Metadata::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
}

fn create(to: &str, amount: i64, pairs: &[(&str, &str)]) -> Command {
    let metadata = metadata(pairs);
    Command::Create { email: email(to), amount: Cents(amount), memo: String::new(), metadata }
}

async fn metadata_come_back_with_their_payouts(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    let mut till = world.till().await;
    till.fund(book, 10_000).await;
    assert!(store.metadata(book, vec![MetadataOf::Payout(1, 3)]).await.unwrap().is_empty());
    // Entries 3, 4, 5 and 6.
    till.carry_out(
        book,
        [
            create("a@example.com", 1, &[("order", "7"), ("Ünïcode 🙂", "'; DROP TABLE metadata; --")]),
            create("b@example.com", 2, &[]),
            create("a@example.com", 3, &[("order", "8")]),
            create("a@example.com", 4, &[]),
        ],
    )
    .await;
    let places = (3..=6).map(|sequence| MetadataOf::Payout(if sequence == 4 { 2 } else { 1 }, sequence));
    let found = store.metadata(book, places.collect()).await.unwrap();
    let first = metadata(&[("order", "7"), ("Ünïcode 🙂", "'; DROP TABLE metadata; --")]);
    let second = metadata(&[("order", "8")]);
    let expected = [(MetadataOf::Payout(1, 3), first), (MetadataOf::Payout(1, 5), second.clone())];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    let of_users = store.metadata_of_users(book, vec![1, 2, 3]).await.unwrap();
    assert_eq!(of_users.into_iter().collect::<Vec<_>>(), [(1, second)], "the newest that brought some");
    let elsewhere = store.metadata_of_users(BookId(book.0 + 1), vec![1]).await.unwrap();
    assert!(elsewhere.is_empty());
}

async fn a_withdrawal_s_are_replaced(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    let entry = NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: NOW,
        actor: Actor(1),
        action: "withdrawal.metadata_set",
        subject: String::new(),
        detail: "{}".to_owned(),
    };
    let of = MetadataOf::Withdrawal(1, 3);
    let (first, second) = (metadata(&[("a", "1"), ("b", "2")]), metadata(&[("b", "3")]));
    for set in [&first, &second] {
        store.set_withdrawal_metadata(book, (1, 3), set, &entry).await.unwrap();
        assert_eq!(store.metadata(book, vec![of]).await.unwrap()[&of], *set);
    }
    // What belongs to a withdrawal is not the user's.
    assert!(store.metadata_of_users(book, vec![1]).await.unwrap().is_empty());
    store.set_withdrawal_metadata(book, (1, 3), &Metadata::default(), &entry).await.unwrap();
    assert!(store.metadata(book, vec![of]).await.unwrap().is_empty());
}

async fn users_and_payouts_are_found(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    let mut till = world.till().await;
    till.now = NOW;
    till.fund(book, 10_000).await;
    let payout = |to: &str, amount, reference: &str, pairs: &[(&str, &str)]| BatchPayout {
        email: email(to),
        amount: Cents(amount),
        reference: Some(reference.to_owned()),
        memo: String::new(),
        metadata: metadata(pairs),
    };
    let payouts = vec![
        payout("a@example.com", 10, "one", &[("order", "7")]),
        payout("b@example.com", 20, "two", &[("order", "7"), ("team", "x")]),
        payout("a@example.com", 30, "three", &[("order", "8")]),
    ];
    till.carry_out(book, [Command::CreateMany { payouts, partial: false }]).await;
    till.now = NOW + 100;
    till.carry_out(book, [create("c@example.com", 40, &[])]).await;

    assert_eq!(store.user_of_reference(book, "two").await.unwrap(), Some(2));
    assert_eq!(store.user_of_reference(book, "four").await.unwrap(), None);
    let users = async |filter: UserFilter| {
        let found = store.users(book, &filter, 10).await.unwrap();
        found.iter().map(|row| row.user.number).collect::<Vec<_>>()
    };
    let of = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    let any = UserFilter::default;
    assert_eq!(users(UserFilter { number: Some(2), ..any() }).await, [2]);
    assert_eq!(users(UserFilter { number: Some(0), ..any() }).await, [0; 0]);
    assert_eq!(users(UserFilter { metadata: of("order", "7"), ..any() }).await, [2, 1]);
    assert_eq!(users(UserFilter { metadata: of("order", "7"), below: Some(2), ..any() }).await, [1]);
    assert_eq!(users(UserFilter { metadata: of("team", "x"), ..any() }).await, [2]);
    assert_eq!(users(UserFilter { metadata: of("team", "y"), ..any() }).await, [0; 0]);
    assert_eq!(users(UserFilter { created: Some(NOW..NOW + 100), ..any() }).await, [2, 1]);
    assert_eq!(users(UserFilter { created: Some(NOW + 1..i64::MAX), ..any() }).await, [3]);
    let with_email = UserFilter { email: Some(email("b@example.com")), ..any() };
    assert_eq!(users(UserFilter { metadata: of("order", "7"), ..with_email }).await, [2]);

    let head = store.user(book, 1).await.unwrap().unwrap().history;
    let amounts = async |filter: HistoryFilter| {
        let found =
            store.history_of(book, AccountId::user(1), HistoryPlace::At(head), &filter, 10).await.unwrap();
        let moved = |stored: &outpay::testing::store::StoredEntry| stored.entry.movement.unwrap().amount.0;
        found.unwrap().iter().map(moved).collect::<Vec<_>>()
    };
    let all = HistoryFilter::default;
    assert_eq!(amounts(all()).await, [30, 10]);
    assert_eq!(amounts(HistoryFilter { reference: Some("one".to_owned()), ..all() }).await, [10]);
    assert_eq!(amounts(HistoryFilter { reference: Some("two".to_owned()), ..all() }).await, [0; 0]);
    assert_eq!(amounts(HistoryFilter { metadata: of("order", "8"), ..all() }).await, [30]);
    assert_eq!(amounts(HistoryFilter { amount: Some(10..30), ..all() }).await, [10]);
    assert_eq!(amounts(HistoryFilter { created: Some(NOW + 1..i64::MAX), ..all() }).await, [0; 0]);
    assert_eq!(amounts(HistoryFilter { created: Some(NOW..NOW + 1), ..all() }).await, [30, 10]);
}
