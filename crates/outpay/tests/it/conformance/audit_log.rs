//! The audit log, entries in the same transaction as the change, and counted sign-in attempts.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId, Mode, Terms};
use outpay::testing::roles::Role;
use outpay::testing::store::{
    AuditFilter, Bucket, ExportedEntry, MemberChange, NewAuditEntry, SettingsChange, Tries, WriteError,
};

on_both_engines! {
    entries_come_back_newest_first,
    an_entry_about_a_member_is_in_every_log_of_the_member,
    settings_and_their_entries_are_set_together,
    tries_are_counted_in_windows,
    tries_at_once_are_all_counted,
    every_row_follows_from_the_one_before_it,
    rows_of_several_processes_stand_in_one_chain,
    exported_entries_follow_from_the_row_before,
}

/// Every row's digest follows from the row before, and the head is the newest row's. Returns the number of rows.
async fn chained(world: &BareStore) -> usize {
    let snapshot = world.store.snapshot().await.unwrap();
    let rows = snapshot.log_rows(0, 1_000).await.unwrap();
    let mut last = (0, [0; 32]);
    for row in &rows {
        let digest = row.following(&last.1).unwrap();
        assert_eq!(row.digest, Some(digest), "row {}", row.number);
        last = (row.number, digest);
    }
    assert_eq!(snapshot.log_head().await.unwrap(), last);
    rows.len()
}

fn all(business: i64) -> AuditFilter {
    let (actors, before, limit) = ((i64::MIN, i64::MAX), i64::MAX, 100);
    AuditFilter { business, actors, action: String::new(), before, limit }
}

async fn actions(world: &BareStore, filter: &AuditFilter) -> Vec<String> {
    world.store.audit_log(filter).await.unwrap().into_iter().map(|entry| entry.action).collect()
}

async fn entries_come_back_newest_first(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await.business(), world.book("Other").await.business());
    let store = &world.store;
    let entries = [
        entry(acme, "first", Actor::OPERATOR),
        entry(acme, "in_book", Actor(5)),
        entry(other, "elsewhere", Actor(5)),
        entry(acme, "last", Actor::member(4)),
    ];
    store.write_audit(&entries).await.unwrap();
    let nowhere = store.write_audit(&[entry(acme, "undone", Actor(5)), entry(99, "nowhere", Actor(5))]).await;
    assert!(matches!(nowhere, Err(WriteError::Conflict)), "{nowhere:?}");
    assert_eq!(actions(world, &all(acme)).await, ["last", "in_book", "first"]);
    let found = store.audit_log(&all(acme)).await.unwrap();
    let second = &found[1];
    assert_eq!((second.book, second.at, second.actor), (entries[1].book, NOW, Actor(5)));
    assert_eq!((second.subject.as_str(), second.detail.as_str()), ("ß 🙂", r#"{"a":1}"#));
    assert_eq!(found[0].book, None);
    let some = AuditFilter { before: found[0].number, limit: 1, ..all(acme) };
    assert_eq!(actions(world, &some).await, ["in_book"]);
    let keys = AuditFilter { actors: (1, i64::MAX), ..all(acme) };
    assert_eq!(actions(world, &keys).await, ["in_book"]);
    let one = AuditFilter { action: "first".to_owned(), ..all(acme) };
    assert_eq!(actions(world, &one).await, ["first"]);
    assert_eq!(store.audit_actions(acme).await.unwrap(), ["first", "in_book", "last"]);
    let about = async |actions| store.audit_actors(acme, "ß 🙂", actions).await.unwrap();
    assert_eq!(about(["in_book", "other"]).await, [Actor(5)]);
    assert_eq!(about(["in_book", "first"]).await, [Actor::OPERATOR, Actor(5)], "oldest first");
    assert_eq!(about(["undone", "elsewhere"]).await, []);
}

async fn an_entry_about_a_member_is_in_every_log_of_the_member(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await.business(), world.book("Other").await.business());
    let third = world.book("Third").await.business();
    let create = MemberChange::Create {
        number: 1,
        email: "a@example.com".to_owned(),
        name: "A".to_owned(),
        password: "digest".to_owned(),
        at: NOW,
    };
    let join = |business| MemberChange::Join { business, member: 1, role: Role::Owner, at: NOW };
    let everywhere = MemberChange::NoteEverywhere {
        member: 1,
        at: NOW + 1,
        actor: Actor::member(1),
        action: "everywhere",
        detail: "{}".to_owned(),
    };
    let here = MemberChange::Note(entry(acme, "here", Actor::OPERATOR));
    world.store.change_members(&[create, join(acme), join(other), everywhere, here]).await.unwrap();
    assert_eq!(actions(world, &all(acme)).await, ["here", "everywhere"]);
    assert_eq!(actions(world, &all(other)).await, ["everywhere"]);
    assert!(actions(world, &all(third)).await.is_empty());
    let found = world.store.audit_log(&all(other)).await.unwrap();
    assert_eq!(
        (found[0].subject.as_str(), found[0].at, found[0].actor),
        ("a@example.com", NOW + 1, Actor(-1_001))
    );
}

