//! `POST /payout/webhook/replay`: retries everything that failed since a given time.

use crate::http::api::{Api, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::http::hooked::Hooked;
use crate::http::webhook_roll::NOT_SET;
use crate::world::NOW;

crate::world::on_both_engines! {
    status_200_all_that_failed_since,
    status_400_no_time,
    status_400_malformed_json,
    status_401_public_key,
    status_404_no_webhook_yet,
    status_413_more_than_64_kib,
    status_415_not_declared_as_json,
}

const REPLAY: &str = "/payout/webhook/replay";

async fn status_200_all_that_failed_since(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.failed(world).await;
    hooked.failed(world).await;
    let replay =
        |since: &str| world.post(REPLAY).key(&hooked.business.key).json(format!(r#"{{"since":"{since}"}}"#));
    // The first failed 2,130 seconds after the beginning, the second as long after that.
    replay("2026-01-02T05:00:00Z").send().await.is(200, r#"{"replayed":0}"#);
    replay("2026-01-02T04:00:00+00:00").send().await.is(200, r#"{"replayed":1}"#);
    replay(NOW).send().await.is(200, r#"{"replayed":1}"#);
    replay(NOW).send().await.is(200, r#"{"replayed":0}"#);
    hooked.receiver.always("/hook", crate::receiver::ok());
    assert_eq!(hooked.settle(world).await, 2);
}

async fn status_400_no_time(world: &Api) {
    let hooked = Hooked::new(world).await;
    let expected = invalid("since", "The since field must be a time such as 2026-01-02T03:04:05Z.");
    for body in ["{}", r#"{"since":1}"#, r#"{"since":"yesterday"}"#, r#"{"since":"2026-01-02"}"#] {
        world.post(REPLAY).key(&hooked.business.key).json(body).send().await.is(400, &expected);
    }
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.business().await;
    world.post(REPLAY).key(&business.key).json("{").send().await.is(400, MALFORMED);
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.post(REPLAY).key(&business.public_key).json("{}").send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_webhook_yet(world: &Api) {
    let business = world.business().await;
    let body = format!(r#"{{"since":"{NOW}"}}"#);
    world.post(REPLAY).key(&business.key).json(body).send().await.is(404, NOT_SET);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.business().await;
    let call = world.post(REPLAY).key(&business.key).json(padded("{}", 64 * 1024 + 1));
    call.send().await.is(413, TOO_LARGE);
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = world.business().await;
    world.post(REPLAY).key(&business.key).body("{}").send().await.is(415, NOT_JSON);
}
