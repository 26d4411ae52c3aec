//! `POST /payout/users/{id}/deactivate`: the hash stops authenticating, here and in every other process.

use crate::http::api::{Api, MALFORMED, NOT_JSON, UNAUTHORIZED, UNKNOWN_USER};
use ledger::UserStatus;

crate::world::on_both_engines! {
    status_200_the_hash_dies_at_once,
    status_200_twice_is_once,
    status_200_in_every_process,
    status_400_a_body_that_it_does_not_read,
    status_400_idempotency_key,
    status_401_public_key,
    status_404_user_of_another_book,
}

async fn status_200_the_hash_dies_at_once(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    world.get("/payout/operations").hash(&hash).send().await.value(200);
    let path = world.user_path(business.live, 1, "/deactivate");
    let user = world.user(business.live, 1, "user@example.com", "inactive", 100);
    world.post(&path).key(&business.key).send().await.is(200, user);
    world.get("/payout/operations").hash(&hash).send().await.is(401, UNAUTHORIZED);
}

async fn status_200_twice_is_once(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let call = world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key);
    let first = call.send().await;
    let before = world.books(&business.key).await;
    call.send().await.is(200, first.text());
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_200_in_every_process(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let neighbour = world.second_server().await;
    let statement = world.get("/payout/operations").hash(&hash).at(neighbour.address);
    statement.send().await.value(200);
    let path = world.user_path(business.live, 1, "/deactivate");
    world.post(&path).key(&business.key).send().await.value(200);
    // The clock does not move: it takes effect at once.
    statement.send().await.is(401, UNAUTHORIZED);
    neighbour.stop().await.unwrap();
}

async fn status_400_a_body_that_it_does_not_read(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let call = world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key);
    call.clone().json("{").send().await.is(400, MALFORMED);
    call.clone().json(r#"{"reason":"x"}"#).send().await.value(400);
    call.clone().body("reason=x").send().await.is(415, NOT_JSON);
    assert_eq!(
        world.platform.store.user(business.live, 1).await.unwrap().unwrap().user.status,
        UserStatus::Active
    );
    call.clone().body("").send().await.value(200);
    call.json("{}").send().await.value(200);
}

async fn status_400_idempotency_key(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let call = world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key);
    call.once("").send().await.is(400, crate::http::idempotency::invalid_key());
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/deactivate");
    world.post(&path).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
    world.post(&path).hash(&hash).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/operations").hash(&hash).send().await.value(200);
}

async fn status_404_user_of_another_book(world: &Api) {
    let (business, other) = (world.paying_business(1000).await, world.paying_business(1000).await);
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/deactivate");
    for key in [&business.test_key, &other.key] {
        world.post(&path).key(key).send().await.is(404, UNKNOWN_USER);
    }
    for id in ["x", "%ff", &world.user_id(business.live, 2)] {
        let path = format!("/payout/users/{id}/deactivate");
        world.post(&path).key(&business.key).send().await.is(404, UNKNOWN_USER);
    }
    world.get("/payout/operations").hash(&hash).send().await.value(200);
}