async fn settings_and_their_entries_are_set_together(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    let terms = Terms { enabled: true, ..Terms::default() };
    let change = SettingsChange {
        payouts_enabled: Some(false),
        expiry_days: Some(Some(30)),
        allowed_origins: Some(vec!["https://shop.example".to_owned()]),
        terms: vec![("bank".to_owned(), terms.clone())],
        ..SettingsChange::default()
    };
    let seen = async || store.book_settings(book).await.unwrap().unwrap();
    let first = seen().await;
    let gone = store.change_settings(book, &first, &change, &[entry(99, "nowhere", Actor::OPERATOR)]).await;
    assert!(matches!(gone, Err(WriteError::Conflict)), "{gone:?}");
    assert!(store.business(book.business()).await.unwrap().unwrap().payouts_enabled);
    assert_eq!(
        (store.expiry_days(book).await.unwrap(), store.all_terms(book).await.unwrap().len()),
        (None, 0)
    );
    let told = [entry(book.business(), "told", Actor::OPERATOR)];
    store.change_settings(book, &first, &change, &told).await.unwrap();
    assert!(!store.business(book.business()).await.unwrap().unwrap().payouts_enabled);
    assert_eq!(store.expiry_days(book).await.unwrap(), Some(30));
    assert_eq!(store.allowed_origins(book.business()).await.unwrap(), ["https://shop.example"]);
    assert_eq!(store.all_terms(book).await.unwrap()["bank"], terms);
    assert_eq!(actions(world, &all(book.business())).await, ["told"]);
    let nothing = SettingsChange::default();
    store.change_settings(book, &seen().await, &nothing, &[]).await.unwrap();
    let forever = SettingsChange { expiry_days: Some(None), ..SettingsChange::default() };
    store.change_settings(book, &seen().await, &forever, &[]).await.unwrap();
    assert_eq!(store.expiry_days(book).await.unwrap(), None);
    assert_eq!(store.all_terms(book).await.unwrap()["bank"], terms);
}

fn bucket(digest: u8, window: i64) -> Bucket {
    Bucket { digest: [digest; 32], window }
}

async fn tries_are_counted_in_windows(world: &BareStore) {
    let store = &world.store;
    let (short, long) = (bucket(2, 10), bucket(1, 1_000));
    let count = async |at, forget| store.count_tries(&[short, long], at, forget).await.unwrap();
    let tries = |since, count| Tries { since, count };
    let held = async |at| store.tries(&[short, long], at).await.unwrap();
    assert_eq!(held(NOW).await, [None, None]);
    assert_eq!(count(NOW, 0).await, [tries(NOW, 1), tries(NOW, 1)], "in the order given");
    assert_eq!(held(NOW + 9).await, [Some(tries(NOW, 1)), Some(tries(NOW, 1))], "looking counts nothing");
    assert_eq!(held(NOW + 10).await, [None, Some(tries(NOW, 1))]);
    assert_eq!(count(NOW + 9, 0).await, [tries(NOW, 2), tries(NOW, 2)]);
    assert_eq!(count(NOW + 10, 0).await, [tries(NOW + 10, 1), tries(NOW, 3)], "a window is over");
    store.forgive_try(&[long], &[short]).await.unwrap();
    assert_eq!(count(NOW + 11, 0).await, [tries(NOW + 11, 1), tries(NOW, 3)]);
    for _ in 0..5 {
        store.forgive_try(&[long, bucket(9, 10)], &[]).await.unwrap();
    }
    assert_eq!(count(NOW + 12, 0).await, [tries(NOW + 11, 2), tries(NOW, 1)], "never below zero");
    assert_eq!(count(NOW + 13, NOW).await[1], tries(NOW + 13, 1), "what is old is forgotten");
}

