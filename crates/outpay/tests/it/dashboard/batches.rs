//! Payment batches: made, approved, downloaded, answered, dissolved.

use crate::dashboard::hat::Team;
use crate::world::Business;
use ledger::{Actor, Cents, Step};
use outpay::testing::batches;
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_batch_is_made_approved_downloaded_and_answered,
    a_copy_is_given_out_only_where_the_first_was_lost,
    the_maker_asks_another_person_above_the_limit,
    what_was_not_sent_waits_for_another_batch,
    a_file_that_is_none_settles_nothing,
}

/// A new batch of a new payment; its id.
pub async fn made(world: &Team, business: &Business) -> String {
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let batch = batches::make(&world.platform, business.live, "bank", None, Actor::OPERATOR).await.unwrap();
    batches::id(&world.platform, business.live, batch)
}

/// A business with two payments that were approved.
async fn start(world: &Team) -> (Business, [i64; 2]) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let numbers =
        [world.withdraw(business.live, ada, 1_000).await, world.withdraw(business.live, ada, 2_000).await];
    for number in numbers {
        world.steps(business.live, number, &[Step::Approve]).await;
    }
    (business, numbers)
}

async fn a_batch_is_made_approved_downloaded_and_answered(world: &Team) {
    let (business, numbers) = start(world).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = approver.get("/dashboard/batches").await;
    page.is(200).says("2 payments wait for a batch, $30.00").says("Create batch").says("No batches yet");
    viewer.get("/dashboard/batches").await.is(200).says("2 payments wait").says_not("Create batch");
    let page = approver.post("/dashboard/batches", &[("method", "bank")]).await;
    page.is(303);
    let path = page.location().to_owned();
    let page = approver.get(&path).await;
    page.is(200).says("waits for approval").says("Approve 2 payments, 30.00 USD").says("ada@example.com");
    page.says_not("Download the file");
    viewer.get(&path).await.is(200).says_not("Approve 2 payments");
    assert_eq!(world.state(business.live, numbers[0]).await, "sending", "the person cannot cancel any more");
    approver.post(&format!("{path}/approve"), &[]).await.leads_to(&path);
    approver.get(&path).await.is(200).says("approved, not downloaded").says("Download the file");
    let file = approver.post(&format!("{path}/file"), &[]).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"outpay-batch-1.csv\"");
    file.is(200).says("\u{feff}id,amount,currency,destination[name],destination[account],proof\n");
    let ids = numbers.map(|number| world.withdrawal_id(business.live, number));
    file.says(&format!("{},10.00,USD,", ids[0])).says(&format!("{},20.00,USD,", ids[1]));
    let destination =
        world.platform.store.withdrawal(business.live, numbers[0]).await.unwrap().unwrap().destination;
    let destination = format!("\"{}\"", destination.replace('"', "\"\""));
    let text = format!(
        "id,amount,currency,destination,proof\n{},10,USD,{destination},ref 1\n{},20.00,USD,{destination},\nord_x,1,USD,x,ref 2\n",
        ids[0], ids[1]
    );
    let answer = "/dashboard/batches/answer";
    let page = approver.upload_with(answer, &[("method", "bank")], "paid.csv", &text).await;
    page.is(200)
        .says("1 settled, 0 failed")
        .says("2 not taken")
        .says("line 3: the proof is not one")
        .says("line 4: there is no withdrawal");
    assert_eq!(world.state(business.live, numbers[0]).await, "succeeded");
    assert_eq!(world.state(business.live, numbers[1]).await, "sending");
    approver.get("/dashboard/batches").await.is(200).says("partly settled");
    let log = world.audit(&business).await;
    for action in ["batch.made", "batch.approved", "batch.downloaded", "batch.answered"] {
        assert!(log.iter().any(|one| one == action), "{action}: {log:?}");
    }
}

