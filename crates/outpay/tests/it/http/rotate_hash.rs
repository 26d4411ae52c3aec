//! `POST /payout/users/{id}/rotate-hash`: a new hash; the old one stops working at once.

use crate::http::api::{Api, UNAUTHORIZED, UNKNOWN_USER};

crate::world::on_both_engines! {
    status_200_the_old_hash_dies_at_once,
    status_200_each_time_another_hash,
    status_200_of_an_inactive_user_it_stays_inactive,
    status_200_in_every_process,
    status_400_idempotency_key,
    status_401_public_key,
    status_404_user_of_another_book,
}

async fn status_200_the_old_hash_dies_at_once(world: &Api) {
    let business = world.paying_business(1000).await;
    let old = world.pay(&business.key, "user@example.com", 100).await;
    world.get("/payout/operations").hash(&old).send().await.value(200);
    let path = world.user_path(business.live, 1, "/rotate-hash");
    let answer = world.post(&path).key(&business.key).send().await;
    let new = world.hash(business.live, 1, 1).await;
    answer.is(200, format!(r#"{{"hash":"{new}"}}"#));
    assert_ne!(old, new);
    world.get("/payout/operations").hash(&old).send().await.is(401, UNAUTHORIZED);
    assert_eq!(world.get("/payout/operations").hash(&new).send().await.value(200)["balance"], 100);
}

async fn status_200_each_time_another_hash(world: &Api) {
    let business = world.paying_business(1000).await;
    let mut hashes = vec![world.pay(&business.key, "user@example.com", 100).await];
    let call = world.post(&world.user_path(business.live, 1, "/rotate-hash")).key(&business.key);
    for _ in 0..5 {
        hashes.push(call.send().await.value(200)["hash"].as_str().unwrap().to_owned());
        let (newest, dead) = hashes.split_last().unwrap();
        world.get("/payout/operations").hash(newest).send().await.value(200);
        for hash in dead {
            world.get("/payout/operations").hash(hash).send().await.is(401, UNAUTHORIZED);
        }
    }
}

async fn status_200_of_an_inactive_user_it_stays_inactive(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    world.post(&world.user_path(business.live, 1, "/deactivate")).key(&business.key).send().await.value(200);
    let path = world.user_path(business.live, 1, "/rotate-hash");
    let rotated = world.post(&path).key(&business.key).send().await.value(200);
    let hash = rotated["hash"].as_str().unwrap();
    world.get("/payout/operations").hash(hash).send().await.is(401, UNAUTHORIZED);
}

async fn status_200_in_every_process(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let neighbour = world.second_server().await;
    let statement = world.get("/payout/operations").hash(&hash).at(neighbour.address);
    statement.send().await.value(200);
    let path = world.user_path(business.live, 1, "/rotate-hash");
    world.post(&path).key(&business.key).send().await.value(200);
    statement.send().await.is(401, UNAUTHORIZED);
    neighbour.stop().await.unwrap();
}

async fn status_400_idempotency_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let call = world.post(&world.user_path(business.live, 1, "/rotate-hash")).key(&business.key);
    call.once(&"x".repeat(256)).send().await.is(400, crate::http::idempotency::invalid_key());
    world.get("/payout/operations").hash(&hash).send().await.value(200);
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/rotate-hash");
    world.post(&path).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
    world.post(&path).hash(&hash).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/operations").hash(&hash).send().await.value(200);
}

async fn status_404_user_of_another_book(world: &Api) {
    let (business, other) = (world.paying_business(1000).await, world.paying_business(1000).await);
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/rotate-hash");
    for key in [&business.test_key, &other.key] {
        world.post(&path).key(key).send().await.is(404, UNKNOWN_USER);
    }
    for id in ["x", "%ff", &world.user_id(business.live, 2)] {
        let path = format!("/payout/users/{id}/rotate-hash");
        world.post(&path).key(&business.key).send().await.is(404, UNKNOWN_USER);
    }
    world.get("/payout/operations").hash(&hash).send().await.value(200);
}
