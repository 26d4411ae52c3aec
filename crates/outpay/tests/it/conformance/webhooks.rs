//! Webhooks: endpoints, deliveries and attempts, one statement at a time; the same on both engines.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit, to_payout};
use ledger::{Actor, BookId, Cents, Command, EntryKind, Order, Progress, Provider, Step, Terms};
use outpay::testing::store::{
    Attempted, AuditFilter, Delivery, DeliveryState, EndpointKey, NewAuditEntry, NewDelivery, WebhookAttempt,
    WebhookEndpoint, WriteError,
};

on_both_engines! {
    an_endpoint_comes_back_as_it_was_made,
    an_endpoint_changes_only_as_it_was_read,
    a_book_has_several_endpoints_and_one_line_of_numbers,
    a_deleted_endpoint_leaves_its_deliveries,
    what_an_endpoint_was_rolled_by_is_kept_for_ever,
    events_come_with_all_that_is_told,
    only_endpoints_with_a_wanted_event_are_behind,
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

const ALL: [i64; 5] = [10, 16, 19, 21, 14];

/// The first endpoint of a book.
fn key(book: BookId) -> EndpointKey {
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

/// One more endpoint of the book.
fn second(book: BookId) -> WebhookEndpoint {
    WebhookEndpoint { key: EndpointKey { book, number: 2 }, is_primary: false, ..endpoint(book) }
}

fn set(book: BookId) -> NewAuditEntry {
    entry(book.business(), "webhook.set", Actor(5))
}

fn new(sequence: Option<i64>, withdrawal: i64) -> NewDelivery {
    NewDelivery { sequence, withdrawal, kind: EntryKind::WithdrawalCreated, body: b"{\"a\":1}".to_vec() }
}

/// A book with an endpoint and deliveries of these withdrawals.
async fn with_deliveries(world: &BareStore, name: &str, withdrawals: &[i64]) -> BookId {
    let book = world.book(name).await;
    world.store.create_webhook_endpoint(&endpoint(book), &set(book)).await.unwrap();
    let made: Vec<NewDelivery> =
        withdrawals.iter().zip(1..).map(|(withdrawal, sequence)| new(Some(sequence), *withdrawal)).collect();
    let to = i64::try_from(made.len()).unwrap();
    world.store.make_deliveries(key(book), (1, 0, 0), to, &made, NOW).await.unwrap();
    book
}

/// A book with one withdrawal that was sent and paid.
async fn with_withdrawal(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.carry_out(book, [deposit(10_000, "funds"), to_payout(10_000), create("user@example.com", 5000)])
        .await;
    let order = Order {
        user: 1,
        method: "bank".to_owned(),
        provider: Provider::Manual,
        amount: Cents(2500),
        destination: "{}".to_owned(),
        terms: Terms { enabled: true, ..Terms::default() },
        day: 0,
    };
    let progress =
        |step| Command::Advance(Box::new(Progress::new(1, step).with_detail("{\"x\":1}".to_owned())));
    till.carry_out(book, [Command::Withdraw(Box::new(order)), progress(Step::Send), progress(Step::Succeed)])
        .await;
    book
}

async fn due(world: &BareStore, book: BookId, now: i64) -> Vec<i64> {
    world.store.due_deliveries(key(book), now, 10).await.unwrap().iter().map(|due| due.number).collect()
}

async fn delivery(world: &BareStore, book: BookId, number: i64) -> Delivery {
    world.store.delivery(book, number).await.unwrap().unwrap()
}

fn attempted(book: BookId, delivery: i64, worker: i64, state: DeliveryState) -> Attempted {
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
        is_outcome: false,
        worker,
        lease: 1,
        attempt,
        state,
        tries: 1,
        due_at,
    }
}

async fn an_endpoint_comes_back_as_it_was_made(world: &BareStore) {
    let (book, other) = (world.book("Acme").await, world.book("Other").await);
    assert_eq!(world.store.webhook_endpoint(key(book)).await.unwrap(), None);
    let full = WebhookEndpoint {
        description: "Shop".to_owned(),
        disabled_at: Some(NOW + 4),
        schedule: 2,
        failing_since: Some(NOW + 2),
        failed_at: Some(NOW + 3),
        previous: Some(vec![9]),
        previous_until: NOW + 5,
        rolled_by: Some(vec![8]),
        cursor: 3,
        enabled: false,
        ..endpoint(book)
    };
    world.store.create_webhook_endpoint(&full, &set(book)).await.unwrap();
    world.store.create_webhook_endpoint(&endpoint(other), &set(other)).await.unwrap();
    assert_eq!(world.store.webhook_endpoint(key(book)).await.unwrap(), Some(full));
    assert_eq!(world.store.webhook_endpoint(key(other)).await.unwrap(), Some(endpoint(other)));
    for again in [
        endpoint(book),
        WebhookEndpoint { is_primary: true, ..second(book) },
        WebhookEndpoint { key: key(book), ..second(book) },
        endpoint(BookId(98)),
    ] {
        let made = world.store.create_webhook_endpoint(&again, &set(again.key.book)).await;
        assert!(matches!(made, Err(WriteError::Conflict)), "{made:?}");
    }
}

async fn an_endpoint_changes_only_as_it_was_read(world: &BareStore) {
    let book = world.book("Acme").await;
    let first = endpoint(book);
    world.store.create_webhook_endpoint(&first, &set(book)).await.unwrap();
    let wanted =
        WebhookEndpoint { url: "https://example.com/b".to_owned(), events: 31, cursor: 2, ..first.clone() };
    world.store.change_webhook_endpoint(&first, &wanted, &set(book)).await.unwrap();
    let second = world.store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    assert_eq!(second, WebhookEndpoint { revision: 2, ..wanted.clone() });
    let stale = world.store.change_webhook_endpoint(&first, &wanted, &set(book)).await;
    assert!(matches!(stale, Err(WriteError::Conflict)), "another revision: {stale:?}");
    let moved = WebhookEndpoint { cursor: 1, ..second.clone() };
    let moved = world.store.change_webhook_endpoint(&moved, &wanted, &set(book)).await;
    assert!(matches!(moved, Err(WriteError::Conflict)), "another cursor: {moved:?}");
}

async fn a_book_has_several_endpoints_and_one_line_of_numbers(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    assert_eq!(store.next_endpoint_number(book).await.unwrap(), 1);
    assert!(store.primary_webhook_endpoint(book).await.unwrap().is_none());
    for (number, new) in [(1, endpoint(book)), (2, second(book))] {
        assert_eq!(store.next_endpoint_number(book).await.unwrap(), number);
        store.create_webhook_endpoint(&new, &set(book)).await.unwrap();
    }
    assert_eq!(store.webhook_endpoints(book).await.unwrap(), [endpoint(book), second(book)]);
    assert_eq!(store.primary_webhook_endpoint(book).await.unwrap(), Some(endpoint(book)));
    // Both hear of one entry, each once, and their deliveries do not wait for each other.
    store.make_deliveries(key(book), (1, 0, 0), 1, &[new(Some(1), 7)], NOW).await.unwrap();
    let stale = store.make_deliveries(second(book).key, (1, 0, 0), 1, &[new(Some(1), 7)], NOW).await;
    assert!(matches!(stale, Err(WriteError::Conflict)), "the other took the number: {stale:?}");
    store.make_deliveries(second(book).key, (1, 0, 1), 1, &[new(Some(1), 7)], NOW).await.unwrap();
    assert_eq!(store.last_delivery(book).await.unwrap(), 2);
    assert_eq!(store.webhook_endpoints_due(NOW).await.unwrap().len(), 2);
    for (endpoint, number) in [(key(book), 1), (second(book).key, 2)] {
        let due = store.due_deliveries(endpoint, NOW, 10).await.unwrap();
        let found: Vec<(i64, i64)> = due.iter().map(|due| (due.number, due.endpoint)).collect();
        assert_eq!(found, [(number, endpoint.number)]);
    }
}

async fn a_deleted_endpoint_leaves_its_deliveries(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2]).await;
    let store = &world.store;
    store.lease_deliveries(book, &[(1, 0)], 7, NOW, NOW + 50).await.unwrap();
    store.record_webhook_attempts(&[attempted(book, 1, 7, DeliveryState::Delivered)]).await.unwrap();
    let stale = store.delete_webhook_endpoint(&endpoint(book), NOW + 5, &set(book)).await;
    assert!(matches!(stale, Err(WriteError::Conflict)), "another cursor: {stale:?}");
    assert_eq!(delivery(world, book, 2).await.state, DeliveryState::Pending, "nothing was changed");
    let now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    store.delete_webhook_endpoint(&now, NOW + 5, &set(book)).await.unwrap();
    assert_eq!(store.webhook_endpoint(key(book)).await.unwrap(), None);
    assert_eq!(delivery(world, book, 1).await.state, DeliveryState::Delivered);
    let ended = delivery(world, book, 2).await;
    assert_eq!((ended.state, ended.finished_at), (DeliveryState::Failed, Some(NOW + 5)));
    let retried = store.retry_delivery(book, 2, NOW + 6).await;
    assert!(matches!(retried, Err(WriteError::Conflict)), "nothing is there to send it to: {retried:?}");
    assert_eq!(store.retry_failed_deliveries(book, NOW, NOW + 6).await.unwrap(), 0);
    assert_eq!(store.next_endpoint_number(book).await.unwrap(), 2, "a number is given once");
}

