//! What takes two people at the dashboard, while the business has a rule: one approver alone does not settle and return a
//! payment by hand, and does not change what would let one.

use crate::dashboard::hat::{Member, Team};
use crate::world::Business;
use ledger::{Actor, Step, WithdrawalState};
use outpay::testing::batches;
use outpay::testing::ids::IdKind;
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    one_approver_alone_does_not_have_a_payment_paid_twice,
    a_debit_above_the_limit_takes_two,
    rules_and_limits_take_two,
    roles_and_invitations_take_two,
    removing_a_member_and_a_second_factor_takes_two,
    a_key_waits_for_another_member,
    a_file_of_payments_proposes_what_takes_two,
}

async fn set_rule(admin: &mut Member, dollars: &str) {
    let page = admin.browser.post("/dashboard/settings/two-people", &[("above", dollars)]).await;
    page.leads_to("/dashboard/settings");
}

/// A business with a rule of $5, an admin, an approver, and a withdrawal of $10 by hand, which was approved.
async fn start(world: &Team) -> (Business, Member, Member, i64) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let mut admin = world.member(&business, Role::Admin).await;
    let approver = world.member(&business, Role::Approver).await;
    set_rule(&mut admin, "5").await;
    (business, admin, approver, number)
}

async fn state(world: &Team, business: &Business, number: i64) -> WithdrawalState {
    world.platform.store.withdrawal(business.live, number).await.unwrap().unwrap().state
}

/// Decides the newest proposal of the page.
async fn decide(by: &mut Member, how: &str) -> crate::dashboard::browser::Page {
    let list = by.browser.get("/dashboard/proposals").await;
    let path = list.is(200).between("action=\"/dashboard/proposals/", "\"");
    by.browser.post(&format!("/dashboard/proposals/{path}"), &[("how", how)]).await
}

async fn one_approver_alone_does_not_have_a_payment_paid_twice(world: &Team) {
    let (business, mut admin, mut approver, number) = start(world).await;
    let end = format!("/dashboard/withdrawals/{}/end", world.withdrawal_id(business.live, number));
    for (how, before, after) in [
        ("settle", WithdrawalState::Queued, WithdrawalState::Succeeded),
        ("return", WithdrawalState::Succeeded, WithdrawalState::Returned),
    ] {
        let proposed = approver.browser.post(&end, &[("how", how), ("text", "bank ref 17")]).await;
        proposed.leads_to("/dashboard/proposals");
        assert_eq!(state(world, &business, number).await, before, "{how}");
        decide(&mut approver, "confirm").await.is(400).says("You proposed this yourself");
        assert_eq!(state(world, &business, number).await, before, "{how}");
        decide(&mut admin, "confirm").await.leads_to("/dashboard/proposals");
        assert_eq!(state(world, &business, number).await, after, "{how}");
    }
    let entries = world.platform.store.entries_of_withdrawal(business.live, number).await.unwrap();
    let last = &entries.last().unwrap().entry;
    assert_eq!(last.actor, Actor::member(admin.number));
    assert!(last.note.contains(&format!("by member {}", approver.number)), "{}", last.note);
    let audit = world.audit(&business).await;
    assert!(audit.iter().filter(|action| *action == "proposal.confirmed").count() == 2, "{audit:?}");
}

async fn a_debit_above_the_limit_takes_two(world: &Team) {
    let (business, mut admin, _, _) = start(world).await;
    let mut owner = world.member(&business, Role::Owner).await;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, 1));
    let balance = async || world.platform.store.user(business.live, 1).await.unwrap().unwrap().user.balance.0;
    let page = admin.browser.get(&path).await;
    let once = page.is(200).between("name=\"once\" value=\"", "\"");
    let debit = [("amount", "6"), ("reason", "a mistake"), ("once", once.as_str())];
    for _ in 0..2 {
        admin.browser.post(&format!("{path}/debit"), &debit).await.leads_to("/dashboard/proposals");
    }
    assert_eq!(
        world.platform.store.proposals(business.live, 10).await.unwrap().len(),
        1,
        "one form, one proposal"
    );
    assert_eq!(balance().await, 9_000);
    decide(&mut owner, "confirm").await.leads_to("/dashboard/proposals");
    assert_eq!(balance().await, 8_400);
    let page = admin.browser.get(&path).await;
    let once = page.is(200).between("name=\"once\" value=\"", "\"");
    let debit = [("amount", "5"), ("reason", "a mistake"), ("once", once.as_str())];
    admin.browser.post(&format!("{path}/debit"), &debit).await.leads_to(&path);
    assert_eq!(balance().await, 7_900);
}

