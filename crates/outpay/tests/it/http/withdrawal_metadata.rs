//! `PUT /payout/withdrawals/{id}/metadata`: the business's own notes about a withdrawal.

use crate::http::api::{Api, UNAUTHORIZED};
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_shown_to_the_business_alone,
    status_400_each_bad_one,
    status_401_hash,
    status_404_another_book,
}

/// A person with a withdrawal; the path of its metadata.
async fn withdrawal(world: &Api) -> (crate::http::recipient::Recipient, String) {
    let person = world.recipient(1_000).await;
    let wish = json!({ "method": "sandbox", "amount": 500, "destination": { "account": "x" } }).to_string();
    world.post("/payout/withdraw").hash(&person.hash).json(wish).send().await.value(202);
    let path = format!("/payout/withdrawals/{}", world.withdrawal_id(person.book, 1));
    (person, path)
}

async fn status_200_shown_to_the_business_alone(world: &Api) {
    let (person, path) = withdrawal(world).await;
    let set = async |notes: &Value| {
        let body = json!({ "metadata": notes }).to_string();
        world.call("PUT", &format!("{path}/metadata")).key(&person.key).json(body).send().await.value(200)
    };
    let notes = json!({ "ticket": "81", "kind": "blue" });
    assert_eq!(set(&notes).await["metadata"], notes);
    let get = async |path: &str| world.get(path).key(&person.key).send().await.value(200);
    assert_eq!(get(&path).await["metadata"], notes);
    assert_eq!(get("/payout/withdrawals").await["data"][0]["metadata"], notes);
    let operations = world.user_path(person.book, 1, "/operations");
    assert_eq!(get(&format!("{operations}?metadata[ticket]=81")).await["data"][0]["metadata"], notes);
    let events = get("/payout/events?limit=100").await;
    let created = events["data"].as_array().unwrap().iter().find(|event| event["type"] == "payout.created");
    assert_eq!(created.unwrap()["data"]["metadata"], notes);
    let seen = world.get("/payout/operations").hash(&person.hash).send().await;
    assert!(!seen.text().contains("metadata") && !seen.text().contains("blue"), "{}", seen.text());
    // All of them are replaced.
    let fewer = json!({ "ticket": "82" });
    assert_eq!(set(&fewer).await["metadata"], fewer);
    assert_eq!(set(&json!({})).await["metadata"], Value::Null);
    assert_eq!(get(&path).await["metadata"], Value::Null);
}

async fn status_400_each_bad_one(world: &Api) {
    let (person, path) = withdrawal(world).await;
    for notes in
        [Value::Null, json!("x"), json!({ "a": 1 }), json!({ "a[b]": "x" }), json!({ "a": "x".repeat(501) })]
    {
        let body = json!({ "metadata": notes }).to_string();
        let call = world.call("PUT", &format!("{path}/metadata")).key(&person.key).json(body);
        let refused = call.send().await.value(400);
        assert!(refused["fields"]["metadata"].is_array(), "{refused}");
    }
}

async fn status_401_hash(world: &Api) {
    let (person, path) = withdrawal(world).await;
    let call = world.call("PUT", &format!("{path}/metadata")).hash(&person.hash);
    call.json(r#"{"metadata":{}}"#).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_another_book(world: &Api) {
    let (person, path) = withdrawal(world).await;
    let other =
        if person.key == person.business.key { &person.business.test_key } else { &person.business.key };
    let call = world.call("PUT", &format!("{path}/metadata")).key(other);
    call.json(r#"{"metadata":{}}"#).send().await.value(404);
}
