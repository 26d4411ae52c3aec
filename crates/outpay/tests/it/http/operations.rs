//! `GET` and `POST /payout/operations`: contract 1.4. The hash in three places, of which the first that has one
//! decides; the statement to the byte; pages that do not shift while operations are added.

use crate::http::api::{Api, MALFORMED, NO_CURSOR, NO_LIMIT, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::wire::Answer;
use crate::world::NOW;

crate::world::on_both_engines! {
    status_200_in_all_three_ways,
    status_200_header_decides_over_body_and_query,
    status_200_body_decides_over_query,
    status_200_a_place_without_a_hash_is_passed_over,
    status_200_header_makes_the_body_unread,
    status_200_hash_in_a_chunked_body,
    status_200_statement_to_the_byte,
    status_200_debits_are_negative,
    status_200_pages,
    status_200_pages_are_stable_under_inserts,
    status_200_times_are_utc_microseconds,
    status_400_limit,
    status_400_cursor,
    status_400_cursor_of_another_user,
    status_400_malformed_json,
    status_401_comes_before_everything_else,
    status_401_wrong_in_the_first_place_that_has_one,
    status_413_more_than_64_kib,
}

async fn status_200_in_all_three_ways(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 1000).await;
    let body = format!(r#"{{"payout_hash":"{hash}"}}"#);
    let query = format!("/payout/operations?payout_hash={hash}");
    // As documented: the GET with the header also declares JSON.
    let documented = world.get("/payout/operations").hash(&hash).header("Content-Type", "application/json");
    let first = documented.send().await;
    first.value(200);
    for call in [
        world.post("/payout/operations").json(body.clone()),
        world.get(&query),
        world.get("/payout/operations").hash(&hash),
        world.get("/payout/operations").header("x-payout-HASH", format!("  {hash}  ")),
        world.get("/payout/operations").hash(&hash).json(""),
        world.get("/payout/operations").json(body),
        world.post("/payout/operations").hash(&hash),
        world.post("/payout/operations").hash(&hash).body(""),
        world.post(&query),
        world.post(&query).json("{}"),
    ] {
        assert_eq!(call.send().await.comparable(), first.comparable());
    }
}

async fn status_200_header_decides_over_body_and_query(world: &Api) {
    let [one, two, three] = three_people(world).await;
    let call = world.post(&format!("/payout/operations?payout_hash={three}"));
    let call = call.hash(&one).json(format!(r#"{{"payout_hash":"{two}"}}"#));
    is_of(&call.send().await, "one@example.com");
}

async fn status_200_body_decides_over_query(world: &Api) {
    let [_, two, three] = three_people(world).await;
    let call = world.post(&format!("/payout/operations?payout_hash={three}"));
    is_of(&call.json(format!(r#"{{"payout_hash":"{two}"}}"#)).send().await, "two@example.com");
}

async fn status_200_a_place_without_a_hash_is_passed_over(world: &Api) {
    let [_, two, three] = three_people(world).await;
    let query = format!("/payout/operations?payout_hash={three}");
    let body = format!(r#"{{"payout_hash":"{two}"}}"#);
    is_of(&world.post(&query).hash("").json(body).send().await, "two@example.com");
    for nothing in ["{}", r#"{"payout_hash":null}"#, r#"{"other":1}"#] {
        is_of(&world.post(&query).json(nothing).send().await, "three@example.com");
    }
    // Not declared as JSON, so not read.
    let form = world.post(&query).body(format!("payout_hash={two}"));
    is_of(&form.send().await, "three@example.com");
}

async fn status_200_header_makes_the_body_unread(world: &Api) {
    let [one, ..] = three_people(world).await;
    let call = world.post("/payout/operations").hash(&one);
    is_of(&call.clone().json("{{{").send().await, "one@example.com");
    is_of(&call.clone().body("payout_hash=x").send().await, "one@example.com");
    is_of(&call.json("x".repeat(100_000)).send().await, "one@example.com");
}

async fn status_200_hash_in_a_chunked_body(world: &Api) {
    let [one, ..] = three_people(world).await;
    let body = format!(r#"{{"payout_hash":"{one}"}}"#);
    let request = format!(
        "POST /payout/operations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let mut connection = crate::wire::Connection::open(world.address()).await;
    is_of(&connection.exchange(request.as_bytes(), true).await, "one@example.com");
}

async fn status_200_statement_to_the_byte(world: &Api) {
    let business = world.paying_business(10_000).await;
    let hash = world.pay(&business.key, "User@Example.com", 7000).await;
    world.pay(&business.key, "other@example.com", 1).await;
    world.pay(&business.key, "user@example.com", 500).await;
    let (newer, older) = (world.operation_id(business.live, 5), world.operation_id(business.live, 3));
    world.get("/payout/operations").hash(&hash).send().await.is(
        200,
        format!(
            concat!(
                r#"{{"email":"user@example.com","status":"active","currency":"USD","balance":7500,"pending":0,"expires_at":null,"#,
                r#""data":[{{"id":"{newer}","type":"credit","status":"completed","amount":500,"created_at":"{now}"}},"#,
                r#"{{"id":"{older}","type":"credit","status":"completed","amount":7000,"created_at":"{now}"}}],"#,
                r#""has_more":false,"next_cursor":null}}"#
            ),
            newer = newer,
            older = older,
            now = NOW
        ),
    );
}

async fn status_200_debits_are_negative(world: &Api) {
    let business = world.paying_business(10_000).await;
    let hash = world.pay(&business.key, "user@example.com", 7000).await;
    let path = world.user_path(business.live, 1, "/debit");
    let body = r#"{"amount":2500,"reason":"paid twice"}"#;
    world.post(&path).key(&business.key).json(body).send().await.value(200);
    let statement = world.get("/payout/operations").hash(&hash).send().await.value(200);
    assert_eq!(statement["balance"], 4500);
    let seen: Vec<_> =
        statement["data"].as_array().unwrap().iter().map(|one| (&one["type"], &one["amount"])).collect();
    assert_eq!(seen, [(&"debit".into(), &(-2500).into()), (&"credit".into(), &7000.into())]);
    // The reason for a debit is the business's own.
    assert!(!statement.to_string().contains("paid twice"));
}

async fn status_200_pages(world: &Api) {
    let (business, hash) = person_with(world, 45).await;
    let all = amounts_by_page(world, &hash, 100).await;
    assert_eq!(all, [(1..=45).rev().collect::<Vec<i64>>()]);
    for (limit, pages) in [(1, 45), (20, 3), (44, 2), (45, 1), (46, 1)] {
        let pages_seen = amounts_by_page(world, &hash, limit).await;
        assert_eq!((pages_seen.len(), pages_seen.concat()), (pages, all[0].clone()), "limit {limit}");
    }
    let default = world.get("/payout/operations").hash(&hash).send().await.value(200);
    assert_eq!(default["data"].as_array().unwrap().len(), 20);
    // The same pages as the business sees.
    let path = world.user_path(business.live, 1, "/operations");
    let of_business = world.get(&path).key(&business.key).send().await.value(200);
    assert_eq!(
        (&of_business["data"], &of_business["next_cursor"]),
        (&default["data"], &default["next_cursor"])
    );
}

async fn status_200_pages_are_stable_under_inserts(world: &Api) {
    let (business, hash) = person_with(world, 45).await;
    let mut seen = Vec::new();
    let mut target = "/payout/operations?limit=10".to_owned();
    loop {
        let page = world.get(&target).hash(&hash).send().await.value(200);
        seen.extend(amounts(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        target = format!("/payout/operations?limit=10&cursor={cursor}");
        for _ in 0..3 {
            world.pay(&business.key, "user@example.com", 1000).await;
        }
    }
    assert_eq!(seen, (1..=45).rev().collect::<Vec<i64>>());
}

async fn status_200_times_are_utc_microseconds(world: &Api) {
    let (business, hash) = person_with(world, 1).await;
    world.platform.clock.advance(1_099);
    world.pay(&business.key, "user@example.com", 2).await;
    world.platform.clock.advance(54 * crate::world::SECOND + 320_000);
    world.pay(&business.key, "user@example.com", 3).await;
    let statement = world.get("/payout/operations").hash(&hash).send().await.value(200);
    let times: Vec<_> = (0..3).map(|at| statement["data"][at]["created_at"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-01-02T03:05:00.000000Z", "2026-01-02T03:04:05.680000Z", NOW]);
}

async fn status_400_limit(world: &Api) {
    let (_, hash) = person_with(world, 1).await;
    for limit in [
        "0",
        "101",
        "abc",
        "-1",
        "+1",
        "1.0",
        "1e1",
        "%31%30%31",
        "00000000000000000001",
        "1%20",
        "9223372036854775808",
    ] {
        let target = format!("/payout/operations?limit={limit}");
        world.get(&target).hash(&hash).send().await.is(400, invalid("limit", NO_LIMIT));
    }
    for limit in ["1", "100", "020", ""] {
        world.get(&format!("/payout/operations?limit={limit}")).hash(&hash).send().await.value(200);
    }
}

async fn status_400_cursor(world: &Api) {
    let (business, hash) = person_with(world, 3).await;
    let deposit = world.operation_id(business.live, 1);
    let never = world.operation_id(business.live, 100);
    let in_other_book = world.operation_id(business.test, 3);
    let event = world.get("/payout/events").key(&business.key).send().await.value(200);
    let event = event["data"][2]["id"].as_str().unwrap();
    let user = world.user_id(business.live, 1);
    for cursor in ["x", "0", "3", "txn_", &deposit, &never, &in_other_book, event, &user, "%00", "%ff"] {
        let target = format!("/payout/operations?cursor={cursor}");
        world.get(&target).hash(&hash).send().await.is(400, invalid("cursor", NO_CURSOR));
    }
    let oldest = world.operation_id(business.live, 3);
    let end = world.get(&format!("/payout/operations?cursor={oldest}")).hash(&hash).send().await.value(200);
    assert_eq!((amounts(&end), &end["has_more"], &end["next_cursor"]), (vec![], &false.into(), &().into()));
}

async fn status_400_cursor_of_another_user(world: &Api) {
    let (business, hash) = person_with(world, 3).await;
    let other = world.pay(&business.key, "other@example.com", 1).await;
    world.pay(&business.key, "other@example.com", 2).await;
    let page = world.get("/payout/operations?limit=1").hash(&other).send().await.value(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let target = format!("/payout/operations?cursor={cursor}");
    world.get(&target).hash(&other).send().await.value(200);
    world.get(&target).hash(&hash).send().await.is(400, invalid("cursor", NO_CURSOR));
    let path = world.user_path(business.live, 1, &format!("/operations?cursor={cursor}"));
    world.get(&path).key(&business.key).send().await.is(400, invalid("cursor", NO_CURSOR));
}

async fn status_400_malformed_json(world: &Api) {
    let (_, hash) = person_with(world, 1).await;
    for body in
        ["{", "[]", "null", &format!(r#"{{"payout_hash":"{hash}","payout_hash":"{hash}"}}"#), "\u{feff}{}"]
    {
        world.post("/payout/operations").json(body).send().await.is(400, MALFORMED);
    }
}

async fn status_401_comes_before_everything_else(world: &Api) {
    for call in [
        world.get("/payout/operations?limit=0"),
        world.get("/payout/operations?cursor=x&payout_hash=unknown"),
        world.post("/payout/operations?limit=abc").hash("unknown").json("{"),
        world.post("/payout/operations").json("{}"),
        world.post("/payout/operations").body("x"),
    ] {
        call.send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_401_wrong_in_the_first_place_that_has_one(world: &Api) {
    let (_, hash) = person_with(world, 1).await;
    let right_body = format!(r#"{{"payout_hash":"{hash}"}}"#);
    let right_query = format!("/payout/operations?payout_hash={hash}");
    for call in [
        world.post(&right_query).hash("wrong").json(right_body.clone()),
        // Two headers are ambiguous, and the body is not read.
        world.post(&right_query).hash("wrong").hash("wrong").json(right_body.clone()),
        world.post(&right_query).hash(&hash).hash("wrong").json(right_body),
        world.get(&right_query).hash("wrong"),
        world.post(&right_query).json(r#"{"payout_hash":"wrong"}"#),
        world.post(&right_query).json(r#"{"payout_hash":["wrong"]}"#),
        world.post(&right_query).json(format!(r#"{{"payout_hash":["{hash}"]}}"#)),
        world.post(&right_query).json(r#"{"payout_hash":0}"#),
        world.get(&format!("/payout/operations?payout_hash=wrong&payout_hash={hash}")),
    ] {
        call.send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_413_more_than_64_kib(world: &Api) {
    let (_, hash) = person_with(world, 1).await;
    let body = padded(&format!(r#"{{"payout_hash":"{hash}"}}"#), 65_537);
    world.post("/payout/operations").json(body.clone()).send().await.is(413, TOO_LARGE);
    world.post("/payout/operations").json(&body[..65_536]).send().await.value(200);
}

/// Hashes of one@, two@ and three@example.com.
async fn three_people(world: &Api) -> [String; 3] {
    let business = world.paying_business(30).await;
    let one = world.pay(&business.key, "one@example.com", 10).await;
    let two = world.pay(&business.key, "two@example.com", 10).await;
    [one, two, world.pay(&business.key, "three@example.com", 10).await]
}

#[track_caller]
fn is_of(answer: &Answer, email: &str) {
    assert_eq!(answer.value(200)["email"], email);
}

/// user@example.com with credits of 1, 2, … cents.
async fn person_with(world: &Api, operations: i64) -> (crate::world::Business, String) {
    let business = world.paying_business(1_000_000).await;
    let rows: Vec<_> =
        (1..=operations).map(|cents| format!(r#"{{"email":"user@example.com","amount":{cents}}}"#)).collect();
    let body = format!(r#"{{"payouts":[{}]}}"#, rows.join(","));
    world.post("/payout/batch").key(&business.key).json(body).send().await.value(201);
    let hash = world.hash(business.live, 1, 0).await;
    (business, hash)
}

fn amounts(page: &serde_json::Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(|one| one["amount"].as_i64().unwrap()).collect()
}

/// The amounts on all pages of this length.
async fn amounts_by_page(world: &Api, hash: &str, limit: usize) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut target = format!("/payout/operations?limit={limit}");
    loop {
        let page = world.get(&target).hash(hash).send().await.value(200);
        pages.push(amounts(&page));
        assert_eq!(page["has_more"].as_bool().unwrap(), page["next_cursor"].is_string());
        let Some(cursor) = page["next_cursor"].as_str() else { return pages };
        target = format!("/payout/operations?limit={limit}&cursor={cursor}");
    }
}
