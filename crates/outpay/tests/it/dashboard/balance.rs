//! The movements of the business's own balances, and the same as a file.

use crate::dashboard::hat::Team;
use crate::world::{Business, MINUTE};
use ledger::{Actor, Cents, Command};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    movements_are_shown_with_the_balance_after_each,
    the_file_has_what_the_filter_shows,
    pages_lead_to_each_other,
}

const DAY: i64 = 1_440 * MINUTE;

/// A deposit of 100 dollars and its transfer on 2 January; payouts to Ada, and some of it taken back, on 3 January.
async fn start(world: &Team) -> Business {
    let business = world.paying_business(10_000).await;
    world.wait(DAY);
    let ada = world.give(business.live, "ada@example.com", 1_500, Actor::NONE).await;
    world.give(business.live, "ada@example.com", 2_500, Actor::NONE).await;
    let reason = "a mistake".to_owned();
    world.command(business.live, Command::Debit { user: ada, amount: Cents(500), reason }).await;
    business
}

async fn movements_are_shown_with_the_balance_after_each(world: &Team) {
    let business = start(world).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard/balance").await;
    page.is(200)
        .says("ada@example.com</a>")
        .says(&format!("/dashboard/users/{}", world.user_id(business.live, 1)));
    for text in ["$65.00", "-$25.00", "$60.00", "-$15.00", "$85.00", "$100.00", "a mistake", "Reclaimed"] {
        page.says(text);
    }
    let main = viewer.get("/dashboard/balance?account=main").await;
    main.is(200).says("Outside").says("deposit ").says("-$100.00").says_not("ada@example.com");
    let payouts = viewer.get("/dashboard/balance?kind=payouts").await;
    payouts.is(200).says("-$15.00").says_not("a mistake").says_not("Main balance</td>");
    viewer
        .get("/dashboard/balance?from=yesterday")
        .await
        .is(200)
        .says("Enter dates such as")
        .says_not("$100.00</td");
    viewer
        .get("/dashboard/balance?until=2026-01-02")
        .await
        .is(200)
        .says("$100.00")
        .says_not("ada@example.com");
    viewer.get("/dashboard/balance?from=2026-01-04").await.is(200).says("No movements match these filters.");
}

async fn the_file_has_what_the_filter_shows(world: &Team) {
    let business = start(world).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let file = viewer.get("/dashboard/balance/export?kind=payouts").await;
    assert_eq!(file.is(200).header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"payout-balance.csv\"");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines[0], "\u{feff}id,created_at,type,amount,balance,currency,counterparty,note,by");
    assert!(
        lines[1].contains(",payout_user.credited,-25.00,60.00,USD,ada@example.com,,Outpay"),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].contains(",payout_user.created,-15.00,85.00,USD,ada@example.com,,Outpay"),
        "{}",
        lines[2]
    );
    assert_eq!(lines.len(), 3);
    let all = viewer.get("/dashboard/balance/export").await;
    assert_eq!(all.is(200).body.lines().count(), 5);
    let main = viewer.get("/dashboard/balance/export?account=main&until=2026-01-02").await;
    assert_eq!(main.header("content-disposition"), "attachment; filename=\"main-balance.csv\"");
    assert_eq!(main.body.lines().count(), 3);
    let other = world.paying_business(1).await;
    let mut elsewhere = world.member(&other, Role::Owner).await.browser;
    elsewhere.get("/dashboard/balance/export").await.is(200).says_not("ada@example.com");
}

async fn pages_lead_to_each_other(world: &Team) {
    let business = world.paying_business(10_000).await;
    for number in 0..120 {
        world.give(business.live, &format!("p{number}@example.com"), 10, Actor::NONE).await;
    }
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let (mut path, mut rows, mut pages) = ("/dashboard/balance?kind=payouts".to_owned(), 0, 0);
    loop {
        let page = viewer.get(&path).await;
        rows += page.is(200).body.matches("data-label=\"Balance after\"").count();
        pages += 1;
        if !page.body.contains(">Older</a>") {
            page.says(">Newest</a>").says("p0@example.com");
            break;
        }
        let links = page.body.split(">Older</a>").next().unwrap();
        path = links.rsplit("href=\"").next().unwrap().trim_end_matches('"').replace("&#38;", "&");
    }
    assert_eq!((rows, pages), (120, 3));
    let file = viewer.get("/dashboard/balance/export?kind=payouts").await;
    assert_eq!(file.is(200).body.lines().count(), 121);
}
