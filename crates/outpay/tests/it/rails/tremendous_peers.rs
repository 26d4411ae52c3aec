//! The provider's own clients against the stand-in: their models accept what it answers, they see the semantics that the rail relies
//! on, and the order that they send is the one that the rail sends.

use crate::rails::peers::folder;
use crate::rails::tremendous::Rewards;
use crate::rails::tremendous_fake::{KEY, SOURCE};
use ledger::WithdrawalState;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What a client answers to this, or why it ended.
async fn run(mut command: Command, wish: &Value) -> Result<Value, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut input = child.stdin.take().unwrap();
    input.write_all(wish.to_string().as_bytes()).await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

fn node() -> Command {
    let script = folder().join("tremendous/client.js");
    let package = folder().join("tremendous/node_modules/tremendous/package.json");
    assert!(package.exists(), "run ./test, or `npm ci --ignore-scripts` in tests/peers/tremendous");
    let mut command = Command::new("node");
    command.arg(script);
    command
}

fn python() -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let python = target.join("peers/tremendous/bin/python");
    assert!(python.exists(), "run ./test, which installs tests/peers/tremendous/requirements.txt");
    let mut command = Command::new(python);
    command.arg(folder().join("tremendous/client.py"));
    command
}

/// An order in the terms of the clients, with the values of the rail's own request.
fn order(ours: &Value) -> Value {
    let (reward, text) = (&ours["reward"], |value: &Value| value.as_str().unwrap().to_owned());
    json!({
        "external_id": text(&ours["external_id"]),
        "payment": { "funding_source_id": SOURCE },
        "reward": {
            "products": [text(&reward["products"][0])],
            "value": { "denomination": 24.5, "currency_code": "USD" },
            "recipient": { "name": text(&reward["recipient"]["name"]), "email": text(&reward["recipient"]["email"]) },
            "delivery": { "method": "LINK" },
        },
    })
}

async fn agrees(client: Command) {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    let paid = world.round(&asked).await;
    assert_eq!(paid.state, WithdrawalState::Succeeded);
    let posted = |world: &Rewards, number: usize| -> Value {
        serde_json::from_slice(&world.fake.books.lock().posted[number]).unwrap()
    };
    let ours = posted(&world, 0);
    let wanted = order(&ours);
    let mut other = wanted.clone();
    other["reward"]["value"]["denomination"] = 25.into();
    let wish =
        json!({ "url": world.fake.url, "key": KEY, "source": SOURCE, "order": wanted, "other": other });
    let seen = run(client, &wish).await.unwrap();

    assert_eq!(posted(&world, 1), ours, "the client's order is ours");
    let kept = world.order(&paid);
    for call in ["created", "repeated"] {
        let order = &seen[call]["data"]["order"];
        assert_eq!((&seen[call]["status"], &order["id"]), (&json!(201), &json!(kept.id)), "{seen}");
        assert_eq!(
            order["rewards"][0]["delivery"]["link"],
            Value::Null,
            "only the first answer holds the link"
        );
    }
    let statuses =
        ["conflict", "found", "missing", "link", "products", "funds"].map(|call| &seen[call]["status"]);
    assert_eq!(statuses, [409, 200, 404, 200, 200, 200], "{seen}");
    let found = &seen["found"]["data"]["order"];
    assert_eq!((&found["external_id"], &found["status"]), (&ours["external_id"], &json!("EXECUTED")));
    assert_eq!(seen["listed"]["data"]["total_count"], 1);
    let links = world.order(&paid).links;
    assert_eq!((links.len(), &seen["link"]["data"]["reward"]["link"]), (2, &json!(links[1])));
    let products = seen["products"]["data"]["products"].as_array().unwrap();
    assert_eq!(products.len(), 3, "of one country");
    assert_eq!(seen["funds"]["data"]["funding_source"]["meta"]["available_cents"], 100_000_000 - 2_450);
    assert_eq!(world.fake.executed(&world.order_id(&paid)), [2_450]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_node_agrees_with_the_stand_in_and_with_us() {
    agrees(node()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_agrees_with_the_stand_in_and_with_us() {
    agrees(python()).await;
}

/// The models must refuse something, or they would prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_models_of_the_client_for_python_refuse_what_is_no_order() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    world.round(&asked).await;
    let ours: Value = serde_json::from_slice(&world.fake.books.lock().posted[0]).unwrap();
    let wish = json!({ "url": world.fake.url, "key": KEY, "source": SOURCE, "order": order(&ours), "other": order(&ours) });
    world.fake.change(&world.order_id(&asked), |order| order.id = "no id".to_owned());
    let refused = run(python(), &wish).await.unwrap_err();
    assert!(refused.contains("ValidationError"), "{refused}");
}