async fn rules_and_limits_take_two(world: &Team) {
    let (business, mut admin, _, _) = start(world).await;
    let mut other = world.member(&business, Role::Admin).await;
    let store = &world.platform.store;
    for (path, field, value) in [
        ("/dashboard/settings/two-people", "above", ""),
        ("/dashboard/settings/two-people", "above", "6"),
        ("/dashboard/settings/expiry", "days", "30"),
        ("/dashboard/import/rule", "above", "1000"),
    ] {
        admin.browser.post(path, &[(field, value)]).await.leads_to("/dashboard/proposals");
        decide(&mut admin, "confirm").await.is(400).says("You proposed this yourself");
        decide(&mut other, "withdraw").await.leads_to("/dashboard/proposals");
    }
    assert_eq!(store.two_people_above(business.live).await.unwrap(), Some(ledger::Cents(500)));
    assert_eq!(store.expiry_days(business.live).await.unwrap(), None);
    assert_eq!(store.import_approval_above(business.live).await.unwrap(), None);
    admin
        .browser
        .post("/dashboard/settings/expiry", &[("days", "30")])
        .await
        .leads_to("/dashboard/proposals");
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert_eq!(store.expiry_days(business.live).await.unwrap(), Some(30));
    // Stricter at once.
    set_rule(&mut admin, "4").await;
    admin
        .browser
        .post("/dashboard/settings/two-people", &[("above", "")])
        .await
        .leads_to("/dashboard/proposals");
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert_eq!(store.two_people_above(business.live).await.unwrap(), None);
    admin.browser.post("/dashboard/settings/expiry", &[("days", "")]).await.leads_to("/dashboard/settings");
}

async fn roles_and_invitations_take_two(world: &Team) {
    let (business, _, approver, _) = start(world).await;
    let mut owner = world.member(&business, Role::Owner).await;
    let mut other = world.member(&business, Role::Owner).await;
    let invite = |role: &'static str| [("email", "new@example.com"), ("role", role)];
    for role in ["owner", "admin", "approver"] {
        owner.browser.post("/dashboard/team/invite", &invite(role)).await.is(422).says("takes two people");
    }
    owner.browser.post("/dashboard/team/invite", &invite("viewer")).await.is(200);
    let id = outpay::testing::members::id(&world.platform, IdKind::Member, approver.number);
    let promote = [("member", id.as_str()), ("role", "owner")];
    owner.browser.post("/dashboard/team/role", &promote).await.leads_to("/dashboard/proposals");
    decide(&mut owner, "confirm").await.is(400).says("You proposed this yourself");
    let role = async || {
        let team = world.platform.store.team(business.number).await.unwrap();
        team.iter().find(|member| member.number == approver.number).unwrap().role
    };
    assert_eq!(role().await, Role::Approver);
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert_eq!(role().await, Role::Owner);
}

async fn removing_a_member_and_a_second_factor_takes_two(world: &Team) {
    let (business, _, mut approver, _) = start(world).await;
    let mut owner = world.member(&business, Role::Owner).await;
    let mut other = world.member(&business, Role::Owner).await;
    let id = outpay::testing::members::id(&world.platform, IdKind::Member, approver.number);
    let fields = [("member", id.as_str())];
    let found = async || {
        let team = world.platform.store.team(business.number).await.unwrap();
        team.into_iter().find(|member| member.number == approver.number)
    };
    owner.browser.post("/dashboard/team/reset", &fields).await.leads_to("/dashboard/proposals");
    assert!(found().await.unwrap().has_second_factor);
    decide(&mut owner, "confirm").await.is(400).says("You proposed this yourself");
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert!(!found().await.unwrap().has_second_factor);
    owner.browser.post("/dashboard/team/remove", &fields).await.leads_to("/dashboard/proposals");
    assert!(found().await.is_some());
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert!(found().await.is_none());
    approver.browser.get("/dashboard").await.leads_to("/dashboard/sign-in");
}

async fn a_key_waits_for_another_member(world: &Team) {
    let (business, mut admin, _, _) = start(world).await;
    let mut other = world.member(&business, Role::Admin).await;
    let make = [("kind", "secret"), ("mode", "live"), ("name", "Shop")];
    let page = admin.browser.post("/dashboard/keys", &make).await;
    let key =
        page.is(200).says("another person has confirmed").between("<p class=\"secret\" id=\"key\">", "</p>");
    assert_eq!(world.api("GET", "/balance", &key, "").await.0, 401);
    admin.browser.get("/dashboard/keys").await.is(200).says("Waits for a second person");
    decide(&mut admin, "confirm").await.is(400).says("You proposed this yourself");
    decide(&mut other, "confirm").await.leads_to("/dashboard/proposals");
    assert_eq!(world.api("GET", "/balance", &key, "").await.0, 200);
    assert_eq!(world.audit(&business).await[0], "key.activated");
}

async fn a_file_of_payments_proposes_what_takes_two(world: &Team) {
    let (business, _, approver, number) = start(world).await;
    let book = business.live;
    let by = Actor::member(approver.number);
    let batch = batches::make(&world.platform, book, "bank", None, by).await.unwrap();
    batches::approve(&world.platform, book, batch, Actor::OPERATOR.into()).await.unwrap();
    let (file, _) = batches::download(&world.platform, book, batch, by).await.unwrap();
    let text = String::from_utf8(file.bytes).unwrap();
    let mut filled = String::new();
    for (at, line) in text.lines().enumerate() {
        filled += &if at == 0 { format!("{line}\n") } else { format!("{line}wire 9\n") };
    }
    let taken = batches::bring(&world.platform, book, "bank", filled.as_bytes(), by).await.unwrap();
    assert_eq!((taken.settled, taken.proposed), (0, 1), "{taken:?}");
    assert_eq!(state(world, &business, number).await, WithdrawalState::Sending);
    assert_eq!(world.platform.store.proposals(book, 10).await.unwrap().len(), 1);
}
