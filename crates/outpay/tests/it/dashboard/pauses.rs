//! Pausing what leaves, by the business's own team.

use crate::dashboard::hat::Team;
use ledger::{Actor, Step};
use outpay::testing::kill_switch;
use outpay::testing::roles::Role;
use outpay::testing::store::PauseScope;
use std::time::Duration;

crate::world::on_both_engines! {
    a_method_is_paused_after_a_question_and_resumed,
    a_person_is_paused_from_the_persons_page,
    what_the_operator_paused_the_business_does_not_end,
}

const PAUSES: &str = "/dashboard/pauses";
const RESUME: &str = "/dashboard/pauses/resume";

async fn a_method_is_paused_after_a_question_and_resumed(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get(PAUSES).await.is(200).says("No pauses. Withdrawals run normally.").says_not("Pause now");
    admin.get("/dashboard/pauses?method=bank").await.is(200).says("Pause withdrawals by Bank transfer?");
    admin.get("/dashboard/pauses?method=wire").await.is(404);
    admin.get(PAUSES).await.is(200).says("No pauses. Withdrawals run normally.");
    let pause = [("method", "bank"), ("reason", "a doubt")];
    admin.post(PAUSES, &pause).await.is(200).says("Paused: withdrawals by Bank transfer.").says("a doubt");
    admin.post(PAUSES, &pause).await.is(200).says("Paused already");
    let id = world.withdrawal_id(business.live, number);
    let approve = [("how", "approve"), ("id", id.as_str())];
    admin.post("/dashboard/withdrawals/review", &approve).await;
    assert_eq!(world.state(business.live, number).await, "review", "what is paused is not approved");
    // Test mode is another book.
    admin.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    admin.get(PAUSES).await.is(200).says("No pauses. Withdrawals run normally.");
    admin.post("/dashboard/mode", &[("mode", "live")]).await.is(303);
    admin.post(RESUME, &[("method", "bank")]).await.leads_to(PAUSES);
    admin
        .get(PAUSES)
        .await
        .says("Resumed: withdrawals by Bank transfer.")
        .says("No pauses. Withdrawals run normally.");
    world.steps(business.live, number, &[Step::Approve]).await;
    let log = world.audit(&business).await;
    let told = |action: &str| log.iter().filter(|line| line.contains(action)).count();
    assert_eq!((told("payments.paused"), told("payments.resumed")), (1, 1), "{log:?}");
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.get(PAUSES).await.is(200).says_not("Pause withdrawals");
    approver.post(PAUSES, &pause).await.is(403);
}

async fn a_person_is_paused_from_the_persons_page(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let user = world.user_id(business.live, ada);
    let path = format!("/dashboard/pauses?user={user}");
    owner.get(&format!("/dashboard/users/{user}")).await.is(200).says(&path);
    owner.get(&path).await.is(200).says("Pause withdrawals of ada@example.com?");
    owner.post(PAUSES, &[("user", &user)]).await.is(200).says("Paused: withdrawals of ada@example.com.");
    let pauses = world.platform.store.pauses_of(business.live).await.unwrap();
    assert!(pauses.len() == 1 && pauses[0].user == Some(ada) && pauses[0].method.is_none(), "{pauses:?}");
    owner.post(RESUME, &[("user", &user)]).await.leads_to(PAUSES);
    assert!(world.platform.store.pauses().await.unwrap().is_empty());
}

async fn what_the_operator_paused_the_business_does_not_end(world: &Team) {
    let business = world.reviewing_business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let scope = PauseScope::Business(business.live.business());
    let patience = Duration::ZERO;
    kill_switch::pause(&world.platform, &scope, "an incident", Actor::OPERATOR, patience).await.unwrap();
    owner
        .get(PAUSES)
        .await
        .is(200)
        .says("Only the server’s operator can resume it")
        .says("an incident")
        .says_not(RESUME);
    owner.post(RESUME, &[("what", "all")]).await.is(409).says("Only the operator can resume it");
    // One's own stands beside it, and goes alone.
    owner.post(PAUSES, &[("what", "all")]).await.is(200).says("Paused: all withdrawals.");
    owner.post(RESUME, &[("what", "all")]).await.leads_to(PAUSES);
    let standing = world.platform.store.pauses().await.unwrap();
    assert_eq!(standing.iter().map(|one| &one.scope).collect::<Vec<_>>(), [&scope]);
    let other = world.business().await;
    let mut other = world.member_called(&other, Role::Owner, "other@example.com").await.browser;
    other.get(PAUSES).await.is(200).says("No pauses. Withdrawals run normally.");
}
