//! `GET /p/operations/{id}/state`: for the script.

use crate::claim::on_both_engines;
use crate::claim::world::{MINUTE, World, withdraw};
use ledger::Mode;

on_both_engines! { the_changing_part_comes_alone, }

async fn the_changing_part_comes_alone(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/state", withdraw(&mut browser, "60").await);
    let before = browser.get(&path).await;
    before.is(200).says("id=\"progress\"").says("data-ended=\"false\"").says_not("<html");
    world.work().await;
    let after = browser.get(&path).await;
    after.is(200).says("data-ended=\"true\"").says("Paid");
    let version =
        |page: &str| page.split("data-version=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(version(&before.body), version(&after.body));
    // Following a state does not keep a session alive.
    for _ in 0..4 {
        world.platform.clock.advance(9 * MINUTE);
        browser.get(&path).await;
    }
    browser.get(&path).await.leads_to("/p?ended");
}
