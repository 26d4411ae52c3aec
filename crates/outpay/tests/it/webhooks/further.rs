//! Events beyond the documented five: every other entry of the journal, for those who ask for it, as `GET /payout/events` shows it.

use crate::webhooks::hooks::{BY, Hooks};
use ledger::{BookId, Command, Mode, Occurrence, Step};
use outpay::testing::store::DeliveryState::{Delivered, Superseded};
use outpay::testing::webhook_event::{self, EventSet};
use outpay::testing::webhooks::EndpointChange;
use serde_json::json;

crate::world::on_both_engines! {
    a_return_is_told_in_the_shape_of_the_api,
    a_delay_is_told_to_those_who_ask,
    what_was_not_asked_for_is_not_told,
    documented_and_further_events_come_in_order,
    a_cancellation_supersedes_what_came_before,
    money_and_people_are_told_of,
    what_happens_in_a_test_book_says_so,
    every_event_can_be_subscribed_to,
}

async fn a_return_is_told_in_the_shape_of_the_api(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.returned"]).await;
    let withdrawal = world.pay(book).await;
    world.step(book, withdrawal, Step::Return).await;
    assert_eq!(world.settle().await, 1);
    let received = &world.receiver.received()[0];
    let told = received.json();
    let fields: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 4);
    assert_eq!(told["type"], "payout.returned");
    assert!(told["id"].as_str().unwrap().starts_with("evt_") && told["created_at"].is_string());
    let data = &told["data"];
    assert_eq!(
        (&data["amount"], &data["withdrawal_id"]),
        (&2450.into(), &world.withdrawal_id(book, withdrawal).into())
    );
    assert_eq!(data["payout_user_id"], world.user_id(book, 1));
    let sequence = world.deliveries(book).await[0].sequence.unwrap();
    assert_eq!(received.header("outpay-sequence"), Some(sequence.to_string().as_str()));
    assert!(received.body.starts_with(b"{\"id\":\"evt_"), "in the documented order");
}

async fn a_delay_is_told_to_those_who_ask(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.delayed"]).await;
    let withdrawal = world.pay(book).await;
    assert_eq!(world.settle().await, 0, "nothing but delays was asked for");
    let (occurrence, note) = (Occurrence::WithdrawalDelayed, "2027-02-01T00:00:00.000000Z".to_owned());
    let command = Command::Record { occurrence, user: Some(1), withdrawal: Some(withdrawal), note };
    world.command(book, command).await;
    assert_eq!(world.settle().await, 1);
    let told = world.receiver.on("/hook")[0].json();
    let data = serde_json::json!({
        "payout_user_id": world.user_id(book, 1),
        "withdrawal_id": world.withdrawal_id(book, withdrawal),
        "expected_at": "2027-02-01T00:00:00.000000Z",
    });
    assert_eq!((&told["type"], &told["data"]), (&json!("payout.delayed"), &data));
}

async fn what_happens_in_a_test_book_says_so(world: &Hooks) {
    let book = BookId::new(world.book().await.business(), Mode::Test);
    world.endpoint(book, "/hook", &["balance.deposited"]).await;
    world.deposit(book, 700).await;
    assert_eq!(world.settle().await, 1);
    let received = &world.receiver.received()[0];
    assert_eq!(received.json()["data"]["amount"], 700);
    let text = String::from_utf8(received.body.clone()).unwrap();
    assert!(text.ends_with(",\"test_mode\":true}"), "{text}");
}

async fn what_was_not_asked_for_is_not_told(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.give(book, "other@example.com", 100).await;
    let withdrawal = world.pay(book).await;
    world.step(book, withdrawal, Step::Return).await;
    assert_eq!(world.settle().await, 3, "the documented ones alone");
}

async fn documented_and_further_events_come_in_order(world: &Hooks) {
    let book = world.book().await;
    world
        .endpoint(book, "/hook", &["payout.created", "payout.queued", "payout.processing", "payout.returned"])
        .await;
    let withdrawal = world.pay(book).await;
    world.step(book, withdrawal, Step::Return).await;
    assert_eq!(world.settle().await, 4);
    let kinds: Vec<String> = world.receiver.received().iter().map(|one| one.kind()).collect();
    assert_eq!(kinds, ["payout.created", "payout.queued", "payout.processing", "payout.returned"]);
    assert_eq!(world.settle().await, 0, "each once");
}

async fn a_cancellation_supersedes_what_came_before(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.created", "payout.cancelled"]).await;
    world.receiver.next("/hook", [crate::receiver::status(500)]);
    let withdrawal = world.withdraw(book).await;
    world.settle().await;
    world.step(book, withdrawal, Step::Cancel).await;
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.states(book).await, [Superseded, Delivered]);
}

async fn money_and_people_are_told_of(world: &Hooks) {
    let book = world.book().await;
    let events = [
        "payout_user.created",
        "payout_user.credited",
        "balance.deposited",
        "import.completed",
        "method.closed",
    ];
    world.endpoint(book, "/hook", &events).await;
    world.deposit(book, 500).await;
    world.give(book, "new@example.com", 300).await;
    world.give(book, "new@example.com", 200).await;
    let counter = world.platform.counter(book, BY);
    counter.record(Occurrence::ImportCompleted, None, "7".to_owned()).await.unwrap();
    counter.record(Occurrence::MethodClosed, None, "usdc".to_owned()).await.unwrap();
    world.settle().await;
    let received = world.receiver.received();
    let told: Vec<(String, serde_json::Value)> =
        received.iter().map(|one| (one.kind(), one.json()["data"]["amount"].clone())).collect();
    let amounts = [json!(300), json!(200), json!(500), json!(null), json!(null)];
    for (event, amount) in events.into_iter().zip(amounts) {
        assert!(told.contains(&(event.to_owned(), amount)), "{event}: {told:?}");
    }
    let data = |kind: &str| received.iter().find(|one| one.kind() == kind).unwrap().json()["data"].clone();
    assert!(data("import.completed")["import_id"].as_str().unwrap().starts_with("imp_"));
    assert_eq!(data("method.closed")["method"], "usdc");
    let deliveries = world.deliveries(book).await;
    assert!(deliveries.iter().all(|one| one.state == Delivered && one.withdrawal == 0));
}

async fn every_event_can_be_subscribed_to(world: &Hooks) {
    let book = world.book().await;
    let names = [webhook_event::names(), webhook_event::further_names()].concat();
    let events = EventSet::of_names(names.iter().copied()).unwrap();
    let change = EndpointChange {
        url: Some(world.receiver.url("/hook")),
        events: Some(events),
        ..EndpointChange::default()
    };
    world.webhooks().set_endpoint(book, BY, &change).await.unwrap();
    let entries = world.platform.store.last_sequence(book).await.unwrap();
    world.pay(book).await;
    let made = world.platform.store.last_sequence(book).await.unwrap() - entries;
    assert_eq!(world.settle().await, usize::try_from(made).unwrap(), "one for each entry");
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.events().names(), names);
}
