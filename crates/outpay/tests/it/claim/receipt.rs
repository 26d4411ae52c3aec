//! `GET /p/operations/{id}/receipt`

use crate::claim::on_both_engines;
use crate::claim::world::{World, withdraw};
use ledger::Mode;

on_both_engines! { what_was_paid_has_a_receipt, }

async fn what_was_paid_has_a_receipt(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/receipt", withdraw(&mut browser, "60").await);
    browser.get(&path).await.is(409).says("once the money was paid");
    world.work().await;
    let receipt = browser.get(&path).await;
    receipt
        .is(200)
        .says("SBX-")
        .says("$60.00")
        .says("user@example.com")
        .says("Shop 0")
        .says("/receipt.json\"");
}
