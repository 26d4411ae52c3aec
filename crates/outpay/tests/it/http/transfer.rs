//! `POST /balance/transfer`: money between main and payout balance, either way.

use crate::http::api::{Api, INSUFFICIENT, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, invalid, padded};

crate::world::on_both_engines! {
    status_200_to_the_payout_balance,
    status_200_back_to_the_main_balance,
    status_200_the_last_cent_of_the_largest_amount,
    status_200_the_largest_balance_there_is,
    status_200_while_payouts_are_disabled,
    status_400_insufficient_balance,
    status_400_insufficient_payout_balance,
    status_400_each_message,
    status_400_all_fields_together,
    status_400_malformed_json,
    status_401_public_key,
    status_413_more_than_64_kib,
    status_415_not_declared_as_json,
}

async fn status_200_to_the_payout_balance(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1000).await;
    transfer(world, &business.key, "balance", "payout_balance", 400)
        .await
        .is(200, r#"{"balance":600,"payout_balance":400}"#);
    world.has_balances(&business.key, 600, 400).await;
    world.has_balances(&business.test_key, 0, 0).await;
}

async fn status_200_back_to_the_main_balance(world: &Api) {
    let business = world.business().await;
    world.fund(business.live, 1000).await;
    transfer(world, &business.key, "payout_balance", "balance", 999)
        .await
        .is(200, r#"{"balance":999,"payout_balance":1}"#);
    world.has_balances(&business.key, 999, 1).await;
}

async fn status_200_the_last_cent_of_the_largest_amount(world: &Api) {
    let business = world.business().await;
    let most = 1_000_000_000_000_000;
    world.deposit(business.live, most).await;
    let answer = transfer(world, &business.key, "balance", "payout_balance", most).await;
    answer.is(200, format!(r#"{{"balance":0,"payout_balance":{most}}}"#));
}

async fn status_200_while_payouts_are_disabled(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 10).await;
    transfer(world, &business.key, "balance", "payout_balance", 10).await.value(200);
    transfer(world, &business.key, "payout_balance", "balance", 10).await.value(200);
}

async fn status_400_insufficient_balance(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1000).await;
    let before = world.books(&business.key).await;
    let answer = transfer(world, &business.key, "balance", "payout_balance", 1001).await;
    answer.is(400, r#"{"error":"Insufficient balance","code":"insufficient_balance"}"#);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_insufficient_payout_balance(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1000).await;
    world.fund(business.live, 10).await;
    transfer(world, &business.key, "payout_balance", "balance", 11).await.is(400, INSUFFICIENT);
    world.has_balances(&business.key, 1000, 10).await;
}

async fn status_400_each_message(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1000).await;
    let before = world.books(&business.key).await;
    let from = r#"The from field must be "balance" or "payout_balance"."#;
    let to = r#"The to field must be "balance" or "payout_balance"."#;
    for (body, field, sentence) in [
        (r#"{"to":"payout_balance","amount":1}"#, "from", from),
        (r#"{"from":"main","to":"payout_balance","amount":1}"#, "from", from),
        (r#"{"from":["balance"],"to":"payout_balance","amount":1}"#, "from", from),
        (r#"{"from":"balance","amount":1}"#, "to", to),
        (r#"{"from":"balance","to":"Payout_Balance","amount":1}"#, "to", to),
        (r#"{"from":"balance","to":1,"amount":1}"#, "to", to),
        (r#"{"from":"balance","to":"balance","amount":1}"#, "to", "The to field must be the other balance."),
        (
            r#"{"from":"payout_balance","to":"payout_balance","amount":1}"#,
            "to",
            "The to field must be the other balance.",
        ),
        (r#"{"from":"balance","to":"payout_balance"}"#, "amount", "The amount field is required."),
        (
            r#"{"from":"balance","to":"payout_balance","amount":"1"}"#,
            "amount",
            "The amount must be an integer.",
        ),
        (
            r#"{"from":"balance","to":"payout_balance","amount":1.0}"#,
            "amount",
            "The amount must be an integer.",
        ),
        (
            r#"{"from":"balance","to":"payout_balance","amount":0}"#,
            "amount",
            "The amount must be at least 1.",
        ),
        (
            r#"{"from":"balance","to":"payout_balance","amount":-1}"#,
            "amount",
            "The amount must be at least 1.",
        ),
        (
            r#"{"from":"balance","to":"payout_balance","amount":1000000000000001}"#,
            "amount",
            "The amount may not be greater than 1000000000000000.",
        ),
        (
            r#"{"from":"balance","to":"payout_balance","amount":18446744073709551616}"#,
            "amount",
            "The amount may not be greater than 1000000000000000.",
        ),
    ] {
        let answer = world.post("/balance/transfer").key(&business.key).json(body).send().await;
        answer.is(400, invalid(field, sentence));
    }
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_all_fields_together(world: &Api) {
    let business = world.business().await;
    world.post("/balance/transfer").key(&business.key).json("{}").send().await.is(
        400,
        concat!(
            r#"{"error":"The from field must be \"balance\" or \"payout_balance\".","code":"invalid_request","fields":{"#,
            r#""amount":["The amount field is required."],"#,
            r#""from":["The from field must be \"balance\" or \"payout_balance\"."],"#,
            r#""to":["The to field must be \"balance\" or \"payout_balance\"."]}}"#
        ),
    );
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1000).await;
    for body in ["", "[]", r#"{"from":"balance","to":"payout_balance","amount":1,"amount":2}"#] {
        world.post("/balance/transfer").key(&business.key).json(body).send().await.is(400, MALFORMED);
    }
    world.has_balances(&business.key, 1000, 0).await;
}

async fn status_200_the_largest_balance_there_is(world: &Api) {
    let business = world.business().await;
    let most = 1_000_000_000_000_000;
    for at_once in [4000, 4000, 1223] {
        futures_util::future::join_all((0..at_once).map(|_| world.deposit(business.live, most))).await;
    }
    world.deposit(business.live, i64::MAX - 9223 * most).await;
    transfer(world, &business.key, "balance", "payout_balance", most).await.value(200);
    world.has_balances(&business.key, i64::MAX - most, most).await;
    transfer(world, &business.key, "payout_balance", "balance", most).await.value(200);
    world.has_balances(&business.key, i64::MAX, 0).await;
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    transfer(world, &business.public_key, "balance", "payout_balance", 1).await.is(401, UNAUTHORIZED);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.business().await;
    let body = padded("{}", 65_537);
    world.post("/balance/transfer").key(&business.key).json(body).send().await.is(413, TOO_LARGE);
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = world.business().await;
    let call = world.post("/balance/transfer").key(&business.key).body("{}");
    call.send().await.is(415, NOT_JSON);
}

async fn transfer(world: &Api, key: &str, from: &str, to: &str, amount: i64) -> crate::wire::Answer {
    let body = format!(r#"{{"from":"{from}","to":"{to}","amount":{amount}}}"#);
    world.post("/balance/transfer").key(key).json(body).send().await
}
