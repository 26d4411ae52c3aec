//! `GET /payout/users/{id}`: one payout user.

use crate::http::api::{Api, UNAUTHORIZED, UNKNOWN_USER};

crate::world::on_both_engines! {
    status_200_one_user,
    status_401_public_key,
    status_401_comes_before_404,
    status_404_for_users_of_other_books,
}

async fn status_200_one_user(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "User@Example.com", 123).await;
    let path = world.user_path(business.live, 1, "");
    let user = world.user(business.live, 1, "user@example.com", "active", 123);
    world.get(&path).key(&business.key).send().await.is(200, user);
    world.post(&format!("{path}/deactivate")).key(&business.key).send().await.value(200);
    let user = world.user(business.live, 1, "user@example.com", "inactive", 123);
    world.get(&path).key(&business.key).send().await.is(200, user);
}

async fn status_401_public_key(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 1).await;
    let path = world.user_path(business.live, 1, "");
    world.get(&path).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_401_comes_before_404(world: &Api) {
    for id in ["x", "usr_00000000-0000-8000-8000-000000000000", "%ff", "%00", "%"] {
        world.get(&format!("/payout/users/{id}")).send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_404_for_users_of_other_books(world: &Api) {
    let (business, other) = (world.paying_business(1000).await, world.paying_business(1000).await);
    world.fund(business.test, 10).await;
    world.pay(&business.key, "user@example.com", 1).await;
    world.pay(&business.test_key, "test@example.com", 1).await;
    world.pay(&other.key, "other@example.com", 1).await;
    let id = world.user_id(business.live, 1);
    for unknown in [
        // Users of other books: of the same business, and of another one.
        &world.user_id(business.test, 1),
        &world.user_id(other.live, 1),
        // A user that does not exist yet.
        &world.user_id(business.live, 2),
        &world.user_id(business.live, 0),
        &world.user_id(business.live, -1),
        // An id of another kind.
        &world.operation_id(business.live, 1),
        "1",
        "x",
        "user@example.com",
        &id.to_uppercase(),
        &id.replace("usr_", "evt_"),
        &id.replace("usr_", ""),
        &format!("{id}0"),
        &id[..39],
        &format!("%20{id}"),
        "%ff",
        "%00",
        "%",
        "%2F",
        "..%2f1",
        &"x".repeat(10_000),
    ] {
        let answer = world.get(&format!("/payout/users/{unknown}")).key(&business.key).send().await;
        assert_eq!((answer.status, answer.text()), (404, UNKNOWN_USER), "{unknown}");
    }
}
