//! `GET /balance`: contract 1.3.

use crate::http::api::{Api, UNAUTHORIZED};

crate::world::on_both_engines! {
    status_200_nothing_yet,
    status_200_as_documented,
    status_200_each_mode_has_its_own,
    status_200_each_business_has_its_own,
    status_401_public_key,
    status_401_nothing_sent,
}

async fn status_200_nothing_yet(world: &Api) {
    let business = world.business().await;
    let answer = world.get("/balance").key(&business.key).send().await;
    answer.is(200, r#"{"balance":0,"payout_balance":0}"#);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn status_200_as_documented(world: &Api) {
    let business = world.business().await;
    world.deposit(business.live, 1_500_000).await;
    world.fund(business.live, 500_000).await;
    let answer = world.get("/balance").key(&business.key).send().await;
    answer.is(200, r#"{"balance":1500000,"payout_balance":500000}"#);
}

async fn status_200_each_mode_has_its_own(world: &Api) {
    let business = world.business().await;
    world.fund(business.live, 5).await;
    world.deposit(business.test, 7).await;
    world.has_balances(&business.key, 0, 5).await;
    world.has_balances(&business.test_key, 7, 0).await;
}

async fn status_200_each_business_has_its_own(world: &Api) {
    let (one, other) = (world.business().await, world.business().await);
    world.fund(one.live, 5).await;
    world.has_balances(&one.key, 0, 5).await;
    world.has_balances(&other.key, 0, 0).await;
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    for key in [&business.public_key, &business.test_public_key] {
        world.get("/balance").key(key).send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_401_nothing_sent(world: &Api) {
    world.get("/balance").send().await.is(401, UNAUTHORIZED);
}
