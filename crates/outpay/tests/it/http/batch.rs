//! `POST /payout/batch`: up to 10,000 creates in one request. All or nothing, or a prefix on request; every row
//! validated before any is paid, and each reference paid once ever.

use crate::http::api::{Api, DISABLED, INSUFFICIENT, MALFORMED, NOT_JSON, UNAUTHORIZED, invalid, padded};
use crate::wire::Answer;
use serde_json::Value;

crate::world::on_both_engines! {
    status_201_all_rows,
    status_201_one_person_twice,
    status_201_partial_pays_a_prefix,
    status_201_partial_with_enough_money_is_all,
    status_201_10000_rows,
    status_201_reference_repeated_in_a_later_request,
    status_201_reference_repeated_beside_a_new_row,
    status_201_reference_repeated_after_a_rotation_answers_as_before,
    status_201_reference_repeated_without_money,
    status_201_partial_names_a_contradicting_reference,
    status_201_references_are_per_mode_and_business,
    status_201_references_are_not_idempotency_keys,
    status_201_create_after_a_batch_finds_its_users,
    status_400_all_or_nothing,
    status_400_partial_without_money_for_the_first_row,
    status_400_invalid_rows_are_named,
    status_400_one_invalid_row_of_10000,
    status_400_reference_twice_in_one_request,
    status_400_each_reference_message,
    status_400_each_message_about_the_list,
    status_400_malformed_json,
    status_401_public_key,
    status_403_payouts_disabled,
    status_413_more_than_8_mib,
    status_415_not_declared_as_json,
    status_422_reference_of_another_payout,
}

async fn status_201_all_rows(world: &Api) {
    let business = world.paying_business(1000).await;
    let known = world.pay(&business.key, "known@example.com", 100).await;
    let rows = r#"{"email":"one@example.com","amount":1},{"email":"Known@Example.com","amount":2},{"email":"two@example.com","amount":3,"reference":"r"}"#;

    let answer = pay(world, &business.key, rows).await;

    let (one, two) = (world.hash(business.live, 2, 0).await, world.hash(business.live, 3, 0).await);
    answer.is(
        201,
        format!(
            r#"{{"data":[{{"index":0,"hash":"{one}"}},{{"index":1,"hash":"{known}"}},{{"index":2,"hash":"{two}"}}],"total":6}}"#
        ),
    );
    world.has_balances(&business.key, 0, 894).await;
    assert_eq!(world.get("/payout/operations").hash(&two).send().await.value(200)["balance"], 3);
    assert_eq!(world.get("/payout/operations").hash(&known).send().await.value(200)["balance"], 102);
}

async fn status_201_one_person_twice(world: &Api) {
    let business = world.paying_business(30).await;
    let rows = r#"{"email":"user@example.com","amount":10},{"email":"USER@example.com","amount":20}"#;
    let answer = pay(world, &business.key, rows).await.value(201);
    assert_eq!(answer["data"][0]["hash"], answer["data"][1]["hash"]);
    let hash = answer["data"][0]["hash"].as_str().unwrap();
    assert_eq!(world.get("/payout/operations").hash(hash).send().await.value(200)["balance"], 30);
}