async fn tries_at_once_are_all_counted(world: &BareStore) {
    let counted = world.at_once(6, async |store, at| {
        let mut buckets = [bucket(1, 1_000), bucket(2, 1_000)];
        if at % 2 == 0 {
            buckets.reverse();
        }
        for _ in 0..5 {
            store.count_tries(&buckets, NOW, 0).await.unwrap();
        }
    });
    assert_eq!(counted.len(), 6);
    let total = world.store.count_tries(&[bucket(1, 1_000)], NOW, 0).await.unwrap();
    assert_eq!(total, [Tries { since: NOW, count: 31 }]);
}

async fn every_row_follows_from_the_one_before_it(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await.business(), world.book("Other").await.business());
    let before = chained(world).await;
    let one = |business, action| entry(business, action, Actor::OPERATOR);
    world.store.write_audit(&[one(acme, "first"), one(other, "second")]).await.unwrap();
    world.store.write_audit(&[one(acme, "third")]).await.unwrap();
    assert_eq!(chained(world).await, before + 3);
    let undone = world.store.write_audit(&[one(acme, "undone"), one(99, "nowhere")]).await;
    assert!(matches!(undone, Err(WriteError::Conflict)), "{undone:?}");
    assert_eq!(chained(world).await, before + 3, "a number is left out, the chain goes on");
    world.store.write_audit(&[one(acme, "fourth")]).await.unwrap();
    assert_eq!(chained(world).await, before + 4);
    let snapshot = world.store.snapshot().await.unwrap();
    let rows = snapshot.log_rows(0, 1_000).await.unwrap();
    let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| row.digest).collect();
    assert_eq!(digests.len(), rows.len(), "no two rows have one digest");
}

async fn rows_of_several_processes_stand_in_one_chain(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await.business(), world.book("Other").await.business());
    let before = chained(world).await;
    world.at_once(4, async |store, at| {
        let business = if at % 2 == 0 { acme } else { other };
        for _ in 0..10 {
            let one = |action| entry(business, action, Actor::OPERATOR);
            store.write_audit(&[one("first"), one("second")]).await.unwrap();
        }
    });
    assert_eq!(chained(world).await, before + 80);
}

async fn exported_entries_follow_from_the_row_before(world: &BareStore) {
    let (one, other) = (world.book("Acme").await, world.book("Other").await);
    let test = BookId::new(one.business(), Mode::Test);
    let in_book =
        |book: BookId, action| NewAuditEntry { book: Some(book), ..entry(book.business(), action, Actor(5)) };
    let rows =
        [in_book(one, "a"), in_book(other, "b"), in_book(test, "c"), entry(one.business(), "d", Actor(5))];
    world.store.write_audit(&rows).await.unwrap();
    let export =
        async |book, after| world.store.exported_entries(one.business(), book, after, 10).await.unwrap();
    let all = export(None, 0).await;
    let actions = |of: &[ExportedEntry]| of.iter().map(|of| of.action.clone()).collect::<Vec<_>>();
    assert_eq!(actions(&all), ["a", "c", "d"]);
    assert_eq!((all[0].previous, all[2].previous), ([0; 32], all[1].digest));
    assert_ne!(all[1].previous, all[0].digest, "the other business's row lies between them");
    assert_eq!(actions(&export(Some(one), 0).await), ["a", "d"]);
    assert_eq!(actions(&export(Some(test), all[0].number).await), ["c", "d"]);
    assert_eq!(export(None, all[2].number).await, []);
}
