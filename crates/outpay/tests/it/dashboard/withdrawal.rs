//! One withdrawal: its evidence, and ending it by hand.

use crate::dashboard::hat::Team;
use ledger::{Actor, Cents, ReviewRule, Step, Terms};
use outpay::testing::roles::Role;
use outpay::testing::store::Attempt;

crate::world::on_both_engines! {
    the_evidence_is_shown,
    a_pause_is_told,
    a_review_is_explained,
    who_else_uses_the_destination_is_said,
    ending_by_hand_asks_first,
    a_payment_is_found_by_its_proof,
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

async fn a_review_is_explained(world: &Team) {
    let business = world.reviewing_business().await;
    let review = ReviewRule {
        above: Some(Cents(25_000)),
        above_per_day: Some(Cents(60_000)),
        new_destination: true,
        ..ReviewRule::default()
    };
    let terms = Terms { enabled: true, review, ..Terms::default() };
    world.platform.store.set_terms(business.live, "bank", &terms).await.unwrap();
    let ada = world.give(business.live, "ada@example.com", 200_000, Actor::NONE).await;
    let first = world.withdraw(business.live, ada, 50_000).await;
    let second = world.withdraw(business.live, ada, 20_000).await;
    // Later terms change nothing of what is said.
    let never = Terms { enabled: true, ..Terms::default() };
    world.platform.store.set_terms(business.live, "bank", &never).await.unwrap();
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = |number| format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    let page = approver.get(&path(first)).await;
    page.is(200)
        .says("The amount of $500.00 is above this method’s review limit of $250.00.")
        .says("This recipient has not been paid to this destination before.")
        .says("None: this is the first")
        .says_not("on one day (UTC)");
    let page = approver.get(&path(second)).await;
    page.is(200).says("this recipient has asked for $700.00 on one day (UTC), above the limit of $600.00.");
    page.says_not("review limit").says("1, 0 of all paid").says("$2,000.00");
    let events = world.api("GET", "/payout/events?limit=100", &business.key, "").await.1;
    assert!(events.contains("payout.review") && !events.contains("25000"), "{events}");
}

async fn who_else_uses_the_destination_is_said(world: &Team) {
    let business = world.reviewing_business().await;
    let elsewhere = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let bob = world.give(business.live, "bob@example.com", 10_000, Actor::NONE).await;
    let stranger = world.give(elsewhere.live, "zoe@example.com", 10_000, Actor::NONE).await;
    world.withdraw(elsewhere.live, stranger, 3_333).await;
    let first = world.withdraw(business.live, ada, 1_000).await;
    let path = |number| format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(&path(first)).await.is(200).says("Not used by this recipient before, nor by another.");
    world.withdraw(business.live, bob, 1_500).await;
    world.withdraw(business.live, bob, 500).await;
    let second = world.withdraw(business.live, ada, 2_000).await;
    let page = viewer.get(&path(second)).await;
    page.is(200)
        .says("Another recipient uses the same destination")
        .says(&format!(
            "<a href=\"/dashboard/users/{}\">bob@example.com</a>",
            world.user_id(business.live, bob)
        ))
        .says("2 withdrawals, $20.00")
        .says(&format!("<a href=\"{}\">$10.00</a>", path(first)))
        .says_not("zoe@example.com");
}

async fn ending_by_hand_asks_first(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    let page = approver.get(&path).await;
    page.is(200).says(&format!("{path}/end?how=cancel")).says_not("name=\"text\"");
    for (how, said) in [
        ("settle", "$10.00 is recorded as paid by Bank transfer to ada@example.com. Nothing is sent."),
        ("fail", "$10.00 returns to the balance of ada@example.com"),
        ("cancel", "The recipient reads the reason."),
    ] {
        let page = approver.get(&format!("{path}/end?how={how}")).await;
        page.is(200).says(said).says("Leave it as it is");
    }
    for how in ["return", "paid", "nonsense"] {
        approver.get(&format!("{path}/end?how={how}")).await.is(400);
    }
    assert_eq!(world.state(business.live, number).await, "queued", "nothing was done");
    let fields = [("how", "cancel"), ("text", "You asked us to")];
    approver.post(&format!("{path}/end"), &fields).await.leads_to(&path);
    approver.get(&path).await.says("$10.00 is on the recipient’s balance again.");
}

async fn a_payment_is_found_by_its_proof(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_234).await;
    let other = world.withdraw(business.live, ada, 4_321).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let counter = world.platform.counter(business.live, Actor::OPERATOR);
    counter.settle(number, "Statement 17/3").await.unwrap();
    let path = |number| format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/search?q=statement+17%2F3").await.leads_to(&path(number));
    let list = viewer.get("/dashboard/withdrawals?q=statement+17%2F3").await;
    list.is(200).says("$12.34").says_not("$43.21").says("1 withdrawal<");
    viewer.get("/dashboard/withdrawals?q=statement+17%2F3&state=review").await.says("No withdrawals match");
    viewer.get("/dashboard/withdrawals?q=statement+17").await.is(200).says("No withdrawals match");
    assert_eq!(world.state(business.live, other).await, "review");
}

async fn a_payment_by_hand_is_settled_and_comes_back(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = format!("/dashboard/withdrawals/{}", world.withdrawal_id(business.live, number));
    approver.get(&path).await.is(200).says("Mark as paid");
    let end = format!("{path}/end");
    approver.post(&end, &[("how", "settle")]).await.is(400);
    approver.post(&end, &[("how", "settle"), ("text", "bank ref 17")]).await.leads_to(&path);
    approver.get(&path).await.is(200).says("bank ref 17").says("Record a return");
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
