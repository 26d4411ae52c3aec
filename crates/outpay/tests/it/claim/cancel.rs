//! `POST /p/operations/{id}/cancel`

use crate::claim::on_both_engines;
use crate::claim::world::{World, withdraw};
use ledger::Mode;

on_both_engines! { what_was_not_sent_can_be_taken_back, }

async fn what_was_not_sent_can_be_taken_back(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    let cancel = format!("{path}/cancel");
    browser.post(&cancel, &[]).await.is(403);
    let page = browser.get(&path).await;
    browser.submit(&page, &cancel, &[]).await.leads_to(&path);
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.get(&path).await.says("Cancelled").says("You cancelled it.").says("?again=");
    let path = withdraw(&mut browser, "60").await;
    let page = browser.get(&path).await;
    world.work().await;
    let late = browser.submit(&page, &format!("{path}/cancel"), &[]).await;
    late.is(409).says("It could not be cancelled: The withdrawal has already succeeded.");
    assert_eq!(world.balance(&who).await, (4_000, 0));
}
