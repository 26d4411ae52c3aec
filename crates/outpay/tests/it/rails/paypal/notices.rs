//! PayPal's webhooks, posted to a server: only genuine ones count, each once, and they only make the worker ask sooner.

use super::fake::Plan;
use super::fake_notices::Posted;
use super::{MINUTE, World};
use crate::wire::{Answer, Call};
use crate::world::{Server, local};

const PATH: &str = "/rails/paypal/paypal/webhook";

async fn post_to(server: &Server, path: &str, posted: &Posted) -> Answer {
    let call = Call::new(server.address, "POST", path).body(posted.body.clone());
    posted.headers.iter().fold(call, |call, (name, value)| call.header(name, value.clone())).send().await
}

async fn post(server: &Server, posted: &Posted) -> Answer {
    post_to(server, PATH, posted).await
}

const TAKEN: &str = r#"{"received":true}"#;
const FORGED: &str = r#"{"error":"The notice is not genuine.","code":"notice_not_genuine"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_makes_its_payment_due_and_decides_nothing() {
    let world = World::open().await;
    let server = Server::start(local(), world.platform.clone()).await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().plan(&order, Plan::Is("UNCLAIMED"));
    // An hour later the next question is ten minutes away.
    world.rounds(8, 20 * MINUTE).await;
    world.round().await;
    assert_eq!(world.state(number).await, ("sending", false));
    let [unclaimed] = <[Posted; 1]>::try_from(world.books().notices()).unwrap_or_else(|_| panic!("one"));
    post(&server, &unclaimed).await.is(200, TAKEN);
    world.round().await;
    assert_eq!(world.state(number).await, ("sending", false), "PayPal says the same when it is asked");

    world.books().set(&order, "SUCCESS");
    let [success] = <[Posted; 1]>::try_from(world.books().notices()).unwrap_or_else(|_| panic!("one"));
    world.round().await;
    assert_eq!(world.state(number).await, ("sending", false), "not due yet");
    post(&server, &success).await.is(200, TAKEN);
    world.round().await;
    assert_eq!(world.state(number).await, ("succeeded", false));

    // Long after the watch ended, a notice still brings the money back.
    world.clock.advance(400 * super::fake::DAY);
    world.rounds(2, MINUTE).await;
    world.books().set(&order, "REVERSED");
    world.round().await;
    assert_eq!(world.state(number).await, ("succeeded", false), "nothing asks any more");
    let [reversed] = <[Posted; 1]>::try_from(world.books().notices()).unwrap_or_else(|_| panic!("one"));
    for _ in 0..3 {
        post(&server, &reversed).await.is(200, TAKEN);
        world.round().await;
    }
    assert_eq!(world.state(number).await, ("returned", false));
    assert_eq!(world.balance().await, super::WEALTH);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_genuine_is_refused_and_does_nothing() {
    let world = World::open().await;
    let server = Server::start(local(), world.platform.clone()).await;
    let (_, order) = world.ask("person@example.com").await;
    world.books().plan(&order, Plan::Late);
    world.rounds(2, MINUTE).await;
    let genuine = world.books().notices().remove(0);
    let change = |name: &str, value: Option<&str>| {
        let mut posted = genuine.clone();
        posted.headers.retain(|(header, _)| header != name);
        posted.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        posted
    };
    let verified = || world.books().count("POST /v1/notifications/verify-webhook-signature");
    let mut twice = genuine.clone();
    twice.headers.push(("PAYPAL-TRANSMISSION-ID".to_owned(), "t-2".to_owned()));
    let body = |body: String| Posted { body, ..genuine.clone() };
    let unasked = [
        change("PAYPAL-TRANSMISSION-SIG", None),
        change("PAYPAL-CERT-URL", Some("https://paypal.example/cert")),
        change("PAYPAL-CERT-URL", Some("http://api.paypal.com/cert")),
        twice,
        body("not JSON".to_owned()),
        body(format!("{},{}", genuine.body, genuine.body)),
        body(String::new()),
    ];
    for posted in &unasked {
        post(&server, posted).await.is(400, FORGED);
    }
    assert_eq!(verified(), 0, "PayPal is not asked about these");
    let asked = [
        change("PAYPAL-TRANSMISSION-SIG", Some("AAAA")),
        change("PAYPAL-TRANSMISSION-ID", Some("t-3")),
        change("PAYPAL-TRANSMISSION-TIME", Some("2026-01-02T03:04:06Z")),
        // The same content in other bytes.
        body(genuine.body.replace(" ,\n", ",")),
        body(genuine.body.replace("PENDING\"", "SUCCESS\"")),
    ];
    for posted in &asked {
        post(&server, posted).await.is(400, FORGED);
    }
    assert_eq!(verified(), asked.len());
    world.books().state.lock().verifying = false;
    let busy = r#"{"error":"The notice could not be verified now. Send it again later.","code":"notice_not_verified"}"#;
    post(&server, &genuine).await.is(503, busy);
    world.books().state.lock().verifying = true;
    post(&server, &genuine).await.is(200, TAKEN);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_rails_that_take_notices_have_an_address() {
    let world = World::open().await;
    let server = Server::start(local(), world.platform.clone()).await;
    world.ask("person@example.com").await;
    world.round().await;
    let genuine = world.books().notices().remove(0);
    for path in [
        "/rails/paypal/another/webhook",
        "/rails/crypto/paypal/webhook",
        "/rails/gift_card/gift_card/webhook",
    ] {
        let answer = post_to(&server, path, &genuine).await;
        assert_eq!((answer.status, answer.value(404)["code"].as_str()), (404, Some("not_found")), "{path}");
    }
    let large = Posted { body: "x".repeat(64 * 1024 + 1), ..genuine };
    assert_eq!(post(&server, &large).await.status, 413);
    server.stop().await.unwrap();
}

/// Anybody can post here; PayPal must not be asked more often for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_forged_notices_asks_paypal_twenty_times_a_second() {
    let world = World::open().await;
    let server = Server::start(local(), world.platform.clone()).await;
    world.ask("person@example.com").await;
    world.round().await;
    let mut forged = world.books().notices().remove(0);
    forged.body = forged.body.replace("PP-", "PP-0");
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(post(&server, &forged).await.status);
    }
    let verified = || world.books().count("POST /v1/notifications/verify-webhook-signature");
    assert_eq!((verified(), &statuses[..20], &statuses[20..]), (20, &[400; 20][..], &[503; 10][..]));
    world.clock.advance(1_000_000);
    assert_eq!(post(&server, &forged).await.status, 400);
    server.stop().await.unwrap();
}