async fn status_201_partial_pays_a_prefix(world: &Api) {
    let business = world.paying_business(700).await;
    let rows = rows(&[("a", 300), ("b", 300), ("c", 300), ("d", 50)]);
    let answer = send(world, &business.key, &format!(r#"{{"partial":true,"payouts":[{rows}]}}"#)).await;
    // The last row would be covered, but does not overtake the one before it.
    let (a, b) = (world.hash(business.live, 1, 0).await, world.hash(business.live, 2, 0).await);
    answer.is(
        201,
        format!(
            concat!(
                r#"{{"data":[{{"index":0,"hash":"{a}"}},{{"index":1,"hash":"{b}"}},"#,
                r#"{{"index":2,"error":"Insufficient payout balance","code":"insufficient_payout_balance"}},"#,
                r#"{{"index":3,"error":"Insufficient payout balance","code":"insufficient_payout_balance"}}],"total":600}}"#
            ),
            a = a,
            b = b
        ),
    );
    world.has_balances(&business.key, 0, 100).await;
    assert_eq!(emails(world, &business.key).await, ["b@example.com", "a@example.com"]);
}

async fn status_201_partial_with_enough_money_is_all(world: &Api) {
    let business = world.paying_business(3).await;
    let rows = rows(&[("a", 1), ("b", 2)]);
    let answer = send(world, &business.key, &format!(r#"{{"payouts":[{rows}],"partial":true}}"#)).await;
    assert_eq!(answer.value(201)["total"], 3);
    world.has_balances(&business.key, 0, 0).await;
}

async fn status_201_10000_rows(world: &Api) {
    let business = world.paying_business(10_000).await;
    let rows: Vec<String> = (0..10_000).map(|row| referenced_row(row, 1)).collect();
    let body = format!(r#"{{"payouts":[{}]}}"#, rows.join(","));

    let first = send(world, &business.key, &body).await;
    let again = send(world, &business.key, &body).await;

    assert_eq!(again.text(), first.text());
    let answer = first.value(201);
    let data = answer["data"].as_array().unwrap();
    assert_eq!((data.len(), &answer["total"]), (10_000, &Value::from(10_000)));
    let different: std::collections::HashSet<_> = data.iter().map(|row| row["hash"].as_str()).collect();
    assert_eq!(different.len(), 10_000);
    for (index, row) in data.iter().enumerate() {
        assert_eq!(row["index"], index);
    }
    for (index, number) in [(0, 1), (4_999, 5_000), (9_999, 10_000)] {
        assert_eq!(data[index]["hash"], world.hash(business.live, number, 0).await);
    }
    world.has_balances(&business.key, 0, 0).await;
}

async fn status_201_reference_repeated_in_a_later_request(world: &Api) {
    let business = world.paying_business(1000).await;
    let row = r#"{"email":"user@example.com","amount":100,"reference":"Invoice 7, März"}"#;
    let first = pay(world, &business.key, row).await;
    let before = world.books(&business.key).await;
    let again = pay(world, &business.key, row).await;
    let spelled = r#"{"reference":"Invoice 7, M\u00e4rz","amount":100,"email":"USER@example.com"}"#;
    let spelled = pay(world, &business.key, spelled).await;
    assert_eq!((again.status, again.text()), (201, first.text()));
    assert_eq!((spelled.status, spelled.text()), (201, first.text()));
    for alike in ["Invoice 7, Ma\u{308}rz", "Invoice\u{a0}7, März", " Invoice  7, März "] {
        let row = format!(r#"{{"email":"user@example.com","amount":100,"reference":"{alike}"}}"#);
        let alike = pay(world, &business.key, &row).await;
        assert_eq!((alike.status, alike.text()), (201, first.text()), "{row:?}");
    }
    assert_eq!(world.books(&business.key).await, before);
    world.has_balances(&business.key, 0, 900).await;
}

async fn status_201_reference_repeated_beside_a_new_row(world: &Api) {
    let business = world.paying_business(1000).await;
    let old = r#"{"email":"old@example.com","amount":100,"reference":"1"}"#;
    let new = r#"{"email":"new@example.com","amount":10,"reference":"2"}"#;
    pay(world, &business.key, old).await.value(201);
    let answer = pay(world, &business.key, &format!("{new},{old}")).await;
    let (first, second) = (world.hash(business.live, 1, 0).await, world.hash(business.live, 2, 0).await);
    answer.is(
        201,
        format!(r#"{{"data":[{{"index":0,"hash":"{second}"}},{{"index":1,"hash":"{first}"}}],"total":110}}"#),
    );
    world.has_balances(&business.key, 0, 890).await;
}

async fn status_201_reference_repeated_after_a_rotation_answers_as_before(world: &Api) {
    let business = world.paying_business(1000).await;
    let row = r#"{"email":"user@example.com","amount":100,"reference":"1"}"#;
    let first = pay(world, &business.key, row).await;
    let path = world.user_path(business.live, 1, "/rotate-hash");
    world.post(&path).key(&business.key).send().await.value(200);
    pay(world, &business.key, row).await.is(201, first.text());
}

async fn status_201_reference_repeated_without_money(world: &Api) {
    let business = world.paying_business(100).await;
    let row = r#"{"email":"user@example.com","amount":100,"reference":"1"}"#;
    let first = pay(world, &business.key, row).await;
    world.has_balances(&business.key, 0, 0).await;
    pay(world, &business.key, row).await.is(201, first.text());
}

async fn status_201_partial_names_a_contradicting_reference(world: &Api) {
    let business = world.paying_business(1000).await;
    pay(world, &business.key, r#"{"email":"user@example.com","amount":100,"reference":"1"}"#)
        .await
        .value(201);
    let body = r#"{"partial":true,"payouts":[{"email":"user@example.com","amount":101,"reference":"1"},{"email":"user@example.com","amount":5}]}"#;
    let hash = world.hash(business.live, 1, 0).await;
    send(world, &business.key, body).await.is(
        201,
        format!(
            concat!(
                r#"{{"data":[{{"index":0,"error":"This reference was already used for another email or amount.","code":"reference_reused"}},"#,
                r#"{{"index":1,"hash":"{hash}"}}],"total":5}}"#
            ),
            hash = hash
        ),
    );
    world.has_balances(&business.key, 0, 895).await;
}

async fn status_201_references_are_per_mode_and_business(world: &Api) {
    let (one, other) = (world.paying_business(100).await, world.paying_business(100).await);
    world.fund(one.test, 100).await;
    let row = r#"{"email":"user@example.com","amount":100,"reference":"1"}"#;
    for key in [&one.key, &one.test_key, &other.key] {
        pay(world, key, row).await.value(201);
        world.has_balances(key, 0, 0).await;
    }
}

async fn status_201_references_are_not_idempotency_keys(world: &Api) {
    let business = world.paying_business(300).await;
    let row = r#"{"email":"user@example.com","amount":100,"reference":"1"}"#;
    pay(world, &business.key, row).await.value(201);
    let create = world.create(&business.key, "user@example.com", 100).once("1").send().await;
    create.value(201);
    assert!(!create.is_replayed());
    let body = format!(r#"{{"payouts":[{row}]}}"#);
    let batch = world.post("/payout/batch").key(&business.key).once("2").json(body).send().await;
    batch.value(201);
    assert!(!batch.is_replayed());
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_201_create_after_a_batch_finds_its_users(world: &Api) {
    let business = world.paying_business(100).await;
    let paid = pay(world, &business.key, &rows(&[("a", 1), ("b", 2)])).await.value(201);
    assert_eq!(paid["data"][1]["hash"], world.pay(&business.key, "b@example.com", 1).await);
    assert_eq!(world.pay(&business.key, "c@example.com", 1).await, world.hash(business.live, 3, 0).await);
}

async fn status_400_all_or_nothing(world: &Api) {
    let business = world.paying_business(700).await;
    let before = world.books(&business.key).await;
    pay(world, &business.key, &rows(&[("a", 300), ("b", 300), ("c", 101)])).await.is(400, INSUFFICIENT);
    let no = format!(r#"{{"payouts":[{}],"partial":false}}"#, rows(&[("a", 300), ("b", 401)]));
    send(world, &business.key, &no).await.is(400, INSUFFICIENT);
    assert_eq!(world.books(&business.key).await, before);
    pay(world, &business.key, &rows(&[("a", 300), ("b", 300), ("c", 100)])).await.value(201);
    world.has_balances(&business.key, 0, 0).await;
}

async fn status_400_partial_without_money_for_the_first_row(world: &Api) {
    let business = world.paying_business(10).await;
    let before = world.books(&business.key).await;
    let body = format!(r#"{{"payouts":[{}],"partial":true}}"#, rows(&[("a", 11), ("b", 1)]));
    send(world, &business.key, &body).await.is(400, INSUFFICIENT);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_invalid_rows_are_named(world: &Api) {
    let business = world.paying_business(1000).await;
    let before = world.books(&business.key).await;
    let rows = concat!(
        r#"{"email":"good@example.com","amount":1},"#,
        r#"{"email":"bad","amount":"1","reference":""},"#,
        r#"["row@example.com",1],"#,
        r#"{"amount":1},"#,
        r#"{"email":"good@example.com","amount":100000001}"#
    );
    let expected = concat!(
        r#"{"error":"4 rows are invalid. No payout was made.","code":"invalid_rows","rows":["#,
        r#"{"index":1,"amount":["The amount must be an integer."],"email":["The email must be a valid email address."],"#,
        r#""reference":["The reference must have 1 to 255 characters."]},"#,
        r#"{"index":2,"row":["Each row must be an object with email and amount."]},"#,
        r#"{"index":3,"email":["The email field is required."]},"#,
        r#"{"index":4,"amount":["The amount may not be greater than 100000000."]}]}"#
    );
    pay(world, &business.key, rows).await.is(400, expected);
    let partial = format!(r#"{{"payouts":[{rows}],"partial":true}}"#);
    send(world, &business.key, &partial).await.is(400, expected);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_one_invalid_row_of_10000(world: &Api) {
    let business = world.paying_business(10_000).await;
    let before = world.books(&business.key).await;
    let mut rows: Vec<String> = (0..9_999).map(|row| referenced_row(row, 1)).collect();
    rows.push(referenced_row(9_999, 0));
    pay(world, &business.key, &rows.join(",")).await.is(
        400,
        r#"{"error":"1 row is invalid. No payout was made.","code":"invalid_rows","rows":[{"index":9999,"amount":["The amount must be at least 1."]}]}"#,
    );
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_reference_twice_in_one_request(world: &Api) {
    let business = world.paying_business(1000).await;
    let row = r#"{"email":"user@example.com","amount":1,"reference":"same"}"#;
    pay(world, &business.key, &format!("{row},{row}")).await.is(
        400,
        r#"{"error":"1 row is invalid. No payout was made.","code":"invalid_rows","rows":[{"index":1,"reference":["The reference is used twice in this request."]}]}"#,
    );
    world.has_balances(&business.key, 0, 1000).await;
}

async fn status_400_each_reference_message(world: &Api) {
    let business = world.paying_business(1000).await;
    let length = "The reference must have 1 to 255 characters.";
    let text = "The reference must be a string.";
    let long = format!("\"{}\"", "ä".repeat(256));
    for (reference, sentence) in [
        (r#""""#, length),
        (&long, length),
        ("1", text),
        ("true", text),
        (r#"["1"]"#, text),
        (r#""a\u0000""#, "The reference may not hold control characters."),
        (r#""a\n""#, "The reference may not hold control characters."),
        (r#"" ""#, length),
        (r#""a\u200b""#, "The reference may not hold characters that cannot be seen."),
        (r#""\u202ea""#, "The reference may not hold characters that cannot be seen."),
    ] {
        let row = format!(r#"{{"email":"user@example.com","amount":1,"reference":{reference}}}"#);
        pay(world, &business.key, &row).await.is(
            400,
            format!(
                r#"{{"error":"1 row is invalid. No payout was made.","code":"invalid_rows","rows":[{{"index":0,"reference":["{sentence}"]}}]}}"#
            ),
        );
    }
    for reference in ["null", &format!("\"{}\"", "ä".repeat(255))] {
        let row = format!(r#"{{"email":"user@example.com","amount":1,"reference":{reference}}}"#);
        pay(world, &business.key, &row).await.value(201);
    }
}

async fn status_400_each_message_about_the_list(world: &Api) {
    let business = world.paying_business(100_000).await;
    let (list, count) = ("The payouts field must be a list.", "The payouts field must have 1 to 10000 rows.");
    let partial = "The partial field must be true or false.";
    let row = r#"{"email":"user@example.com","amount":1}"#;
    let too_many = format!(r#"{{"payouts":[{}]}}"#, vec![row; 10_001].join(","));
    for (body, field, sentence) in [
        ("{}", "payouts", list),
        (r#"{"payouts":null}"#, "payouts", list),
        (r#"{"payouts":{"email":"user@example.com","amount":1}}"#, "payouts", list),
        (r#"{"payouts":"all"}"#, "payouts", list),
        (r#"{"payouts":[]}"#, "payouts", count),
        (&too_many, "payouts", count),
        (r#"{"payouts":[{"email":"user@example.com","amount":1}],"partial":"true"}"#, "partial", partial),
        (r#"{"payouts":[{"email":"user@example.com","amount":1}],"partial":1}"#, "partial", partial),
    ] {
        send(world, &business.key, body).await.is(400, invalid(field, sentence));
    }
    world.has_balances(&business.key, 0, 100_000).await;
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.paying_business(100).await;
    let row = r#"{"email":"user@example.com","amount":1}"#;
    let twice = r#"{"payouts":[{"email":"user@example.com","amount":1,"amount":2}]}"#;
    for body in ["", &format!("[{row}]"), &format!(r#"{{"payouts":[{row}]"#), twice] {
        send(world, &business.key, body).await.is(400, MALFORMED);
    }
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(100).await;
    pay(world, &business.public_key, &rows(&[("a", 1)])).await.is(401, UNAUTHORIZED);
    pay(world, "", "not even JSON").await.is(401, UNAUTHORIZED);
}

async fn status_403_payouts_disabled(world: &Api) {
    let business = world.business().await;
    world.fund(business.live, 100).await;
    pay(world, &business.key, &rows(&[("a", 1)])).await.is(403, DISABLED);
    pay(world, &business.key, &rows(&[("a", 0)])).await.is(403, DISABLED);
    send(world, &business.key, "{}").await.is(403, DISABLED);
    send(world, &business.key, "{").await.is(403, DISABLED);
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_413_more_than_8_mib(world: &Api) {
    let business = world.paying_business(100).await;
    let most = 8 * 1024 * 1024;
    let body = format!(r#"{{"payouts":[{}]}}"#, rows(&[("a", 1)]));
    send(world, &business.key, &padded(&body, most)).await.value(201);
    send(world, &business.key, &padded(&body, most + 1))
        .await
        .is(413, r#"{"error":"The body may not be larger than 8388608 bytes.","code":"payload_too_large"}"#);
    world.has_balances(&business.key, 0, 99).await;
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = world.paying_business(100).await;
    let body = format!(r#"{{"payouts":[{}]}}"#, rows(&[("a", 1)]));
    let call = world.post("/payout/batch").key(&business.key).header("Content-Type", "text/csv").body(body);
    call.send().await.is(415, NOT_JSON);
}

async fn status_422_reference_of_another_payout(world: &Api) {
    let business = world.paying_business(1000).await;
    pay(world, &business.key, r#"{"email":"user@example.com","amount":100,"reference":"1"}"#)
        .await
        .value(201);
    let before = world.books(&business.key).await;
    let rows = concat!(
        r#"{"email":"user@example.com","amount":100,"reference":"1"},"#,
        r#"{"email":"other@example.com","amount":1},"#,
        r#"{"email":"other@example.com","amount":100,"reference":"2"}"#
    );
    let contradicting = rows.replace(r#""amount":100,"reference":"1""#, r#""amount":101,"reference":"1""#);
    pay(world, &business.key, &contradicting).await.is(
        422,
        concat!(
            r#"{"error":"Some references were already used for another email or amount. No payout was made.","code":"reference_reused","#,
            r#""rows":[{"index":0,"reference":["The reference was already used for another email or amount."]}]}"#
        ),
    );
    assert_eq!(world.books(&business.key).await, before);
    pay(world, &business.key, rows).await.value(201);
    world.has_balances(&business.key, 0, 799).await;
}

async fn send(world: &Api, key: &str, body: &str) -> Answer {
    world.post("/payout/batch").key(key).json(body).send().await
}

async fn pay(world: &Api, key: &str, rows: &str) -> Answer {
    send(world, key, &format!(r#"{{"payouts":[{rows}]}}"#)).await
}

/// Rows for addresses at example.com.
fn rows(payouts: &[(&str, i64)]) -> String {
    let row = |(name, amount): &(&str, i64)| format!(r#"{{"email":"{name}@example.com","amount":{amount}}}"#);
    payouts.iter().map(row).collect::<Vec<_>>().join(",")
}

fn referenced_row(row: usize, amount: i64) -> String {
    format!(r#"{{"email":"user{row}@example.com","amount":{amount},"reference":"row {row}"}}"#)
}

async fn emails(world: &Api, key: &str) -> Vec<String> {
    let users = world.get("/payout/users").key(key).send().await.value(200);
    users["data"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}
