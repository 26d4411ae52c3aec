//! Which events become deliveries, and their bodies.

use crate::receiver::Received;
use crate::webhooks::hooks::{BY, Hooks};
use ledger::{Progress, Provider, Step};
use outpay::testing::webhook_event::EventSet;
use outpay::testing::webhooks::EndpointChange;

crate::world::on_both_engines! {
    a_success_is_told_to_the_byte,
    every_event_of_a_test_book_says_so,
    only_chosen_events_are_told,
    a_rejection_tells_the_operator_s_note,
    the_rail_s_object_is_told_as_it_was_at_that_moment,
    what_happened_before_the_endpoint_is_not_told,
    what_happens_while_it_is_off_is_not_told,
    what_was_made_before_it_was_switched_off_waits,
    a_change_of_events_takes_effect_at_one_point,
    two_processes_make_each_delivery_once,
    books_do_not_hear_of_each_other,
    more_events_than_one_transaction_takes,
}

async fn a_success_is_told_to_the_byte(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let withdrawal = world.pay(book).await;
    assert_eq!(world.settle().await, 1);
    let received = world.receiver.received();
    let [one] = received.as_slice() else { panic!("{received:?}") };
    let order = world.platform.secrets.ids().order_id(Provider::Crypto, book, withdrawal);
    let expected = format!(
        "{{\"amount\":2500,\"currency\":\"USD\",\"fees\":50,\"net_amount\":2450,\
         \"metadata\":{{\"payout_user_id\":\"{}\"}},\"type\":\"payout.succeeded\",\"provider\":\"crypto\",\
         \"order_id\":\"{}\",\"recipient\":{{\"email\":\"user@example.com\"}},\"crypto\":{{\"order_id\":\"{order}\",\"usd_amount\":25,\"to_address\":\"0x1\"}}}}",
        world.user_id(book, 1),
        world.withdrawal_id(book, withdrawal)
    );
    assert_eq!(String::from_utf8(one.body.clone()).unwrap(), expected);
    assert_eq!((one.method.as_str(), one.path.as_str()), ("POST", "/hook"));
    assert_eq!(one.header("content-type"), Some("application/json"));
    assert_eq!(one.header("user-agent"), Some(concat!("Outpay/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(one.header("webhook-timestamp"), Some("1800000000"));
    assert!(one.header("webhook-id").unwrap().starts_with("whd_"));
    // As the documentation writes them: there are receivers that compare names to the letter.
    for name in
        ["Signature", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Content-Type", "User-Agent"]
    {
        assert!(one.headers.iter().any(|(sent, _)| sent == name), "{name}: {:?}", one.headers);
    }
    assert_eq!(world.settle().await, 0, "once");
}

async fn every_event_of_a_test_book_says_so(world: &Hooks) {
    let business = world.business().await;
    world.enable_payouts(&business, true).await;
    for book in [business.live, business.test] {
        world.fund(book, 100_000).await;
        world.give(book, "user@example.com", 10_000).await;
        world.endpoint_for_all(book, &format!("/{}", book.mode().word())).await;
        world.pay(book).await;
        let failed = world.withdraw(book).await;
        world.step(book, failed, Step::Send).await;
        world.step(book, failed, Step::Fail).await;
        let rejected = world.withdraw_for_review(book).await;
        let reject = Progress::new(rejected, Step::Reject).because("rejected", "Not this month");
        world.progress(book, reject).await;
    }
    world.settle().await;
    let received = world.receiver.received();
    let told = |path: &str| -> Vec<String> {
        let here = received.iter().filter(|one| one.path == path);
        here.map(|one| String::from_utf8(one.body.clone()).unwrap()).collect()
    };
    let (live, test) = (told("/live"), told("/test"));
    assert_eq!((live.len(), test.len()), (8, 8), "{live:#?}");
    assert!(test.iter().all(|body| body.ends_with(",\"test_mode\":true}")), "{test:#?}");
    assert!(live.iter().all(|body| !body.contains("test_mode")), "{live:#?}");
    let listed = world.platform.store.deliveries(business.test, None, None, 1).await.unwrap();
    assert!(outpay::testing::webhooks::is_test(business.test, &listed[0]));
}

async fn only_chosen_events_are_told(world: &Hooks) {
    let book = world.book().await;
    let change = EndpointChange { url: Some(world.receiver.url("/hook")), ..EndpointChange::default() };
    let (endpoint, is_new) = world.webhooks().set_endpoint(book, BY, &change).await.unwrap();
    assert!(is_new && endpoint.is_enabled());
    assert_eq!(endpoint.events(), EventSet::DEFAULT);
    let failed = world.withdraw(book).await;
    world.step(book, failed, Step::Send).await;
    world.step(book, failed, Step::Fail).await;
    assert_eq!(world.settle().await, 0, "a failure is not told by default");
    world.pay(book).await;
    world.settle().await;
    world.endpoint(book, "/hook", &["payout.created", "payout.failed"]).await;
    let failed = world.withdraw(book).await;
    world.step(book, failed, Step::Send).await;
    world.step(book, failed, Step::LoseOutcome).await;
    world.step(book, failed, Step::Fail).await;
    world.settle().await;
    let kinds: Vec<String> = world.receiver.received().iter().map(|received| received.kind()).collect();
    assert_eq!(kinds, ["payout.succeeded", "payout.created", "payout.failed"]);
}

async fn a_rejection_tells_the_operator_s_note(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let notes = ["Please call us: \"ümlaut\" \\ \n", ""];
    let mut orders = Vec::new();
    for note in notes {
        let withdrawal = world.withdraw_for_review(book).await;
        let progress = Progress::new(withdrawal, Step::Reject).because("rejected", note);
        world.progress(book, progress).await;
        orders.push(world.withdrawal_id(book, withdrawal));
    }
    world.settle().await;
    let received = world.receiver.received();
    assert_eq!(received.len(), 4);
    let reason = |order: &String, kind: &str| {
        let of_it = |one: &&Received| one.json()["order_id"] == **order && one.kind() == kind;
        received.iter().find(of_it).unwrap().json().get("reason").cloned()
    };
    assert_eq!(reason(&orders[0], "payout.rejected"), Some(notes[0].into()));
    assert_eq!(reason(&orders[1], "payout.rejected"), None);
    assert_eq!(reason(&orders[0], "payout.created"), None);
}

async fn the_rail_s_object_is_told_as_it_was_at_that_moment(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let withdrawal = world.withdraw(book).await;
    let sending = r#"{"order_id":"CRX-1","currency":"USDC","chain":"base","crypto_amount":24.500000}"#;
    let paid = r#"{"order_id":"CRX-1","currency":"USDC","chain":"base","crypto_amount":24.500000,"usd_amount":24.50,"tx_hash":"0xab"}"#;
    let progress = |step, detail: &str| Progress::new(withdrawal, step).with_detail(detail.to_owned());
    world.progress(book, progress(Step::Send, sending)).await;
    world.progress(book, progress(Step::Succeed, paid)).await;
    world.settle().await;
    let bodies: Vec<String> =
        world.receiver.received().into_iter().map(|one| String::from_utf8(one.body).unwrap()).collect();
    assert!(bodies[1].contains(&format!("\"crypto\":{sending}")), "{}", bodies[1]);
    assert!(bodies[2].contains(&format!("\"crypto\":{paid}")), "to the byte: {}", bodies[2]);
}

async fn what_happened_before_the_endpoint_is_not_told(world: &Hooks) {
    let book = world.book().await;
    world.pay(book).await;
    world.endpoint_for_all(book, "/hook").await;
    assert_eq!(world.settle().await, 0);
    world.pay(book).await;
    assert_eq!(world.settle().await, 3);
}

async fn what_happens_while_it_is_off_is_not_told(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.switch(book, false).await;
    world.pay(book).await;
    assert_eq!(world.settle().await, 0);
    world.switch(book, true).await;
    assert_eq!(world.settle().await, 0, "nor later");
    let told = world.pay(book).await;
    assert_eq!(world.settle().await, 3);
    let order = world.withdrawal_id(book, told);
    assert!(world.receiver.received().iter().all(|one| one.json()["order_id"] == *order));
}

async fn what_was_made_before_it_was_switched_off_waits(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    world.pay(book).await;
    world.switch(book, false).await;
    assert_eq!(world.deliveries(book).await.len(), 3, "it happened while it was on");
    assert_eq!(world.settle().await, 0);
    world.switch(book, true).await;
    assert_eq!(world.settle().await, 3);
}

async fn a_change_of_events_takes_effect_at_one_point(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.created"]).await;
    world.pay(book).await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.pay(book).await;
    world.settle().await;
    let kinds: Vec<String> = world.receiver.received().iter().map(|received| received.kind()).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&"payout.created".to_owned()), "as it was wanted before: {kinds:?}");
    assert!(kinds.contains(&"payout.succeeded".to_owned()), "as it is wanted now: {kinds:?}");
}

async fn two_processes_make_each_delivery_once(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let neighbour = world.neighbour().await;
    for _ in 0..10 {
        for _ in 0..3 {
            world.pay(book).await;
        }
        let mut other =
            outpay::testing::webhooks::WebhookWorker::new(neighbour.webhooks.clone(), Default::default());
        let mut worker = world.worker();
        let (here, there) = tokio::join!(worker.settle(), other.settle());
        here.unwrap();
        there.unwrap();
    }
    let ids: Vec<String> =
        world.receiver.received().iter().map(|one| one.header("webhook-id").unwrap().to_owned()).collect();
    let distinct: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (90, 90), "each made once and sent once");
    assert_eq!(world.deliveries(book).await.len(), 90);
}

async fn books_do_not_hear_of_each_other(world: &Hooks) {
    let (one, other) = (world.book().await, world.book().await);
    let mine = world.endpoint_for_all(one, "/one").await;
    let theirs = world.endpoint_for_all(other, "/other").await;
    use secrecy::ExposeSecret;
    assert_ne!(mine.keys().token.expose_secret(), theirs.keys().token.expose_secret());
    world.pay(one).await;
    assert_eq!(world.settle().await, 3);
    assert_eq!((world.receiver.on("/one").len(), world.receiver.on("/other").len()), (3, 0));
}

async fn more_events_than_one_transaction_takes(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.created"]).await;
    for _ in 0..501 {
        world.withdraw_as(book, 1, 100, 0).await;
    }
    assert_eq!(world.settle().await, 501);
    let orders: std::collections::HashSet<String> =
        world.receiver.received().iter().map(|one| one.json()["order_id"].to_string()).collect();
    assert_eq!(orders.len(), 501);
}
