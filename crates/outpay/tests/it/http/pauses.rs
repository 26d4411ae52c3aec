//! `GET /payout/pauses`: what is paused, and by whom.

use crate::http::api::{Api, UNAUTHORIZED};
use ledger::Actor;
use outpay::testing::kill_switch;
use outpay::testing::store::PauseScope;
use serde_json::json;
use std::time::Duration;

crate::world::on_both_engines! {
    status_200_every_pause_that_concerns_the_book,
    status_401_hash,
}

async fn status_200_every_pause_that_concerns_the_book(world: &Api) {
    let (business, other) = (world.business().await, world.business().await);
    let set = async |scope: PauseScope, reason| {
        kill_switch::pause(&world.platform, &scope, reason, Actor::OPERATOR, Duration::ZERO).await.unwrap();
    };
    set(PauseScope::Business(business.number), "an incident").await;
    set(PauseScope::Business(other.number), "another's").await;
    set(PauseScope::Rail("sandbox".to_owned()), "the rail").await;
    let all = world.get("/payout/pauses").key(&business.test_key).send().await.value(200);
    let shown = |scope: &str, method: Option<&str>, reason: &str, at: usize| {
        json!({ "scope": scope, "method": method, "payout_user_id": null, "set_by": "operator",
            "reason": reason, "created_at": all["data"][at]["created_at"] })
    };
    let expected = [shown("all", None, "an incident", 0), shown("method", Some("sandbox"), "the rail", 1)];
    assert_eq!(all["data"], json!(expected));
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.get("/payout/pauses").hash(&person.hash).send().await.is(401, UNAUTHORIZED);
}
