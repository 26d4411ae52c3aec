//! Payment batches: written whole or not at all, each payment in one live batch, each step from the state that was looked at.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, by_hand, create, deactivate, step, withdraw};
use ledger::{Actor, BookId, Cents, Step, Terms, WithdrawalState};
use outpay::testing::store::{
    AuditFilter, BatchFilter, BatchState, NewAuditEntry, PauseScope, PaymentBatch, Store, StoredBatchFile,
    WriteError,
};

on_both_engines! {
    a_batch_comes_back_as_it_was_made,
    a_batch_is_written_whole_or_not_at_all,
    of_makers_at_once_each_payment_is_in_one_batch,
    what_is_stopped_or_has_ended_is_held_back,
    a_file_is_counted_each_time_and_never_again_once_dissolved,
    what_a_dissolved_batch_had_open_is_free_again,
    payments_handed_out_before_there_were_batches_are_in_one,
}

/// A book with withdrawals 1 to `count` in progress, and one more that is queued.
async fn start(world: &BareStore, count: i64) -> (BookId, Till) {
    let book = world.book(&format!("Acme {count}")).await;
    let terms = Terms { enabled: true, ..Terms::default() };
    world.store.set_terms(book, "bank", &terms).await.unwrap();
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 100_000)]).await;
    till.carry_out(book, (0..=count).map(|_| withdraw(by_hand(1, 10)))).await;
    till.carry_out(book, (1..=count).map(|number| step(number, Step::Send))).await;
    (book, till)
}

fn entry(book: BookId, action: &'static str) -> NewAuditEntry {
    NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: NOW,
        actor: Actor::OPERATOR,
        action,
        subject: "bat_1".to_owned(),
        detail: "{}".to_owned(),
    }
}

fn row(number: i64, payments: i64) -> PaymentBatch {
    PaymentBatch {
        number,
        method: "bank".to_owned(),
        state: BatchState::Waiting,
        currency: "EUR".to_owned(),
        rate: 921_500_000,
        payments,
        total: Cents(10 * payments),
        converted: 9 * payments,
        digest: Some([3; 32]),
        made_by: Actor(7),
        made_at: NOW,
        checked_by: None,
        checked_at: None,
        downloads: 0,
        downloaded_at: None,
        ended_by: None,
        ended_at: None,
        proof: String::new(),
    }
}

fn file() -> StoredBatchFile {
    StoredBatchFile { name: "a.csv".to_owned(), media_type: "text/csv".to_owned(), bytes: vec![0, 255, b'a'] }
}

async fn add(store: &Store, book: BookId, number: i64, of: &[i64]) -> Result<(), WriteError> {
    let lines: Vec<_> = of.iter().map(|number| (*number, Cents(10), 9)).collect();
    let row = row(number, i64::try_from(of.len()).unwrap());
    store.add_payment_batch(book, &row, &lines, &file(), &entry(book, "batch.made")).await
}

async fn told(world: &BareStore, book: BookId, action: &str) -> usize {
    let (business, action) = (book.business(), action.to_owned());
    let filter = AuditFilter { business, actors: (i64::MIN, i64::MAX), action, before: i64::MAX, limit: 99 };
    world.store.audit_log(&filter).await.unwrap().len()
}

async fn free(world: &BareStore, book: BookId) -> Vec<i64> {
    let found = world.store.payments_without_batch(book, "bank", 99).await.unwrap();
    found.iter().map(|of| of.number).collect()
}

async fn approve(world: &BareStore, book: BookId, number: i64) -> bool {
    let entry = entry(book, "batch.approved");
    world.store.approve_payment_batch(book, number, (Actor(8), NOW + 1), &entry).await.unwrap()
}

async fn download(world: &BareStore, book: BookId, number: i64, seen: i64) -> bool {
    let entry = entry(book, "batch.downloaded");
    world.store.count_batch_download(book, (number, seen), NOW + 2, &entry).await.unwrap()
}

