//! The events of one withdrawal arrive in order; different withdrawals do not wait for each other.

use crate::receiver::{ok, status};
use crate::webhooks::hooks::Hooks;
use crate::world::SECOND;
use ledger::Step;
use outpay::testing::store::DeliveryState::{Delivered, Pending};

crate::world::on_both_engines! {
    events_of_one_withdrawal_come_in_order,
    a_later_event_waits_for_an_earlier_one,
    other_withdrawals_do_not_wait,
    a_later_event_goes_on_when_the_earlier_one_failed,
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

async fn a_later_event_waits_for_an_earlier_one(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [status(500)]);
    let withdrawal = world.withdraw(book).await;
    assert_eq!(world.settle().await, 1);
    world.step(book, withdrawal, Step::Send).await;
    world.step(book, withdrawal, Step::Succeed).await;
    assert_eq!(world.settle().await, 0, "both wait for the first");
    assert_eq!(world.states(book).await, [Pending, Pending, Pending]);
    world.wait(30 * SECOND);
    assert_eq!(world.settle().await, 3);
    assert_eq!(world.states(book).await, [Delivered, Delivered, Delivered]);
    let kinds: Vec<String> = world.receiver.received().iter().map(|one| one.kind()).collect();
    assert_eq!(kinds, ["payout.created", "payout.created", "payout.processing", "payout.succeeded"]);
}

async fn other_withdrawals_do_not_wait(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.receiver.next("/hook", [status(500)]);
    let stuck = world.withdraw(book).await;
    world.settle().await;
    world.step(book, stuck, Step::Send).await;
    let other = world.pay(book).await;
    assert_eq!(world.settle().await, 3);
    let order = world.withdrawal_id(book, other);
    assert!(world.receiver.received()[1..].iter().all(|one| one.json()["order_id"] == *order));
}

async fn a_later_event_goes_on_when_the_earlier_one_failed(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.created", "payout.processing"]).await;
    world.receiver.next("/hook", [status(500), status(500), status(500), status(500), ok()]);
    let withdrawal = world.withdraw(book).await;
    world.step(book, withdrawal, Step::Send).await;
    for pause in [0, 30, 300] {
        world.wait(pause * SECOND);
        assert_eq!(world.settle().await, 1, "after {pause} s");
    }
    world.wait(1800 * SECOND);
    assert_eq!(world.settle().await, 2, "the last try of the first, then the second");
    let kinds: Vec<String> = world.receiver.received().iter().map(|one| one.kind()).collect();
    assert_eq!(kinds[3..], ["payout.created", "payout.processing"]);
}
