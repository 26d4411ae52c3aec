//! `GET /payout/webhook`: URL and events of the webhook.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::hooked::Hooked;
use crate::world::NOW;

crate::world::on_both_engines! {
    status_200_nothing_is_set,
    status_200_without_token_and_secret,
    status_200_each_mode_has_its_own,
    status_401_public_key,
}

const NOTHING: &str = r#"{"url":null,"enabled":false,"events":["payout.succeeded"],"token_hint":null,"previous_token_ends_at":null,"changed_at":null,"id":null,"primary":true,"description":"","schedule":"standard","disabled_at":null,"failing_since":null}"#;

async fn status_200_nothing_is_set(world: &Api) {
    let business = world.business().await;
    world.get("/payout/webhook").key(&business.key).send().await.is(200, NOTHING);
}

async fn status_200_without_token_and_secret(world: &Api) {
    let hooked = Hooked::new(world).await;
    let (url, token) = (hooked.receiver.url("/hook"), hooked.made["token"].as_str().unwrap());
    let hint = format!("wht_…{}", &token[token.len() - 4..]);
    let expected = format!(
        r#"{{"url":"{url}","enabled":true,"events":["payout.succeeded"],"token_hint":"{hint}","previous_token_ends_at":null,"changed_at":"{NOW}","id":{},"primary":true,"description":"","schedule":"standard","disabled_at":null,"failing_since":null}}"#,
        hooked.made["id"]
    );
    world.get("/payout/webhook").key(&hooked.business.key).send().await.is(200, expected);
}

async fn status_200_each_mode_has_its_own(world: &Api) {
    let hooked = Hooked::new(world).await;
    world.get("/payout/webhook").key(&hooked.business.test_key).send().await.is(200, NOTHING);
    let other = world.business().await;
    world.get("/payout/webhook").key(&other.key).send().await.is(200, NOTHING);
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.get("/payout/webhook").key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}
