//! Webhooks: deliveries and attempts, one statement at a time; the same on both engines. Not here: endpoints
//! (webhook_endpoints.rs).

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId, EntryKind};
use outpay::testing::store::{
    Attempted, Delivery, DeliveryState, EndpointKey, NewAuditEntry, NewDelivery, WaitingCount,
    WebhookAttempt, WebhookEndpoint, WriteError,
};

on_both_engines! {
    deliveries_and_cursor_move_together,
    an_entry_is_told_of_once,
    due_deliveries_come_in_order_and_one_by_one,
    a_delivery_is_leased_once,
    an_attempt_ends_a_delivery,
    an_attempt_of_another_worker_is_not_written,
    a_failure_holds_up_no_later_event,
    an_outcome_supersedes_what_came_before,
    failed_deliveries_are_retried,
    lists_are_by_state_and_newest_first,
}
/// The first endpoint of a book.
pub fn key(book: BookId) -> EndpointKey {
    EndpointKey { book, number: 1 }
}

pub fn endpoint(book: BookId) -> WebhookEndpoint {
    WebhookEndpoint {
        key: key(book),
        is_primary: true,
        url: "https://example.com/ü".to_owned(),
        description: String::new(),
        enabled: true,
        disabled_at: None,
        events: 4,
        schedule: 1,
        sealed: vec![1, 2, 0, 255],
        previous: None,
        previous_until: 0,
        rolled_by: None,
        cursor: 0,
        failing_since: None,
        failed_at: None,
        revision: 1,
        created_at: NOW,
        changed_at: NOW,
    }
}

pub fn set(book: BookId) -> NewAuditEntry {
    entry(book.business(), "webhook.set", Actor(5))
}

pub fn new(sequence: Option<i64>, withdrawal: i64) -> NewDelivery {
    NewDelivery { sequence, withdrawal, kind: EntryKind::WithdrawalCreated, body: b"{\"a\":1}".to_vec() }
}

/// A book with an endpoint and deliveries of these withdrawals.
pub async fn with_deliveries(world: &BareStore, name: &str, withdrawals: &[i64]) -> BookId {
    let book = world.book(name).await;
    world.store.create_webhook_endpoint(&endpoint(book), &set(book)).await.unwrap();
    let made: Vec<NewDelivery> =
        withdrawals.iter().zip(1..).map(|(withdrawal, sequence)| new(Some(sequence), *withdrawal)).collect();
    let to = i64::try_from(made.len()).unwrap();
    world.store.make_deliveries(key(book), (1, 0, 0), to, &made, NOW).await.unwrap();
    book
}

pub async fn due(world: &BareStore, book: BookId, now: i64) -> Vec<i64> {
    world.store.due_deliveries(key(book), now, 10).await.unwrap().iter().map(|due| due.number).collect()
}

pub async fn delivery(world: &BareStore, book: BookId, number: i64) -> Delivery {
    world.store.delivery(book, number).await.unwrap().unwrap()
}

pub fn attempted(book: BookId, delivery: i64, worker: i64, state: DeliveryState) -> Attempted {
    let due_at = (state == DeliveryState::Pending).then_some(NOW + 30);
    let attempt = WebhookAttempt {
        number: 1,
        at: NOW + 1,
        url: "https://example.com/".to_owned(),
        status: Some(500),
        error: String::new(),
        body: vec![0, 255, b'x'],
        micros: 7,
    };
    let (endpoint, withdrawal) = (1, delivery);
    Attempted {
        book,
        delivery,
        endpoint,
        withdrawal,
        is_test: false,
        is_outcome: false,
        worker,
        lease: 1,
        attempt,
        state,
        tries: 1,
        due_at,
    }
}

