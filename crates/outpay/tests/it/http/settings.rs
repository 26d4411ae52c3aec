//! `GET /payout/settings`: the settings of a business.

use crate::http::api::{Api, UNAUTHORIZED};
use serde_json::json;

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_live_methods_are_closed_at_first,
    status_401_hash,
}

async fn status_200_to_the_byte(world: &Api) {
    let business = world.business().await;
    let terms = concat!(
        r#"{"enabled":true,"fee":{"fixed":0,"basis_points":0,"floor":0,"cap":null},"minimum":1,"maximum":100000000,"#,
        r#""review":{"always":false,"above":null,"above_per_day":null,"new_destination":false},"daily_cap":null}"#
    );
    let expected = format!(
        concat!(
            r#"{{"payouts_enabled":false,"expiry_days":null,"allowed_origins":[],"two_people_above":null,"#,
            r#""methods":{{"bank":{terms},"gift_card":{terms},"sandbox":{terms}}}}}"#
        ),
        terms = terms
    );
    world.get("/payout/settings").key(&business.test_key).send().await.is(200, expected);
}

async fn status_200_live_methods_are_closed_at_first(world: &Api) {
    let business = world.business().await;
    let settings = world.get("/payout/settings").key(&business.key).send().await.value(200);
    let methods = settings["methods"].as_object().unwrap();
    assert_eq!(methods.keys().collect::<Vec<_>>(), ["bank", "gift_card"]);
    assert!(methods.values().all(|terms| terms["enabled"] == json!(false)));
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.get("/payout/settings").hash(&person.hash).send().await.is(401, UNAUTHORIZED);
}