async fn a_batch_comes_back_as_it_was_made(world: &BareStore) {
    let (book, mut till) = start(world, 3).await;
    let store = &world.store;
    assert_eq!(store.next_batch_number(book).await.unwrap(), 1);
    assert_eq!(store.payment_batch(book, 1).await.unwrap(), None);
    add(store, book, 1, &[3, 1]).await.unwrap();
    assert_eq!(store.next_batch_number(book).await.unwrap(), 2);
    add(store, book, 2, &[2]).await.unwrap();
    assert_eq!(store.payment_batch(book, 1).await.unwrap(), Some(row(1, 2)));
    assert_eq!(store.payment_batch_file(book, 1).await.unwrap(), Some(file()));
    assert_eq!(store.payment_batch_file(book, 9).await.unwrap(), None);
    let lines = store.payment_batch_lines(book, 1).await.unwrap();
    let seen: Vec<_> = lines.iter().map(|line| (line.line, line.withdrawal.number, line.live)).collect();
    assert_eq!(seen, [(1, 3, true), (2, 1, true)]);
    assert_eq!((lines[0].amount, lines[0].converted, lines[0].batch), (Cents(10), 9, 1));
    let line = store.payment_batch_line_of(book, 1).await.unwrap();
    assert_eq!(line.as_ref(), Some(&lines[1]));
    assert_eq!(store.payment_batch_line_of(book, 4).await.unwrap(), None);
    let list = async |method: Option<&str>, below: Option<i64>| {
        let filter = BatchFilter { method: method.map(str::to_owned), below };
        let found = store.payment_batches(book, &filter, 9).await.unwrap();
        found.iter().map(|batch| batch.number).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None).await, [2, 1]);
    assert_eq!(list(Some("bank"), Some(2)).await, [1]);
    assert_eq!(list(Some("cash"), None).await, [0; 0]);
    till.carry_out(book, [step(3, Step::Succeed)]).await;
    let mut counts: Vec<_> = (store.payment_batch_counts(book, (1, 2)).await.unwrap().into_iter())
        .map(|count| (count.batch, count.live, count.state, count.lines))
        .collect();
    counts.sort_by_key(|count| (count.0, count.2));
    let (sending, succeeded) = (WithdrawalState::Sending, WithdrawalState::Succeeded);
    assert_eq!(counts, [(1, true, sending, 1), (1, true, succeeded, 1), (2, true, sending, 1)]);
    assert_eq!(told(world, book, "batch.made").await, 2);
}

async fn a_batch_is_written_whole_or_not_at_all(world: &BareStore) {
    let (book, _till) = start(world, 3).await;
    add(&world.store, book, 1, &[1]).await.unwrap();
    // 1 is in a batch, 4 is queued, 9 does not exist, and the number is taken.
    for (number, of) in [(2, vec![2, 1]), (2, vec![3, 4]), (2, vec![2, 9]), (1, vec![2])] {
        let refused = add(&world.store, book, number, &of).await;
        assert!(matches!(refused, Err(WriteError::Conflict)), "{number} {of:?}");
    }
    assert_eq!(world.store.payment_batch(book, 2).await.unwrap(), None);
    assert_eq!(free(world, book).await, [2, 3, 4]);
    assert_eq!(told(world, book, "batch.made").await, 1);
}

async fn of_makers_at_once_each_payment_is_in_one_batch(world: &BareStore) {
    let (book, _till) = start(world, 40).await;
    let made = world.at_once(4, async |store, process| {
        // Two want all payments, in both orders; two want halves.
        let mut wanted: Vec<i64> = (1..=40).collect();
        match process {
            1 => wanted.reverse(),
            2 => wanted.truncate(20),
            3 => drop(wanted.drain(..20)),
            _ => {}
        }
        let number = store.next_batch_number(book).await.unwrap();
        match add(&store, book, number, &wanted).await {
            Ok(()) => wanted,
            Err(WriteError::Conflict) => Vec::new(),
            Err(WriteError::Failure(failure)) => panic!("{failure:#}"),
        }
    });
    let mut all: Vec<i64> = made.into_iter().flatten().collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a payment is in two batches");
    assert!(count >= 20, "one of them got its payments");
    assert_eq!(free(world, book).await.len(), 41 - count);
}

async fn what_is_stopped_or_has_ended_is_held_back(world: &BareStore) {
    let (book, mut till) = start(world, 3).await;
    let store = &world.store;
    add(store, book, 1, &[1]).await.unwrap();
    assert_eq!(store.payment_batch_held_back(book, 1).await.unwrap(), (0, 0));
    let pause = PauseScope::Person(book, 1);
    store.pause(&pause, "why", Actor::OPERATOR, &[]).await.unwrap();
    assert_eq!(store.payment_batch_held_back(book, 1).await.unwrap(), (0, 1));
    assert_eq!(free(world, book).await, [0; 0]);
    assert!(matches!(add(store, book, 2, &[2]).await, Err(WriteError::Conflict)), "paused meanwhile");
    assert!(!approve(world, book, 1).await);
    store.resume(&pause, &[]).await.unwrap();
    assert!(approve(world, book, 1).await);
    assert!(!approve(world, book, 1).await, "it does not wait any more");
    till.carry_out(book, [deactivate(1)]).await;
    assert!(!download(world, book, 1, 0).await, "the person is switched off");
    assert_eq!(told(world, book, "batch.approved").await, 1);
    // What was paid in another way is not given out.
    let (book, mut till) = start(world, 2).await;
    add(store, book, 1, &[1]).await.unwrap();
    add(store, book, 2, &[2]).await.unwrap();
    assert!(approve(world, book, 2).await);
    till.carry_out(book, [step(1, Step::Succeed), step(2, Step::Succeed)]).await;
    assert_eq!(store.payment_batch_held_back(book, 1).await.unwrap(), (1, 0));
    assert!(!approve(world, book, 1).await);
    assert!(!download(world, book, 2, 0).await);
    assert_eq!(told(world, book, "batch.downloaded").await, 0);
}

