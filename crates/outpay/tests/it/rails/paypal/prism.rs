//! Prism between the rail and the fake: it checks each request and each answer against PayPal's own description of its API. A broken
//! description would pass everything, so requests and answers that must be flagged go through it first.

use super::fake::{Mishap, Plan};
use super::fake_http::Paypal;
use super::{MINUTE, NOW, World};
use crate::rails::peers::{Peer, prism};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use outpay::testing::clock::Clock;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

const DESCRIPTION: &str = "paypal_payments_payouts_batch_v1.json";

/// Sends payouts through Prism and the rest, which the description lacks, straight to the fake.
struct Front {
    url: String,
    seen: Arc<Seen>,
    _prism: Peer,
}

struct Seen {
    client: reqwest::Client,
    prism: String,
    fake: String,
    /// What Prism found, and how many answers it has checked.
    violations: Mutex<Vec<Value>>,
    checked: Mutex<usize>,
}

impl Front {
    async fn open(fake: &Paypal) -> Self {
        let peer = prism(DESCRIPTION, &fake.url);
        tokio_rustls::rustls::crypto::ring::default_provider().install_default().ok();
        let seen = Arc::new(Seen {
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            prism: peer.url.clone(),
            fake: fake.url.clone(),
            violations: Mutex::default(),
            checked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        fake.books.state.lock().base = url.clone();
        let router = Router::new().fallback(pass).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, _prism: peer }
    }

    fn violations(&self) -> Vec<Value> {
        std::mem::take(&mut *self.seen.violations.lock())
    }
}

async fn pass(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let is_described = parts.uri.path().starts_with("/v1/payments/");
    let base = if is_described { &seen.prism } else { &seen.fake };
    let url = format!("{base}{}", parts.uri.path_and_query().unwrap());
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    let answer = seen.client.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    if is_described {
        *seen.checked.lock() += 1;
        let found = answer.headers().get("sl-violations").map(|found| found.to_str().unwrap().to_owned());
        if let Some(found) = found {
            let found: Vec<Value> = serde_json::from_str(&found).unwrap();
            seen.violations.lock().extend(found);
        }
    }
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let body = answer.bytes().await.unwrap_or_default();
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap()
}

/// Sends a request by hand; what Prism found in it or in its answer.
async fn canary(front: &Front, paypal: &Paypal, request: Value) -> Vec<Value> {
    let token = "canary";
    paypal.books.state.lock().tokens.insert(token.to_owned(), i64::MAX);
    let url = format!("{}/v1/payments/payouts", front.url);
    let call = front.seen.client.post(url).header("authorization", format!("Bearer {token}"));
    let call = call.header("content-type", "application/json").body(request.to_string());
    call.send().await.unwrap();
    front.violations()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_and_every_answer_is_as_paypal_describes_it() {
    let clock = Clock::manual(NOW);
    let paypal = Paypal::open(&clock).await;
    let front = Front::open(&paypal).await;
    let item = |value: Value| {
        let amount = json!({ "value": value, "currency": "USD" });
        json!({ "sender_batch_header": { "sender_batch_id": "canary" },
            "items": [{ "recipient_type": "EMAIL", "amount": amount, "receiver": "a@example.com", "sender_item_id": "x" }] })
    };
    let found = canary(&front, &paypal, item(json!(1.5))).await;
    assert!(!found.is_empty(), "a number in place of a text must be flagged");
    assert!(found[0]["location"][0] == "request", "{found:?}");
    let found = canary(&front, &paypal, json!({ "sender_batch_header": {}, "items": [] })).await;
    assert!(!found.is_empty(), "a payout without items must be flagged");
    // A state that the description does not have, in an answer.
    let found = canary(&front, &paypal, item(json!("1.50"))).await;
    assert!(found.is_empty(), "a good request is not flagged: {found:?}");
    let (base, books) = (front.url.clone(), Arc::clone(&paypal.books));
    books.state.lock().payouts[0].state = "TELEPORTED";
    let batch = books.state.lock().payouts[0].batch.clone();
    let shown = front.seen.client.get(format!("{base}/v1/payments/payouts/{batch}"));
    shown.header("authorization", "Bearer canary").send().await.unwrap();
    let found = front.violations();
    assert!(found.iter().any(|found| found["location"][0] == "response"), "{found:?}");
    books.state.lock().payouts.clear();

    let world = World::over(paypal, clock, &base).await;
    for (payment, state) in
        ["SUCCESS", "FAILED", "UNCLAIMED", "ONHOLD", "BLOCKED", "REFUNDED"].into_iter().enumerate()
    {
        let (_, order) = world.ask(&format!("person{payment}@example.com")).await;
        world.books().plan(&order, Plan::Is(state));
    }
    let (lost, order) = world.ask("lost@example.com").await;
    world.books().plan(&order, Plan::Late);
    world.books().arm(&order, Mishap::Status(500));
    world.rounds(2, 20 * MINUTE).await;
    world.books().lift(&order);
    world.rounds(3, 2 * 60 * MINUTE).await;
    world.platform.counter(world.book, ledger::Actor::OPERATOR).stop(3).await.unwrap();
    world.books().settle();
    world.rounds(3, 2 * 60 * MINUTE).await;
    assert_eq!(world.state(lost).await, ("succeeded", false), "after a duplicate was followed");
    assert_eq!(world.state(3).await, ("failed", false), "cancelled");
    assert_eq!(front.violations(), [Value::Null; 0]);
    let checked = *front.seen.checked.lock();
    assert!(checked > 15, "{checked}");
    println!("Prism has checked {checked} requests and answers of the rail");
}
