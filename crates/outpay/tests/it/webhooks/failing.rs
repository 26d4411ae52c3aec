//! Endpoints that only fail: the longer schedule, and the end of patience.

use crate::receiver::{ok, status};
use crate::webhooks::hooks::{BY, Hooks, sample};
use crate::world::SECOND;
use ledger::EntryKind;
use outpay::testing::failing_webhooks;
use outpay::testing::store::DeliveryState::{Delivered, Failed, Pending};
use outpay::testing::webhooks::{EndpointChange, Schedule};

crate::world::on_both_engines! {
    the_extended_schedule_tries_for_up_to_three_days,
    an_endpoint_that_only_fails_for_days_is_switched_off,
    one_success_begins_the_patience_anew,
    a_single_failed_event_switches_nothing_off,
    a_failed_test_send_says_nothing,
}

const DAY: i64 = 86_400 * SECOND;

async fn the_extended_schedule_tries_for_up_to_three_days(world: &Hooks) {
    let book = world.book().await;
    let endpoint = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let change = EndpointChange { schedule: Some(Schedule::Extended), ..EndpointChange::default() };
    world.webhooks().set_endpoint(endpoint.key(), BY, &change).await.unwrap();
    world.receiver.always("/hook", status(500));
    let start = world.now();
    world.pay(book).await;
    for tries in 1..=10 {
        assert_eq!(world.settle().await, 1, "try {tries}");
        let delivery = world.deliveries(book).await.pop().unwrap();
        assert_eq!(delivery.attempts, tries);
        let Some(due_at) = delivery.due_at else { break };
        world.wait(due_at - world.now());
    }
    let delivery = world.deliveries(book).await.pop().unwrap();
    assert_eq!((delivery.state, delivery.attempts), (Failed, 10));
    assert!((2 * DAY..3 * DAY).contains(&(world.now() - start)), "{}", world.now() - start);
}

/// An endpoint to which an event failed for good, so many days ago.
async fn failing(world: &Hooks, days: i64) -> ledger::BookId {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.always("/hook", status(500));
    world.pay(book).await;
    for pause in [0, 30, 300, 1800] {
        world.wait(pause * SECOND);
        world.settle().await;
    }
    world.wait(days * DAY);
    book
}

async fn an_endpoint_that_only_fails_for_days_is_switched_off(world: &Hooks) {
    let book = failing(world, 5).await;
    world.pay(book).await;
    world.settle().await;
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 1);
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 0, "once");
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!((endpoint.is_enabled(), endpoint.disabled_at()), (false, Some(world.now())));
    world.wait(DAY);
    assert_eq!(world.settle().await, 0, "nothing is sent there");
    assert_eq!(world.states(book).await, [Failed, Pending]);
    // Its owner switches it on again: what waits is sent, and the patience begins anew.
    world.receiver.always("/hook", ok());
    world.switch(book, true).await;
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!((endpoint.disabled_at(), endpoint.failing_since()), (None, None));
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.states(book).await, [Failed, Delivered]);
}

async fn one_success_begins_the_patience_anew(world: &Hooks) {
    let book = failing(world, 3).await;
    world.receiver.next("/hook", [ok()]);
    world.pay(book).await;
    world.settle().await;
    assert_eq!(world.webhooks().endpoint(book).await.unwrap().unwrap().failing_since(), None);
    world.wait(3 * DAY);
    world.pay(book).await;
    world.settle().await;
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 0);
}

async fn a_single_failed_event_switches_nothing_off(world: &Hooks) {
    failing(world, 30).await;
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 0, "nothing was tried since");
}

async fn a_failed_test_send_says_nothing(world: &Hooks) {
    let book = failing(world, 6).await;
    let sample = sample(EntryKind::WithdrawalSucceeded);
    let trial = world.webhooks().test_endpoint(book, sample).await.unwrap();
    assert_eq!(trial.delivery.state, Failed);
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 0);
    world.receiver.next("/hook", [ok()]);
    world.webhooks().test_endpoint(book, sample).await.unwrap();
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.failing_since(), None, "the receiver is well");
}