async fn what_an_endpoint_was_rolled_by_is_kept_for_ever(world: &BareStore) {
    let (store, book, other) = (&world.store, world.book("Acme").await, world.book("Other").await);
    let mut now = endpoint(book);
    store.create_webhook_endpoint(&now, &set(book)).await.unwrap();
    for (once, changes) in [(&[1][..], true), (&[2], true), (&[2], true), (&[1], false)] {
        let wanted = WebhookEndpoint { rolled_by: Some(once.to_vec()), ..now.clone() };
        let changed = store.change_webhook_endpoint(&now, &wanted, &set(book)).await;
        assert_eq!(changed.is_ok(), changes, "{once:?}: {changed:?}");
        assert!(changes || matches!(changed, Err(WriteError::Conflict)));
        let found = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
        assert_eq!(found == now, !changes, "all or nothing");
        now = found;
    }
    for (whose, once, was) in [(book, 1, true), (book, 2, true), (book, 3, false), (other, 1, false)] {
        assert_eq!(store.was_rolled_by(whose, &[once]).await.unwrap(), was);
    }
    let log = AuditFilter {
        business: book.business(),
        actors: (5, 5),
        action: "webhook.set".to_owned(),
        before: i64::MAX,
        limit: 10,
    };
    assert_eq!(store.audit_log(&log).await.unwrap().len(), 4, "one for each that was done");
}

