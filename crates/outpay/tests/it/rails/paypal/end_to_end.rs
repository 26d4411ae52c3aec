//! From a business's first request to PayPal's books, PayPal's webhook, and the business's own webhooks, through the real program and
//! over HTTP alone. Only the deposit is an operator's, because no request can make money.

use super::fake::{CLIENT, Plan, SECRET};
use super::fake_http::Paypal;
use super::fake_notices::WEBHOOK_ID;
use crate::rails::program::Program;
use crate::receiver::{Received, Receiver};
use crate::wire::Call;
use hmac::{Hmac, KeyInit, Mac};
use outpay::testing::clock::Clock;
use serde_json::json;
use sha2::Sha256;

const EVENTS: [&str; 3] = ["payout.created", "payout.processing", "payout.succeeded"];

fn is_signed(received: &Received, token: &str) {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(&received.body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(received.header("signature"), Some(expected.as_str()));
}

/// The table of the method, for the program.
fn table(url: &str) -> String {
    format!(
        "[rails.paypal.paypal]\nclient_id = \"{CLIENT}\"\nclient_secret_env = \"PAYPAL_SECRET\"\nbase_url = \"{url}\"\n\
         webhook_id = \"{WEBHOOK_ID}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_business_to_the_books_of_paypal() {
    let paypal = Paypal::open(&Clock::System).await;
    let program = Program::new(&table(&paypal.url)).with("PAYPAL_SECRET", SECRET);
    let key = program.json(&["business", "create", "Shop"])["secret_key"].as_str().unwrap().to_owned();
    program.json(&["business", "deposit", "Shop", "10000", "--reference", "bank statement 1"]);
    let serving = program.serve(&["--allow-http-webhooks", "--allow-private-webhooks"]);
    let receiver = Receiver::open().await;
    let by_business = |method: &str, target: &str| serving.call(method, target).key(&key);

    let open = json!({ "payouts_enabled": true, "methods": { "paypal": { "enabled": true, "fee": { "fixed": 50 } } } });
    by_business("PUT", "/payout/settings").json(open.to_string()).send().await.value(200);
    let webhook = json!({ "url": receiver.url("/hook"), "events": EVENTS });
    let webhook = by_business("PUT", "/payout/webhook").json(webhook.to_string()).send().await.value(200);
    let token = webhook["token"].as_str().unwrap();
    let transfer = r#"{"from":"balance","to":"payout_balance","amount":10000}"#;
    by_business("POST", "/balance/transfer").json(transfer).send().await.value(200);
    let create = r#"{"email":"user@example.com","amount":3000}"#;
    let created = by_business("POST", "/payout/create").json(create).send().await.value(201);
    let hash = created["hash"].as_str().unwrap();

    // The address at PayPal is another one than that of the business's books.
    let wish = json!({ "method": "paypal", "amount": 2500, "destination": { "email": "mine@example.net" } });
    let asked = serving.call("POST", "/payout/withdraw").hash(hash).json(wish.to_string()).send().await;
    let asked = asked.value(202);
    let id = asked["id"].as_str().unwrap().to_owned();
    assert_eq!(asked["status"], "review", "a person looks first, unless the business says otherwise");
    let shown = by_business("GET", &format!("/payout/withdrawals/{id}")).send().await.value(200);
    assert_eq!(shown["provider"], "paypal", "{shown}");
    let order = receiver.until(1).await[0].json()["paypal"]["order_id"].as_str().unwrap().to_owned();
    // Its funds may have been asked for.
    assert!(
        order.starts_with("PP-") && paypal.books.state.lock().payouts.is_empty(),
        "before anything is sent"
    );
    paypal.books.plan(&order, Plan::Late);
    program.json(&["withdrawal", "approve", &id]);

    // PayPal pays and says so; the next question by itself would come later.
    let settled = async {
        while paypal.books.state.lock().payouts.is_empty() {
            tokio::task::yield_now().await;
        }
        paypal.books.settle();
        for posted in paypal.books.notices() {
            let call = Call::new(serving.address, "POST", "/rails/paypal/paypal/webhook").body(posted.body);
            let call = posted.headers.into_iter().fold(call, |call, (name, value)| call.header(&name, value));
            call.send().await.is(200, r#"{"received":true}"#);
        }
    };
    settled.await;
    let received = receiver.until(EVENTS.len()).await;
    assert_eq!(received.iter().map(Received::kind).collect::<Vec<_>>(), EVENTS);
    let users = by_business("GET", "/payout/users").send().await.value(200);
    let user = users["data"][0]["id"].as_str().unwrap();
    for (delivery, kind) in received.iter().zip(EVENTS) {
        is_signed(delivery, token);
        let expected = format!(
            r#"{{"amount":2500,"currency":"USD","fees":50,"net_amount":2450,"metadata":{{"payout_user_id":"{user}"}},"type":"{kind}","provider":"paypal","order_id":"{id}","recipient":{{"email":"user@example.com"}},"paypal":{{"order_id":"{order}","email":"mine@example.net"}}}}"#
        );
        assert_eq!(String::from_utf8_lossy(&delivery.body), expected);
    }
    let paid = paypal.books.payout(&order);
    assert_eq!((paid.cents, paid.receiver.as_str(), paid.state), (2_450, "mine@example.net", "SUCCESS"));
    let statement = serving.call("GET", "/payout/operations").hash(hash).send().await.value(200);
    assert_eq!((&statement["balance"], &statement["pending"]), (&json!(500), &json!(0)));
}
