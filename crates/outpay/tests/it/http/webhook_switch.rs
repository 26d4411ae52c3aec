//! `POST /payout/webhook/switch`: the new keys of a roll sign alone from now on.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::hooked::Hooked;
use crate::http::webhook_roll::NOT_SET;

crate::world::on_both_engines! {
    status_200_the_overlap_ends,
    status_200_without_an_overlap,
    status_400_unknown_field,
    status_401_public_key,
    status_404_no_webhook_yet,
}

const SWITCH: &str = "/payout/webhook/switch";

async fn status_200_the_overlap_ends(world: &Api) {
    let hooked = Hooked::new(world).await;
    let roll = world.post("/payout/webhook/roll").key(&hooked.business.key).json(r#"{"overlap":60}"#);
    let rolled = roll.send().await.value(200);
    assert!(rolled["previous_token_ends_at"].is_string());
    let switched = world.post(SWITCH).key(&hooked.business.key).send().await.value(200);
    assert!(switched["previous_token_ends_at"].is_null());
    assert_eq!(switched["token_hint"], rolled["token_hint"]);
    assert!(switched.get("token").is_none(), "the keys are shown once");
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    assert_eq!(hooked.receiver.received()[0].header("signature-next"), None);
}

async fn status_200_without_an_overlap(world: &Api) {
    let hooked = Hooked::new(world).await;
    let shown = world.get("/payout/webhook").key(&hooked.business.key).send().await;
    let switched = world.post(SWITCH).key(&hooked.business.key).send().await;
    assert_eq!((shown.text(), shown.header("etag")), (switched.text(), switched.header("etag")));
}

async fn status_400_unknown_field(world: &Api) {
    let hooked = Hooked::new(world).await;
    let call = world.post(SWITCH).key(&hooked.business.key).json(r#"{"now":true}"#);
    assert_eq!(call.send().await.value(400)["code"], "unknown_field");
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.post(SWITCH).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_webhook_yet(world: &Api) {
    let business = world.business().await;
    world.post(SWITCH).key(&business.key).send().await.is(404, NOT_SET);
}
