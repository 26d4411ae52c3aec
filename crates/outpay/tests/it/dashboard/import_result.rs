//! What became of every line, as a file: fields that a spreadsheet would take for formulas are none.

use crate::dashboard::hat::Team;
use ledger::EntryKind;
use outpay::testing::imports::run;
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_file_says_what_became_of_every_line,
}

async fn a_file_says_what_became_of_every_line(world: &Team) {
    let business = world.paying_business(10).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let file = "email,amount,reference\nada@example.com,10,=1+1\nbob@example.com,20,\n";
    let path = admin.upload("/dashboard/import", "a.csv", file).await.is(303).location().to_owned();
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(303);
    while run::step(&world.platform, 1).await.unwrap() {}
    let result = admin.get(&format!("{path}/result")).await;
    result
        .is(200)
        .says("2,ada@example.com,0.10,USD,'=1+1,paid,\n")
        .says("3,bob@example.com,0.20,USD,,not paid,Insufficient payout balance\n");
    assert_eq!(result.header("content-type"), "text/csv; charset=utf-8");
    // Its end is an event, once: also where the process died before the import was marked as done.
    world.database.execute("UPDATE import SET state = 3").await;
    while run::step(&world.platform, 1).await.unwrap() {}
    let entries = world.platform.store.entries(business.live, 0, 1_000).await.unwrap();
    let ends: Vec<&str> = entries
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::ImportCompleted)
        .map(|stored| stored.entry.note.as_str())
        .collect();
    assert_eq!(ends, ["1"]);
}
