//! A worker that runs by itself, on the machine's clock: it learns of work from rows, a dead receiver does not delay
//! others, and it stops in good order.

use crate::receiver::Answer;
use crate::webhooks::hooks::Hooks;
use outpay::testing::store::DeliveryState::{Delivered, Pending};
use outpay::testing::webhooks::{WebhookOptions, WebhookWorker};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

crate::world::on_both_engines! {
    deliveries_go_out_by_themselves,
    a_nudge_makes_it_sooner,
    a_dead_receiver_does_not_hold_up_others,
    what_is_under_way_is_recorded_at_the_end,
}

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

fn worker(world: &Hooks, options: WebhookOptions) -> Running {
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(WebhookWorker::new(world.webhooks().clone(), options).run(stopped));
    Running { stop, task }
}

fn often() -> WebhookOptions {
    WebhookOptions { poll: Duration::from_millis(20), ..WebhookOptions::default() }
}

async fn deliveries_go_out_by_themselves(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let running = worker(world, often());
    world.pay(book).await;
    world.receiver.until(3).await;
    running.stop().await;
    assert_eq!(world.states(book).await, [Delivered; 3]);
    let registered = metrics(world);
    assert!(registered.contains("outpay_webhook_deliveries_total{outcome=\"delivered\"} 3"), "{registered}");
    assert!(registered.contains("outpay_webhook_attempts_total{outcome=\"delivered\"} 3"), "{registered}");
    assert!(registered.contains("outpay_webhook_waiting "), "{registered}");
}

fn metrics(world: &Hooks) -> String {
    let mut registry = prometheus_client::registry::Registry::with_prefix("outpay");
    world.webhooks().measures().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

async fn a_nudge_makes_it_sooner(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let rarely = WebhookOptions { poll: Duration::from_secs(3600), ..WebhookOptions::default() };
    let running = worker(world, rarely);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.pay(book).await;
    world.webhooks().nudge();
    world.receiver.until(1).await;
    running.stop().await;
    assert_eq!(world.states(book).await, [Delivered]);
}

async fn a_dead_receiver_does_not_hold_up_others(world: &Hooks) {
    let (dead, alive) = (world.book().await, world.book().await);
    world.receiver.always("/dead", Answer::Never);
    world.endpoint_for_all(dead, "/dead").await;
    world.endpoint_for_all(alive, "/alive").await;
    // Many more than one receiver may have at once, and due for longer than any of the other receiver's.
    for _ in 0..40 {
        world.withdraw_as(dead, 1, 100, 0).await;
    }
    let options = WebhookOptions { per_endpoint: 8, in_all: 12, ..often() };
    let running = worker(world, options);
    world.receiver.until(8).await;
    for _ in 0..20 {
        world.pay(alive).await;
    }
    let all = async {
        while world.receiver.on("/alive").len() < 60 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("the living one hears of everything");
    assert_eq!(world.receiver.on("/dead").len(), 8, "its limit");
    let ending = tokio::spawn(running.stop());
    tokio::time::timeout(Duration::from_secs(15), ending)
        .await
        .expect("the end does not wait for the dead")
        .unwrap();
    assert_eq!(world.states(alive).await, [Delivered; 60]);
    assert_eq!(world.states(dead).await, [Pending; 40]);
}

async fn what_is_under_way_is_recorded_at_the_end(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let running = worker(world, often());
    for _ in 0..30 {
        world.pay(book).await;
    }
    world.receiver.until(30).await;
    running.stop().await;
    assert_eq!(world.states(book).await, [Delivered; 30]);
    assert_eq!(world.receiver.received().len(), 30);
}