async fn deliveries_and_cursor_move_together(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2]).await;
    let store = &world.store;
    let endpoint = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    assert_eq!((endpoint.cursor, endpoint.revision), (2, 1));
    for stale in [(2, 2, 2), (1, 1, 2), (1, 2, 1)] {
        let made = store.make_deliveries(key(book), stale, 9, &[new(Some(9), 3)], NOW).await;
        assert!(matches!(made, Err(WriteError::Conflict)), "{stale:?}: {made:?}");
    }
    assert_eq!(store.deliveries_waiting().await.unwrap(), 2);
    store.make_deliveries(key(book), (1, 2, 2), 9, &[new(Some(9), 3)], NOW).await.unwrap();
    let third = delivery(world, book, 3).await;
    let expected = Delivery {
        number: 3,
        endpoint: 1,
        sequence: Some(9),
        withdrawal: 3,
        kind: EntryKind::WithdrawalCreated,
        body: b"{\"a\":1}".to_vec(),
        state: DeliveryState::Pending,
        tries: 0,
        attempts: 0,
        created_at: NOW,
        due_at: Some(NOW),
        finished_at: None,
        lease: 0,
    };
    assert_eq!(third, expected);
    assert_eq!(store.deliveries_waiting().await.unwrap(), 3);
    assert_eq!(store.delivery(book, 4).await.unwrap(), None);
}

async fn an_entry_is_told_of_once(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1]).await;
    let again = world.store.make_deliveries(key(book), (1, 1, 1), 2, &[new(Some(1), 1)], NOW).await;
    assert!(matches!(again, Err(WriteError::Conflict)), "{again:?}");
    // Test sends have no entry, and are leased by their sender at once.
    for made in [1, 2] {
        let number =
            world.store.make_leased_delivery(key(book), made, &new(None, 0), NOW, (NOW + 9, 7)).await;
        assert_eq!(number.unwrap(), made + 1);
    }
    let stale = world.store.make_leased_delivery(key(book), 1, &new(None, 0), NOW, (NOW + 9, 7)).await;
    assert!(matches!(stale, Err(WriteError::Conflict)), "{stale:?}");
    assert_eq!(due(world, book, NOW).await, [1]);
    assert_eq!(due(world, book, NOW + 9).await, [1, 2, 3], "test sends do not wait");
}

async fn due_deliveries_come_in_order_and_one_by_one(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 1, 3]).await;
    let store = &world.store;
    assert!(due(world, book, NOW - 1).await.is_empty());
    assert!(store.webhook_endpoints_due(NOW - 1).await.unwrap().is_empty());
    assert_eq!(store.webhook_endpoints_due(NOW).await.unwrap(), [key(book)]);
    assert_eq!(due(world, book, NOW).await, [1, 2, 4], "the second of withdrawal 1 waits");
    assert_eq!(store.due_deliveries(key(book), NOW, 1).await.unwrap().len(), 1);
    store.lease_deliveries(book, &[(1, 0)], 7, NOW, NOW + 50).await.unwrap();
    assert_eq!(due(world, book, NOW).await, [2, 4], "it waits while the first is under way too");
    store.record_webhook_attempts(&[attempted(book, 1, 7, DeliveryState::Delivered)]).await.unwrap();
    assert_eq!(due(world, book, NOW).await, [2, 3, 4]);
    let now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    let off = WebhookEndpoint { enabled: false, ..now.clone() };
    store.change_webhook_endpoint(&now, &off, &set(book)).await.unwrap();
    assert!(store.webhook_endpoints_due(NOW).await.unwrap().is_empty(), "off");
}

async fn a_delivery_is_leased_once(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3]).await;
    let store = &world.store;
    let wanted = [(3, 0), (1, 0), (2, 1), (9, 0)];
    let got = store.lease_deliveries(book, &wanted, 7, NOW, NOW + 5).await.unwrap();
    assert_eq!(got, [true, true, false, false], "in the order asked for; of 2 more was known than is so");
    let other = store.lease_deliveries(book, &[(1, 0), (2, 0)], 8, NOW + 4, NOW + 9).await.unwrap();
    assert_eq!(other, [false, true]);
    assert!(due(world, book, NOW + 4).await.is_empty());
    let late = store.lease_deliveries(book, &[(1, 1)], 8, NOW + 5, NOW + 9).await.unwrap();
    assert_eq!(late, [true], "a lease that ran out is taken over");
    assert!(store.lease_deliveries(book, &[], 8, NOW, NOW + 9).await.unwrap().is_empty());
}

