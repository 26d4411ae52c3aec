//! Webhook endpoints, and the events that they are told of, one statement at a time; the same on both engines.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit, to_payout};
use crate::conformance::webhooks::{attempted, delivery, endpoint, key, new, set, with_deliveries};
use ledger::{BookId, Cents, Command, EntryKind, Order, Progress, Provider, Step, Terms};
use outpay::testing::store::{
    Attempted, AuditFilter, DeliveryState, EndpointKey, FAR_BEHIND, WebhookAttempt, WebhookEndpoint,
    WriteError,
};

on_both_engines! {
    an_endpoint_comes_back_as_it_was_made,
    an_endpoint_changes_only_as_it_was_read,
    a_book_has_several_endpoints_and_one_line_of_numbers,
    a_deleted_endpoint_leaves_its_deliveries,
    what_an_endpoint_was_rolled_by_is_kept_for_ever,
    events_come_with_all_that_is_told,
    only_endpoints_with_a_wanted_event_are_behind,
    an_endpoint_far_behind_is_behind,
    further_events_are_read_by_their_bits,
    an_endpoint_that_only_fails_is_found_once,
}

const ALL: [i64; 5] = [10, 16, 19, 21, 14];

/// One more endpoint of the book.
fn second(book: BookId) -> WebhookEndpoint {
    WebhookEndpoint { key: EndpointKey { book, number: 2 }, is_primary: false, ..endpoint(book) }
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
        is_held: false,
        day: 0,
    };
    let progress =
        |step| Command::Advance(Box::new(Progress::new(1, step).with_detail("{\"x\":1}".to_owned())));
    till.carry_out(book, [Command::Withdraw(Box::new(order)), progress(Step::Send), progress(Step::Succeed)])
        .await;
    book
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

async fn an_endpoint_far_behind_is_behind(world: &BareStore) {
    let book = with_withdrawal(world).await;
    let store = &world.store;
    let rejections = WebhookEndpoint { events: 16, ..endpoint(book) };
    store.create_webhook_endpoint(&rejections, &set(book)).await.unwrap();
    for (sequence, behind) in [(FAR_BEHIND, vec![]), (FAR_BEHIND + 1, vec![key(book)])] {
        world.tamper(&format!("UPDATE book SET sequence = {sequence} WHERE id = {}", book.0)).await.unwrap();
        assert_eq!(store.webhook_endpoints_behind().await.unwrap(), behind, "{sequence}");
    }
}

async fn further_events_are_read_by_their_bits(world: &BareStore) {
    let book = with_withdrawal(world).await;
    let store = &world.store;
    let (deposited, queued) = (1 << 9, 1 << 20);
    let kinds = async |bits: i64, after: i64| -> Vec<EntryKind> {
        let found = store.further_events(book, after, bits, 10).await.unwrap();
        found.iter().map(|stored| stored.entry.kind).collect()
    };
    assert_eq!(kinds(deposited, 0).await, [EntryKind::Deposited]);
    assert_eq!(kinds(deposited | queued, 0).await, [EntryKind::Deposited, EntryKind::WithdrawalQueued]);
    assert!(kinds(deposited, 1).await.is_empty());
    assert!(kinds(0, 0).await.is_empty());
    for (events, is_behind) in [(deposited, true), (1 << 30, false)] {
        let new = WebhookEndpoint { events, ..endpoint(book) };
        match store.webhook_endpoint(key(book)).await.unwrap() {
            None => store.create_webhook_endpoint(&new, &set(book)).await.unwrap(),
            Some(old) => store.change_webhook_endpoint(&old, &new, &set(book)).await.unwrap(),
        }
        assert_eq!(!store.webhook_endpoints_behind().await.unwrap().is_empty(), is_behind, "{events}");
    }
}

async fn an_endpoint_that_only_fails_is_found_once(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3, 4]).await;
    let store = &world.store;
    store.lease_deliveries(book, &[(1, 0), (2, 0), (3, 0), (4, 0)], 7, NOW, NOW + 50).await.unwrap();
    let at = |number: i64, at: i64, state| {
        let before = attempted(book, number, 7, state);
        Attempted { attempt: WebhookAttempt { at, ..before.attempt.clone() }, ..before }
    };
    let failing = async || {
        let found = store.failing_webhook_endpoints(100).await.unwrap();
        found.iter().map(|one| (one.failing_since, one.failed_at)).collect::<Vec<_>>()
    };
    store.record_webhook_attempts(&[at(1, NOW, DeliveryState::Failed)]).await.unwrap();
    store.record_webhook_attempts(&[at(2, NOW + 99, DeliveryState::Pending)]).await.unwrap();
    assert!(failing().await.is_empty());
    store.record_webhook_attempts(&[at(3, NOW + 100, DeliveryState::Failed)]).await.unwrap();
    assert_eq!(failing().await, [(Some(NOW), Some(NOW + 100))]);
    let read = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    let stale = WebhookEndpoint { failing_since: Some(NOW + 1), ..read.clone() };
    assert!(!store.disable_webhook_endpoint(&stale, NOW, &set(book), &[]).await.unwrap());
    assert!(store.disable_webhook_endpoint(&read, NOW + 200, &set(book), &[]).await.unwrap());
    assert!(!store.disable_webhook_endpoint(&read, NOW + 200, &set(book), &[]).await.unwrap());
    assert!(failing().await.is_empty());
    let now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    assert_eq!((now.enabled, now.disabled_at, now.revision), (false, Some(NOW + 200), read.revision + 1));
    // A success, of whatever delivery, ends the failing.
    store.record_webhook_attempts(&[at(4, NOW + 201, DeliveryState::Delivered)]).await.unwrap();
    let now = store.webhook_endpoint(key(book)).await.unwrap().unwrap();
    assert_eq!((now.failing_since, now.failed_at), (None, None));
}
