//! From a business's first request to an order in the provider's books and the link in the person's hands, through the real program
//! and over HTTP alone. The link is in no webhook, no log and no file.

use crate::rails::program::Program;
use crate::rails::tremendous_fake::{KEY, SOURCE, TremendousFake};
use crate::receiver::{Received, Receiver};
use serde_json::{Value, json};
use std::time::Duration;

const EVENTS: [&str; 3] = ["payout.created", "payout.processing", "payout.succeeded"];

fn table(url: &str) -> String {
    format!(
        "[rails.tremendous.rewards]\napi_key_env = \"TREMENDOUS_KEY\"\nwebhook_key_env = \"TREMENDOUS_WEBHOOK_KEY\"\n\
         funding_source_id = \"{SOURCE}\"\ncountries = [\"US\"]\nbase_url = \"{url}\"\ntimeout_seconds = 5\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_business_s_request_to_the_person_s_link() {
    let fake = TremendousFake::start().await;
    let program = Program::new(&table(&fake.url));
    let key = program.business("10000");
    let serving = program.serve(&["--allow-http-webhooks", "--allow-private-webhooks"]);
    let receiver = Receiver::open().await;
    let by_business = |method: &str, target: &str| serving.call(method, target).key(&key);
    let terms = json!({ "methods": { "rewards": { "enabled": true, "fee": { "fixed": 50 } } } });
    by_business("PUT", "/payout/settings").json(terms.to_string()).send().await.value(200);
    let webhook = json!({ "url": receiver.url("/hook"), "events": EVENTS });
    by_business("PUT", "/payout/webhook").json(webhook.to_string()).send().await.value(200);
    let create = r#"{"email":"user@example.com","amount":3000}"#;
    let created = by_business("POST", "/payout/create").json(create).send().await.value(201);
    let hash = created["hash"].as_str().unwrap();

    // From here on the recipient has only the hash.
    let methods = serving.call("GET", "/payout/methods").hash(hash).send().await.value(200);
    let rewards = methods["data"].as_array().unwrap().iter().find(|method| method["method"] == "rewards");
    let choice = &rewards.unwrap()["choices"][0];
    let expected = json!({ "name": "PayPal International", "amount": 150, "net_amount": 100, "maximum_amount": 200_050 });
    assert_eq!(*choice, expected);
    let to = json!({ "product": choice["name"], "name": "Ann Doe", "email": "ann@example.com" });
    let wish = json!({ "method": "rewards", "amount": 2500, "destination": to }).to_string();
    let asked = serving.call("POST", "/payout/withdraw").hash(hash).json(wish).send().await.value(202);
    let path = format!("/payout/operations/{}", asked["id"].as_str().unwrap());
    let received = receiver.until(EVENTS.len()).await;
    assert_eq!(received.iter().map(Received::kind).collect::<Vec<_>>(), EVENTS);

    let paid = serving.call("GET", &path).hash(hash).send().await.value(200);
    let order = fake.order_of(paid["payment"]["order_id"].as_str().unwrap());
    assert_eq!((order.cents, order.status, order.links.len()), (2_450, "EXECUTED", 1));
    let told = |last: bool| {
        let mut told = json!({ "order_id": paid["payment"]["order_id"], "product": "PayPal International", "currency": "USD", "face_value": 2450 });
        if last {
            told["reward_id"] = order.reward.clone().into();
        }
        told
    };
    for (delivery, is_last) in received.iter().zip([false, false, true]) {
        assert_eq!(delivery.json()["tremendous"], told(is_last));
        assert_eq!(delivery.json()["provider"], "tremendous");
        assert!(
            !String::from_utf8_lossy(&delivery.body).contains("rewards.example"),
            "the link is the person's"
        );
    }
    assert_eq!((&paid["status"], &paid["can_reveal"]), (&json!("succeeded"), &json!(true)));
    assert!(!paid.to_string().contains("rewards.example"));

    let reveal = format!("{path}/reveal");
    let shown = serving.call("POST", &reveal).hash(hash).send().await.value(200);
    let link = &order.links[0];
    let expected = json!({
        "brand": "PayPal International", "currency": "USD", "face_value": 2450, "code": link, "link": link,
        "pin": null, "expires_at": null,
    });
    assert_eq!(shown, expected);
    for _ in 1..10 {
        serving.call("POST", &reveal).hash(hash).send().await.value(200);
    }
    let too_often = serving.call("POST", &reveal).hash(hash).send().await;
    assert_eq!(too_often.status, 429);
    is_hidden(&program, serving.log(), link).await;
}

/// Neither log nor database holds the link or the key.
async fn is_hidden(program: &Program, log: String, link: &str) {
    let mut files = vec![log.into_bytes()];
    for end in ["", "-wal"] {
        let path = format!("{}{end}", program.database().display());
        files.push(tokio::fs::read(path).await.unwrap_or_default());
    }
    let token = link.rsplit('/').next().unwrap();
    for file in files {
        let text = String::from_utf8_lossy(&file);
        assert!(!text.contains("rewards.example") && !text.contains(token) && !text.contains(KEY));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_reward_reaches_the_business_and_the_person() {
    let fake = TremendousFake::start().await;
    fake.books.lock().begins = Some("PENDING APPROVAL");
    let program = Program::new(&table(&fake.url));
    let key = program.business("10000");
    let serving = program.serve(&[]);
    let terms = json!({ "methods": { "rewards": { "enabled": true } } }).to_string();
    serving.call("PUT", "/payout/settings").key(&key).json(terms).send().await.value(200);
    let create = r#"{"email":"user@example.com","amount":3000}"#;
    let created = serving.call("POST", "/payout/create").key(&key).json(create).send().await.value(201);
    let hash = created["hash"].as_str().unwrap();
    let to = json!({ "product": "Prepaid Visa", "name": "Ann Doe", "email": "ann@example.com" });
    let wish = json!({ "method": "rewards", "amount": 2500, "destination": to }).to_string();
    let asked = serving.call("POST", "/payout/withdraw").hash(hash).json(wish).send().await.value(202);
    let path = format!("/payout/operations/{}", asked["id"].as_str().unwrap());
    let ended = async |status: &str| -> Value {
        for _ in 0..400 {
            let found = serving.call("GET", &path).hash(hash).send().await.value(200);
            if found["status"] == status {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {status} in time")
    };
    while fake.books.lock().orders.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fake.books.lock().orders[0].status = "CANCELED";
    ended("failed").await;
    let statement = serving.call("GET", "/payout/operations").hash(hash).send().await.value(200);
    assert_eq!((&statement["balance"], &statement["pending"]), (&json!(3000), &json!(0)));
}
