//! Workers that die and workers that compete: every delivery arrives at least once, and a lease belongs to one
//! worker.

use crate::receiver::Answer;
use crate::webhooks::hooks::Hooks;
use crate::world::SECOND;
use outpay::testing::background::presence;
use outpay::testing::store::DeliveryState::{Delivered, Pending};
use outpay::testing::webhooks::{WebhookOptions, WebhookWorker};

crate::world::on_both_engines! {
    a_worker_that_dies_after_sending_leaves_it_to_another,
    a_start_takes_back_what_a_dead_worker_had,
    a_lease_that_lasts_is_not_taken,
    a_worker_whose_lease_ran_out_does_not_write,
    nothing_is_told_of_what_was_refused,
}

async fn a_worker_that_dies_after_sending_leaves_it_to_another(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.next("/hook", [Answer::Never]);
    world.pay(book).await;
    let mut doomed = world.worker();
    let dying = tokio::spawn(async move { doomed.settle().await });
    world.receiver.until(1).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(world.states(book).await, [Pending]);
    assert_eq!(world.settle().await, 0, "the dead worker's lease lasts");
    world.wait(60 * SECOND - 1);
    assert_eq!(world.settle().await, 0);
    world.wait(1);
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.states(book).await, [Delivered]);
    let received = world.receiver.received();
    assert_eq!(received.len(), 2, "twice, under the same id");
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(world.attempts(book, 1).await.len(), 1, "the response to the first is unknown");
}

async fn a_start_takes_back_what_a_dead_worker_had(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.next("/hook", [Answer::Never]);
    world.pay(book).await;
    let mut doomed = world.worker();
    let number = doomed.number();
    let lives = presence::begin(&world.platform.data, &world.platform.store, &[number]).await.unwrap();
    let dying = tokio::spawn(async move { doomed.settle().await });
    world.receiver.until(1).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    let _next = presence::begin(&world.platform.data, &world.platform.store, &[1]).await.unwrap();
    assert_eq!(world.settle().await, 0, "its file is locked: it may still send");
    drop(lives);
    // A killed process leaves its file, and the system releases the lock.
    std::fs::write(world.platform.data.join(format!("workers/{number:x}.lock")), "").unwrap();
    let _third = presence::begin(&world.platform.data, &world.platform.store, &[2]).await.unwrap();
    assert_eq!(world.settle().await, 1, "no lease was waited for");
    assert_eq!(world.states(book).await, [Delivered]);
}

async fn a_lease_that_lasts_is_not_taken(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.pay(book).await;
    // Created, and leased by another worker.
    let store = &world.platform.store;
    world.receiver.next("/hook", [Answer::Status(500, String::new())]);
    world.settle().await;
    world.wait(30 * SECOND);
    let now = world.now();
    assert_eq!(store.lease_deliveries(book, &[(1, 1)], 77, now, now + 5).await.unwrap(), [true]);
    assert_eq!(store.lease_deliveries(book, &[(1, 1)], 78, now + 4, now + 9).await.unwrap(), [false]);
    assert_eq!(world.settle().await, 0);
    world.wait(5);
    assert_eq!(world.settle().await, 1);
}

async fn a_worker_whose_lease_ran_out_does_not_write(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.receiver.next("/hook", [Answer::Close]);
    world.pay(book).await;
    world.settle().await;
    world.wait(30 * SECOND);
    let store = &world.platform.store;
    let now = world.now();
    assert_eq!(store.lease_deliveries(book, &[(1, 1)], 77, now, now + 1).await.unwrap(), [true]);
    world.wait(1);
    assert_eq!(world.settle().await, 1, "taken over and delivered");
    let late = outpay::testing::store::Attempted {
        book,
        delivery: 1,
        endpoint: 1,
        withdrawal: 1,
        is_test: false,
        is_outcome: true,
        worker: 77,
        lease: 2,
        attempt: outpay::testing::store::WebhookAttempt {
            number: 2,
            ..world.attempts(book, 1).await[0].clone()
        },
        state: Pending,
        tries: 2,
        due_at: Some(now),
    };
    let written = store.record_webhook_attempts(&[late]).await;
    assert!(matches!(written, Err(outpay::testing::store::WriteError::Conflict)), "{written:?}");
    assert_eq!(world.states(book).await, [Delivered]);
}

async fn nothing_is_told_of_what_was_refused(world: &Hooks) {
    use ledger::{Command, Progress, Request, Step};
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let withdrawal = world.withdraw(book).await;
    // A success that the table of steps does not allow here.
    let progress = Command::Advance(Box::new(Progress::new(withdrawal, Step::Succeed)));
    let verdict = world.platform.teller.ask(book, Request::plain(progress)).await.unwrap();
    assert!(verdict.is_err());
    let options = WebhookOptions::default();
    assert_eq!(WebhookWorker::new(world.webhooks().clone(), options).settle().await.unwrap(), 1);
    assert_eq!(world.receiver.received()[0].kind(), "payout.created");
}
