//! `POST /rails/{kind}/{name}/webhook`: only a rail that takes notices has an address. What a genuine, a forged and a repeated notice do
//! is in rails/paypal/notices.rs.

use crate::http::api::Api;
use crate::wire::Call;

crate::world::on_both_engines! {
    a_rail_that_takes_no_notices_has_no_address,
}

async fn a_rail_that_takes_no_notices_has_no_address(world: &Api) {
    let gone = r#"{"error":"There is nothing under this path.","code":"not_found"}"#;
    for path in [
        "/rails/gift_card/gift_card/webhook",
        "/rails/paypal/gift_card/webhook",
        "/rails/paypal/nothing/webhook",
        // Test money has no counterpart that could post.
        "/rails/sandbox/sandbox/webhook",
        "/rails/%ff/%ff/webhook",
    ] {
        Call::new(world.address(), "POST", path).json("{}").send().await.is(404, gone);
    }
    let path = "/rails/gift_card/gift_card/webhook";
    assert_eq!(Call::new(world.address(), "GET", path).send().await.status, 405);
    let large = Call::new(world.address(), "POST", path).body("x".repeat(64 * 1024 + 1)).send().await;
    assert_eq!(large.status, 413);
}
