//! Bringing files of payments, and paying them.

use crate::dashboard::hat::{Member, Team};
use crate::world::Business;
use ledger::Actor;
use outpay::testing::ids::IdKind;
use outpay::testing::imports::{self, run};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_file_is_checked_shown_confirmed_and_paid,
    every_wrong_line_is_named,
    a_file_that_is_too_large_is_told_so,
    a_file_pays_once_however_often_it_is_brought,
    a_file_that_is_like_an_earlier_one_needs_a_yes,
    what_was_not_covered_is_tried_again,
    above_the_limit_a_second_member_approves,
    it_goes_on_after_a_process_that_was_killed,
    a_start_goes_on_where_a_dead_process_was,
}

const FILE: &str = "email,amount\nada@example.com,1000\nbob@example.com,2000\nada@example.com,500\n";
const PATH: &str = "/dashboard/import";

impl Team {
    /// Pays what is running until there is nothing left.
    async fn pay_imports(&self) {
        while run::step(&self.platform, 1).await.unwrap() {}
    }
}

async fn admin(world: &Team, cents: i64) -> (Business, Member) {
    let business = world.paying_business(cents).await;
    let admin = world.member(&business, Role::Admin).await;
    (business, admin)
}

async fn a_file_is_checked_shown_confirmed_and_paid(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let brought = admin.upload(PATH, "march.csv", FILE).await;
    let path = brought.is(303).location().to_owned();
    let draft = admin.get(&path).await;
    draft
        .is(200)
        .says("march.csv")
        .says("$35.00")
        .says("ada@example.com: 2 lines")
        .says("Pay 3 payments, $35.00");
    world.pay_imports().await;
    assert_eq!(world.balance(business.live, "ada@example.com").await, 0, "not approved yet");
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.leads_to(&path);
    let running = admin.get(&path).await;
    running.is(200).says("0 of 3 done.");
    assert_eq!(running.header("refresh"), "2");
    world.pay_imports().await;
    let done = admin.get(&path).await;
    done.is(200).says("<dt>paid</dt><dd>3</dd>").says("Result as CSV");
    assert_eq!(done.header("refresh"), "");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 1_500);
    assert_eq!(world.balance(business.live, "bob@example.com").await, 2_000);
    let result = admin.get(&format!("{path}/result")).await;
    result.is(200).says("line,email,amount,currency,reference,status,detail\n2,ada@example.com,10.00,USD,,paid,\n3,bob@example.com,20.00,USD,,paid,\n");
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(400);
    assert_eq!(world.audit(&business).await[0], "import.confirmed");
    admin.get(PATH).await.is(200).says("march.csv").says("done");
    let mut other = world.member(&world.business().await, Role::Owner).await.browser;
    other.get(&path).await.is(404);
}

async fn a_file_that_is_too_large_is_told_so(world: &Team) {
    let (_, mut member) = admin(world, 1_000).await;
    let large = "x".repeat(8 * 1024 * 1024);
    let admin = &mut member.browser;
    admin.upload(PATH, "large.csv", &large).await.is(413).says("Nothing larger than 8 MiB");
}

async fn every_wrong_line_is_named(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let file =
        "email,amount,reference\nnobody,1.5,\nbob@example.com\ncy@example.com,1,ref\ndy@example.com,1,ref\n";
    let page = admin.upload(PATH, "march.csv", file).await;
    page.is(422)
        .says("3 lines are wrong")
        .says("Line 2: The email must be")
        .says("Line 3: ")
        .says("Line 5: The reference");
    admin.upload(PATH, "empty.csv", "").await.is(422).says("The file has no payments.");
    assert!(world.platform.store.imports(business.live, 10).await.unwrap().is_empty());
}

