//! `POST /payout/resume`: ends the business's own pause, and no other.

use crate::http::api::{Api, UNAUTHORIZED};
use ledger::Actor;
use outpay::testing::kill_switch;
use outpay::testing::store::PauseScope;
use serde_json::json;
use std::time::Duration;

crate::world::on_both_engines! {
    status_200_what_is_not_paused_stays_so,
    status_401_hash,
    status_409_the_operators,
}

async fn status_200_what_is_not_paused_stays_so(world: &Api) {
    let business = world.business().await;
    let answer = world.post("/payout/resume").key(&business.key).json("{}".to_owned()).send().await;
    assert_eq!(answer.value(200), json!({ "was_paused": false, "pauses": [] }));
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.post("/payout/resume").hash(&person.hash).json("{}".to_owned()).send().await.is(401, UNAUTHORIZED);
}

async fn status_409_the_operators(world: &Api) {
    let business = world.business().await;
    let scope = PauseScope::Business(business.number);
    kill_switch::pause(&world.platform, &scope, "an incident", Actor::OPERATOR, Duration::ZERO)
        .await
        .unwrap();
    for body in [json!({}), json!({ "method": "sandbox" })] {
        let call = world.post("/payout/resume").key(&business.key).json(body.to_string());
        assert_eq!(call.send().await.value(409)["code"], "paused_by_operator");
    }
    assert_eq!(world.platform.store.pauses().await.unwrap().len(), 1);
}
