//! The business at a glance, and moving money between its balances.

use crate::dashboard::hat::Team;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    balances_and_what_waits_are_shown,
    money_moves_between_the_balances_once_for_each_form,
}

async fn balances_and_what_waits_are_shown(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 100_000, Actor::NONE).await;
    world.withdraw(business.live, ada, 1_000).await;
    let paid = world.withdraw(business.live, ada, 20_000).await;
    world.steps(business.live, paid, &[Step::Approve, Step::Send, Step::Succeed]).await;
    let doubtful = world.withdraw(business.live, ada, 300).await;
    world.steps(business.live, doubtful, &[Step::Approve, Step::Send, Step::LoseOutcome]).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard").await;
    page.is(200);
    for (label, value) in [
        ("Payout balance", "$9,000.00"),
        ("Main balance", "$0.00"),
        ("Held for withdrawals", "$13.00"),
        ("Given today", "$1,000.00"),
        ("Paid out today", "$200.00"),
    ] {
        page.says(&format!("<dt>{label}</dt><dd>{value}</dd>"));
    }
    page.says("state=review\">1</a>").says("doubt=on\">1</a>").says("2026-01-02").says("<svg");
    page.says_not("Move money between").says_not("still being added up");
    viewer.get("/dashboard").await.says("<dt>Given today</dt><dd>$1,000.00</dd>");
}

async fn money_moves_between_the_balances_once_for_each_form(world: &Team) {
    let business = world.paying_business(10_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let once = "00112233445566778899aabbccddeeff";
    let fields = [("direction", "to_main"), ("amount", "40"), ("once", once)];
    for _ in 0..2 {
        admin.post("/dashboard/transfer", &fields).await.leads_to("/dashboard");
    }
    admin
        .get("/dashboard")
        .await
        .says("<dt>Payout balance</dt><dd>$60.00</dd>")
        .says("<dt>Main balance</dt><dd>$40.00</dd>");
    for (direction, amount, once) in [("", "1", once), ("to_payout", "", once), ("to_payout", "1", "short")] {
        let fields = [("direction", direction), ("amount", amount), ("once", once)];
        admin.post("/dashboard/transfer", &fields).await.is(400);
    }
    let too_much =
        [("direction", "to_payout"), ("amount", "40.01"), ("once", "ffeeddccbbaa99887766554433221100")];
    admin.post("/dashboard/transfer", &too_much).await.is(400).says("Insufficient balance");
}