async fn a_file_pays_once_however_often_it_is_brought(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let with_reference = "email,amount,reference\ncy@example.com,7,march\n".to_owned();
    for (file, again) in [(FILE, "This file was uploaded before."), (FILE, "This file was uploaded before.")]
    {
        let path = admin.upload(PATH, "march.csv", file).await.is(303).location().to_owned();
        if world.balance(business.live, "bob@example.com").await > 0 {
            admin.get(&path).await.says(again);
        }
        admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(303);
        world.pay_imports().await;
    }
    assert_eq!(world.balance(business.live, "bob@example.com").await, 2_000);
    // Another file with the same reference.
    for file in [with_reference.clone(), with_reference + "dy@example.com,8,april\n"] {
        let path = admin.upload(PATH, "", &file).await.is(303).location().to_owned();
        admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(303);
        world.pay_imports().await;
        admin.get(&path).await.is(200).says("done");
    }
    assert_eq!(world.balance(business.live, "cy@example.com").await, 7);
    assert_eq!(world.balance(business.live, "dy@example.com").await, 8);
}

async fn a_file_that_is_like_an_earlier_one_needs_a_yes(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let first = admin.upload(PATH, "march.csv", FILE).await.is(303).location().to_owned();
    admin.get(&first).await.says_not("paid again");
    admin.post(&format!("{first}/decide"), &[("how", "confirm")]).await.is(303);
    world.pay_imports().await;
    let newest = first.rsplit('/').next().unwrap().to_owned();
    let resaved = FILE.replace('\n', "\r\n");
    let longer = format!("{FILE}cy@example.com,7\n");
    let mut paid = 1_500;
    for (file, words) in [(&resaved, "3 of 3 lines"), (&longer, "3 of 4 lines")] {
        let path = admin.upload(PATH, "march2.csv", file).await.is(303).location().to_owned();
        admin.get(&path).await.is(200).says(words).says("march.csv").says(&newest);
        let decide = format!("{path}/decide");
        for again_as in ["", "imp_1", path.rsplit('/').next().unwrap()] {
            let answer = admin.post(&decide, &[("how", "confirm"), ("again_as", again_as)]).await;
            answer.is(400).says("earlier import");
        }
        world.pay_imports().await;
        assert_eq!(world.balance(business.live, "ada@example.com").await, paid, "not approved yet");
        if file == &longer {
            admin.post(&decide, &[("how", "confirm"), ("again_as", &newest)]).await.leads_to(&path);
            world.pay_imports().await;
            paid += 1_500;
        }
    }
    assert_eq!(world.balance(business.live, "ada@example.com").await, paid);
    let other = "email,amount\nada@example.com,999\nbob@example.com,2000\nzoe@example.com,1\n";
    let path = admin.upload(PATH, "april.csv", other).await.is(303).location().to_owned();
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.leads_to(&path);
}

async fn what_was_not_covered_is_tried_again(world: &Team) {
    let (business, mut member) = admin(world, 1_200).await;
    let admin = &mut member.browser;
    let path = admin.upload(PATH, "march.csv", FILE).await.is(303).location().to_owned();
    admin.get(&path).await.says("does not cover the whole file");
    let decide = format!("{path}/decide");
    admin.post(&decide, &[("how", "confirm")]).await.is(303);
    world.pay_imports().await;
    admin.get(&path).await.says("Try the 2 unpaid again").says("Insufficient payout balance");
    let reference = "more".to_owned();
    world
        .command(
            business.live,
            ledger::Command::Deposit {
                amount: ledger::Cents(5_000),
                reference,
                used_elsewhere: true,
                received_on: String::new(),
            },
        )
        .await;
    let to_payout =
        ledger::Command::Transfer { direction: ledger::Direction::ToPayout, amount: ledger::Cents(5_000) };
    world.command(business.live, to_payout).await;
    admin.post(&decide, &[("how", "retry")]).await.leads_to(&path);
    world.pay_imports().await;
    admin.get(&path).await.says("<dt>paid</dt><dd>3</dd>");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 1_500);
}

