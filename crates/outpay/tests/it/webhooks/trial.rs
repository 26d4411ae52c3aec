//! Test sends: immediate, once, marked, and in the log.

use crate::receiver::{Answer, status};
use crate::webhooks::hooks::Hooks;
use crate::world::SECOND;
use ledger::EntryKind;
use outpay::testing::store::DeliveryState::{Delivered, Failed, Pending};
use outpay::testing::webhooks::WebhookError;

crate::world::on_both_engines! {
    a_test_send_says_so_and_tells_the_result,
    a_test_send_is_tried_once,
    a_test_send_goes_out_while_the_endpoint_is_off,
    a_test_send_needs_an_endpoint,
    many_at_once_are_turned_away,
    test_sends_and_events_share_one_line_of_numbers,
}

async fn a_test_send_says_so_and_tells_the_result(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let trial = world.webhooks().test_endpoint(book, EntryKind::WithdrawalRejected).await.unwrap();
    assert_eq!(trial.delivery.state, Delivered);
    assert_eq!((trial.attempt.status, trial.attempt.body.as_slice()), (Some(200), b"ok".as_slice()));
    let received = world.receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, trial.delivery.body);
    let told = received[0].json();
    assert_eq!((&told["type"], &told["test_mode"]), (&"payout.rejected".into(), &true.into()));
    let id = world.webhooks().delivery_id(book, trial.delivery.number);
    assert_eq!(received[0].header("webhook-id"), Some(id.as_str()));
    assert_eq!(world.attempts(book, trial.delivery.number).await, [trial.attempt]);
}

async fn a_test_send_is_tried_once(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.next("/hook", [status(500), Answer::Close, Answer::Close]);
    let trial = world.webhooks().test_endpoint(book, EntryKind::WithdrawalFailed).await.unwrap();
    assert_eq!((trial.delivery.state, trial.attempt.status), (Failed, Some(500)));
    let trial = world.webhooks().test_endpoint(book, EntryKind::WithdrawalFailed).await.unwrap();
    assert_eq!(trial.attempt.error, "connection_lost");
    world.wait(86_400 * SECOND);
    assert_eq!(world.settle().await, 0);
    // By hand it can be sent again, still as a test send.
    let id = world.webhooks().delivery_id(book, trial.delivery.number);
    assert_eq!(world.webhooks().retry_delivery(book, &id).await.unwrap().state, Pending);
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.receiver.received()[3].json()["test_mode"], true);
    assert_eq!(world.webhooks().replay_deliveries(book, 0).await.unwrap(), 0, "no replay of a test");
}

async fn a_test_send_goes_out_while_the_endpoint_is_off(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.switch(book, false).await;
    let trial = world.webhooks().test_endpoint(book, EntryKind::WithdrawalSucceeded).await.unwrap();
    assert_eq!(trial.delivery.state, Delivered);
}

async fn a_test_send_needs_an_endpoint(world: &Hooks) {
    let book = world.book().await;
    let nothing = world.webhooks().test_endpoint(book, EntryKind::WithdrawalSucceeded).await;
    assert!(matches!(nothing, Err(WebhookError::NoEndpoint)));
}

async fn many_at_once_are_turned_away(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.always("/hook", Answer::Never);
    let sends: Vec<_> = (0..16)
        .map(|_| {
            let webhooks = world.webhooks().clone();
            tokio::spawn(async move { webhooks.test_endpoint(book, EntryKind::WithdrawalSucceeded).await })
        })
        .collect();
    world.receiver.until(16).await;
    let turned_away = world.webhooks().test_endpoint(book, EntryKind::WithdrawalSucceeded).await;
    assert!(matches!(turned_away, Err(WebhookError::Busy)));
    sends.iter().for_each(tokio::task::JoinHandle::abort);
    for send in sends {
        drop(send.await);
    }
    world.receiver.always("/hook", status(200));
    assert!(world.webhooks().test_endpoint(book, EntryKind::WithdrawalSucceeded).await.is_ok());
}

async fn test_sends_and_events_share_one_line_of_numbers(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    for number in [1, 3] {
        let trial = world.webhooks().test_endpoint(book, EntryKind::WithdrawalSucceeded).await.unwrap();
        assert_eq!(trial.delivery.number, number);
        world.pay(book).await;
        world.settle().await;
    }
    let numbers: Vec<i64> = world.deliveries(book).await.iter().map(|delivery| delivery.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}
