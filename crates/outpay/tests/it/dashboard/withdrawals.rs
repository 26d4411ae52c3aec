//! The list of withdrawals, its filters, and deciding on those that wait for review.

use crate::dashboard::browser::Page;
use crate::dashboard::hat::Team;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    the_list_is_filtered,
    the_list_goes_on,
    many_are_approved_each_with_its_result,
    many_are_confirmed_first,
    all_that_match_are_bounded_by_the_filter,
    one_is_approved_from_the_list,
    one_is_rejected_with_a_reason,
    after_a_decision_the_next_is_shown,
    the_member_who_gave_the_money_does_not_approve,
    the_member_who_made_the_paying_key_does_not_approve,
    what_is_wrong_with_a_decision_is_said,
}

async fn the_list_is_filtered(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let bob = world.give(business.live, "bob@example.com", 10_000, Actor::NONE).await;
    world.withdraw(business.live, ada, 1_111).await;
    let second = world.withdraw(business.live, bob, 2_222).await;
    world.steps(business.live, second, &[Step::Approve, Step::Send, Step::LoseOutcome]).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let all = viewer.get("/dashboard/withdrawals").await;
    all.is(200)
        .says("$11.11")
        .says("$22.22")
        .says("ada@example.com")
        .says("Bank transfer")
        .says_not("Approve</button>");
    for (query, shown, hidden) in [
        ("state=review", "$11.11", "$22.22"),
        ("state=sending", "$22.22", "$11.11"),
        ("email=Ada%40Example.com", "$11.11", "$22.22"),
        ("doubt=on", "$22.22", "$11.11"),
        ("doubt=on&email=bob%40example.com", "$22.22", "$11.11"),
        ("method=bank&state=review", "$11.11", "$22.22"),
        ("q=11.11", "$11.11", "$22.22"),
        ("q=%2422.22&sort=largest", "$22.22", "$11.11"),
        ("q=ada%40", "$11.11", "$22.22"),
    ] {
        viewer.get(&format!("/dashboard/withdrawals?{query}")).await.is(200).says(shown).says_not(hidden);
    }
    for query in [
        "email=nobody%40example.com",
        "email=nonsense",
        "state=nonsense",
        "method=sandbox",
        "doubt=on&state=review",
        "method=%00",
    ] {
        let page = viewer.get(&format!("/dashboard/withdrawals?{query}")).await;
        page.is(200)
            .says("No withdrawals match these filters.")
            .says("href=\"/dashboard/withdrawals\">Clear the filters");
    }
    viewer.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    viewer.get("/dashboard/withdrawals").await.is(200).says("No withdrawals yet");
}

async fn the_list_goes_on(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 100_000, Actor::NONE).await;
    for cents in 1..=51 {
        world.withdraw(business.live, ada, 1_000 + cents).await;
    }
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let first = viewer.get("/dashboard/withdrawals?state=review").await;
    first.is(200).says("$10.51").says("$10.02").says_not("$10.01");
    first.says("51 withdrawals").says_not("rel=\"prev\"");
    let link = |page: &Page, rel: &str| {
        let link = page.between(&format!("rel=\"{rel}\" href=\""), "\"");
        link.replace("&#38;", "&").replace("&amp;", "&")
    };
    let second = viewer.get(&link(&first, "next")).await;
    second.is(200).says("$10.01").says_not("$10.02").says_not("rel=\"next\"");
    let again = viewer.get(&link(&second, "prev")).await;
    again.is(200).says("$10.51").says("$10.02").says_not("$10.01").says_not("rel=\"prev\"");
    let oldest = viewer.get("/dashboard/withdrawals?state=review&sort=oldest").await;
    oldest.is(200).says("$10.01").says("$10.50").says_not("$10.51");
    let largest = viewer.get("/dashboard/withdrawals?sort=largest&q=ada").await;
    largest.is(200).says("$10.51").says_not("$10.01");
    viewer.get(&link(&largest, "next")).await.is(200).says("$10.01").says_not("$10.02");
}

async fn many_are_approved_each_with_its_result(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let numbers =
        [world.withdraw(business.live, ada, 100).await, world.withdraw(business.live, ada, 200).await];
    let gone = world.withdraw(business.live, ada, 300).await;
    world.steps(business.live, gone, &[Step::Cancel]).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.get("/dashboard/withdrawals").await.is(200).says("Approve</button>");
    let ids = [numbers[0], numbers[1], gone].map(|number| world.withdrawal_id(business.live, number));
    let fields =
        [("decision", "approve"), ("withdrawal", &ids[0]), ("withdrawal", &ids[1]), ("withdrawal", &ids[2])];
    let page = approver.post("/dashboard/withdrawals/review", &fields).await;
    page.is(200).says("2 of 3 done.").says("The withdrawal was already cancelled.");
    for number in numbers {
        assert_eq!(world.state(business.live, number).await, "queued");
    }
    let entries = world.platform.store.entries_of_withdrawal(business.live, numbers[0]).await.unwrap();
    assert!(entries.last().unwrap().entry.actor.as_member().is_some(), "the journal names the member");
}

