//! `GET /payout/users/{id}/operations`: a user's history as the business sees it. operations.rs tests what it shares
//! with `/payout/operations`.

use crate::http::api::{Api, NO_CURSOR, NO_LIMIT, UNAUTHORIZED, UNKNOWN_USER, invalid};
use crate::world::NOW;

crate::world::on_both_engines! {
    status_200_newest_first,
    status_200_of_an_inactive_user,
    status_200_pages,
    status_400_limit_and_cursor,
    status_401_public_key,
    status_404_user_of_another_book,
}

async fn status_200_newest_first(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "");
    let debit = r#"{"amount":30,"reason":"mistake"}"#;
    world.post(&format!("{path}/debit")).key(&business.key).json(debit).send().await.value(200);
    let (credit, debit) = (world.operation_id(business.live, 3), world.operation_id(business.live, 4));
    world.get(&format!("{path}/operations")).key(&business.key).send().await.is(
        200,
        format!(
            concat!(
                r#"{{"data":[{{"id":"{debit}","type":"debit","status":"completed","amount":-30,"created_at":"{now}"}},"#,
                r#"{{"id":"{credit}","type":"credit","status":"completed","amount":100,"created_at":"{now}"}}],"#,
                r#""has_more":false,"next_cursor":null}}"#
            ),
            debit = debit,
            credit = credit,
            now = NOW
        ),
    );
}

async fn status_200_of_an_inactive_user(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "");
    world.post(&format!("{path}/deactivate")).key(&business.key).send().await.value(200);
    let page = world.get(&format!("{path}/operations")).key(&business.key).send().await.value(200);
    // A change of status moves no money, so it is an event and not an operation.
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}

async fn status_200_pages(world: &Api) {
    let business = world.paying_business(1000).await;
    for amount in 1..=5 {
        world.pay(&business.key, "user@example.com", amount).await;
        world.pay(&business.key, "between@example.com", 1).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = world.user_path(business.live, 1, &format!("/operations?limit=2{cursor}"));
        let page = world.get(&path).key(&business.key).send().await.value(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["amount"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

async fn status_400_limit_and_cursor(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 1).await;
    for (query, field, sentence) in [
        ("limit=0", "limit", NO_LIMIT),
        ("limit=101", "limit", NO_LIMIT),
        ("limit=abc", "limit", NO_LIMIT),
        ("cursor=abc", "cursor", NO_CURSOR),
    ] {
        let path = world.user_path(business.live, 1, &format!("/operations?{query}"));
        world.get(&path).key(&business.key).send().await.is(400, invalid(field, sentence));
    }
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 1).await;
    let path = world.user_path(business.live, 1, "/operations");
    for call in [
        world.get(&path).key(&business.public_key),
        world.get(&path).hash(&hash),
        world.get("/payout/users/x/operations?limit=0"),
    ] {
        call.send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_404_user_of_another_book(world: &Api) {
    let (business, other) = (world.paying_business(1000).await, world.paying_business(1000).await);
    world.pay(&business.key, "user@example.com", 1).await;
    let path = world.user_path(business.live, 1, "/operations");
    for key in [&business.test_key, &other.key] {
        world.get(&path).key(key).send().await.is(404, UNKNOWN_USER);
    }
    for id in ["x", "%ff", &world.user_id(business.live, 2)] {
        let path = format!("/payout/users/{id}/operations?limit=0");
        world.get(&path).key(&business.key).send().await.is(404, UNKNOWN_USER);
    }
}