async fn a_copy_is_given_out_only_where_the_first_was_lost(world: &Team) {
    let (business, _) = start(world).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = approver.post("/dashboard/batches", &[("method", "bank")]).await.location().to_owned();
    approver.post(&format!("{path}/file"), &[]).await.is(400).says("The batch is waiting");
    approver.post(&format!("{path}/approve"), &[]).await.leads_to(&path);
    let first = approver.post(&format!("{path}/file"), &[]).await;
    approver.post(&format!("{path}/file"), &[]).await.is(400).says("Confirm that the earlier copy");
    let page = approver.get(&path).await;
    page.is(200).says("The file was downloaded once").says("downloaded");
    let copy = approver.post(&format!("{path}/file"), &[("lost", "1")]).await;
    let rows = |page: &crate::dashboard::browser::Page| page.between("proof\n", "\n");
    assert_eq!(rows(&copy), rows(&first));
    approver.get(&path).await.is(200).says("2&times;").says("downloaded 2 times");
}

async fn the_maker_asks_another_person_above_the_limit(world: &Team) {
    let (business, _) = start(world).await;
    let change = outpay::testing::store::SettingsChange {
        two_people_above: Some(Some(Cents(2_999))),
        ..outpay::testing::store::SettingsChange::default()
    };
    outpay::testing::business::settings::change(&world.platform, business.live, Actor::OPERATOR, change)
        .await
        .unwrap();
    let mut maker = world.member(&business, Role::Approver).await.browser;
    let mut checker = world.member(&business, Role::Admin).await.browser;
    let path = maker.post("/dashboard/batches", &[("method", "bank")]).await.location().to_owned();
    maker.post(&format!("{path}/approve"), &[]).await.leads_to("/dashboard/proposals");
    checker.get("/dashboard/proposals").await.is(200).says("Approve payment batch 1 of $30.00");
    maker.get(&path).await.is(200).says("waits for approval");
    checker.post(&format!("{path}/approve"), &[]).await.leads_to(&path);
    maker.post(&format!("{path}/file"), &[]).await.is(200);
    let dissolve = format!("{path}/dissolve");
    checker.post(&dissolve, &[("proof", "not sent")]).await.leads_to("/dashboard/proposals");
    checker.get(&path).await.is(200).says("downloaded");
    let page = maker.get("/dashboard/proposals").await;
    page.is(200).says("Dissolve payment batch 1");
    let action = page.between("action=\"/dashboard/proposals/", "/decide\"");
    let decide = format!("/dashboard/proposals/{action}/decide");
    maker.post(&decide, &[("how", "confirm")]).await.leads_to("/dashboard/proposals");
    checker.get(&path).await.is(200).says("dissolved").says("moved");
}

async fn what_was_not_sent_waits_for_another_batch(world: &Team) {
    let (business, _) = start(world).await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = approver.post("/dashboard/batches", &[("method", "bank")]).await.location().to_owned();
    approver.post("/dashboard/batches", &[("method", "bank")]).await.is(400).says("There is no payment");
    approver
        .post("/dashboard/batches", &[("method", "bank"), ("rate", "x")])
        .await
        .is(400)
        .says("Rate: enter");
    approver.post("/dashboard/batches", &[("method", "gift_card")]).await.is(400);
    let dissolve = format!("{path}/dissolve");
    approver.post(&dissolve, &[("proof", " ")]).await.is(400);
    approver.post(&dissolve, &[("proof", "the wrong day")]).await.leads_to(&path);
    approver.get(&path).await.is(200).says("the wrong day").says("2 moved").says_not("button-danger");
    approver.get("/dashboard/batches").await.is(200).says("2 payments wait").says("dissolved");
    let again = approver.post("/dashboard/batches", &[("method", "bank")]).await.location().to_owned();
    assert_ne!(again, path);
}

async fn a_file_that_is_none_settles_nothing(world: &Team) {
    let business = world.reviewing_business().await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/batches/answer";
    let page = approver.upload_with(path, &[("method", "bank")], "paid.csv", "a,b\n1,2\n").await;
    page.is(422).says("Nothing was taken from the file");
    approver.post(path, &[("text", "id,amount,currency,destination,proof\n")]).await.is(415);
}
