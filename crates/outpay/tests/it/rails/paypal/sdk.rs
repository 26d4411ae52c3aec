//! PayPal's own client for Node.js against the fake: what it sends is accepted, what it gets is understood, and so the fake is a PayPal
//! for others than our rail too.

use super::fake::{CLIENT, DAY, Plan, SECRET};
use super::fake_http::Paypal;
use crate::rails::peers::node;
use outpay::testing::clock::Clock;
use serde_json::{Value, json};

/// Runs the script with these calls; the answer of each.
async fn calls(paypal: &Paypal, calls: &Value) -> Vec<Value> {
    let mut command = node("prism", "paypal.js");
    command.args([&paypal.url, CLIENT, SECRET, &calls.to_string()]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn payout(key: &str, order: &str) -> Value {
    json!({ "sender_batch_header": { "sender_batch_id": key, "email_subject": "Hello" },
        "items": [{ "recipient_type": "EMAIL", "amount": { "value": "12.34", "currency": "USD" }, "note": "n",
            "receiver": "a@example.com", "sender_item_id": order }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paypal_s_own_client_pays_asks_and_cancels() {
    let clock = Clock::manual(super::NOW);
    let paypal = Paypal::open(&clock).await;
    paypal.books.plan("o-2", Plan::Is("UNCLAIMED"));
    let made = calls(
        &paypal,
        &json!([
            ["create", payout("k-1", "o-1")],
            ["create", payout("k-2", "o-2")],
            ["create", payout("k-1", "o-1")]
        ]),
    )
    .await;
    let batch =
        |answer: &Value| answer["result"]["batch_header"]["payout_batch_id"].as_str().unwrap().to_owned();
    let (first, second) = (batch(&made[0]), batch(&made[1]));
    assert_eq!(
        (&made[0]["status"], &made[1]["status"], &made[2]["status"]),
        (&json!(201), &json!(201), &json!(400))
    );
    let repeated = made[2]["error"].to_string();
    assert!(repeated.contains("USER_BUSINESS_ERROR") && repeated.contains(&first), "{repeated}");

    let shown = calls(&paypal, &json!([["get", first], ["get", second]])).await;
    let state =
        |answer: &Value| answer["result"]["items"][0]["transaction_status"].as_str().unwrap().to_owned();
    assert_eq!((state(&shown[0]), state(&shown[1])), ("SUCCESS".to_owned(), "UNCLAIMED".to_owned()));
    let item = |answer: &Value| answer["result"]["items"][0]["payout_item_id"].as_str().unwrap().to_owned();
    let ended = calls(
        &paypal,
        &json!([["cancel", item(&shown[1])], ["cancel", item(&shown[0])], ["item", item(&shown[1])]]),
    )
    .await;
    assert_eq!(ended[0]["result"]["transaction_status"], "RETURNED");
    assert_eq!(
        (&ended[1]["status"], &ended[2]["result"]["transaction_status"]),
        (&json!(400), &json!("RETURNED"))
    );
    assert_eq!(paypal.books.executed("o-1"), [1_234]);

    clock.advance(30 * DAY);
    let again = calls(&paypal, &json!([["create", payout("k-1", "o-1")]])).await;
    assert_eq!(again[0]["status"], 201, "after 30 days the key is free again");
    assert_eq!(paypal.books.executed("o-1"), [1_234, 1_234]);
}
