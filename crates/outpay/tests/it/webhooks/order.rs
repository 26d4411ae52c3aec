//! The events of one withdrawal arrive in order where the receiver answers; one that fails holds up nothing, and an outcome that
//! was delivered supersedes what came before it.

use crate::receiver::{Answer, Received, status};
use crate::webhooks::hooks::Hooks;
use crate::world::SECOND;
use ledger::Step;
use outpay::testing::store::DeliveryState::{Delivered, Pending, Superseded};

crate::world::on_both_engines! {
    events_of_one_withdrawal_come_in_order,
    a_later_event_waits_until_the_earlier_one_was_tried,
    a_failing_event_holds_up_no_outcome,
    an_outcome_that_fails_supersedes_nothing,
    other_withdrawals_do_not_wait,
}

async fn events_of_one_withdrawal_come_in_order(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    for _ in 0..20 {
        world.pay(book).await;
    }
    assert_eq!(world.settle().await, 60);
    let received = world.receiver.received();
    for withdrawal in 1..=20 {
        let order = world.withdrawal_id(book, withdrawal);
        let of_it = received.iter().filter(|one| one.json()["order_id"] == *order);
        let kinds: Vec<String> = of_it.map(|one| one.kind()).collect();
        assert_eq!(kinds, ["payout.created", "payout.processing", "payout.succeeded"]);
    }
}

async fn a_later_event_waits_until_the_earlier_one_was_tried(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [Answer::Never]);
    let withdrawal = world.withdraw(book).await;
    let mut worker = world.worker();
    let trying = tokio::spawn(async move { worker.settle().await });
    world.receiver.until(1).await;
    world.step(book, withdrawal, Step::Send).await;
    assert_eq!(world.settle().await, 0, "the first is under way");
    trying.abort();
    assert!(trying.await.unwrap_err().is_cancelled());
    assert_eq!(world.states(book).await, [Pending, Pending]);
}

async fn a_failing_event_holds_up_no_outcome(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [status(500)]);
    let withdrawal = world.withdraw(book).await;
    assert_eq!(world.settle().await, 1);
    world.receiver.next("/hook", [status(500)]);
    world.step(book, withdrawal, Step::Send).await;
    world.step(book, withdrawal, Step::Succeed).await;
    assert_eq!(world.settle().await, 2, "both are tried at once");
    assert_eq!(world.states(book).await, [Superseded, Superseded, Delivered]);
    world.wait(365 * 86_400 * SECOND);
    assert_eq!(world.settle().await, 0, "nothing is told after the outcome");
    let received = world.receiver.received();
    let kinds: Vec<String> = received.iter().map(|one| one.kind()).collect();
    assert_eq!(kinds, ["payout.created", "payout.processing", "payout.succeeded"]);
    let sequence = |one: &Received| one.header("outpay-sequence").unwrap().parse::<i64>().unwrap();
    assert!(received.is_sorted_by_key(sequence));
    assert_eq!(Some(sequence(&received[2])), world.deliveries(book).await[2].sequence);
    // By hand it is told all the same.
    let id = world.webhooks().delivery_id(book, 1);
    assert_eq!(world.webhooks().retry_delivery(book, &id).await.unwrap().state, Pending);
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.states(book).await, [Delivered, Superseded, Delivered]);
}

async fn an_outcome_that_fails_supersedes_nothing(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [status(500), status(500), status(500)]);
    world.pay(book).await;
    assert_eq!(world.settle().await, 3);
    assert_eq!(world.states(book).await, [Pending, Pending, Pending]);
    world.wait(30 * SECOND);
    world.settle().await;
    let states = world.states(book).await;
    assert_eq!(states[2], Delivered);
    assert!(!states.contains(&Pending), "{states:?}");
}

async fn other_withdrawals_do_not_wait(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [status(500)]);
    world.withdraw(book).await;
    world.settle().await;
    let other = world.pay(book).await;
    assert_eq!(world.settle().await, 3);
    let order = world.withdrawal_id(book, other);
    assert!(world.receiver.received()[1..].iter().all(|one| one.json()["order_id"] == *order));
    assert_eq!(world.states(book).await, [Pending, Delivered, Delivered, Delivered]);
}
