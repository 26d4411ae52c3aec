//! The health of methods, and the pause that every page about money shows.

use crate::dashboard::hat::Team;
use ledger::{Actor, Progress, Step};
use outpay::testing::kill_switch;
use outpay::testing::roles::Role;
use outpay::testing::store::PauseScope;
use std::time::Duration;

crate::world::on_both_engines! {
    a_method_shows_what_its_withdrawals_came_to,
    a_pause_is_shown_on_every_page_about_money,
}

const METHODS: &str = "/dashboard/methods";

async fn a_method_shows_what_its_withdrawals_came_to(world: &Team) {
    let business = world.reviewing_business().await;
    let book = business.live;
    let ada = world.give(book, "ada@example.com", 10_000, Actor::NONE).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(METHODS).await.is(200).says("Bank transfer").says("paid by hand").says("None recently");
    for cents in [1_000, 2_000] {
        world.withdraw(book, ada, cents).await;
    }
    world.steps(book, 1, &[Step::Approve]).await;
    viewer.get(METHODS).await.is(200).says("1 withdrawal, $10.00");
    world.steps(book, 1, &[Step::Send, Step::Succeed]).await;
    world.steps(book, 2, &[Step::Approve, Step::Send]).await;
    let failed = Progress::new(2, Step::Fail).because("no_account", "There is no such account.");
    world.platform.counter(book, Actor::NONE).advance(failed).await.unwrap();
    let page = viewer.get(METHODS).await;
    page.is(200).says("There is no such account.").says("no_account").says("2026-01-02 03:04 UTC");
    page.says_not("What is queued waits").says_not("/dashboard/pauses?method=bank");
    // Another business has withdrawals and failures of its own.
    let other = world.reviewing_business().await;
    let mut owner = world.member(&other, Role::Owner).await.browser;
    owner.get(METHODS).await.is(200).says_not("There is no such account.").says("None recently");
    owner.get(METHODS).await.says("/dashboard/pauses?method=bank");
    owner.post("/dashboard/pauses", &[("method", "bank")]).await.is(200);
    owner.get(METHODS).await.is(200).says("Nothing is sent, and new requests are refused");
    viewer.get(METHODS).await.is(200).says_not("Nothing is sent, and new requests are refused");
}

async fn a_pause_is_shown_on_every_page_about_money(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    let user = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let withdrawal = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    let pages = [
        "/dashboard",
        "/dashboard/users",
        &user,
        "/dashboard/withdrawals",
        "/dashboard/batches",
        &withdrawal,
        METHODS,
        "/dashboard/reconciliation",
        "/dashboard/import",
        "/dashboard/proposals",
        "/dashboard/settings",
    ];
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let told = "Withdrawals by Bank transfer are paused.";
    for page in pages {
        viewer.get(page).await.is(200).says_not(told).says("href=\"/dashboard/pauses\"");
    }
    let scope = PauseScope::Rail("bank".to_owned());
    let reason = "an incident at another business";
    kill_switch::pause(&world.platform, &scope, reason, Actor::OPERATOR, Duration::ZERO).await.unwrap();
    for page in pages {
        viewer.get(page).await.is(200).says(told).says("See pauses");
    }
    viewer.get("/dashboard/pauses").await.is(200).says_not(told);
    kill_switch::resume(&world.platform, &scope, "over", Actor::OPERATOR).await.unwrap();
    let person = PauseScope::Person(business.live, ada);
    kill_switch::pause(&world.platform, &person, "a doubt", Actor::OPERATOR, Duration::ZERO).await.unwrap();
    viewer.get("/dashboard").await.is(200).says("Withdrawals of one person are paused.").says_not("ada@");
    viewer.get(&user).await.is(200).says("badge-warn\">paused");
}
