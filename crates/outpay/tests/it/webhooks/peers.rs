//! Third-party receivers: the PyPI packages `standardwebhooks` and `svix`, and Python's `hmac`, verify what is sent.
//! `./test` installs them into target/peers/python from tests/peers/webhooks/requirements.txt.

use crate::receiver::Received;
use crate::webhooks::hooks::{BY, Hooks, sample};
use ledger::EntryKind;
use outpay::testing::clock::Clock;
use outpay::testing::webhooks::Endpoint;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

crate::world::on_both_engines! {
    other_programs_verify_every_delivery,
    other_programs_verify_both_keys_of_a_roll,
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let python = target.join("peers/python/bin/python");
    assert!(python.exists(), "{} is missing: run ./test, which installs it", python.display());
    python
}

fn verify(requests: &[Value]) {
    let script = repository().join("tests/peers/webhooks/verify.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(requests).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let ended = child.wait_with_output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}{errors}");
    assert_eq!(said.trim(), format!("verified {}", requests.len()));
}

fn as_json(received: &Received, endpoint: &Endpoint, previous: Option<&Endpoint>) -> Value {
    let headers: Value = received
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), Value::from(value.as_str())))
        .collect();
    let mut one = json!({
        "headers": headers,
        "body": String::from_utf8(received.body.clone()).unwrap(),
        "token": endpoint.keys().token.expose_secret(),
        "secret": endpoint.keys().secret.expose_secret(),
    });
    if let Some(previous) = previous {
        one["previous_token"] = previous.keys().token.expose_secret().into();
        one["previous_secret"] = previous.keys().secret.expose_secret().into();
    }
    one
}

/// The receivers compare the time of a delivery with the machine's clock.
async fn set_clock(world: &Hooks) {
    world.wait(Clock::System.now() - world.now());
}

async fn other_programs_verify_every_delivery(world: &Hooks) {
    set_clock(world).await;
    let book = world.book().await;
    let endpoint = world.endpoint_for_all(book, "/hook").await;
    world.pay(book).await;
    let note = "ümlaut \u{1f642} \"quoted\"";
    let rejected = world.withdraw_for_review(book).await;
    let progress = ledger::Progress::new(rejected, ledger::Step::Reject).because("rejected", note);
    world.progress(book, progress).await;
    world.settle().await;
    world.webhooks().test_endpoint(book, sample(EntryKind::WithdrawalFailed)).await.unwrap();
    let received = world.receiver.received();
    assert_eq!(received.len(), 6);
    verify(&received.iter().map(|one| as_json(one, &endpoint, None)).collect::<Vec<_>>());
}

async fn other_programs_verify_both_keys_of_a_roll(world: &Hooks) {
    set_clock(world).await;
    let book = world.book().await;
    let old = world.endpoint_for_all(book, "/hook").await;
    let (new, _) = world.webhooks().roll_endpoint(book, BY, 3_600_000_000, None).await.unwrap();
    world.pay(book).await;
    world.settle().await;
    let received = world.receiver.received();
    verify(&received.iter().map(|one| as_json(one, &new, Some(&old))).collect::<Vec<_>>());
}
