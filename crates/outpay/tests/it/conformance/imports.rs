//! Imported files and their lines.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId, Cents};
use outpay::testing::store::{
    AuditFilter, Import, ImportLine, ImportState, LineState, NewAuditEntry, SettingsChange, WaitingCount,
    WriteError,
};

on_both_engines! {
    an_import_is_kept_with_its_lines,
    an_import_goes_from_state_to_state,
    a_running_import_has_one_process,
    lines_tell_what_became_of_them,
    the_rule_is_a_sum,
    imports_with_the_same_lines_are_twins,
    an_import_that_is_paid_outside_is_no_workers,
}

fn import(number: i64, digest: u8) -> Import {
    Import {
        number,
        name: "march.csv".to_owned(),
        digest: [digest; 32],
        lines: 3,
        total: Cents(60),
        actor: Actor::member(1),
        confirmed_by: Actor::NONE,
        state: ImportState::Draft,
        created_at: NOW,
        changed_at: NOW,
    }
}

fn line(line: i64, email: &str, amount: i64) -> ImportLine {
    let (reference, detail) = (String::new(), String::new());
    ImportLine {
        line,
        email: email.to_owned(),
        amount: Cents(amount),
        reference,
        metadata: ledger::Metadata::default(),
        state: LineState::Open,
        detail,
    }
}

fn lines() -> [ImportLine; 3] {
    [line(2, "a@example.com", 10), line(3, "b@example.com", 20), line(7, "a@example.com", 30)]
}

fn moved(book: BookId) -> NewAuditEntry {
    entry(book.business(), "changed", Actor(5))
}

async fn entries(world: &BareStore, book: BookId) -> usize {
    let filter = AuditFilter {
        business: book.business(),
        actors: (5, 5),
        action: "changed".to_owned(),
        before: i64::MAX,
        limit: 10,
    };
    world.store.audit_log(&filter).await.unwrap().len()
}

async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    world.store.add_import(book, &import(1, 7), &lines()).await.unwrap();
    book
}

async fn an_import_is_kept_with_its_lines(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    assert_eq!(store.import(book, 1).await.unwrap(), Some(import(1, 7)));
    assert_eq!(store.import(BookId(book.0 + 1), 1).await.unwrap(), None, "another book's");
    assert_eq!(store.next_import_number(book).await.unwrap(), 2);
    let again = store.add_import(book, &import(1, 8), &[]).await;
    assert!(matches!(again, Err(WriteError::Conflict)));
    store.add_import(book, &import(2, 7), &[]).await.unwrap();
    store.add_import(book, &import(3, 9), &[]).await.unwrap();
    let numbers = |imports: Vec<Import>| imports.iter().map(|of| of.number).collect::<Vec<_>>();
    assert_eq!(numbers(store.imports(book, 2).await.unwrap()), [3, 2]);
    assert_eq!(numbers(store.imports_of_file(book, &[7; 32]).await.unwrap()), [2, 1]);
    assert_eq!(store.import_lines(book, 1, 0, 10).await.unwrap(), lines());
    assert_eq!(store.import_lines(book, 1, 2, 1).await.unwrap(), lines()[1..2]);
    assert_eq!(store.import_repeats(book, 1, 10).await.unwrap(), [("a@example.com".to_owned(), 2)]);
}

async fn an_import_goes_from_state_to_state(world: &BareStore) {
    use ImportState::{Discarded, Draft, Running, Waiting};
    let book = start(world).await;
    let go = async |step| {
        world.store.move_import(book, 1, step, Actor::member(2), NOW + 5, Some(&moved(book))).await.unwrap()
    };
    let waiting = async || world.store.imports_waiting(book).await.unwrap();
    assert_eq!(waiting().await, WaitingCount::default());
    assert!(go((Draft, Waiting)).await);
    assert_eq!(waiting().await, WaitingCount { count: 1, oldest: Some(NOW + 5) });
    assert!(go((Waiting, Running)).await);
    assert_eq!(waiting().await, WaitingCount::default());
    assert!(!go((Draft, Discarded)).await, "it is running");
    let found = world.store.import(book, 1).await.unwrap().unwrap();
    assert_eq!((found.state, found.confirmed_by, found.changed_at), (Running, Actor::member(2), NOW + 5));
    assert_eq!(entries(world, book).await, 2, "of the steps that were done");
}

