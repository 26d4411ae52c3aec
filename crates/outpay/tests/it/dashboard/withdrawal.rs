//! One withdrawal: its evidence, and ending it by hand.

use crate::dashboard::hat::Team;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;
use outpay::testing::store::Attempt;

crate::world::on_both_engines! {
    the_evidence_is_shown,
    a_pause_is_told,
    a_payment_by_hand_is_settled_and_comes_back,
    a_payment_that_was_not_made_gives_the_money_back,
    a_doubt_is_ended_with_proof,
    only_what_is_possible_is_done,
}

async fn the_evidence_is_shown(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.test, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.test, ada, 1_000).await;
    world.steps(business.test, number, &[Step::Approve, Step::Send]).await;
    let attempt = Attempt {
        number: 1,
        rail: "sandbox".to_owned(),
        key: "key-of-the-attempt".to_owned(),
        request: b"what was sent to the rail".to_vec(),
        slot: 0,
        created_at: world.platform.clock.now(),
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    let (store, now) = (&world.platform.store, world.platform.clock.now());
    let hold = store
        .lease_one(business.test, (number, ledger::WithdrawalState::Sending), 7, (now, now + 1))
        .await
        .unwrap()
        .unwrap();
    assert!(store.add_attempt(hold, &attempt, None).await.unwrap());
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.test, number));
    viewer.get(&path).await.is(404);
    viewer.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    let page = viewer.get(&path).await;
    page.is(200)
        .says("payout.created")
        .says("payout.approved")
        .says("payout.processing")
        .says("key-of-the-attempt");
    let digest =
        data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(b"what was sent to the rail"));
    page.says(&digest)
        .says_not("what was sent to the rail")
        .says_not("<form method=\"post\" action=\"/dashboard/withdrawals");
}

async fn a_pause_is_told(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    viewer.get(&path).await.is(200).says_not("<dt>Waiting for</dt>");
    let pause = outpay::testing::store::PauseScope::All;
    world.platform.store.pause(&pause, "why", Actor::OPERATOR, &[]).await.unwrap();
    viewer.get(&path).await.is(200).says("<dt>Waiting for</dt><dd>paused; sent once this is lifted</dd>");
}

async fn a_payment_by_hand_is_settled_and_comes_back(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    approver.get(&path).await.is(200).says("It was paid");
    let end = format!("{path}/end");
    approver.post(&end, &[("how", "settle")]).await.is(400);
    approver.post(&end, &[("how", "settle"), ("text", "bank ref 17")]).await.leads_to(&path);
    approver.get(&path).await.is(200).says("bank ref 17").says("The money came back");
    assert_eq!(
        (world.state(business.live, number).await, world.balance(business.live, "ada@example.com").await),
        ("succeeded", 9_000)
    );
    approver.post(&end, &[("how", "return"), ("text", "statement 18")]).await.leads_to(&path);
    assert_eq!(
        (world.state(business.live, number).await, world.balance(business.live, "ada@example.com").await),
        ("returned", 10_000)
    );
}

async fn a_payment_that_was_not_made_gives_the_money_back(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    approver
        .post(&format!("{path}/end"), &[("how", "fail"), ("text", "The account is closed.")])
        .await
        .leads_to(&path);
    approver.get(&path).await.says("The account is closed.").says("failed");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 10_000);
}

async fn a_doubt_is_ended_with_proof(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.test, "ada@example.com", 10_000, Actor::NONE).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    for (how, state) in [("paid", "succeeded"), ("not_paid", "failed")] {
        let number = world.withdraw(business.test, ada, 1_000).await;
        world.steps(business.test, number, &[Step::Approve, Step::Send, Step::LoseOutcome]).await;
        let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.test, number));
        approver.get(&path).await.is(200).says("Unconfirmed").says("Mark as paid");
        approver
            .post(&format!("{path}/end"), &[("how", how), ("text", "seen at the rail")])
            .await
            .leads_to(&path);
        assert_eq!(world.state(business.test, number).await, state);
        approver.get(&path).await.says("seen at the rail");
    }
    assert_eq!(world.balance(business.test, "ada@example.com").await, 9_000);
}

async fn only_what_is_possible_is_done(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let end = format!("/dashboard/withdrawals/{}/end", world.withdrawal_id(business.live, number));
    for how in ["settle", "paid", "not_paid", "return", "nonsense"] {
        approver.post(&end, &[("how", how), ("text", "x")]).await.is(400);
    }
    assert_eq!(world.state(business.live, number).await, "review");
    approver.post(&end, &[("how", "cancel"), ("text", "You asked us to")]).await.is(303);
    assert_eq!(
        (world.state(business.live, number).await, world.balance(business.live, "ada@example.com").await),
        ("cancelled", 10_000)
    );
}
