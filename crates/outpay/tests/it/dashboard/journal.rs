//! The journal as a file.

use crate::dashboard::hat::Team;
use crate::world::MINUTE;
use data_encoding::HEXLOWER;
use ledger::{Actor, Step};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    every_entry_of_the_days_is_in_the_file,
}

const DAY: i64 = 1_440 * MINUTE;

async fn every_entry_of_the_days_is_in_the_file(world: &Team) {
    let business = world.reviewing_business().await;
    let book = business.live;
    let ada = world.give(book, "ada@example.com", 2_000, Actor::NONE).await;
    world.wait(DAY);
    let number = world.withdraw(book, ada, 1_000).await;
    world.steps(book, number, &[Step::Approve, Step::Send, Step::Succeed]).await;
    world.wait(DAY);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer
        .get("/dashboard/journal")
        .await
        .is(200)
        .says("January 2026")
        .says("from=2026-01-01&#38;until=2026-01-31");
    let entries = world.platform.store.entries(book, 0, 1_000).await.unwrap();
    // Before the sums of days know any entry, when they know some, and when they know all.
    for portion in [0, 3, 1_000] {
        if portion > 0 {
            world.platform.store.add_to_day_sums(book, portion).await.unwrap();
        }
        let file = viewer.get("/dashboard/journal/export").await;
        let lines: Vec<&str> = file.is(200).body.lines().skip(1).collect();
        assert_eq!(lines.len(), entries.len(), "{portion}");
        for (line, stored) in lines.iter().zip(&entries) {
            assert!(line.starts_with(&format!("{},evt_", stored.entry.sequence)), "{line}");
            assert!(line.ends_with(&HEXLOWER.encode(&stored.chain)), "{line}");
        }
        let second = viewer.get("/dashboard/journal/export?from=2026-01-03&until=2026-01-03").await;
        let of_day = entries.iter().filter(|stored| stored.entry.withdrawal == number).count();
        assert_eq!(second.is(200).body.lines().count(), of_day + 1, "{portion}");
        let first = viewer.get("/dashboard/journal/export?until=2026-01-02").await;
        assert_eq!(first.is(200).body.lines().count(), entries.len() - of_day + 1, "{portion}");
        assert_eq!(
            viewer.get("/dashboard/journal/export?from=2026-01-05").await.is(200).body.lines().count(),
            1
        );
    }
    let file = viewer.get("/dashboard/journal/export").await;
    let user = world.user_id(book, ada);
    let withdrawal = world.withdrawal_id(book, number);
    file.says(&format!(",payout_user.created,payout,{user},20.00,USD,{user},,0,,"))
        .says(&format!(",payout.created,{user},held,10.00,USD,{user},{withdrawal},0,,"))
        .says(&format!(",payout.succeeded,held,rail manual,10.00,USD,{user},{withdrawal},0,,"))
        .says(&format!(",payout.approved,,,0.00,USD,{user},{withdrawal},0,,"))
        .says_not("ada@example.com");
}
