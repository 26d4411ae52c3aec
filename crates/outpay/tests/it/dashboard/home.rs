//! The business at a glance, and moving money between its balances.

use crate::dashboard::browser::Browser;
use crate::dashboard::hat::Team;
use crate::world::MINUTE;
use ledger::{Actor, Cents, Correction, Step};
use outpay::testing::kill_switch;
use outpay::testing::proposals::{self, Proposed};
use outpay::testing::roles::Role;
use outpay::testing::store::{BookPart, PauseScope};
use std::time::Duration;

crate::world::on_both_engines! {
    balances_and_what_waits_are_shown,
    a_business_that_has_paid_no_one_sees_its_first_steps,
    everything_that_needs_a_person_is_on_the_list,
    figures_are_those_of_the_days_and_compared_with_those_before,
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
        ("Owed to recipients", "$787.00"),
        ("Given", "$1,000.00"),
        ("Paid out", "$200.00"),
    ] {
        page.says(&format!("<dt>{label}</dt><dd>{value}</dd>"));
    }
    page.says("<strong>1 withdrawal awaits review</strong>").says("1 withdrawal is unconfirmed");
    page.says("2 Jan: Given $1,000.00, Paid out $200.00").says("nothing in the 30 days before");
    page.says_not("Move money between").says_not("still being added up").says_not("First steps");
    viewer.get("/dashboard").await.says("<dt>Given</dt><dd>$1,000.00</dd>");
}

async fn a_business_that_has_paid_no_one_sees_its_first_steps(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let done = async |owner: &mut Browser| {
        let page = owner.get("/dashboard").await;
        page.is(200).says("First steps").says("who records it").says_not("Nothing needs you now");
        page.body.matches(">Done</span>").count()
    };
    assert_eq!(done(&mut owner).await, 1, "it has a key from the beginning");
    world.fund(business.live, 1_000).await;
    assert_eq!(done(&mut owner).await, 3);
    let once = "00112233445566778899aabbccddeeff";
    let webhook =
        [("url", "https://one.example.com/"), ("events", "payout.failed"), ("enabled", "on"), ("once", once)];
    owner.post("/dashboard/webhooks", &webhook).await.is(200);
    assert_eq!(done(&mut owner).await, 4);
    world.enable_payouts(&business, true).await;
    world.give(business.live, "ada@example.com", 5, Actor::NONE).await;
    owner.get("/dashboard").await.is(200).says_not("First steps").says("Nothing needs you now.");
}

async fn everything_that_needs_a_person_is_on_the_list(world: &Team) {
    let business = world.reviewing_business().await;
    let book = business.live;
    let store = &world.platform.store;
    let ada = world.give(book, "ada@example.com", 100_000, Actor::NONE).await;
    for _ in 0..2 {
        world.withdraw(book, ada, 500).await;
    }
    world.wait(3 * 60 * MINUTE);
    world.stock(book, "Bookshop", 2_500, &[("CODE", None)]).await;
    let now = world.now();
    let pause = PauseScope::Own(book, BookPart::Everything);
    kill_switch::pause(&world.platform, &pause, "a look at it", Actor::OPERATOR, Duration::ZERO)
        .await
        .unwrap();
    store.note_rail_opening("bank", now).await.unwrap();
    let what = Proposed::Correct { correction: Correction::PayOut, amount: Cents(200) };
    proposals::propose(&world.platform, book, &what, "invoice 17", Actor::OPERATOR).await.unwrap();
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard").await;
    for text in [
        "<strong>2 withdrawals await review</strong><span class=\"note\">for 3 hours</span>",
        "<strong>1 method does not answer</strong><span class=\"note\">Bank transfer, for less than a minute</span>",
        "<a href=\"/dashboard/pauses\">",
        "<strong>1 kind of gift card is running out</strong><span class=\"note\">Bookshop $25.00 (1 left)</span>",
        "<strong>1 proposal waits for a second person</strong>",
    ] {
        page.is(200).says(text);
    }
    page.says_not("Nothing needs you now").says_not("unconfirmed");
    world.wait(6 * MINUTE);
    viewer.get("/dashboard").await.says_not("does not answer");
    // Another business sees nothing of it.
    let other = world.paying_business(100).await;
    world.give(other.live, "bob@example.com", 1, Actor::NONE).await;
    let mut elsewhere = world.member(&other, Role::Viewer).await.browser;
    elsewhere.get("/dashboard").await.is(200).says("Nothing needs you now.");
}

async fn figures_are_those_of_the_days_and_compared_with_those_before(world: &Team) {
    const DAY: i64 = 1_440 * MINUTE;
    let business = world.paying_business(100_000).await;
    world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    world.wait(10 * DAY);
    world.give(business.live, "ada@example.com", 10_800, Actor::NONE).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let week = viewer.get("/dashboard?range=7").await;
    week.is(200).says("<dd>$108.00</dd><dd class=\"note\">8 % more than the 7 days before");
    assert_eq!(week.body.matches("class=\"point\"").count(), 2 * 7);
    let month = viewer.get("/dashboard").await;
    month.is(200).says("<dd>$208.00</dd>").says("nothing in the 30 days before");
    let custom = viewer.get("/dashboard?from=2026-01-01&until=2026-01-03").await;
    custom.is(200).says("<dd>$100.00</dd>").says("value=\"2026-01-03\"");
    assert_eq!(custom.body.matches("class=\"point\"").count(), 2 * 3);
    let year = viewer.get("/dashboard?range=12m").await;
    year.is(200).says("January 2026: Given $208.00, Paid out $0.00").says("nothing in the 12 months before");
    assert!(year.body.len() < 60 * 1_024, "{} bytes", year.body.len());
    viewer.get("/dashboard?range=90").await.is(200).says("6 Jan to 12 Jan: Given $108.00");
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