async fn many_are_confirmed_first(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let bob = world.give(business.live, "bob@example.com", 10_000, Actor::NONE).await;
    let mut numbers = Vec::new();
    for (user, cents) in [(ada, 1_000), (bob, 2_000), (bob, 3_000), (ada, 4_000)] {
        numbers.push(world.withdraw(business.live, user, cents).await);
    }
    world.steps(business.live, numbers[3], &[Step::Cancel]).await;
    let ids: Vec<String> = numbers.iter().map(|number| world.withdrawal_id(business.live, *number)).collect();
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/withdrawals/review";
    let asked = format!("{path}?decision=approve&scope=chosen&withdrawal={}", ids.join("&withdrawal="));
    let page = approver.get(&asked).await;
    page.is(200)
        .says("Approve 3 withdrawals, $60.00")
        .says("<dt>Recipients</dt><dd>2</dd>")
        .says("Bank transfer: 3, $60.00")
        .says("1 of those that you chose no longer await review.");
    assert_eq!(world.state(business.live, numbers[0]).await, "review", "a page changes nothing");
    let joined = page.between("name=\"withdrawals\" value=\"", "\"");
    assert_eq!(joined.split(' ').count(), 3);
    let asked = format!("{path}?decision=reject&scope=page&reason=No&shown={}", ids[..2].join("+"));
    approver.get(&asked).await.is(200).says("Reject 2 withdrawals, $30.00").says("value=\"No\"");
    for wrong in [
        "decision=approve",
        "decision=approve&scope=page",
        "scope=match",
        "decision=reject&scope=page&shown=",
    ] {
        approver.get(&format!("{path}?{wrong}")).await.is(400);
    }
    let fields = [("decision", "approve"), ("withdrawals", joined.as_str())];
    approver.post(path, &fields).await.leads_to("/dashboard/withdrawals?state=review");
    approver.get("/dashboard/withdrawals?state=review").await.says("Approved 3 withdrawals, $60.00.");
    for number in &numbers[..3] {
        assert_eq!(world.state(business.live, *number).await, "queued");
    }
}

async fn all_that_match_are_bounded_by_the_filter(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 100_000, Actor::NONE).await;
    let bob = world.give(business.live, "bob@example.com", 10_000, Actor::NONE).await;
    world.withdraw(business.live, bob, 5_000).await;
    for _ in 0..301 {
        world.withdraw(business.live, ada, 100).await;
    }
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/withdrawals/review?decision=approve&scope=match";
    approver.get(&format!("{path}&q=bob%40example.com")).await.is(200).says("Approve 1 withdrawal, $50.00");
    let page = approver.get(&format!("{path}&q=ada%40example.com")).await;
    page.is(200)
        .says("Approve 300 withdrawals, $300.00")
        .says("301 withdrawals match. At most 300 are decided about at once")
        .says("And 250 more.");
    assert!(page.body.len() < 60 * 1024, "{} bytes", page.body.len());
    let joined = page.between("name=\"withdrawals\" value=\"", "\"");
    let fields = [("decision", "reject"), ("reason", "Not you"), ("withdrawals", joined.as_str())];
    approver.post("/dashboard/withdrawals/review", &fields).await.is(303);
    assert_eq!(world.balance(business.live, "ada@example.com").await, 100_000 - 100);
}

async fn one_is_approved_from_the_list(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    let id = world.withdrawal_id(business.live, number);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let queue = "/dashboard/withdrawals?state=review";
    let page = approver.get(queue).await;
    page.is(200)
        .says(&format!("name=\"next\" value=\"{queue}\""))
        .says(&format!("value=\"{id}\" data-approve"));
    let fields = [("decision", "approve"), ("withdrawal", id.as_str()), ("next", queue)];
    approver.post("/dashboard/withdrawals/review", &fields).await.leads_to(queue);
    approver.get(queue).await.says("Approved: ada@example.com, $10.00.");
    assert_eq!(world.state(business.live, number).await, "queued");
    let other = world.withdraw(business.live, ada, 1_000).await;
    let id = world.withdrawal_id(business.live, other);
    let elsewhere = [("decision", "approve"), ("withdrawal", id.as_str()), ("next", "//evil.example")];
    let path = format!("/dashboard/withdrawals/{id}");
    approver.post("/dashboard/withdrawals/review", &elsewhere).await.leads_to(&path);
}