async fn above_the_limit_a_second_member_approves(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    admin.post("/dashboard/import/rule", &[("above", "34.99")]).await.leads_to(PATH);
    admin.post("/dashboard/import/rule", &[("above", "much")]).await.is(422);
    let path = admin.upload(PATH, "march.csv", FILE).await.is(303).location().to_owned();
    let decide = format!("{path}/decide");
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.post(&decide, &[("how", "confirm")]).await.is(403);
    approver.post(&decide, &[("how", "approve")]).await.is(400);
    let number =
        world.platform.secrets.ids().open(IdKind::Import, business.live, path.rsplit('/').next().unwrap());
    let draft = world.platform.store.import(business.live, number.unwrap()).await.unwrap().unwrap();
    admin.post(&decide, &[("how", "confirm")]).await.leads_to(&path);
    // A page from before the confirmation did not show who had confirmed.
    let stale = imports::approve(&world.platform, business.live, &draft, Actor::member(member.number)).await;
    assert!(matches!(stale.unwrap(), imports::Approved::Gone));
    let admin = &mut member.browser;
    world.pay_imports().await;
    assert_eq!(world.balance(business.live, "bob@example.com").await, 0);
    admin.get(&path).await.says("Another member must approve it.");
    admin.post(&decide, &[("how", "approve")]).await.is(400).says("Another member");
    approver.post(&decide, &[("how", "approve")]).await.leads_to(&path);
    world.pay_imports().await;
    assert_eq!(world.balance(business.live, "bob@example.com").await, 2_000);
    // The approver came to the team after the rule.
    let words = world.audit(&business).await;
    let words: Vec<_> = words.into_iter().filter(|word| !word.starts_with("member.")).collect();
    assert_eq!(words[..3], ["import.approved", "import.confirmed", "settings.import_approval_changed"]);
    let path = admin
        .upload(PATH, "april.csv", &format!("{FILE}x@example.com,1\n"))
        .await
        .is(303)
        .location()
        .to_owned();
    admin.post(&format!("{path}/decide"), &[("how", "discard")]).await.leads_to(&path);
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(400);
}

async fn it_goes_on_after_a_process_that_was_killed(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let path = admin.upload(PATH, "march.csv", FILE).await.is(303).location().to_owned();
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(303);
    let id = path.strip_prefix("/dashboard/import/").unwrap();
    let number = world.platform.secrets.ids().open(IdKind::Import, business.live, id).unwrap();
    // A process has it, pays a line, and is killed before it writes that down.
    let (store, now) = (&world.platform.store, world.platform.clock.now());
    let (book, import, _) = store.lease_import(7, (now, now + 1)).await.unwrap().unwrap();
    let line = imports::lines::read(FILE.as_bytes()).ok().unwrap().remove(0);
    let told =
        imports::pay::all(&world.platform, book, &import.digest, &[line], import.confirmed_by, || ()).await;
    assert_eq!(told[0].word(), "paid");
    world.pay_imports().await;
    assert_eq!(
        store.open_import_lines(business.live, number, 10).await.unwrap().len(),
        3,
        "it is still leased"
    );
    world.wait(1);
    world.pay_imports().await;
    assert_eq!(world.balance(business.live, "ada@example.com").await, 1_500, "paid once");
    admin.get(&path).await.says("<dt>paid</dt><dd>2</dd>").says("<dt>already paid</dt><dd>1</dd>");
}

async fn a_start_goes_on_where_a_dead_process_was(world: &Team) {
    let (business, mut member) = admin(world, 1_000_000).await;
    let admin = &mut member.browser;
    let path = admin.upload(PATH, "march.csv", FILE).await.is(303).location().to_owned();
    admin.post(&format!("{path}/decide"), &[("how", "confirm")]).await.is(303);
    let (store, now) = (&world.platform.store, world.platform.clock.now());
    store.lease_import(7, (now, now + 60_000_000)).await.unwrap().unwrap();
    world.pay_imports().await;
    let number = world.platform.secrets.ids().open(
        IdKind::Import,
        business.live,
        path.strip_prefix("/dashboard/import/").unwrap(),
    );
    let open = store.open_import_lines(business.live, number.unwrap(), 10).await.unwrap();
    assert_eq!(open.len(), 3, "it is still leased");
    // A process that is killed leaves its file, and the system gives the lock back.
    std::fs::create_dir_all(world.platform.data.join("workers")).unwrap();
    std::fs::write(world.platform.data.join("workers/7.lock"), "").unwrap();
    let _next =
        outpay::testing::background::presence::begin(&world.platform.data, &world.platform.store, &[8])
            .await
            .unwrap();
    world.pay_imports().await;
    admin.get(&path).await.says("<dt>paid</dt><dd>3</dd>");
}
