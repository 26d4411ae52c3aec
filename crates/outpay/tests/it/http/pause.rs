//! `POST /payout/pause`: once it has responded, nothing of it is sent.

use crate::http::api::{Api, UNAUTHORIZED};
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_what_is_queued_waits_and_what_is_new_is_refused,
    status_200_a_person_alone,
    status_200_a_repeat_gives_the_first_answer,
    status_200_a_test_key_pauses_nothing_live,
    status_400_what_names_nothing,
    status_401_hash,
    status_404_anothers_person_or_no_method,
}

async fn pause(world: &Api, key: &str, body: &Value) -> crate::wire::Answer {
    world.post("/payout/pause").key(key).json(body.to_string()).send().await
}

async fn status_200_what_is_queued_waits_and_what_is_new_is_refused(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let paused =
        pause(world, &person.key, &json!({ "method": "sandbox", "reason": "a doubt" })).await.value(200);
    assert_eq!((&paused["is_new"], &paused["running"]), (&json!(true), &json!([])));
    let standing = &paused["pauses"][0];
    assert_eq!((&standing["method"], &standing["set_by"]), (&json!("sandbox"), &json!("business")));
    assert_eq!((&standing["scope"], &standing["reason"]), (&json!("method"), &json!("a doubt")));
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "queued");
    let wish = json!({ "method": "sandbox", "amount": 100, "destination": { "account": "ada" } });
    let refused = world.post("/payout/withdraw").hash(&person.hash).json(wish.to_string()).send().await;
    assert_eq!(refused.value(409)["code"], "method_paused");
    assert_eq!(pause(world, &person.key, &json!({ "method": "sandbox" })).await.value(200)["is_new"], false);
    let resumed =
        world.post("/payout/resume").key(&person.key).json(json!({ "method": "sandbox" }).to_string());
    assert_eq!(resumed.send().await.value(200), json!({ "was_paused": true, "pauses": [] }));
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "succeeded");
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let of = |kind: &str| events["data"].as_array().unwrap().iter().filter(|one| one["type"] == kind).count();
    assert_eq!((of("payments.paused"), of("payments.resumed")), (1, 1), "{events}");
    assert_eq!((of("method.closed"), of("method.opened")), (1, 1), "{events}");
    let closed = events["data"].as_array().unwrap().iter().find(|one| one["type"] == "method.closed");
    assert_eq!(closed.unwrap()["data"]["method"], "sandbox");
}

async fn status_200_a_person_alone(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = world.user_id(person.book, 1);
    let paused = pause(world, &person.key, &json!({ "payout_user_id": id })).await.value(200);
    let standing = &paused["pauses"][0];
    assert_eq!((&standing["scope"], &standing["payout_user_id"]), (&json!("payout_user"), &json!(id)));
}

async fn status_200_a_repeat_gives_the_first_answer(world: &Api) {
    let business = world.business().await;
    let ask = async |body: &Value| {
        let call = world.post("/payout/pause").key(&business.key).header("idempotency-key", "k");
        call.json(body.to_string()).send().await
    };
    let first = ask(&json!({})).await.value(200);
    let resume = world.post("/payout/resume").key(&business.key).json("{}".to_owned()).send().await;
    assert_eq!(resume.value(200)["was_paused"], true);
    assert_eq!(ask(&json!({})).await.value(200), first);
    assert!(world.platform.store.pauses().await.unwrap().is_empty(), "a repeat does nothing");
    assert_eq!(ask(&json!({ "reason": "other" })).await.value(422)["code"], "idempotency_key_reused");
}

async fn status_200_a_test_key_pauses_nothing_live(world: &Api) {
    let business = world.business().await;
    pause(world, &business.test_key, &json!({})).await.value(200);
    let live = world.get("/payout/pauses").key(&business.key).send().await.value(200);
    assert_eq!(live, json!({ "data": [] }));
}

async fn status_400_what_names_nothing(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = world.user_id(person.book, 1);
    for body in [
        json!({ "method": 7 }),
        json!({ "method": "sandbox", "payout_user_id": id }),
        json!({ "reason": "a\nb" }),
    ] {
        pause(world, &person.key, &body).await.value(400);
    }
    assert!(world.platform.store.pauses().await.unwrap().is_empty());
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.post("/payout/pause").hash(&person.hash).json("{}".to_owned()).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_anothers_person_or_no_method(world: &Api) {
    let person = world.recipient(1_000).await;
    let other = world.business().await;
    let body = json!({ "payout_user_id": world.user_id(person.book, 1) });
    pause(world, &other.test_key, &body).await.value(404);
    let unknown = pause(world, &person.key, &json!({ "method": "wire" })).await.value(404);
    assert_eq!(unknown["code"], "method_not_found");
    assert!(world.platform.store.pauses().await.unwrap().is_empty());
}
