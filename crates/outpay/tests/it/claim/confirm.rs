//! `POST /p/withdraw/{method}/confirm`: carried out once.

use crate::claim::on_both_engines;
use crate::claim::world::{World, summary};
use ledger::{Cents, FeeRule, Mode, Terms};

on_both_engines! {
    a_double_click_pays_once,
    a_changed_fee_is_shown_first,
    a_summary_that_was_tampered_with_is_not_carried_out,
    what_stands_in_the_way_by_now_is_said,
}

async fn a_double_click_pays_once(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let confirm = "/p/withdraw/sandbox/confirm";
    let first = browser.submit(&shown, confirm, &[]).await;
    first.leads_to(&world.operation(who.book, 1));
    for _ in 0..2 {
        browser.submit(&shown, confirm, &[]).await.leads_to(&world.operation(who.book, 1));
    }
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
    world.work().await;
    browser.submit(&shown, confirm, &[]).await.leads_to(&world.operation(who.book, 1));
    assert_eq!(world.balance(&who).await, (4_000, 0));
}

async fn a_changed_fee_is_shown_first(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let fee = FeeRule { fixed: Cents(150), ..FeeRule::default() };
    world.offers(who.book, "sandbox", Terms { fee, ..Terms::default() }).await;
    let again = browser.submit(&shown, "/p/withdraw/sandbox/confirm", &[]).await;
    again.is(409).says("The price has changed").says("$58.50");
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.submit(&again, "/p/withdraw/sandbox/confirm", &[]).await.is(303);
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}

async fn a_summary_that_was_tampered_with_is_not_carried_out(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let confirm = "/p/withdraw/sandbox/confirm";
    for (name, value) in
        [("cents", ""), ("cents", "-1"), ("cents", "1e3"), ("fees", "x"), ("once", ""), ("once", "../")]
    {
        browser.submit(&shown, confirm, &[(name, value)]).await.is(403);
    }
    browser.submit(&shown, confirm, &[("cents", "999999")]).await.is(422).says("You have $100.00.");
    browser.submit(&shown, confirm, &[("to.account", "")]).await.is(422).says("href=\"#to-account\"");
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.submit(&shown, confirm, &[]).await.is(303);
    browser.submit(&shown, confirm, &[("cents", "1000")]).await.is(422);
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}

async fn what_stands_in_the_way_by_now_is_said(world: &World) {
    let who = world.somebody(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let (one, two) = (summary(&mut browser, "60").await, summary(&mut browser, "60").await);
    browser.submit(&one, "/p/withdraw/sandbox/confirm", &[]).await.is(303);
    let late = browser.submit(&two, "/p/withdraw/sandbox/confirm", &[]).await;
    late.is(422).says("You have $40.00.").says("id=\"amount-error\"");
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}
