//! `POST /payout/quote`: the price, or every obstacle. No money is held.

use crate::http::api::{Api, MALFORMED, NOT_JSON, UNAUTHORIZED, invalid};
use crate::wire::Call;
use serde_json::json;

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_holds_no_money,
    status_400_each_message,
    status_400_outside_the_limits,
    status_400_malformed_json,
    status_401_before_anything_else,
    status_404_no_such_method,
    status_409_no_such_card,
    status_415_not_declared_as_json,
}

fn quote(world: &Api, hash: &str, body: impl Into<Vec<u8>>) -> Call {
    world.post("/payout/quote").hash(hash).json(body)
}

const GOOD: &str = r#"{"method":"sandbox","amount":1000,"destination":{"account":" x "}}"#;

async fn status_200_to_the_byte(world: &Api) {
    let person = world.recipient(5_000).await;
    world
        .set_terms(
            &person,
            "sandbox",
            json!({ "enabled": true, "fee": { "fixed": 25, "basis_points": 250 } }),
        )
        .await;
    quote(world, &person.hash, GOOD).send().await.is(
        200,
        concat!(
            r#"{"method":"sandbox","currency":"USD","amount":1000,"fees":50,"net_amount":950,"#,
            r#""expected_time":"a few seconds","destination":{"account":"x"},"detail":null}"#
        ),
    );
}

async fn status_200_holds_no_money(world: &Api) {
    let person = world.recipient(5_000).await;
    let before = world.books(&person.key).await;
    quote(world, &person.hash, GOOD).send().await.value(200);
    assert_eq!(world.books(&person.key).await, before);
    assert_eq!(person.money(world).await, (5_000, 0));
}

async fn status_400_each_message(world: &Api) {
    let person = world.recipient(5_000).await;
    for (body, expected) in [
        (
            "{}",
            all(&[
                ("method", "The method field is required."),
                ("amount", "The amount field is required."),
                ("destination", "The destination field is required."),
            ]),
        ),
        (
            r#"{"method":1,"amount":"1","destination":[]}"#,
            all(&[
                ("method", "The method must be a string."),
                ("amount", "The amount must be an integer."),
                ("destination", "The destination must be an object."),
            ]),
        ),
        (
            r#"{"method":"sandbox","amount":1,"destination":{}}"#,
            invalid("account", "The account field is required."),
        ),
        (
            r#"{"method":"sandbox","amount":1,"destination":{"account":7}}"#,
            invalid("account", "The account must be a string."),
        ),
    ] {
        quote(world, &person.hash, body).send().await.is(400, expected);
    }
}

async fn status_400_outside_the_limits(world: &Api) {
    let person = world.recipient(5_000).await;
    let code = async |terms| {
        world.set_terms(&person, "sandbox", terms).await;
        quote(world, &person.hash, GOOD).send().await.value(400)["code"].clone()
    };
    assert_eq!(code(json!({})).await, "method_closed");
    assert_eq!(code(json!({ "enabled": true, "minimum": 1001 })).await, "below_minimum");
    assert_eq!(code(json!({ "enabled": true, "maximum": 999 })).await, "above_maximum");
    assert_eq!(code(json!({ "enabled": true, "fee": { "fixed": 1000 } })).await, "amount_does_not_cover_fee");
}

async fn status_400_malformed_json(world: &Api) {
    let person = world.recipient(5_000).await;
    for body in ["", "[]", "{", r#"{"method":"a","method":"b"}"#] {
        quote(world, &person.hash, body).send().await.is(400, MALFORMED);
    }
}

async fn status_401_before_anything_else(world: &Api) {
    for body in ["{}", GOOD] {
        world.post("/payout/quote").json(body).send().await.is(401, UNAUTHORIZED);
    }
    world.post("/payout/quote").send().await.is(401, UNAUTHORIZED);
    quote(world, "nobody", "{").send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_such_method(world: &Api) {
    let person = world.recipient(5_000).await;
    let body = r#"{"method":"pigeon","amount":1000,"destination":{}}"#;
    let expected = r#"{"error":"There is no such method.","code":"method_not_found"}"#;
    quote(world, &person.hash, body).send().await.is(404, expected);
}

async fn status_409_no_such_card(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("A1", None)]).await;
    let code = async |brand: &str, amount: i64| {
        let body = json!({ "method": "gift_card", "amount": amount, "destination": { "brand": brand } });
        let answer = quote(world, &person.hash, body.to_string()).send().await;
        (answer.status, serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()["code"].clone())
    };
    assert_eq!(code("Books", 1_000).await, (200, json!(null)));
    assert_eq!(code("Books", 1_001).await, (409, json!("amount_not_possible")));
    assert_eq!(code("Music", 1_000).await, (409, json!("out_of_funds")));
}

async fn status_415_not_declared_as_json(world: &Api) {
    let person = world.recipient(5_000).await;
    world.post("/payout/quote").hash(&person.hash).body(GOOD).send().await.is(415, NOT_JSON);
    let with_query = format!("/payout/quote?payout_hash={}", person.hash);
    world.post(&with_query).body(GOOD).send().await.is(415, NOT_JSON);
}

/// Several invalid fields; the first one gives the sentence.
fn all(problems: &[(&str, &str)]) -> String {
    let fields: std::collections::BTreeMap<_, _> =
        problems.iter().map(|(field, sentence)| (field, [sentence])).collect();
    let (sentence, fields) = (problems[0].1, serde_json::to_string(&fields).unwrap());
    format!(r#"{{"error":"{sentence}","code":"invalid_request","fields":{fields}}}"#)
}
