//! `POST /payout/users/{id}/activate`: the hash authenticates again.

use crate::http::api::{Api, UNAUTHORIZED, UNKNOWN_USER};

crate::world::on_both_engines! {
    status_200_the_hash_lives_again,
    status_200_of_an_active_user_changes_nothing,
    status_200_brings_no_rotated_hash_back,
    status_400_idempotency_key,
    status_401_public_key,
    status_404_user_of_another_book,
}

async fn status_200_the_hash_lives_again(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key).send().await.value(200);
    world.get("/payout/operations").hash(&hash).send().await.is(401, UNAUTHORIZED);
    let user = world.user(business.live, 1, "user@example.com", "active", 100);
    world.post(&world.user_path(business.live, 1, "/activate")).key(&business.key).send().await.is(200, user);
    assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["status"], "active");
}

async fn status_200_of_an_active_user_changes_nothing(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let before = world.books(&business.key).await;
    let user = world.user(business.live, 1, "user@example.com", "active", 100);
    world.post(&world.user_path(business.live, 1, "/activate")).key(&business.key).send().await.is(200, user);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_200_brings_no_rotated_hash_back(world: &Api) {
    let business = world.paying_business(1000).await;
    let old = world.pay(&business.key, "user@example.com", 100).await;
    for verb in ["/deactivate", "/rotate-hash"] {
        world.post(&world.user_path(business.live, 1, verb)).key(&business.key).send().await.value(200);
    }
    let new = world.hash(business.live, 1, 1).await;
    world.get("/payout/operations").hash(&new).send().await.is(401, UNAUTHORIZED);
    world.post(&world.user_path(business.live, 1, "/activate")).key(&business.key).send().await.value(200);
    world.get("/payout/operations").hash(&old).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/operations").hash(&new).send().await.value(200);
}

async fn status_400_idempotency_key(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let call = world.post(&world.user_path(business.live, 1, "/activate")).key(&business.key);
    call.once("é").send().await.is(400, crate::http::idempotency::invalid_key());
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key).send().await.value(200);
    let path = world.user_path(business.live, 1, "/activate");
    world.post(&path).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
    world.post(&path).hash(&hash).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/operations").hash(&hash).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_user_of_another_book(world: &Api) {
    let (business, other) = (world.paying_business(1000).await, world.paying_business(1000).await);
    world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/activate");
    for key in [&business.test_key, &other.key] {
        world.post(&path).key(key).send().await.is(404, UNKNOWN_USER);
    }
    for id in ["x", "%ff", &world.user_id(business.live, 2)] {
        let path = format!("/payout/users/{id}/activate");
        world.post(&path).key(&business.key).send().await.is(404, UNKNOWN_USER);
    }
}
