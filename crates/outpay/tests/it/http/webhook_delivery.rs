//! `GET /payout/webhook/deliveries/{id}`: one delivery with its attempts.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::hooked::Hooked;
use serde_json::Value;

crate::world::on_both_engines! {
    status_200_with_request_and_attempts,
    status_401_public_key,
    status_404_unknown_or_another_s,
}

pub const UNKNOWN: &str = r#"{"error":"Webhook delivery not found","code":"webhook_delivery_not_found"}"#;

async fn status_200_with_request_and_attempts(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = hooked.failed(world).await;
    let call = world.get(&format!("/payout/webhook/deliveries/{id}")).key(&hooked.business.key);
    let shown = call.send().await.value(200);
    assert_eq!((&shown["id"], &shown["status"]), (&id.as_str().into(), &"failed".into()));
    let sent = hooked.receiver.received().pop().unwrap();
    assert_eq!(shown["request_body"], String::from_utf8(sent.body).unwrap());
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4);
    for (attempt, number) in attempts.iter().zip(1..) {
        assert_eq!((&attempt["number"], &attempt["status"]), (&number.into(), &500.into()));
        assert_eq!((&attempt["error"], &attempt["response_body"]), (&Value::Null, &"status 500".into()));
        assert_eq!(attempt["url"], hooked.receiver.url("/hook"));
        assert!(attempt["milliseconds"].is_i64() && attempt["at"].is_string());
    }
    assert_eq!(shown["finished_at"], attempts[3]["at"]);
}

async fn status_401_public_key(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = world.platform.webhooks.delivery_id(hooked.business.live, 1);
    let call = world.get(&format!("/payout/webhook/deliveries/{id}")).key(&hooked.business.public_key);
    call.send().await.is(401, UNAUTHORIZED);
}

async fn status_404_unknown_or_another_s(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    let (id, none) =
        [1, 2].map(|number| world.platform.webhooks.delivery_id(hooked.business.live, number)).into();
    let path = |id: &String| format!("/payout/webhook/deliveries/{id}");
    world.get(&path(&none)).key(&hooked.business.key).send().await.is(404, UNKNOWN);
    world.get(&path(&"whd_1".to_owned())).key(&hooked.business.key).send().await.is(404, UNKNOWN);
    let other = world.business().await;
    for key in [&other.key, &hooked.business.test_key] {
        world.get(&path(&id)).key(key).send().await.is(404, UNKNOWN);
    }
    world.get(&path(&id)).key(&hooked.business.key).send().await.value(200);
}