async fn a_running_import_has_one_process(world: &BareStore) {
    use ImportState::{Draft, Running};
    let book = start(world).await;
    let store = &world.store;
    assert_eq!(store.lease_import(7, (NOW, NOW + 10)).await.unwrap(), None, "it is not confirmed");
    store.move_import(book, 1, (Draft, Running), Actor::member(2), NOW, None).await.unwrap();
    let (of, leased, lease) = store.lease_import(7, (NOW, NOW + 10)).await.unwrap().unwrap();
    assert_eq!((of, leased.number, lease), (book, 1, 1));
    assert_eq!(store.lease_import(7, (NOW + 9, NOW + 20)).await.unwrap(), None);
    assert_eq!(store.lease_holders().await.unwrap(), [7]);
    let (_, _, lease) =
        store.lease_import(7, (NOW + 10, NOW + 20)).await.unwrap().expect("the lease ran out");
    assert_eq!(lease, 2);
    assert!(!store.release_import((book, 1), 1, true, NOW).await.unwrap(), "the first came too late");
    assert_eq!(store.lease_import(7, (NOW + 19, NOW + 30)).await.unwrap(), None, "and gave nothing back");
    assert!(store.release_import((book, 1), 2, false, NOW).await.unwrap());
    assert!(store.lease_import(7, (NOW + 11, NOW + 30)).await.unwrap().is_some(), "it was given back");
    assert!(store.release_import((book, 1), 3, true, NOW).await.unwrap());
    assert_eq!(store.lease_import(7, (NOW + 31, NOW + 40)).await.unwrap(), None, "all of it is paid");
}

async fn lines_tell_what_became_of_them(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    assert_eq!(store.open_import_lines(book, 1, 2).await.unwrap(), lines()[..2]);
    let [first, second, third] = lines();
    let paid = ImportLine { state: LineState::Paid, ..first };
    let refused = ImportLine { state: LineState::NotPaid, detail: "No money".to_owned(), ..second };
    let step = (ImportState::Draft, ImportState::Running);
    store.move_import(book, 1, step, Actor::member(2), NOW, None).await.unwrap();
    store.lease_import(7, (NOW, NOW + 10)).await.unwrap().unwrap();
    let noted = [paid.clone(), refused.clone()];
    for (lease, now) in [(0, NOW), (2, NOW), (1, NOW + 10)] {
        assert!(
            !store.note_import_lines((book, 1), Some((lease, now)), &noted).await.unwrap(),
            "not its lease"
        );
    }
    assert!(store.note_import_lines((book, 1), Some((1, NOW + 9)), &noted).await.unwrap());
    assert_eq!(store.open_import_lines(book, 1, 10).await.unwrap(), std::slice::from_ref(&third));
    assert_eq!(store.import_lines(book, 1, 0, 2).await.unwrap(), [paid, refused]);
    let progress = store.import_progress(book, 1).await.unwrap();
    let expected = [
        (LineState::Open, 1, Cents(30)),
        (LineState::Paid, 1, Cents(10)),
        (LineState::NotPaid, 1, Cents(20)),
    ];
    assert_eq!(progress, expected);
    store.reopen_import_lines(book, 1).await.unwrap();
    assert_eq!(store.open_import_lines(book, 1, 10).await.unwrap(), lines()[1..], "what was paid stays paid");
}

async fn the_rule_is_a_sum(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    for above in [None, Some(Cents(100)), Some(Cents(0)), None] {
        let change = SettingsChange { import_above: Some(above), ..SettingsChange::default() };
        let seen = store.book_settings(book).await.unwrap().unwrap();
        store.change_settings(book, &seen, &change, &[moved(book)]).await.unwrap();
        assert_eq!(store.import_approval_above(book).await.unwrap(), above);
    }
    assert_eq!(entries(world, book).await, 4);
}

async fn imports_with_the_same_lines_are_twins(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    store.add_import(book, &import(2, 8), &lines()[..1]).await.unwrap();
    store.add_import_lines(book, 2, &lines()[1..2]).await.unwrap();
    assert_eq!(store.import_lines(book, 2, 0, 10).await.unwrap(), lines()[..2]);
    assert_eq!(store.import_twins(book, 2, 10).await.unwrap(), [], "the first was not confirmed");
    let step = (ImportState::Draft, ImportState::Running);
    store.move_import(book, 1, step, Actor::member(2), NOW, None).await.unwrap();
    assert_eq!(store.import_twins(book, 2, 10).await.unwrap(), [(1, 2)]);
    assert_eq!(store.import_twins(book, 1, 10).await.unwrap(), [], "it is not similar to itself");
}

async fn an_import_that_is_paid_outside_is_no_workers(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    let run = async || store.run_import_outside(book, 1, Actor::OPERATOR, NOW, &moved(book)).await.unwrap();
    assert!(run().await);
    assert!(!run().await, "it is not a draft any more");
    assert_eq!(store.lease_import(7, (i64::MAX - 1, i64::MAX)).await.unwrap(), None);
    assert_eq!(store.lease_holders().await.unwrap(), [0; 0], "no worker has it");
    let [first, second, _] = lines();
    let paid = ImportLine { state: LineState::Paid, ..first.clone() };
    assert!(store.note_import_lines((book, 1), None, std::slice::from_ref(&paid)).await.unwrap());
    let refused = ImportLine { state: LineState::NotPaid, ..first };
    assert!(store.note_import_lines((book, 1), None, &[refused]).await.unwrap());
    assert_eq!(store.import_lines(book, 1, 0, 2).await.unwrap(), [paid, second], "what is paid stays so");
}