async fn an_attempt_ends_a_delivery(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3]).await;
    let store = &world.store;
    store.lease_deliveries(book, &[(1, 0), (2, 0), (3, 0)], 7, NOW, NOW + 50).await.unwrap();
    let states = [DeliveryState::Delivered, DeliveryState::Failed, DeliveryState::Pending];
    let all: Vec<Attempted> =
        states.iter().zip(1..).map(|(state, number)| attempted(book, number, 7, *state)).collect();
    store.record_webhook_attempts(&all).await.unwrap();
    for (state, number) in states.iter().zip(1..) {
        let ended = delivery(world, book, number).await;
        let is_pending = *state == DeliveryState::Pending;
        assert_eq!((ended.state, ended.tries, ended.attempts), (*state, 1, 1));
        assert_eq!(ended.due_at, is_pending.then_some(NOW + 30));
        assert_eq!(ended.finished_at, (!is_pending).then_some(NOW + 1));
    }
    assert_eq!(store.webhook_attempts(book, 1, 10).await.unwrap(), [all[0].attempt.clone()]);
    let nothing =
        WebhookAttempt { number: 2, status: None, error: "timeout".to_owned(), ..all[0].attempt.clone() };
    store.lease_deliveries(book, &[(3, 1)], 7, NOW + 30, NOW + 90).await.unwrap();
    let second = Attempted { attempt: nothing.clone(), lease: 2, ..all[2].clone() };
    store.record_webhook_attempts(&[second]).await.unwrap();
    assert_eq!(store.webhook_attempts(book, 3, 10).await.unwrap(), [all[2].attempt.clone(), nothing]);
    assert_eq!(store.webhook_attempts(book, 3, 1).await.unwrap().len(), 1);
    assert_eq!(store.deliveries_waiting().await.unwrap(), 1);
}

async fn an_attempt_of_another_worker_is_not_written(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2]).await;
    let store = &world.store;
    store.lease_deliveries(book, &[(1, 0)], 7, NOW, NOW + 50).await.unwrap();
    let (mine, foreign) =
        (attempted(book, 1, 7, DeliveryState::Delivered), attempted(book, 2, 7, DeliveryState::Delivered));
    let stale = Attempted { lease: 0, ..mine.clone() };
    let written = store.record_webhook_attempts(&[stale]).await;
    assert!(matches!(written, Err(WriteError::Conflict)), "under an older lease: {written:?}");
    let both = store.record_webhook_attempts(&[mine.clone(), foreign]).await;
    assert!(matches!(both, Err(WriteError::Conflict)), "{both:?}");
    assert_eq!(delivery(world, book, 1).await.state, DeliveryState::Pending, "none is written");
    assert!(store.webhook_attempts(book, 1, 10).await.unwrap().is_empty());
    store.record_webhook_attempts(&[mine]).await.unwrap();
}

async fn a_failure_holds_up_no_later_event(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 1, 2]).await;
    assert_eq!(due(world, book, NOW).await, [1, 3]);
    world.store.lease_deliveries(book, &[(1, 0)], 7, NOW, NOW + 5).await.unwrap();
    world.store.record_webhook_attempts(&[attempted(book, 1, 7, DeliveryState::Pending)]).await.unwrap();
    assert_eq!(due(world, book, NOW).await, [2, 3]);
    assert_eq!(due(world, book, NOW + 30).await, [2, 3, 1], "it is tried again beside them");
}

async fn an_outcome_supersedes_what_came_before(world: &BareStore) {
    use DeliveryState::{Delivered, Pending, Superseded};
    let book = with_deliveries(world, "Acme", &[1, 1, 1, 1, 2]).await;
    let store = &world.store;
    // The first has failed once and waits, the second is under way again, the third tells of the outcome.
    store.lease_deliveries(book, &[(1, 0), (2, 0), (3, 0)], 7, NOW, NOW + 50).await.unwrap();
    let failing = |number| Attempted { withdrawal: 1, ..attempted(book, number, 7, Pending) };
    store.record_webhook_attempts(&[failing(1)]).await.unwrap();
    let outcome = |state| Attempted { is_outcome: true, ..Attempted { state, ..failing(3) } };
    let outcome = Attempted { due_at: None, ..outcome(Delivered) };
    store.record_webhook_attempts(&[outcome]).await.unwrap();
    let states = async || {
        let mut states = Vec::new();
        for number in 1..=5 {
            states.push(delivery(world, book, number).await.state);
        }
        states
    };
    assert_eq!(states().await, [Superseded, Superseded, Delivered, Pending, Pending]);
    assert_eq!(delivery(world, book, 1).await.finished_at, Some(NOW + 1));
    // What was under way is written down, and leaves it superseded where it failed.
    store.record_webhook_attempts(&[failing(2)]).await.unwrap();
    let second = delivery(world, book, 2).await;
    assert_eq!((second.state, second.due_at, second.attempts), (Superseded, None, 1));
    assert_eq!(due(world, book, NOW + 99).await, [4, 5]);
    // By hand it is tried again, and delivered.
    store.retry_delivery(book, 2, NOW + 60).await.unwrap();
    assert_eq!(store.retry_failed_deliveries(book, NOW, NOW + 60).await.unwrap(), 0, "it did not fail");
    store.lease_deliveries(book, &[(2, 1)], 7, NOW + 60, NOW + 90).await.unwrap();
    let attempt = WebhookAttempt { number: 2, ..failing(2).attempt };
    let late = Attempted { state: Delivered, due_at: None, lease: 2, attempt, ..failing(2) };
    store.record_webhook_attempts(&[late]).await.unwrap();
    assert_eq!(delivery(world, book, 2).await.state, Delivered);
}

