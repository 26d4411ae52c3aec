//! Files of payments that a person makes.

use crate::dashboard::hat::Team;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    payments_are_taken_and_settled_by_file,
    a_payment_is_in_one_file_unless_told,
    a_file_that_is_none_settles_nothing,
}

async fn payments_are_taken_and_settled_by_file(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let numbers =
        [world.withdraw(business.live, ada, 1_000).await, world.withdraw(business.live, ada, 2_000).await];
    for number in numbers {
        world.steps(business.live, number, &[Step::Approve]).await;
    }
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.get("/dashboard/withdrawals/by-hand").await.is(200).says("Bank transfer");
    let file = approver.post("/dashboard/withdrawals/by-hand/export", &[("method", "bank")]).await;
    let ids = numbers.map(|number| world.withdrawal_id(business.live, number));
    file.is(200)
        .says("\u{feff}id,amount,currency,destination[name],destination[account],proof,handed_out_before\n")
        .says(&ids[0])
        .says("20.00,USD");
    assert_eq!(world.state(business.live, numbers[0]).await, "sending", "the person cannot cancel any more");
    approver.post("/dashboard/withdrawals/by-hand/export", &[("method", "gift_card")]).await.is(400);
    let destination =
        world.platform.store.withdrawal(business.live, numbers[0]).await.unwrap().unwrap().destination;
    let destination = format!("\"{}\"", destination.replace('"', "\"\""));
    let text = format!(
        "id,amount,currency,destination,proof\n{},10,USD,{destination},ref 1\n{},20.00,USD,{destination},\nord_x,1,USD,x,ref 2\n",
        ids[0], ids[1]
    );
    let page = approver.upload("/dashboard/withdrawals/by-hand/settle", "paid.csv", &text).await;
    page.is(200)
        .says("1 settled, 2 not.")
        .says("line 3: the proof is not one")
        .says("line 4: there is no withdrawal");
    assert_eq!(world.state(business.live, numbers[0]).await, "succeeded");
    assert_eq!(world.state(business.live, numbers[1]).await, "sending");
}

async fn a_payment_is_in_one_file_unless_told(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    world.steps(business.live, number, &[Step::Approve]).await;
    let id = world.withdrawal_id(business.live, number);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/withdrawals/by-hand/export";
    approver.post(path, &[("method", "bank")]).await.is(200).says(&id).says(",\n");
    let second = approver.post(path, &[("method", "bank")]).await;
    second.is(200).says("No payment is new: 1 in work are in an earlier file").says_not(&id);
    let again = approver.post(path, &[("method", "bank"), ("again", "1")]).await;
    again.is(200).says(&id).says("Z\n");
    let mut owner = world.member(&business, Role::Owner).await.browser;
    owner.get("/dashboard/audit").await.is(200).says("withdrawals.handed_out");
}

async fn a_file_that_is_none_settles_nothing(world: &Team) {
    let business = world.reviewing_business().await;
    let mut approver = world.member(&business, Role::Approver).await.browser;
    let path = "/dashboard/withdrawals/by-hand/settle";
    approver.upload(path, "paid.csv", "a,b\n1,2\n").await.is(422).says("Nothing was settled");
    approver.post(path, &[("text", "id,amount,currency,destination,proof\n")]).await.is(415);
}
