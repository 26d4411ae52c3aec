//! `GET /p/operations/{id}/receipt`
//! `GET /p/operations/{id}/receipt.json`: it can be checked with the published key.
//! `GET /.well-known/outpay-receipts.json`

use crate::claim::hat::{Claim, withdraw};
use crate::world::on_both_engines;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use ledger::Mode;
use serde_json::Value;

on_both_engines! {
    what_was_paid_has_a_receipt,
    a_receipt_is_signed,
    the_key_is_public_and_stays_the_same,
}

async fn what_was_paid_has_a_receipt(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/receipt", withdraw(&mut browser, "60").await);
    browser.get(&path).await.is(409).says("once the money was paid");
    world.work().await;
    let receipt = browser.get(&path).await;
    receipt
        .is(200)
        .says("SBX-")
        .says("$60.00")
        .says("user@example.com")
        .says("Business 0")
        .says("/receipt.json\"");
}

async fn a_receipt_is_signed(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/receipt.json", withdraw(&mut browser, "60").await);
    browser.get(&path).await.is(409);
    world.work().await;
    let answer = browser.get(&path).await;
    answer.is(200);
    assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment"));
    let receipt: Value = serde_json::from_str(&answer.body).unwrap();
    let keys: Value =
        serde_json::from_str(&browser.get("/.well-known/outpay-receipts.json").await.body).unwrap();
    assert_eq!(keys["keys"][0]["kid"], receipt["key_id"]);
    let bytes = |text: &Value| BASE64URL_NOPAD.decode(text.as_str().unwrap().as_bytes()).unwrap();
    let key: [u8; 32] = bytes(&keys["keys"][0]["x"]).try_into().unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let signature = Signature::from_slice(&bytes(&receipt["signature"])).unwrap();
    let payload = receipt["payload"].as_str().unwrap();
    key.verify(payload.as_bytes(), &signature).unwrap();
    assert!(key.verify(payload.replace("6000", "6001").as_bytes(), &signature).is_err());
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(
        (&payload["amount"], &payload["net_amount"], &payload["test_mode"]),
        (&6000.into(), &6000.into(), &true.into())
    );
    assert_eq!(payload["destination"]["account"], "mine");
}

async fn the_key_is_public_and_stays_the_same(world: &Claim) {
    let answer = world.browser().get("/.well-known/outpay-receipts.json").await;
    answer.is(200).says("\"kty\":\"OKP\"").says("\"crv\":\"Ed25519\"");
    assert_eq!(answer.body, world.browser().get("/.well-known/outpay-receipts.json").await.body);
}
