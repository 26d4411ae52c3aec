//! The list as a file.

use crate::dashboard::hat::Team;
use crate::world::MINUTE;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    what_the_filter_shows_is_in_the_file,
    what_came_back_is_in_the_file,
}

async fn what_the_filter_shows_is_in_the_file(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let bob = world.give(business.live, "bob@example.com", 10_000, Actor::NONE).await;
    for user in [ada, bob, ada] {
        world.withdraw(business.live, user, 1_000).await;
    }
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let file = viewer.get("/dashboard/withdrawals/export?email=ada%40example.com").await;
    file.is(200).says("ada@example.com,bank,manual,10.00,0.00,10.00,USD,review,false,").says_not("bob");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"withdrawals.csv\"");
    assert_eq!(file.body.lines().count(), 3);
    assert_eq!(viewer.get("/dashboard/withdrawals/export").await.is(200).body.lines().count(), 4);
    let wrong = viewer.get("/dashboard/withdrawals/export?q=a").await;
    wrong.is(400).says("at least two characters");
}

async fn what_came_back_is_in_the_file(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve, Step::Send, Step::Succeed]).await;
    world.wait(40 * 1_440 * MINUTE);
    world.platform.counter(business.live, Actor::OPERATOR).give_back(number, "statement 9").await.unwrap();
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let file = viewer.get("/dashboard/withdrawals/export?state=returned").await;
    file.is(200).says("10.00,USD,returned,false,The payment came back.");
    let id = world.withdrawal_id(business.live, number);
    let page = viewer.get(&format!("/dashboard/withdrawals/{id}")).await;
    page.is(200).says("payout.returned").says("statement 9");
}
