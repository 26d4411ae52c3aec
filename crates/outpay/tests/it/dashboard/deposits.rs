//! Deposits that owners and admins record.

use crate::dashboard::hat::Team;
use crate::world::Business;
use ledger::{Actor, Cents, DepositDetail, EntryKind};
use outpay::testing::audit_log::in_business;
use outpay::testing::business::settings;
use outpay::testing::roles::Role;
use outpay::testing::store::SettingsChange;

crate::world::on_both_engines! {
    only_the_operator_records_real_deposits_until_it_lets_the_business,
    a_deposit_is_looked_at_and_then_recorded_once,
    above_the_limit_a_second_person_confirms,
    what_is_wrong_stands_beside_its_field,
    an_amount_out_of_proportion_is_confirmed,
    a_line_of_a_statement_is_the_money_of_one_business,
}

const ONCE: &str = "00112233445566778899aabbccddeeff";

async fn allow(world: &Team, business: &Business, may: bool) {
    let entry =
        in_business(&world.platform, business.number, Actor::OPERATOR, "changed", "", &serde_json::json!({}));
    world.platform.store.set_records_deposits(business.number, may, &entry).await.unwrap();
}

async fn main_balance(world: &Team, business: &Business) -> i64 {
    world.platform.store.own_balances(business.live).await.unwrap().0.0
}

fn fields<'a>(amount: &'a str, reference: &'a str) -> [(&'a str, &'a str); 4] {
    [("amount", amount), ("reference", reference), ("date", "2026-01-01"), ("once", ONCE)]
}

async fn only_the_operator_records_real_deposits_until_it_lets_the_business(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    owner
        .get("/dashboard/deposits")
        .await
        .is(200)
        .says("The operator of this server records deposits")
        .says_not("<form class=\"stack\"");
    let refused = owner.post("/dashboard/deposits", &fields("10", "line 1")).await;
    refused.is(400).says("Only the operator of this server records deposits");
    assert_eq!(main_balance(world, &business).await, 0);
    allow(world, &business, true).await;
    owner.post("/dashboard/deposits", &fields("10", "line 1")).await.leads_to("/dashboard/deposits");
    assert_eq!(main_balance(world, &business).await, 1_000);
    allow(world, &business, false).await;
    owner.post("/dashboard/deposits", &fields("10", "line 2")).await.is(400);
    assert_eq!(main_balance(world, &business).await, 1_000);
    // Test money needs no one's leave.
    owner.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    owner.post("/dashboard/deposits", &fields("10", "line 1")).await.leads_to("/dashboard/deposits");
    assert_eq!(world.platform.store.own_balances(business.test).await.unwrap().0, Cents(1_000));
    assert_eq!(main_balance(world, &business).await, 1_000);
}

async fn a_deposit_is_looked_at_and_then_recorded_once(world: &Team) {
    let business = world.business().await;
    allow(world, &business, true).await;
    let mut admin = world.member(&business, Role::Admin).await;
    let review = "/dashboard/deposits/review?amount=1%2C250.50&reference=line%20%207&date=2026-01-01";
    let page = admin.browser.get(review).await;
    page.is(200).says("$1,250.50 is added to the main balance at once").says("<dd>line 7</dd>");
    page.says("name=\"amount\" value=\"1250.50\"").says(">$1,250.50</span></dd>");
    assert_eq!(main_balance(world, &business).await, 0, "a look changes nothing");
    for _ in 0..2 {
        admin
            .browser
            .post("/dashboard/deposits", &fields("1250.50", "line 7"))
            .await
            .leads_to("/dashboard/deposits");
    }
    admin
        .browser
        .get("/dashboard/deposits")
        .await
        .says("recorded before")
        .says("2026-01-01")
        .says("line 7")
        .says("$1,250.50");
    assert_eq!(main_balance(world, &business).await, 125_050);
    let journal = world.platform.store.entries(business.live, 0, 10).await.unwrap();
    let entry = &journal[0].entry;
    assert_eq!((entry.kind, entry.actor), (EntryKind::Deposited, Actor::member(admin.number)));
    assert_eq!(DepositDetail::of(&entry.detail).unwrap().received_on, "2026-01-01");
    let audit = world.audit(&business).await;
    assert_eq!(audit.iter().filter(|action| *action == "deposit.recorded").count(), 1, "{audit:?}");
    let other = admin.browser.post("/dashboard/deposits", &fields("9", "line 7")).await;
    other.is(400).says("already recorded with another amount");
}

