//! Finding people, and giving money.

use crate::dashboard::hat::Team;
use ledger::{Actor, Command, UserStatus};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    people_are_found,
    money_is_given_once_for_each_form,
    what_is_wrong_with_a_payment_is_said,
}

const ONCE: &str = "00112233445566778899aabbccddeeff";

async fn people_are_found(world: &Team) {
    let business = world.paying_business(1_000_000).await;
    for (email, cents) in
        [("ada@example.com", 1_000), ("adam@example.org", 2_000), ("bob@example.com", 30_000)]
    {
        world.give(business.live, email, cents, Actor::NONE).await;
    }
    world.command(business.live, Command::SetStatus { user: 2, status: UserStatus::Inactive }).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer
        .get("/dashboard/users")
        .await
        .is(200)
        .says("ada@example.com")
        .says("$300.00")
        .says_not("Send a payout</h2>");
    for (query, found) in [
        ("email=ADA%40example.com", vec!["ada@example.com"]),
        ("email=ada", vec!["ada@example.com", "adam@example.org"]),
        ("status=inactive", vec!["adam@example.org"]),
        ("least=20", vec!["adam@example.org", "bob@example.com"]),
        ("most=20", vec!["ada@example.com", "adam@example.org"]),
        ("least=10.01&most=20&status=active", vec![]),
        ("q=dam", vec!["adam@example.org"]),
        ("q=EXAMPLE.com", vec!["ada@example.com", "bob@example.com"]),
        ("q=example&status=inactive", vec!["adam@example.org"]),
        ("q=example&least=20&sort=oldest", vec!["adam@example.org", "bob@example.com"]),
        ("email=bo&least=1", vec!["bob@example.com"]),
        ("q=%25%25", vec![]),
        ("q=a_a", vec![]),
        ("from=2026-01-02&until=2026-01-02&q=bob%40", vec!["bob@example.com"]),
        ("from=2026-01-03", vec![]),
    ] {
        let page = viewer.get(&format!("/dashboard/users?{query}")).await;
        page.is(200);
        for email in ["ada@example.com", "adam@example.org", "bob@example.com"] {
            assert_eq!(
                page.body.contains(&format!("\">{email}</a>")),
                found.contains(&email),
                "{query}: {email}"
            );
        }
    }
    viewer.get("/dashboard/users?least=many").await.is(200).says("dollars and cents");
    viewer.get("/dashboard/users?q=a").await.is(200).says("at least two characters");
    viewer.get("/dashboard/users?from=today").await.is(200).says("Enter dates such as 2026-01-31.");
    viewer
        .get("/dashboard/users?q=zzz")
        .await
        .is(200)
        .says("No recipients match these filters.")
        .says("0 recipients");
    let id = world.user_id(business.live, 3);
    viewer
        .get(&format!("/dashboard/users?q={id}"))
        .await
        .is(200)
        .says("1 recipient<")
        .says("bob@example.com");
}

async fn money_is_given_once_for_each_form(world: &Team) {
    let business = world.paying_business(1_000_000).await;
    let member = world.member(&business, Role::Admin).await;
    let mut admin = member.browser;
    admin.get("/dashboard/users").await.is(200).says("name=\"once\" value=\"");
    let fields = [("email", "Ada@Example.com"), ("amount", "12.50"), ("once", ONCE)];
    let path = format!("/dashboard/users/{}", world.user_id(business.live, 1));
    admin.post("/dashboard/users/pay", &fields).await.leads_to(&path);
    admin.get(&path).await.is(200).says("$12.50 was given.").says("ada@example.com");
    admin.post("/dashboard/users/pay", &fields).await.leads_to(&path);
    admin.get(&path).await.is(200).says("not again");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 1_250);
    let other = [("email", "ada@example.com"), ("amount", "13"), ("once", ONCE)];
    admin.post("/dashboard/users/pay", &other).await.is(400);
    let entries = world.platform.store.entries(business.live, 2, 10).await.unwrap();
    assert_eq!(entries[0].entry.actor, Actor::member(member.number));
}

async fn what_is_wrong_with_a_payment_is_said(world: &Team) {
    let business = world.paying_business(1_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    for (email, amount, once, sentence) in [
        ("ada", "1", ONCE, "valid e-mail address"),
        ("ada@example.com", "", ONCE, "Amount"),
        ("ada@example.com", "0", ONCE, "Amount"),
        ("ada@example.com", "1000000.01", ONCE, "Amount"),
        ("ada@example.com", "1", "", "incomplete"),
        ("ada@example.com", "10.01", ONCE, "Insufficient payout balance"),
    ] {
        let fields = [("email", email), ("amount", amount), ("once", once)];
        admin.post("/dashboard/users/pay", &fields).await.is(400).says(sentence);
    }
    world.platform.store.set_payouts_enabled(business.number, false).await.unwrap();
    let fields = [("email", "ada@example.com"), ("amount", "1"), ("once", ONCE)];
    admin.post("/dashboard/users/pay", &fields).await.is(400).says("Payouts are currently disabled.");
}
