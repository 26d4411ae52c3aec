//! `POST /payout/withdrawals/{id}/reject`: the recipient gets the money back, and sees why.

use crate::http::api::{Api, NOT_JSON, UNAUTHORIZED, invalid};
use serde_json::json;

crate::world::on_both_engines! {
    status_200_the_money_is_back,
    status_200_another_try_with_the_same_hash,
    status_400_each_message,
    status_401_hash,
    status_409_twice,
    status_415_not_declared_as_json,
}

async fn status_200_the_money_is_back(world: &Api) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "review": { "always": true } })).await;
    let id = person.withdraws(world, 300).await;
    let path = format!("/payout/withdrawals/{id}/reject");
    let rejected =
        world.post(&path).key(&person.key).json(r#"{"reason":"Wrong name"}"#).send().await.value(200);
    assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &json!("Wrong name")));
    assert_eq!(person.money(world).await, (1_000, 0));
    assert_eq!(person.operation(world, &id).await["reason"], "Wrong name");
}

async fn status_200_another_try_with_the_same_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 311).await;
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "failed");
    let again = person.withdraws(world, 310).await;
    world.work().await;
    assert_eq!(person.operation(world, &again).await["status"], "succeeded");
}

async fn status_400_each_message(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let path = format!("/payout/withdrawals/{id}/reject");
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(256));
    for (body, sentence) in [
        ("{}", "The reason field is required."),
        (r#"{"reason":" "}"#, "The reason field is required."),
        (r#"{"reason":1}"#, "The reason must be a string."),
        (r#"{"reason":"a\nb"}"#, "The reason may not hold control characters."),
        (&long, "The reason may not be greater than 255 characters."),
    ] {
        world.post(&path).key(&person.key).json(body).send().await.is(400, invalid("reason", sentence));
    }
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let path = format!("/payout/withdrawals/{id}/reject");
    world.post(&path).hash(&person.hash).json(r#"{"reason":"x"}"#).send().await.is(401, UNAUTHORIZED);
}

async fn status_409_twice(world: &Api) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "review": { "always": true } })).await;
    let id = person.withdraws(world, 300).await;
    let call =
        world.post(&format!("/payout/withdrawals/{id}/reject")).key(&person.key).json(r#"{"reason":"x"}"#);
    call.send().await.value(200);
    assert_eq!(call.send().await.value(409)["code"], "withdrawal_state");
    assert_eq!(person.money(world).await, (1_000, 0), "given back once");
}

async fn status_415_not_declared_as_json(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    world.post(&format!("/payout/withdrawals/{id}/reject")).key(&person.key).send().await.is(415, NOT_JSON);
}
