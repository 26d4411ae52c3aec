//! A second person at the dashboard: a member of another hand confirms, once, and in time.

use crate::dashboard::hat::Team;
use crate::world::on_both_engines;
use crate::world::{Business, MINUTE};
use ledger::{Actor, BookId, Cents, Correction};
use outpay::testing::api_keys;
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::proposals::{self, Checker, Made, Proposed, Refused};
use outpay::testing::roles::Role;
use outpay::testing::store::CredentialKind;

on_both_engines! {
    a_member_confirms_what_the_operator_proposed,
    the_member_who_proposed_it_does_not_confirm_it,
    two_confirmations_at_once_are_one,
    what_has_ended_is_not_confirmed,
    another_business_sees_nothing_of_it,
}

/// A business with 500 in its main balance, of which 200 shall be paid out.
async fn start(world: &Team, by: Actor) -> (Business, Made) {
    let business = world.business().await;
    let (amount, reference) = (Cents(500), format!("wire {}", business.name));
    world
        .command(
            business.live,
            ledger::Command::Deposit { amount, reference, used_elsewhere: true, received_on: String::new() },
        )
        .await;
    let made = propose(world, business.live, by).await;
    (business, made)
}

async fn propose(world: &Team, book: BookId, by: Actor) -> Made {
    let what = Proposed::Correct { correction: Correction::PayOut, amount: Cents(200) };
    proposals::propose(&world.platform, book, &what, "invoice 17", by).await.unwrap()
}

async fn main_balance(world: &Team, business: &Business) -> i64 {
    world.platform.store.own_balances(business.live).await.unwrap().0.0
}

fn path(world: &Team, made: &Made) -> String {
    format!("/dashboard/proposals/{}/decide", proposals::id(&world.platform, &made.row))
}

async fn a_member_confirms_what_the_operator_proposed(world: &Team) {
    let (business, alone) = start(world, Actor::OPERATOR).await;
    assert!(alone.code.is_some(), "there is no member yet");
    let mut admin = world.member(&business, Role::Admin).await;
    let made = propose(world, business.live, Actor::OPERATOR).await;
    assert!(made.code.is_none(), "a member can confirm it");
    let by_code = proposals::confirm(&world.platform, &made.row, Checker::Operator(Some(""))).await;
    assert!(matches!(by_code, Err(Refused::NeedsMember)), "{by_code:?}");
    admin.browser.get("/dashboard/proposals").await.says("invoice 17").says("Pay $2.00 out");
    let confirm = [("how", "confirm")];
    admin.browser.post(&path(world, &made), &confirm).await.leads_to("/dashboard/proposals");
    assert_eq!(main_balance(world, &business).await, 300);
    admin.browser.post(&path(world, &made), &confirm).await.is(400).says("is confirmed");
    assert_eq!(main_balance(world, &business).await, 300);
    let entries = world.platform.store.entries(business.live, 1, 10).await.unwrap();
    let entry = &entries[0].entry;
    let detail = ledger::CorrectionDetail::of(&entry.detail).unwrap();
    assert_eq!((entry.actor, detail.proposed_by), (Actor::member(admin.number), Actor::OPERATOR.0));
    let audit = world.audit(&business).await;
    assert_eq!(audit[0], "proposal.confirmed");
    assert!(audit.contains(&"proposal.made".to_owned()), "{audit:?}");
}

async fn the_member_who_proposed_it_does_not_confirm_it(world: &Team) {
    let business = world.business().await;
    let (amount, reference) = (Cents(500), "wire".to_owned());
    world
        .command(
            business.live,
            ledger::Command::Deposit { amount, reference, used_elsewhere: true, received_on: String::new() },
        )
        .await;
    let mut maker = world.member(&business, Role::Owner).await;
    let mut checker = world.member(&business, Role::Admin).await;
    let made = propose(world, business.live, Actor::member(maker.number)).await;
    let confirm = [("how", "confirm")];
    maker.browser.post(&path(world, &made), &confirm).await.is(400).says("You proposed this yourself");
    // A key that this member made is the same hand.
    let order = api_keys::KeyOrder {
        book: business.live,
        kind: CredentialKind::SecretKey,
        name: "bot".to_owned(),
        expires_in: None,
        limits: KeyLimits::default(),
        family: None,
        budget: None,
    };
    let key = api_keys::create(&world.platform, &order, Actor::member(maker.number)).await.unwrap();
    let by_key = propose(world, business.live, Actor(key.number)).await;
    maker.browser.post(&path(world, &by_key), &confirm).await.is(400).says("You proposed this yourself");
    assert_eq!(main_balance(world, &business).await, 500);
    checker.browser.post(&path(world, &made), &confirm).await.is(303);
    assert_eq!(main_balance(world, &business).await, 300);
}

async fn two_confirmations_at_once_are_one(world: &Team) {
    let (business, made) = start(world, Actor::OPERATOR).await;
    let (one, two) = (world.member(&business, Role::Owner).await, world.member(&business, Role::Admin).await);
    let by = |number| proposals::confirm(&world.platform, &made.row, Checker::Member(Actor::member(number)));
    let (first, second) = tokio::join!(by(one.number), by(two.number));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    assert_eq!(main_balance(world, &business).await, 300);
}

async fn what_has_ended_is_not_confirmed(world: &Team) {
    let (business, made) = start(world, Actor::OPERATOR).await;
    let mut owner = world.member(&business, Role::Owner).await;
    world.wait(made.row.ends_at - world.platform.clock.now());
    let confirmed =
        proposals::confirm(&world.platform, &made.row, Checker::Member(Actor::member(owner.number)));
    assert!(matches!(confirmed.await, Err(Refused::IsNotOpen("expired"))));
    world.wait(MINUTE);
    assert_eq!(main_balance(world, &business).await, 500);
    let code = made.code.unwrap();
    let by_code = Checker::Operator(Some(secrecy::ExposeSecret::expose_secret(&code)));
    assert!(matches!(
        proposals::confirm(&world.platform, &made.row, by_code).await,
        Err(Refused::IsNotOpen(_))
    ));
    owner.browser.get("/dashboard").await;
}

async fn another_business_sees_nothing_of_it(world: &Team) {
    let (_, made) = start(world, Actor::OPERATOR).await;
    let elsewhere = world.business().await;
    let mut owner = world.member(&elsewhere, Role::Owner).await;
    owner.browser.post(&path(world, &made), &[("how", "confirm")]).await.is(404);
    owner.browser.get("/dashboard/proposals").await.says_not("invoice 17");
}
