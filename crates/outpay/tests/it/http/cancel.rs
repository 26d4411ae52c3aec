//! `POST /payout/operations/{id}/cancel`: cancelled before anything is sent.

use crate::http::api::{Api, UNAUTHORIZED};
use serde_json::json;

crate::world::on_both_engines! {
    status_200_the_money_is_back,
    status_200_while_in_review,
    status_401_without_a_hash,
    status_404_anothers,
    status_409_too_late,
}

async fn status_200_the_money_is_back(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 400).await;
    let path = format!("/payout/operations/{id}/cancel");
    let cancelled = world.post(&path).hash(&person.hash).send().await.value(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["reason_code"]),
        (&json!("cancelled"), &json!("cancelled_by_recipient"))
    );
    assert_eq!(person.money(world).await, (1_000, 0));
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "cancelled", "no worker takes it up");
    assert_eq!(world.post(&path).hash(&person.hash).send().await.value(409)["code"], "withdrawal_state");
}

async fn status_200_while_in_review(world: &Api) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "review": { "always": true } })).await;
    let id = person.withdraws(world, 400).await;
    let path = format!("/payout/operations/{id}/cancel");
    world.post(&path).hash(&person.hash).send().await.value(200);
    assert_eq!(person.money(world).await, (1_000, 0));
}

async fn status_401_without_a_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 400).await;
    world
        .post(&format!("/payout/operations/{id}/cancel"))
        .key(&person.key)
        .send()
        .await
        .is(401, UNAUTHORIZED);
    assert_eq!(person.money(world).await, (600, 400));
}

async fn status_404_anothers(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 400).await;
    let neighbour = world.pay(&person.key, "neighbour@example.com", 100).await;
    let path = format!("/payout/operations/{id}/cancel");
    world
        .post(&path)
        .hash(&neighbour)
        .send()
        .await
        .is(404, r#"{"error":"Withdrawal not found","code":"withdrawal_not_found"}"#);
    assert_eq!(person.money(world).await, (600, 400));
}

async fn status_409_too_late(world: &Api) {
    let person = world.recipient(1_000).await;
    for (amount, held) in [(416, 416), (414, 414), (400, 0)] {
        let before = person.money(world).await;
        let id = person.withdraws(world, amount).await;
        world.work().await;
        let path = format!("/payout/operations/{id}/cancel");
        assert_eq!(world.post(&path).hash(&person.hash).send().await.value(409)["code"], "withdrawal_state");
        assert_eq!(person.money(world).await, (before.0 - amount, before.1 + held));
        if before.0 - amount < 416 {
            break;
        }
    }
}
