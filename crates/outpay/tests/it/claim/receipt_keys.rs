//! `GET /.well-known/outpay-receipts.json`

use crate::claim::on_both_engines;
use crate::claim::world::World;

on_both_engines! { the_key_is_public_and_stays_the_same, }

async fn the_key_is_public_and_stays_the_same(world: &World) {
    let answer = world.browser().get("/.well-known/outpay-receipts.json").await;
    answer.is(200).says("\"kty\":\"OKP\"").says("\"crv\":\"Ed25519\"");
    assert_eq!(answer.body, world.browser().get("/.well-known/outpay-receipts.json").await.body);
}
