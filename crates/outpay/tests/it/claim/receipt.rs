//! `GET /p/operations/{id}/receipt`
//! `GET /p/operations/{id}/receipt.json`: it can be checked with the published key.
//! `GET /.well-known/outpay-receipts.json`

use crate::claim::hat::{Claim, withdraw};
use crate::world::{MINUTE, on_both_engines};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use ledger::{Actor, Mode};
use serde_json::Value;

on_both_engines! {
    what_was_paid_has_a_receipt,
    what_came_back_weeks_later_has_none,
    a_receipt_is_signed,
    the_key_is_public_and_stays_the_same,
}

async fn what_was_paid_has_a_receipt(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/receipt", withdraw(&mut browser, "60").await);
    browser.get(&path).await.is(409).says("once the money has been paid");
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

async fn what_came_back_weeks_later_has_none(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    world.work().await;
    browser.get(&format!("{path}/receipt")).await.is(200);
    world.wait(40 * 1_440 * MINUTE);
    world.platform.counter(who.book, Actor::OPERATOR).give_back(1, "statement 9").await.unwrap();
    let mut browser = world.signed_in(&who).await;
    let page = browser.get(&path).await;
    page.is(200).says("Returned").says("It was paid and came back.").says("Please check the destination");
    page.says_not("statement 9").says_not("Receipt");
    browser.get("/p/home").await.is(200).says("$60.00 came back: Sandbox").says("$100.00");
    for end in ["receipt", "receipt.json"] {
        browser.get(&format!("{path}/{end}")).await.is(409).says("came back, so there is no receipt");
    }
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
