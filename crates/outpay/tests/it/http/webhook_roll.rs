//! `POST /payout/webhook/roll`: a new token and a new secret.

use crate::http::api::{Api, MALFORMED, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::http::hooked::Hooked;
use crate::world::SECOND;

crate::world::on_both_engines! {
    status_200_the_old_ones_end_at_once,
    status_200_with_an_overlap_both_sign,
    status_200_again_under_the_same_idempotency_key,
    status_409_done_before_and_rolled_again_since,
    status_400_overlap_out_of_range,
    status_400_malformed_json,
    status_400_invalid_idempotency_key,
    status_401_public_key,
    status_404_no_webhook_yet,
    status_413_more_than_64_kib,
}

const ROLL: &str = "/payout/webhook/roll";
pub const NOT_SET: &str =
    r#"{"error":"There is no webhook yet; set its url first.","code":"webhook_not_set"}"#;

async fn status_200_the_old_ones_end_at_once(world: &Api) {
    let hooked = Hooked::new(world).await;
    let rolled = world.post(ROLL).key(&hooked.business.key).send().await.value(200);
    assert!(rolled["token"].as_str().unwrap().starts_with("wht_"));
    assert_ne!(rolled["token"], hooked.made["token"]);
    assert_ne!(rolled["secret"], hooked.made["secret"]);
    assert!(rolled["previous_token_ends_at"].is_null());
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    assert_eq!(hooked.receiver.received()[0].header("signature-next"), None);
}

async fn status_200_with_an_overlap_both_sign(world: &Api) {
    let hooked = Hooked::new(world).await;
    let call = world.post(ROLL).key(&hooked.business.key).json(r#"{"overlap":60}"#);
    let rolled = call.send().await.value(200);
    assert_eq!(rolled["previous_token_ends_at"], "2026-01-02T03:05:05.678901Z");
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    assert!(hooked.receiver.received()[0].header("signature-next").is_some());
    world.platform.clock.advance(60 * SECOND);
    let shown = world.get("/payout/webhook").key(&hooked.business.key).send().await.value(200);
    assert!(shown["previous_token_ends_at"].is_null());
}

async fn status_200_again_under_the_same_idempotency_key(world: &Api) {
    let hooked = Hooked::new(world).await;
    let roll = |key: &str| world.post(ROLL).key(&hooked.business.key).once(key);
    let first = roll("one").send().await;
    let again = roll("one").send().await;
    assert_eq!(first.text(), again.text());
    assert_eq!((first.is_replayed(), again.is_replayed()), (false, true));
    let other = roll("two").send().await;
    assert_ne!(first.value(200)["token"], other.value(200)["token"]);
}

async fn status_409_done_before_and_rolled_again_since(world: &Api) {
    let hooked = Hooked::new(world).await;
    let roll = |key: &str| world.post(ROLL).key(&hooked.business.key).once(key);
    let first = roll("one").send().await;
    let second = roll("two").send().await;
    let expected = r#"{"error":"This roll was done already, and another one came after it. Its token and secret are not shown again; use those of the last roll.","code":"webhook_rolled_since"}"#;
    roll("one").send().await.is(409, expected);
    let again = roll("two").send().await;
    assert_eq!(second.text(), again.text(), "the late request rolled nothing");
    assert_ne!(first.text(), again.text());
}

async fn status_400_overlap_out_of_range(world: &Api) {
    let hooked = Hooked::new(world).await;
    let expected = invalid("overlap", "The overlap must be an integer from 0 to 2592000 seconds.");
    for overlap in ["-1", "2592001", "1.5", "\"60\"", "99999999999999999999"] {
        let body = format!(r#"{{"overlap":{overlap}}}"#);
        world.post(ROLL).key(&hooked.business.key).json(body).send().await.is(400, &expected);
    }
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.business().await;
    world.post(ROLL).key(&business.key).json("{").send().await.is(400, MALFORMED);
}

async fn status_400_invalid_idempotency_key(world: &Api) {
    let business = world.business().await;
    let answer = world.post(ROLL).key(&business.key).once("").send().await.value(400);
    assert!(answer["fields"]["Idempotency-Key"].is_array(), "{answer}");
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.post(ROLL).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_webhook_yet(world: &Api) {
    let business = world.business().await;
    world.post(ROLL).key(&business.key).send().await.is(404, NOT_SET);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.business().await;
    let call = world.post(ROLL).key(&business.key).json(padded("{}", 64 * 1024 + 1));
    call.send().await.is(413, TOO_LARGE);
}
