//! `GET /payout/withdrawals`: all of a book's withdrawals, newest first, by state, user and method.

use crate::http::api::{Api, UNAUTHORIZED, invalid};
use serde_json::Value;

crate::world::on_both_engines! {
    status_200_pages_newest_first,
    status_200_by_status_user_and_method,
    status_200_of_one_book_only,
    status_400_status_and_cursor,
    status_401_hash,
    status_404_no_such_user,
}

fn ids(page: &Value) -> Vec<String> {
    let ids = page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
    ids.collect()
}

async fn status_200_pages_newest_first(world: &Api) {
    let person = world.recipient(1_000).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, person.withdraws(world, 10).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/payout/withdrawals?limit=2{cursor}");
        let page = world.get(&path).key(&person.key).send().await.value(200);
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

async fn status_200_by_status_user_and_method(world: &Api) {
    let person = world.recipient(10_000).await;
    let (failed, paid) = (person.withdraws(world, 1_011).await, person.withdraws(world, 1_000).await);
    world.work().await;
    let queued = person.withdraws(world, 1_000).await;
    world.pay(&person.key, "neighbour@example.com", 100).await;
    let (user, neighbour) = (world.user_id(person.book, 1), world.user_id(person.book, 2));
    for (query, expected) in [
        ("status=failed".to_owned(), vec![&failed]),
        ("status=succeeded".to_owned(), vec![&paid]),
        ("status=queued&method=sandbox".to_owned(), vec![&queued]),
        ("method=bank".to_owned(), vec![]),
        (format!("user={user}"), vec![&queued, &paid, &failed]),
        (format!("user={user}&status=failed"), vec![&failed]),
        (format!("user={neighbour}"), vec![]),
    ] {
        let found =
            world.get(&format!("/payout/withdrawals?{query}")).key(&person.key).send().await.value(200);
        assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

async fn status_200_of_one_book_only(world: &Api) {
    let person = world.recipient(1_000).await;
    person.withdraws(world, 10).await;
    let live = world.get("/payout/withdrawals").key(&person.business.key).send().await.value(200);
    assert_eq!(ids(&live).len(), 0);
    let other = world.recipient(1_000).await;
    assert_eq!(ids(&world.get("/payout/withdrawals").key(&other.key).send().await.value(200)).len(), 0);
}

async fn status_400_status_and_cursor(world: &Api) {
    let person = world.recipient(1_000).await;
    let words = "created, review, queued, sending, succeeded, failed, rejected, cancelled, returned";
    let expected = invalid("status", &format!("The status must be one of {words}."));
    world.get("/payout/withdrawals?status=processing").key(&person.key).send().await.is(400, expected);
    let cursor = invalid("cursor", crate::http::api::NO_CURSOR);
    world.get("/payout/withdrawals?cursor=ord_1").key(&person.key).send().await.is(400, cursor);
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.get("/payout/withdrawals").hash(&person.hash).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/withdrawals").key(&person.business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_such_user(world: &Api) {
    let person = world.recipient(1_000).await;
    world.get("/payout/withdrawals?user=usr_1").key(&person.key).send().await.value(404);
}
