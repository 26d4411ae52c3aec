//! `GET /payout/operations/{id}`: one of the recipient's operations.

use crate::http::api::{Api, UNAUTHORIZED};
use serde_json::json;

crate::world::on_both_engines! {
    status_200_a_withdrawal_in_full,
    status_200_a_credit,
    status_401_without_a_hash,
    status_404_anything_else,
}

async fn status_200_a_withdrawal_in_full(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 100).await;
    let queued = person.operation(world, &id).await;
    assert_eq!((&queued["can_cancel"], &queued["status"]), (&json!(true), &json!("queued")));
    world.work().await;
    let paid = person.operation(world, &id).await;
    assert_eq!(paid["destination"], json!({ "account": "a" }));
    assert_eq!(paid["can_cancel"], json!(false));
    assert!(paid["payment"]["order_id"].as_str().unwrap().starts_with("SBX-"), "{paid}");
}

async fn status_200_a_credit(world: &Api) {
    let person = world.recipient(1_000).await;
    let list = world.get("/payout/operations").hash(&person.hash).send().await.value(200);
    let credit = &list["data"][0];
    assert_eq!(&person.operation(world, credit["id"].as_str().unwrap()).await, credit);
}

async fn status_401_without_a_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 100).await;
    world.get(&format!("/payout/operations/{id}")).send().await.is(401, UNAUTHORIZED);
    world.get(&format!("/payout/operations/{id}")).key(&person.key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_anything_else(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 100).await;
    let neighbour = world.pay(&person.key, "neighbour@example.com", 100).await;
    let theirs = world.get("/payout/operations").hash(&neighbour).send().await.value(200);
    let theirs = theirs["data"][0]["id"].as_str().unwrap().to_owned();
    world.get(&format!("/payout/operations/{id}")).hash(&neighbour).send().await.value(404);
    for other in [theirs.as_str(), "ord_1", "txn_1", "nothing", &id.replace("ord_", "txn_")] {
        let answer = world.get(&format!("/payout/operations/{other}")).hash(&person.hash).send().await;
        assert_eq!(answer.status, 404, "{other}");
    }
}