async fn events_come_with_all_that_is_told(world: &BareStore) {
    let book = with_withdrawal(world).await;
    let events = world.store.payout_events(book, 0, ALL, 10).await.unwrap();
    let kinds: Vec<EntryKind> = events.iter().map(|event| event.kind).collect();
    let life = [EntryKind::WithdrawalCreated, EntryKind::WithdrawalSending, EntryKind::WithdrawalSucceeded];
    assert_eq!(kinds, life);
    let last = &events[2];
    assert_eq!((last.withdrawal, last.user, last.email.as_str()), (1, 1, "user@example.com"));
    assert_eq!((last.provider, last.amount, last.fees), (Provider::Manual, Cents(2500), Cents(0)));
    assert_eq!((last.detail.as_str(), last.note.as_str()), ("{\"x\":1}", ""));
    let one = world.store.payout_events(book, 0, ALL, 1).await.unwrap();
    assert_eq!(one, events[..1]);
    let after = world.store.payout_events(book, events[0].sequence, ALL, 10).await.unwrap();
    assert_eq!(after, events[1..]);
    let chosen = world.store.payout_events(book, 0, [0, 0, 19, 0, 0], 10).await.unwrap();
    assert_eq!(chosen, events[2..]);
    let last_sequence = world.store.last_sequence(book).await.unwrap();
    assert_eq!(last_sequence, world.journal(book).await.last().unwrap().entry.sequence);
    assert!(world.store.last_sequence(BookId(98)).await.is_err());
}

async fn only_endpoints_with_a_wanted_event_are_behind(world: &BareStore) {
    let book = with_withdrawal(world).await;
    let store = &world.store;
    assert!(store.webhook_endpoints_behind().await.unwrap().is_empty(), "there is no endpoint");
    let mut now = endpoint(book);
    store.create_webhook_endpoint(&now, &set(book)).await.unwrap();
    // Each event alone, by its bit; an endpoint is not behind on events that did not happen.
    for (events, is_behind) in
        [(1, true), (2, true), (4, true), (8, false), (16, false), (24, false), (31, true)]
    {
        let wanted = WebhookEndpoint { events, ..now.clone() };
        store.change_webhook_endpoint(&now, &wanted, &set(book)).await.unwrap();
        now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
        let behind = store.webhook_endpoints_behind().await.unwrap();
        assert_eq!(behind == [key(book)], is_behind, "{events}");
    }
    for off in
        [WebhookEndpoint { enabled: false, ..now.clone() }, WebhookEndpoint { cursor: 1000, ..now.clone() }]
    {
        store.change_webhook_endpoint(&now, &off, &set(book)).await.unwrap();
        assert!(store.webhook_endpoints_behind().await.unwrap().is_empty());
        now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    }
}

async fn deliveries_and_cursor_move_together(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2]).await;
    let store = &world.store;
    let endpoint = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    assert_eq!((endpoint.cursor, endpoint.made, endpoint.revision), (2, 1));
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
    let book = with_deliveries(world, "Acme", &[1, 1, 1, 1, 2]).await;
    let store = &world.store;
    // The first has failed once and waits, the second is under way again, the third tells of the outcome.
    store.lease_deliveries(book, &[(1, 0), (2, 0), (3, 0)], 7, NOW, NOW + 50).await.unwrap();
    let failing = |number| Attempted { withdrawal: 1, ..attempted(book, number, 7, DeliveryState::Pending) };
    store.record_webhook_attempts(&[failing(1)]).await.unwrap();
    let outcome = |state| Attempted { is_outcome: true, ..Attempted { state, ..failing(3) } };
    let outcome = Attempted { due_at: None, ..outcome(DeliveryState::Delivered) };
    store.record_webhook_attempts(&[outcome]).await.unwrap();
    let states = async || {
        let mut states = Vec::new();
        for number in 1..=5 {
            states.push(delivery(world, book, number).await.state);
        }
        states
    };
    use DeliveryState::{Delivered, Pending, Superseded};
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