async fn a_file_is_counted_each_time_and_never_again_once_dissolved(world: &BareStore) {
    let (book, mut till) = start(world, 2).await;
    add(&world.store, book, 1, &[1, 2]).await.unwrap();
    assert!(!download(world, book, 1, 0).await, "it is not approved");
    assert!(approve(world, book, 1).await);
    assert!(download(world, book, 1, 0).await);
    assert!(!download(world, book, 1, 0).await, "it was downloaded in between");
    assert!(download(world, book, 1, 1).await, "a copy");
    till.carry_out(book, [step(1, Step::Succeed)]).await;
    assert!(!download(world, book, 1, 2).await, "it would be paid again");
    let found = world.store.payment_batch(book, 1).await.unwrap().unwrap();
    assert_eq!((found.downloads, found.downloaded_at), (2, Some(NOW + 2)));
    assert_eq!((found.checked_by, found.checked_at), (Some(Actor(8)), Some(NOW + 1)));
    let by = (Actor(9), NOW + 3, "not sent");
    assert!(
        world.store.dissolve_payment_batch(book, &found, by, &entry(book, "batch.dissolved")).await.unwrap()
    );
    assert!(!download(world, book, 1, 2).await);
    assert_eq!(told(world, book, "batch.downloaded").await, 2);
}

async fn what_a_dissolved_batch_had_open_is_free_again(world: &BareStore) {
    let (book, mut till) = start(world, 3).await;
    let store = &world.store;
    add(store, book, 1, &[1, 2]).await.unwrap();
    let waiting = store.payment_batch(book, 1).await.unwrap().unwrap();
    assert!(approve(world, book, 1).await);
    till.carry_out(book, [step(1, Step::Succeed)]).await;
    let dissolve = async |seen: &PaymentBatch| {
        let by = (Actor(9), NOW + 3, "not sent");
        store.dissolve_payment_batch(book, seen, by, &entry(book, "batch.dissolved")).await.unwrap()
    };
    assert!(!dissolve(&waiting).await, "it was approved in between");
    let approved = store.payment_batch(book, 1).await.unwrap().unwrap();
    assert!(dissolve(&approved).await);
    let found = store.payment_batch(book, 1).await.unwrap().unwrap();
    assert_eq!(
        (found.state, found.ended_by, found.ended_at),
        (BatchState::Dissolved, Some(Actor(9)), Some(NOW + 3))
    );
    assert_eq!(found.proof, "not sent");
    assert!(!dissolve(&found).await, "once");
    let live: Vec<bool> =
        store.payment_batch_lines(book, 1).await.unwrap().iter().map(|line| line.live).collect();
    assert_eq!(live, [true, false], "what was paid stays");
    assert_eq!(free(world, book).await, [2, 3, 4]);
    add(store, book, 2, &[2]).await.unwrap();
    assert_eq!(store.payment_batch_line_of(book, 2).await.unwrap().unwrap().batch, 2);
    assert_eq!(told(world, book, "batch.dissolved").await, 1);
}

async fn payments_handed_out_before_there_were_batches_are_in_one(world: &BareStore) {
    let (book, mut till) = start(world, 4).await;
    till.carry_out(book, [step(4, Step::Succeed)]).await;
    // The database as the version before left it.
    for sql in [
        "DROP TABLE payment_batch_file",
        "DROP TABLE payment_batch_line",
        "DROP TABLE payment_batch",
        "DELETE FROM migration WHERE version = 11",
        "CREATE TABLE handed_out (book BIGINT NOT NULL, withdrawal BIGINT NOT NULL, times BIGINT NOT NULL, \
         at BIGINT NOT NULL, actor BIGINT NOT NULL, PRIMARY KEY (book, withdrawal))",
    ] {
        world.tamper(sql).await.unwrap();
    }
    for (withdrawal, times) in [(1, 1), (3, 2), (4, 1)] {
        let row = format!("INSERT INTO handed_out VALUES ({}, {withdrawal}, {times}, {NOW}, -1)", book.0);
        world.tamper(&row).await.unwrap();
    }
    let store = Store::open(&world.place.url()).await.unwrap();
    let found = store.payment_batch(book, 1).await.unwrap().unwrap();
    let expected = PaymentBatch {
        state: BatchState::Approved,
        currency: "USD".to_owned(),
        rate: 1_000_000_000,
        converted: 20,
        digest: None,
        made_by: Actor::NONE,
        checked_by: Some(Actor::NONE),
        checked_at: Some(NOW),
        downloads: 2,
        downloaded_at: Some(NOW),
        ..row(1, 2)
    };
    assert_eq!(found, expected);
    let lines = store.payment_batch_lines(book, 1).await.unwrap();
    let seen: Vec<_> = lines.iter().map(|line| (line.line, line.withdrawal.number, line.live)).collect();
    assert_eq!(seen, [(1, 1, true), (2, 3, true)]);
    assert_eq!(store.payment_batches(book, &BatchFilter::default(), 9).await.unwrap().len(), 1);
    // Neither gets into a new file by itself.
    assert_eq!(free(world, book).await, [2, 5]);
    assert!(world.tamper("DROP TABLE handed_out").await.is_err(), "the old table is gone");
}
