//! `POST /payout/webhook/deliveries/{id}/retry`: retries a failed delivery.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::hooked::Hooked;
use crate::http::webhook_delivery::UNKNOWN;
use crate::receiver::ok;

crate::world::on_both_engines! {
    status_200_pending_again,
    status_400_invalid_idempotency_key,
    status_401_public_key,
    status_404_unknown_or_another_s,
    status_409_it_has_not_failed,
}

fn path(id: &str) -> String {
    format!("/payout/webhook/deliveries/{id}/retry")
}

async fn status_200_pending_again(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = hooked.failed(world).await;
    let retried = world.post(&path(&id)).key(&hooked.business.key).send().await.value(200);
    assert_eq!((&retried["status"], &retried["attempt_count"]), (&"pending".into(), &4.into()));
    assert!(retried["next_attempt_at"].is_string() && retried["finished_at"].is_null());
    hooked.receiver.always("/hook", ok());
    assert_eq!(hooked.settle(world).await, 1);
    let again = world.post(&path(&id)).key(&hooked.business.key).send().await;
    let expected = r#"{"error":"The delivery has already succeeded.","code":"webhook_delivery_not_failed"}"#;
    again.is(409, expected);
}

async fn status_400_invalid_idempotency_key(world: &Api) {
    let hooked = Hooked::new(world).await;
    let answer = world.post(&path("whd_1")).key(&hooked.business.key).once("").send().await.value(400);
    assert!(answer["fields"]["Idempotency-Key"].is_array(), "{answer}");
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.post(&path("whd_1")).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_unknown_or_another_s(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = hooked.failed(world).await;
    world.post(&path("whd_1")).key(&hooked.business.key).send().await.is(404, UNKNOWN);
    let other = world.business().await;
    world.post(&path(&id)).key(&other.key).send().await.is(404, UNKNOWN);
    assert_eq!(hooked.settle(world).await, 0);
}

async fn status_409_it_has_not_failed(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.receiver.next("/hook", [crate::receiver::status(500)]);
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    let id = world.platform.webhooks.delivery_id(hooked.business.live, 1);
    let expected = r#"{"error":"The delivery is already being tried.","code":"webhook_delivery_not_failed"}"#;
    world.post(&path(&id)).key(&hooked.business.key).send().await.is(409, expected);
}
