//! `POST /payout/users/{id}/debit`: unspent money back into the payout balance.

use crate::http::api::{Api, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, UNKNOWN_USER, invalid, padded};
use crate::wire::Call;
use crate::world::Business;

crate::world::on_both_engines! {
    status_200_money_goes_back,
    status_200_the_last_cent,
    status_200_of_an_inactive_user,
    status_200_while_payouts_are_disabled,
    status_400_insufficient_user_balance,
    status_400_each_message,
    status_400_both_fields_together,
    status_400_malformed_json,
    status_401_public_key,
    status_404_user_of_another_book,
    status_413_more_than_64_kib,
    status_415_not_declared_as_json,
}

async fn status_200_money_goes_back(world: &Api) {
    let business = person_with_100(world).await;
    let user = world.user(business.live, 1, "user@example.com", "active", 70);
    debit(world, &business).json(r#"{"amount":30,"reason":"paid twice"}"#).send().await.is(200, user);
    world.has_balances(&business.key, 0, 930).await;
    let events = world.get("/payout/events?after=3").key(&business.key).send().await.value(200);
    assert_eq!(events["data"][0]["type"], "payout_user.debited");
    assert_eq!(events["data"][0]["data"]["amount"], 30);
    assert_eq!(events["data"][0]["data"]["reason"], "paid twice");
}

async fn status_200_the_last_cent(world: &Api) {
    let business = person_with_100(world).await;
    let all = debit(world, &business).json(r#"{"amount":100,"reason":"all of it"}"#).send().await;
    assert_eq!(all.value(200)["balance"], 0);
    let hash = world.hash(business.live, 1, 0).await;
    assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["balance"], 0);
    world.has_balances(&business.key, 0, 1000).await;
}

async fn status_200_of_an_inactive_user(world: &Api) {
    let business = person_with_100(world).await;
    world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key).send().await.value(200);
    let user = world.user(business.live, 1, "user@example.com", "inactive", 0);
    debit(world, &business).json(r#"{"amount":100,"reason":"left us"}"#).send().await.is(200, user);
}

async fn status_200_while_payouts_are_disabled(world: &Api) {
    let business = person_with_100(world).await;
    world.enable_payouts(&business, false).await;
    debit(world, &business).json(r#"{"amount":100,"reason":"back"}"#).send().await.value(200);
}

async fn status_400_insufficient_user_balance(world: &Api) {
    let business = person_with_100(world).await;
    let before = world.books(&business.key).await;
    debit(world, &business)
        .json(r#"{"amount":101,"reason":"too much"}"#)
        .send()
        .await
        .is(400, r#"{"error":"Insufficient user balance","code":"insufficient_user_balance"}"#);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_each_message(world: &Api) {
    let business = person_with_100(world).await;
    let before = world.books(&business.key).await;
    let required = "The reason field is required.";
    let control = "The reason may not hold control characters.";
    let long = format!(r#"{{"amount":1,"reason":"{}"}}"#, "ä".repeat(256));
    for (body, field, sentence) in [
        (r#"{"reason":"r"}"#, "amount", "The amount field is required."),
        (r#"{"amount":null,"reason":"r"}"#, "amount", "The amount field is required."),
        (r#"{"amount":"1","reason":"r"}"#, "amount", "The amount must be an integer."),
        (r#"{"amount":1.0,"reason":"r"}"#, "amount", "The amount must be an integer."),
        (r#"{"amount":[1],"reason":"r"}"#, "amount", "The amount must be an integer."),
        (r#"{"amount":0,"reason":"r"}"#, "amount", "The amount must be at least 1."),
        (r#"{"amount":-1,"reason":"r"}"#, "amount", "The amount must be at least 1."),
        (
            r#"{"amount":9223372036854775808,"reason":"r"}"#,
            "amount",
            "The amount may not be greater than 1000000000000000.",
        ),
        (r#"{"amount":1}"#, "reason", required),
        (r#"{"amount":1,"reason":""}"#, "reason", required),
        (r#"{"amount":1,"reason":"  "}"#, "reason", required),
        (r#"{"amount":1,"reason":null}"#, "reason", required),
        (r#"{"amount":1,"reason":7}"#, "reason", "The reason must be a string."),
        (r#"{"amount":1,"reason":["r"]}"#, "reason", "The reason must be a string."),
        (r#"{"amount":1,"reason":"a\u0000b"}"#, "reason", control),
        (r#"{"amount":1,"reason":"a\nb"}"#, "reason", control),
        (&long, "reason", "The reason may not be greater than 255 characters."),
    ] {
        debit(world, &business).json(body).send().await.is(400, invalid(field, sentence));
    }
    assert_eq!(world.books(&business.key).await, before);
    let fits = format!(r#"{{"amount":1,"reason":"{}"}}"#, "ä".repeat(255));
    debit(world, &business).json(fits).send().await.value(200);
}

async fn status_400_both_fields_together(world: &Api) {
    let business = person_with_100(world).await;
    debit(world, &business).json("{}").send().await.is(
        400,
        concat!(
            r#"{"error":"The amount field is required.","code":"invalid_request","fields":{"#,
            r#""amount":["The amount field is required."],"reason":["The reason field is required."]}}"#
        ),
    );
}

async fn status_400_malformed_json(world: &Api) {
    let business = person_with_100(world).await;
    for body in ["", "[]", r#"{"amount":1,"amount":2,"reason":"r"}"#] {
        debit(world, &business).json(body).send().await.is(400, MALFORMED);
    }
}

async fn status_401_public_key(world: &Api) {
    let business = person_with_100(world).await;
    let path = world.user_path(business.live, 1, "/debit");
    let body = r#"{"amount":1,"reason":"r"}"#;
    world.post(&path).key(&business.public_key).json(body).send().await.is(401, UNAUTHORIZED);
    world
        .post(&path)
        .hash(&world.hash(business.live, 1, 0).await)
        .json("{")
        .send()
        .await
        .is(401, UNAUTHORIZED);
    world.has_balances(&business.key, 0, 900).await;
}

async fn status_404_user_of_another_book(world: &Api) {
    let (business, other) = (person_with_100(world).await, world.paying_business(1000).await);
    let body = r#"{"amount":1,"reason":"r"}"#;
    let path = world.user_path(business.live, 1, "/debit");
    for key in [&business.test_key, &other.key] {
        world.post(&path).key(key).json(body).send().await.is(404, UNKNOWN_USER);
    }
    for id in ["x", "%ff", &world.user_id(business.live, 2)] {
        let path = format!("/payout/users/{id}/debit");
        world.post(&path).key(&business.key).json(body).send().await.is(404, UNKNOWN_USER);
    }
    world.has_balances(&business.key, 0, 900).await;
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = person_with_100(world).await;
    let body = padded(r#"{"amount":1,"reason":"r"}"#, 65_537);
    debit(world, &business).json(body).send().await.is(413, TOO_LARGE);
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = person_with_100(world).await;
    debit(world, &business).body(r#"{"amount":1,"reason":"r"}"#).send().await.is(415, NOT_JSON);
}

/// A business that has given user@example.com 100 of 1000 cents.
async fn person_with_100(world: &Api) -> Business {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    business
}

fn debit(world: &Api, business: &Business) -> Call {
    world.post(&world.user_path(business.live, 1, "/debit")).key(&business.key)
}