async fn after_a_decision_the_next_is_shown(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut ids = Vec::new();
    for amount in [100, 200, 300] {
        let number = world.withdraw(business.live, ada, amount).await;
        ids.push(world.withdrawal_id(business.live, number));
    }
    let path = |at: usize| format!("/dashboard/withdrawals/{}", ids[at]);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.get(&path(1)).await.is(200).says("data-key=\"a\"").says("name=\"next\"");
    for (decided, next) in [(1, 0), (0, 2), (2, 2)] {
        let fields = [("decision", "approve"), ("withdrawal", ids[decided].as_str()), ("next", "on")];
        approver.post("/dashboard/withdrawals/review", &fields).await.leads_to(&path(next));
    }
    approver.get(&path(2)).await.is(200).says("Approved.").says_not("data-key");
}

async fn one_is_rejected_with_a_reason(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 4_000).await;
    assert_eq!(world.balance(business.live, "ada@example.com").await, 6_000);
    let id = world.withdrawal_id(business.live, number);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let without = [("decision", "reject"), ("withdrawal", id.as_str())];
    approver.post("/dashboard/withdrawals/review", &without).await.is(400).says("A rejection has a reason");
    let fields =
        [("decision", "reject"), ("withdrawal", id.as_str()), ("reason", "Please use your own account")];
    let path = format!("/dashboard/withdrawals/{id}");
    approver.post("/dashboard/withdrawals/review", &fields).await.leads_to(&path);
    approver.get(&path).await.is(200).says("Rejected.").says("Please use your own account");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 10_000);
}

async fn the_member_who_gave_the_money_does_not_approve(world: &Team) {
    let business = world.reviewing_business().await;
    let maker = world.member(&business, Role::Admin).await;
    let checker = world.member(&business, Role::Approver).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::member(maker.number)).await;
    let number = world.withdraw(business.live, ada, 4_000).await;
    let id = world.withdrawal_id(business.live, number);
    let fields = [("decision", "approve"), ("withdrawal", id.as_str())];
    let (mut maker, mut checker) = (maker.browser, checker.browser);
    maker
        .post("/dashboard/withdrawals/review", &fields)
        .await
        .is(200)
        .says("0 of 1 done.")
        .says("another member");
    assert_eq!(world.state(business.live, number).await, "review");
    checker.post("/dashboard/withdrawals/review", &fields).await.is(303);
    assert_eq!(world.state(business.live, number).await, "queued");
}

async fn the_member_who_made_the_paying_key_does_not_approve(world: &Team) {
    let business = world.reviewing_business().await;
    let mut maker = world.member(&business, Role::Admin).await.browser;
    let mut checker = world.member(&business, Role::Approver).await.browser;
    let fields = [
        ("name", "Mine"),
        ("kind", "secret"),
        ("mode", "live"),
        ("days", ""),
        ("allowed", ""),
        ("ceiling", ""),
    ];
    maker.post("/dashboard/keys", &fields).await.is(200);
    let keys = world.platform.store.keys(business.live).await.unwrap();
    let key = keys.iter().find(|key| key.name == "Mine").unwrap();
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor(key.number)).await;
    let number = world.withdraw(business.live, ada, 4_000).await;
    let id = world.withdrawal_id(business.live, number);
    let fields = [("decision", "approve"), ("withdrawal", id.as_str())];
    maker.post("/dashboard/withdrawals/review", &fields).await.is(200).says("another member");
    assert_eq!(world.state(business.live, number).await, "review");
    checker.post("/dashboard/withdrawals/review", &fields).await.is(303);
    assert_eq!(world.state(business.live, number).await, "queued");
}

async fn what_is_wrong_with_a_decision_is_said(world: &Team) {
    let business = world.reviewing_business().await;
    let other = world.reviewing_business().await;
    let ada = world.give(other.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(other.live, ada, 4_000).await;
    let id = world.withdrawal_id(other.live, number);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/withdrawals/review";
    approver.post(path, &[("decision", "approve")]).await.is(400).says("Choose from 1");
    approver.post(path, &[("withdrawal", &id)]).await.is(400);
    approver.post(path, &[("decision", "approve"), ("withdrawal", &id)]).await.is(404);
    assert_eq!(world.state(other.live, number).await, "review", "another business's");
}
