//! Test sends: immediate, once, marked, and in the log.

use crate::receiver::{Answer, status};
use crate::webhooks::hooks::{Hooks, sample};
use crate::world::SECOND;
use ledger::{EntryKind, Provider};
use outpay::testing::store::DeliveryState::{Delivered, Failed, Pending};
use outpay::testing::webhooks::{Sample, WebhookError};

crate::world::on_both_engines! {
    a_test_send_says_so_and_tells_the_result,
    every_test_send_has_an_order_of_its_own,
    a_test_send_is_tried_once,
    a_test_send_goes_out_while_the_endpoint_is_off,
    a_test_send_needs_an_endpoint,
    many_at_once_are_turned_away,
    test_sends_and_events_share_one_line_of_numbers,
}

async fn a_test_send_says_so_and_tells_the_result(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let trial = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalRejected)).await.unwrap();
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

async fn every_test_send_has_an_order_of_its_own(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    for provider in [Provider::Crypto, Provider::Crypto, Provider::GiftCard] {
        let sample = Sample { kind: EntryKind::WithdrawalSucceeded, provider };
        world.webhooks().test_endpoint(book, sample).await.unwrap();
    }
    let received = world.receiver.received();
    let orders: std::collections::BTreeSet<String> =
        received.iter().map(|one| one.json()["order_id"].to_string()).collect();
    assert_eq!(orders.len(), 3, "a receiver that deduplicates takes each of them");
    assert!(received[0].json()["crypto"]["tx_hash"].is_string());
    assert_eq!(received[2].json()["gift_card"]["brand"], "Acme");
}

async fn a_test_send_is_tried_once(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.next("/hook", [status(500), Answer::Close, Answer::Close]);
    let trial = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalFailed)).await.unwrap();
    assert_eq!((trial.delivery.state, trial.attempt.status), (Failed, Some(500)));
    let trial = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalFailed)).await.unwrap();
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
    let trial = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await.unwrap();
    assert_eq!(trial.delivery.state, Delivered);
}

async fn a_test_send_needs_an_endpoint(world: &Hooks) {
    let book = world.book().await;
    let nothing = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await;
    assert!(matches!(nothing, Err(WebhookError::NoEndpoint)));
}

async fn many_at_once_are_turned_away(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.always("/hook", Answer::Never);
    let sends: Vec<_> = (0..16)
        .map(|_| {
            let webhooks = world.webhooks().clone();
            tokio::spawn(
                async move { webhooks.test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await },
            )
        })
        .collect();
    world.receiver.until(16).await;
    let turned_away = world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await;
    assert!(matches!(turned_away, Err(WebhookError::Busy)));
    sends.iter().for_each(tokio::task::JoinHandle::abort);
    for send in sends {
        drop(send.await);
    }
    world.receiver.always("/hook", status(200));
    assert!(world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await.is_ok());
}

async fn test_sends_and_events_share_one_line_of_numbers(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    for number in [1, 3] {
        let trial =
            world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalSucceeded)).await.unwrap();
        assert_eq!(trial.delivery.number, number);
        world.pay(book).await;
        world.settle().await;
    }
    let numbers: Vec<i64> = world.deliveries(book).await.iter().map(|delivery| delivery.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}
