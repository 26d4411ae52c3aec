//! When a delivery is tried, and what counts as delivered.

use crate::receiver::{Answer, ok, status};
use crate::webhooks::hooks::{Hooks, NOW};
use crate::world::SECOND;
use ledger::BookId;
use outpay::testing::store::DeliveryState::{Delivered, Failed, Pending};

crate::world::on_both_engines! {
    four_tries_at_their_times_then_failed,
    the_same_id_and_body_at_every_try,
    a_late_success_ends_it,
    only_200_is_delivered,
    a_lost_connection_is_a_failure,
    a_pooled_connection_that_the_receiver_closed_costs_no_try,
    retried_by_hand_it_begins_again,
    replay_takes_what_failed_since,
}

async fn one_pending(world: &Hooks) -> BookId {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.pay(book).await;
    book
}

async fn four_tries_at_their_times_then_failed(world: &Hooks) {
    let book = one_pending(world).await;
    world.receiver.always("/hook", status(500));
    let mut tried = 0;
    for pause in [0, 30, 300, 1800] {
        if pause > 0 {
            world.wait(pause * SECOND - 1);
            assert_eq!(world.settle().await, 0, "not a microsecond before {pause} s");
            world.wait(1);
        }
        assert_eq!(world.settle().await, 1, "after {pause} s");
        tried += 1;
        assert_eq!(world.deliveries(book).await[0].attempts, tried);
    }
    let delivery = &world.deliveries(book).await[0];
    assert_eq!((delivery.state, delivery.due_at, delivery.finished_at), (Failed, None, Some(world.now())));
    assert_eq!(world.now(), NOW + (30 + 300 + 1800) * SECOND);
    world.wait(365 * 86_400 * SECOND);
    assert_eq!(world.settle().await, 0, "given up");
    let attempts = world.attempts(book, delivery.number).await;
    let times: Vec<i64> = attempts.iter().map(|attempt| (attempt.at - NOW) / SECOND).collect();
    assert_eq!(times, [0, 30, 330, 2130]);
    for attempt in &attempts {
        assert_eq!((attempt.status, attempt.error.as_str()), (Some(500), ""));
        assert_eq!(attempt.body, b"status 500");
        assert_eq!(attempt.url, world.receiver.url("/hook"));
    }
}

async fn the_same_id_and_body_at_every_try(world: &Hooks) {
    one_pending(world).await;
    world.receiver.always("/hook", status(503));
    world.settle().await;
    world.wait(30 * SECOND);
    world.settle().await;
    let received = world.receiver.received();
    assert_eq!(received[0].body, received[1].body);
    for same in ["webhook-id", "signature"] {
        assert_eq!(received[0].header(same), received[1].header(same), "{same}");
    }
    assert_eq!(received[0].header("webhook-timestamp"), Some("1800000000"));
    assert_eq!(received[1].header("webhook-timestamp"), Some("1800000030"), "the time of the try");
    assert_ne!(received[0].header("webhook-signature"), received[1].header("webhook-signature"));
}

async fn a_late_success_ends_it(world: &Hooks) {
    let book = one_pending(world).await;
    world.receiver.next("/hook", [status(500), status(429)]);
    world.settle().await;
    world.wait(30 * SECOND);
    world.settle().await;
    assert_eq!(world.states(book).await, [Pending]);
    world.wait(300 * SECOND);
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.states(book).await, [Delivered]);
    world.wait(86_400 * SECOND);
    assert_eq!(world.settle().await, 0);
    assert_eq!(world.receiver.received().len(), 3);
}

async fn only_200_is_delivered(world: &Hooks) {
    for other in [201, 202, 204, 301, 302, 307, 400, 404, 410, 500] {
        let book = world.book().await;
        let path = format!("/{other}");
        world.endpoint(book, &path, &["payout.succeeded"]).await;
        world.pay(book).await;
        let redirected = world.receiver.url("/elsewhere");
        let answer = format!("HTTP/1.1 {other} -\r\nLocation: {redirected}\r\nContent-Length: 0\r\n\r\n");
        world.receiver.always(&path, Answer::Raw(answer));
        world.settle().await;
        assert_eq!(world.states(book).await, [Pending], "{other}");
        assert_eq!(world.attempts(book, 1).await[0].status, Some(other), "{other}");
    }
    assert!(world.receiver.on("/elsewhere").is_empty(), "no redirect is followed");
}