async fn above_the_limit_a_second_person_confirms(world: &Team) {
    let business = world.business().await;
    allow(world, &business, true).await;
    let change = SettingsChange { two_people_above: Some(Some(Cents(5_000))), ..SettingsChange::default() };
    settings::change(&world.platform, business.live, Actor::OPERATOR, change).await.unwrap();
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    admin
        .get("/dashboard/deposits/review?amount=50.01&reference=a&date=2026-01-01")
        .await
        .is(200)
        .says("is proposed");
    for _ in 0..2 {
        admin.post("/dashboard/deposits", &fields("50.01", "line 9")).await.leads_to("/dashboard/proposals");
    }
    let proposals = world.platform.store.proposals(business.live, 10).await.unwrap();
    assert_eq!((proposals.len(), main_balance(world, &business).await), (1, 0), "one form, one proposal");
    let list = admin.get("/dashboard/proposals").await;
    list.is(200).says("Record a deposit of $50.01, received on 2026-01-01 under the reference line 9");
    let path = format!("/dashboard/proposals/{}", list.between("action=\"/dashboard/proposals/", "\""));
    admin.post(&path, &[("how", "confirm")]).await.is(400).says("You proposed this yourself");
    allow(world, &business, false).await;
    owner.post(&path, &[("how", "confirm")]).await.is(400).says("Only the operator");
    allow(world, &business, true).await;
    owner.post(&path, &[("how", "confirm")]).await.leads_to("/dashboard/proposals");
    assert_eq!(main_balance(world, &business).await, 5_001);
    let again = [
        ("once", "ffeeddccbbaa99887766554433221100"),
        ("amount", "50.01"),
        ("reference", "line 9"),
        ("date", "2026-01-01"),
    ];
    admin.post("/dashboard/deposits", &again).await.leads_to("/dashboard/deposits");
    let fresh = [
        ("once", "0f0e0d0c0b0a09080706050403020100"),
        ("amount", "50"),
        ("reference", "line 10"),
        ("date", "2026-01-01"),
    ];
    admin.post("/dashboard/deposits", &fresh).await.leads_to("/dashboard/deposits");
    assert_eq!(main_balance(world, &business).await, 10_001);
}

async fn what_is_wrong_stands_beside_its_field(world: &Team) {
    let business = world.business().await;
    allow(world, &business, true).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let wrong = "/dashboard/deposits/review?amount=1%2C5&reference=line%208&date=2030-01-01";
    let page = admin.get(wrong).await;
    page.is(422).says("id=\"amount-error\"").says("id=\"date-error\"").says_not("id=\"reference-error\"");
    page.says("value=\"line 8\"").says("value=\"1,5\"");
    admin.post("/dashboard/deposits", &fields("", "")).await.is(422).says("id=\"reference-error\"");
    assert_eq!(main_balance(world, &business).await, 0);
}

async fn an_amount_out_of_proportion_is_confirmed(world: &Team) {
    let business = world.business().await;
    allow(world, &business, true).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = "/dashboard/deposits/review?amount=100000.01&reference=a&date=2026-01-01";
    admin.get(path).await.is(200).says("This is the first deposit, and a large one").says("name=\"meant\"");
    admin
        .post("/dashboard/deposits", &fields("100000.01", "a"))
        .await
        .is(400)
        .says("Confirm that the amount is right");
    let meant = [&fields("100000.01", "a")[..], &[("meant", "on")]].concat();
    admin.post("/dashboard/deposits", &meant).await.leads_to("/dashboard/deposits");
    assert_eq!(main_balance(world, &business).await, 10_000_001);
    admin
        .get("/dashboard/deposits/review?amount=100&reference=b&date=2026-01-01")
        .await
        .is(200)
        .says_not("name=\"meant\"");
}

async fn a_line_of_a_statement_is_the_money_of_one_business(world: &Team) {
    let (business, other) = (world.business().await, world.business().await);
    allow(world, &business, true).await;
    allow(world, &other, true).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let mut elsewhere = world.member(&other, Role::Admin).await.browser;
    admin.post("/dashboard/deposits", &fields("10", "line 1")).await.leads_to("/dashboard/deposits");
    let refused = elsewhere.post("/dashboard/deposits", &fields("10", "line 1")).await;
    refused.is(400).says("already recorded for another business").says_not(&business.name);
    assert_eq!(main_balance(world, &other).await, 0);
}
