//! `POST /payout/withdrawals/{id}/settle`: a bank transfer that a person has made.

use crate::http::api::{Api, UNAUTHORIZED, invalid};
use crate::http::recipient::Recipient;
use serde_json::json;

crate::world::on_both_engines! {
    status_200_paid_by_hand,
    status_200_test_money_by_hand,
    status_400_without_proof,
    status_401_hash,
    status_409_a_rail_pays_it,
    status_409_twice,
    a_destination_has_the_fields_that_are_configured,
}

async fn by_bank(world: &Api) -> (Recipient, String) {
    let person = world.live_recipient(1_000, "bank").await;
    let destination = json!({ "name": " Ann Example ", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 300, &destination).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    (person, id)
}

async fn status_200_paid_by_hand(world: &Api) {
    let (person, id) = by_bank(world).await;
    world.work_after(3_600).await;
    let waiting = person.operation(world, &id).await;
    assert_eq!((&waiting["status"], &waiting["can_cancel"]), (&json!("queued"), &json!(true)));
    assert_eq!(waiting["destination"], json!({ "account": "DE00 1234", "name": "Ann Example" }));
    let path = format!("/payout/withdrawals/{id}/settle");
    let settled = world.post(&path).key(&person.key).json(r#"{"proof":"Wire 7"}"#).send().await.value(200);
    assert_eq!(settled["status"], "succeeded");
    assert_eq!(person.money(world).await, (700, 0));
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let last = events["data"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["data"]["reason"]), (&json!("payout.succeeded"), &json!("Wire 7")));
    assert!(last["data"]["payment"]["order_id"].as_str().unwrap().starts_with("MAN-"));
}

async fn status_200_test_money_by_hand(world: &Api) {
    let person = world.recipient(1_000).await;
    let destination = json!({ "name": "Ann Example", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 311, &destination).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    world.work_after(3_600).await;
    assert_eq!(
        person.operation(world, &id).await["status"],
        "queued",
        "a person pays it, whatever its amount"
    );
    let path = format!("/payout/withdrawals/{id}/settle");
    let settled = world.post(&path).key(&person.key).json(r#"{"proof":"Wire 7"}"#).send().await.value(200);
    assert_eq!(settled["status"], "succeeded");
    assert_eq!(person.money(world).await, (689, 0));
}

async fn status_400_without_proof(world: &Api) {
    let (person, id) = by_bank(world).await;
    let path = format!("/payout/withdrawals/{id}/settle");
    let expected = invalid("proof", "The proof field is required.");
    world.post(&path).key(&person.key).json("{}").send().await.is(400, expected);
}

async fn status_401_hash(world: &Api) {
    let (person, id) = by_bank(world).await;
    let path = format!("/payout/withdrawals/{id}/settle");
    world.post(&path).hash(&person.hash).json(r#"{"proof":"x"}"#).send().await.is(401, UNAUTHORIZED);
}

async fn status_409_a_rail_pays_it(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 314).await;
    world.work().await;
    let path = format!("/payout/withdrawals/{id}/settle");
    let refused = world.post(&path).key(&person.key).json(r#"{"proof":"x"}"#).send().await.value(409);
    assert_eq!(refused["code"], "not_manual");
    assert_eq!(person.money(world).await, (686, 314));
}

async fn status_409_twice(world: &Api) {
    let (person, id) = by_bank(world).await;
    let call = world
        .post(&format!("/payout/withdrawals/{id}/settle"))
        .key(&person.key)
        .json(r#"{"proof":"Wire 7"}"#);
    call.send().await.value(200);
    assert_eq!(call.send().await.value(409)["code"], "withdrawal_state");
    assert_eq!(person.money(world).await, (700, 0));
}

async fn a_destination_has_the_fields_that_are_configured(world: &Api) {
    let person = world.live_recipient(1_000, "bank").await;
    let call = person.withdraw(world, "bank", 300, &json!({ "name": "", "account": 7 }));
    let refused = call.send().await.value(400);
    assert_eq!(refused["fields"]["name"][0], "The name field is required.");
    assert_eq!(refused["fields"]["account"][0], "The account must be a string.");
}