async fn a_lost_connection_is_a_failure(world: &Hooks) {
    let book = one_pending(world).await;
    let garbage = Answer::Raw("I am not HTTP\r\n\r\n".to_owned());
    world.receiver.next("/hook", [Answer::Close, garbage]);
    world.settle().await;
    world.wait(30 * SECOND);
    world.settle().await;
    let attempts = world.attempts(book, 1).await;
    for attempt in &attempts {
        assert_eq!((attempt.status, attempt.error.as_str()), (None, "connection_lost"));
    }
    assert_eq!(attempts.len(), 2);
    world.wait(300 * SECOND);
    world.receiver.next("/hook", [ok()]);
    world.settle().await;
    assert_eq!(world.states(book).await, [Delivered]);
}

async fn a_pooled_connection_that_the_receiver_closed_costs_no_try(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    // One worker, whose client keeps the connection of the first delivery.
    let mut worker = world.worker();
    world.receiver.next("/hook", [ok(), Answer::Close, ok(), Answer::Close]);
    for expected in [Delivered, Delivered, Pending] {
        world.pay(book).await;
        assert_eq!(worker.settle().await.unwrap(), 1);
        let newest = world.deliveries(book).await.pop().unwrap();
        assert_eq!((newest.state, newest.attempts), (expected, 1));
    }
    let ids: Vec<String> =
        world.receiver.received().iter().map(|one| one.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 4, "the second was sent again at once: {ids:?}");
    assert_eq!(ids[1], ids[2]);
    assert_eq!(world.attempts(book, 3).await[0].error, "connection_lost", "a connection of its own was lost");
}

/// Tries until a delivery has failed.
async fn fail(world: &Hooks, path: &str) {
    world.receiver.always(path, status(500));
    for pause in [0, 30, 300, 1800] {
        world.wait(pause * SECOND);
        assert_eq!(world.settle().await, 1);
    }
}

async fn retried_by_hand_it_begins_again(world: &Hooks) {
    let book = one_pending(world).await;
    let id = world.webhooks().delivery_id(book, 1);
    assert!(world.webhooks().retry_delivery(book, &id).await.is_err(), "it has not failed");
    fail(world, "/hook").await;
    assert_eq!(world.states(book).await, [Failed]);
    let retried = world.webhooks().retry_delivery(book, &id).await.unwrap();
    assert_eq!((retried.state, retried.tries, retried.attempts), (Pending, 0, 4));
    assert!(world.webhooks().retry_delivery(book, &id).await.is_err(), "it is being tried");
    assert_eq!(world.settle().await, 1);
    world.wait(30 * SECOND);
    world.receiver.always("/hook", ok());
    assert_eq!(world.settle().await, 1, "the same pauses again");
    let delivery = &world.deliveries(book).await[0];
    assert_eq!((delivery.state, delivery.attempts), (Delivered, 6));
    assert!(world.webhooks().retry_delivery(book, &id).await.is_err(), "it has succeeded");
}

async fn replay_takes_what_failed_since(world: &Hooks) {
    let book = one_pending(world).await;
    fail(world, "/hook").await;
    let since = world.now() + 1;
    world.wait(SECOND);
    world.pay(book).await;
    world.receiver.always("/hook", status(500));
    fail(world, "/hook").await;
    assert_eq!(world.states(book).await, [Failed, Failed]);
    assert_eq!(world.webhooks().replay_deliveries(book, since).await.unwrap(), 1);
    assert_eq!(world.states(book).await, [Failed, Pending]);
    assert_eq!(world.webhooks().replay_deliveries(book, 0).await.unwrap(), 1, "the pending one aside");
    assert_eq!(world.webhooks().replay_deliveries(book, 0).await.unwrap(), 0);
    world.receiver.always("/hook", ok());
    world.settle().await;
    assert_eq!(world.states(book).await, [Delivered, Delivered]);
}
