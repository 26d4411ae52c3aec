//! `GET /test/clock`: what the clock of a test book shows.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::clock_advance::advance;
use crate::world::NOW;

pub const TEST_MODE_ONLY: &str =
    r#"{"error":"The clock of live money cannot be moved. Use a test key.","code":"test_mode_only"}"#;

crate::world::on_both_engines! {
    status_200_each_business_has_a_clock_of_its_own,
    status_401_hash,
    status_403_a_live_key,
}

async fn status_200_each_business_has_a_clock_of_its_own(world: &Api) {
    let (one, other) = (world.business().await, world.business().await);
    advance(world, &one.test_key, 60).await;
    let shown = world.get("/test/clock").key(&other.test_key).send().await;
    shown.is(200, format!(r#"{{"now":"{NOW}","ahead_seconds":0}}"#));
    let shown = world.get("/test/clock").key(&one.test_key).send().await;
    shown.is(200, r#"{"now":"2026-01-02T03:05:05.678901Z","ahead_seconds":60}"#);
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    world.get("/test/clock").hash(&person.hash).send().await.is(401, UNAUTHORIZED);
    world.get("/test/clock").key(&person.business.test_public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_403_a_live_key(world: &Api) {
    let business = world.business().await;
    world.get("/test/clock").key(&business.key).send().await.is(403, TEST_MODE_ONLY);
}