async fn failed_deliveries_are_retried(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3]).await;
    let store = &world.store;
    let number = store.make_leased_delivery(key(book), 3, &new(None, 0), NOW, (NOW + 9, 7)).await.unwrap();
    store.lease_deliveries(book, &[(1, 0), (2, 0)], 7, NOW, NOW + 50).await.unwrap();
    let failed = |number| attempted(book, number, 7, DeliveryState::Failed);
    store.record_webhook_attempts(&[failed(1), failed(2), failed(number)]).await.unwrap();
    let failed = async |since| store.deliveries_failed(book, since).await.unwrap();
    assert_eq!(failed(NOW).await, WaitingCount { count: 2, oldest: Some(NOW + 1) });
    assert_eq!(failed(NOW + 2).await, WaitingCount::default());
    store.retry_delivery(book, 1, NOW + 100).await.unwrap();
    let retried = delivery(world, book, 1).await;
    assert_eq!((retried.state, retried.tries, retried.attempts), (DeliveryState::Pending, 0, 1));
    assert_eq!((retried.due_at, retried.finished_at), (Some(NOW + 100), None));
    for not_failed in [1, 3, 9] {
        let again = store.retry_delivery(book, not_failed, NOW + 100).await;
        assert!(matches!(again, Err(WriteError::Conflict)), "{not_failed}: {again:?}");
    }
    assert_eq!(store.retry_failed_deliveries(book, NOW + 2, NOW + 200).await.unwrap(), 0, "failed before");
    assert_eq!(store.retry_failed_deliveries(book, NOW + 1, NOW + 200).await.unwrap(), 1);
    assert_eq!(delivery(world, book, 2).await.due_at, Some(NOW + 200));
    assert_eq!(delivery(world, book, number).await.state, DeliveryState::Failed, "a test send stays");
}

async fn lists_are_by_state_and_newest_first(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3, 4]).await;
    with_deliveries(world, "Other", &[1]).await;
    let store = &world.store;
    store.lease_deliveries(book, &[(1, 0), (2, 0), (3, 0)], 7, NOW, NOW + 50).await.unwrap();
    let ends = [(1, DeliveryState::Delivered), (2, DeliveryState::Failed), (3, DeliveryState::Delivered)];
    let all: Vec<Attempted> =
        ends.iter().map(|(number, state)| attempted(book, *number, 7, *state)).collect();
    store.record_webhook_attempts(&all).await.unwrap();
    for (state, below, limit, expected) in [
        (None, None, 10, vec![4, 3, 2, 1]),
        (None, Some(3), 10, vec![2, 1]),
        (None, None, 2, vec![4, 3]),
        (Some(DeliveryState::Delivered), None, 10, vec![3, 1]),
        (Some(DeliveryState::Delivered), Some(3), 10, vec![1]),
        (Some(DeliveryState::Failed), None, 10, vec![2]),
        (Some(DeliveryState::Pending), None, 10, vec![4]),
    ] {
        let found = store.deliveries(book, state, below, limit).await.unwrap();
        let numbers: Vec<i64> = found.iter().map(|delivery| delivery.number).collect();
        assert_eq!(numbers, expected, "{state:?} {below:?} {limit}");
    }
}
