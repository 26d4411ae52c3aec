//! Differences between the rails' books and a business's withdrawals, as its team sees and closes them.

use crate::dashboard::hat::Team;
use crate::world::Business;
use ledger::{Actor, Cents};
use outpay::testing::rails::Standing;
use outpay::testing::reconciliation;
use outpay::testing::roles::Role;
use outpay::testing::store::{MismatchKind, NewMismatch};

crate::world::on_both_engines! {
    a_team_sees_and_closes_its_own_differences,
    an_alarm_is_closed_by_the_operator_alone,
}

const PAGE: &str = "/dashboard/reconciliation";
const CLOSE: &str = "/dashboard/reconciliation/close";

/// An open difference of a withdrawal of this business; its id.
async fn found(world: &Team, business: &Business, there: i64) -> String {
    let email = format!("person{}@example.com", world.next());
    let user = world.give(business.live, &email, 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, user, 1_000).await;
    let new = NewMismatch {
        kind: MismatchKind::Amount,
        subject: format!("{}/{number}", business.live.0),
        owner: Some((business.live, number)),
        reference: "key".to_owned(),
        rail_number: format!("R-{}-{number}", business.number),
        here: Some(Cents(1_000)),
        there: Some(Cents(there)),
        here_standing: Some(Standing::Paid),
        there_standing: Some(Standing::Paid),
        is_alarm: there > 1_000,
        at: world.now(),
    };
    let store = &world.platform.store;
    store.open_mismatches_anew("bank", std::slice::from_ref(&new), world.now()).await.unwrap();
    let stored = store.mismatch_named("bank", new.kind, &new.subject).await.unwrap().unwrap();
    reconciliation::id(&world.platform, &stored)
}

async fn a_team_sees_and_closes_its_own_differences(world: &Team) {
    let (business, other) = (world.reviewing_business().await, world.reviewing_business().await);
    let (id, others) = (found(world, &business, 900).await, found(world, &other, 800).await);
    let strange = NewMismatch {
        kind: MismatchKind::MissingHere,
        subject: "R-stranger".to_owned(),
        owner: None,
        reference: String::new(),
        rail_number: "R-stranger".to_owned(),
        here: None,
        there: Some(Cents(77_700)),
        here_standing: None,
        there_standing: Some(Standing::Paid),
        is_alarm: true,
        at: world.now(),
    };
    world.platform.store.open_mismatches_anew("bank", &[strange], world.now()).await.unwrap();
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get(PAGE).await;
    page.is(200).says("here paid $10.00, at the rail paid $9.00").says(&format!("R-{}-1", business.number));
    page.says_not("$8.00").says_not("R-stranger").says_not("$777").says_not(CLOSE);
    viewer.get("/dashboard/methods").await.is(200).says("1 open");
    viewer.post(CLOSE, &[("id", &id), ("reason", "a rebate")]).await.is(403);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.post(CLOSE, &[("id", &id)]).await.is(400).says("Explanation: enter one");
    approver.post(CLOSE, &[("id", &others), ("reason", "a rebate")]).await.is(404);
    approver.post(CLOSE, &[("id", &id), ("reason", "a rebate")]).await.leads_to(PAGE);
    approver.get(PAGE).await.is(200).says("No open differences.").says("a rebate");
    approver.post(CLOSE, &[("id", &id), ("reason", "again")]).await.is(409).says("no longer open");
    assert!(world.audit(&business).await.contains(&"reconciliation.closed".to_owned()));
    assert!(!world.audit(&other).await.contains(&"reconciliation.closed".to_owned()));
    assert_eq!(world.platform.store.open_mismatches().await.unwrap().len(), 2, "the others' are untouched");
    approver.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    approver.get(PAGE).await.is(200).says("No open differences.").says_not("a rebate");
}

async fn an_alarm_is_closed_by_the_operator_alone(world: &Team) {
    let business = world.reviewing_business().await;
    let id = found(world, &business, 1_500).await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    owner.get(PAGE).await.is(200).says("More was paid than ordered").says_not(CLOSE);
    owner
        .post(CLOSE, &[("id", &id), ("reason", "fine")])
        .await
        .is(409)
        .says("Only the server’s operator can close");
    assert_eq!(world.platform.store.open_mismatches().await.unwrap().len(), 1);
}
