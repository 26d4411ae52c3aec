//! From a business's first request to tokens in a recipient's account and the business's webhooks, through the real
//! program and over HTTP alone, on both chains. Only the deposit is an operator's, because no request can make money.

use crate::rails::chain::{Chain, person};
use crate::rails::program::{Program, table};
use crate::rails::tokens::Node;
use crate::receiver::{Received, Receiver};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::time::Duration;

const EVENTS: [&str; 3] = ["payout.created", "payout.processing", "payout.succeeded"];

async fn mine(node: Node) {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        node.mine(1).await;
    }
}

/// As the contract says: lower-case hex of HMAC-SHA256 over the raw body, keyed by the token's text.
fn is_signed(received: &Received, token: &str) {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(&received.body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(received.header("signature"), Some(expected.as_str()));
    assert_eq!(
        (received.method.as_str(), received.header("content-type")),
        ("POST", Some("application/json"))
    );
}

async fn from_business_to_chain(world: Chain) {
    let program = Program::new(&table("usdc", &world, &world.node.url));
    let key = program.json(&["business", "create", "Shop"])["secret_key"].as_str().unwrap().to_owned();
    program.json(&["business", "deposit", "Shop", "10000", "--reference", "bank statement 1"]);
    let serving = program.serve(&["--allow-http-webhooks", "--allow-private-webhooks"]);
    let receiver = Receiver::open().await;
    let by_business = |method: &str, target: &str| serving.call(method, target).key(&key);

    let terms = json!({ "payouts_enabled": true, "methods": { "usdc": { "enabled": true } } });
    by_business("PUT", "/payout/settings").json(terms.to_string()).send().await.value(200);
    let webhook = json!({ "url": receiver.url("/hook"), "events": EVENTS });
    let webhook = by_business("PUT", "/payout/webhook").json(webhook.to_string()).send().await.value(200);
    let token = webhook["token"].as_str().unwrap();
    let transfer = r#"{"from":"balance","to":"payout_balance","amount":10000}"#;
    by_business("POST", "/balance/transfer").json(transfer).send().await.value(200);
    let create = r#"{"email":"user@example.com","amount":3000}"#;
    let created = by_business("POST", "/payout/create").json(create).send().await.value(201);
    let hash = created["hash"].as_str().unwrap();

    // From here on the recipient has only the hash.
    let to = person(0x77);
    let address = to.to_checksum(None);
    let wish = json!({ "method": "usdc", "amount": 2500, "destination": { "address": address } });
    let asked = serving.call("POST", "/payout/withdraw").hash(hash).json(wish.to_string()).send().await;
    let order_id = asked.value(202)["id"].as_str().unwrap().to_owned();
    let chain = tokio::spawn(mine(world.node.clone()));
    let operation = async || {
        let path = format!("/payout/operations/{order_id}");
        serving.call("GET", &path).hash(hash).send().await.value(200)
    };
    let mut paid = operation().await;
    for _ in 0..200 {
        if paid["status"] == "succeeded" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        paid = operation().await;
    }
    assert_eq!(paid["status"], "succeeded", "{paid}");
    assert_eq!(world.paid(to).await, world.units(2_500));
    let statement = serving.call("GET", "/payout/operations").hash(hash).send().await.value(200);
    assert_eq!((&statement["balance"], &statement["pending"]), (&json!(500), &json!(0)));

    let received = receiver.until(EVENTS.len()).await;
    chain.abort();
    assert_eq!(received.iter().map(Received::kind).collect::<Vec<_>>(), EVENTS, "in order, and no other");
    let users = by_business("GET", "/payout/users").send().await.value(200);
    let user_id = users["data"][0]["id"].as_str().unwrap();
    for (delivery, kind) in received.iter().zip(EVENTS) {
        is_signed(delivery, token);
        let crypto = raw_object(delivery, "crypto");
        let expected = format!(
            r#"{{"amount":2500,"currency":"USD","metadata":{{"payout_user_id":"{user_id}"}},"type":"{kind}","provider":"crypto","order_id":"{order_id}","recipient":{{"email":"user@example.com"}},"crypto":{crypto}}}"#
        );
        assert_eq!(String::from_utf8_lossy(&delivery.body), expected);
        let own = &delivery.json()["crypto"]["order_id"];
        assert!(own.as_str().unwrap().starts_with("CRX-"), "{own}");
    }
    has_the_payment(&world, &received[2], &address).await;
}

/// The text of the last field.
fn raw_object(delivery: &Received, name: &str) -> String {
    let body = String::from_utf8(delivery.body.clone()).unwrap();
    let (_, rest) = body.split_once(&format!("\"{name}\":{{")).unwrap();
    format!("{{{}", rest.strip_suffix('}').unwrap())
}

/// The object of the last event names the transaction that the chain itself shows.
async fn has_the_payment(world: &Chain, delivery: &Received, address: &str) {
    let crypto = delivery.json()["crypto"].clone();
    let hash = crypto["tx_hash"].as_str().unwrap();
    let receipt = world.node.call("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    let token = world.token.to_string().to_lowercase();
    assert_eq!(receipt["to"].as_str().unwrap().to_lowercase(), token);
    let (confirmations, fee) = (&crypto["confirmations"], &crypto["network_fee"]);
    assert!(confirmations.as_u64().unwrap() >= crate::rails::chain::CONFIRMATIONS);
    assert!(fee.as_f64().unwrap() > 0.0);
    let order_id = &crypto["order_id"];
    let expected = format!(
        r#"{{"order_id":{order_id},"currency":"USDC","chain":"Testnet","crypto_amount":25,"usd_amount":25,"to_address":"{address}","tx_hash":"{hash}","confirmations":{confirmations},"network_fee":"#
    );
    assert!(raw_object(delivery, "crypto").starts_with(&expected), "{crypto}");
    let fields: Vec<&String> = crypto.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 9, "{fields:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_anvil() {
    from_business_to_chain(Chain::anvil().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_hardhat() {
    from_business_to_chain(Chain::hardhat().await).await;
}
