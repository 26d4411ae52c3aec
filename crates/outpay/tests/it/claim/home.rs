//! `GET /p/home`: money, methods, history, branding.

use crate::claim::hat::{Claim, withdraw};
use crate::world::on_both_engines;
use ledger::{Cents, Command, Email, FeeRule, Mode, Terms};

on_both_engines! {
    money_methods_and_history_are_shown,
    a_business_shows_itself,
    older_entries_are_a_page_further,
}

async fn money_methods_and_history_are_shown(world: &Claim) {
    let who = world.recipient(Mode::Live, 12_500).await;
    let fee = FeeRule { fixed: Cents(50), basis_points: 150, ..FeeRule::default() };
    world.offers(who.book, "bank", Terms { fee, minimum: Cents(500), ..Terms::default() }).await;
    let mut browser = world.signed_in(&who).await;
    let home = browser.get("/p/home").await;
    home.is(200).says("$125.00").says("user@example.com").says("Bank transfer").says("$0.50 + 1.5 %");
    home.says("You get for $125.00").says("$122.63").says("a few working days").says("$5.00");
    home.says_not("Gift card").says_not("This method is not available at the moment.");
    home.says("href=\"/p/withdraw/bank\"").says_not("href=\"/p/withdraw/gift_card\"").says_not("mode-test");
    let (email, memo) = (Email::parse("user@example.com").unwrap(), "October & <more>".to_owned());
    world
        .command(
            who.book,
            Command::Create { email, amount: Cents(1), memo, metadata: ledger::Metadata::default() },
        )
        .await;
    browser.get("/p/home").await.says("October &#38; &#60;more&#62;");
    world
        .command(who.book, Command::Debit { user: who.user, amount: Cents(1), reason: "test".to_owned() })
        .await;
    let reason = "for a <mistake>".to_owned();
    world.command(who.book, Command::Debit { user: who.user, amount: Cents(500), reason }).await;
    let home = browser.get("/p/home").await;
    home.says("−$5.00").says("for a &#60;mistake&#62;").says("took money back").says("$120.00");
}

async fn a_business_shows_itself(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    browser
        .get("/p/home")
        .await
        .says("Business 0 has sent you money")
        .says_not("/p/colour/")
        .says("mode-test");
    world.shows(who.book, "Harbour & Pine", "").await;
    let home = browser.get("/p/home").await;
    home.says("Harbour &#38; Pine has sent you money").says("/p/colour/ffd400.css").says("Ask us.");
    home.says("href=\"https://example.com/help\"").says_not("Business 0");
}

async fn older_entries_are_a_page_further(world: &Claim) {
    let who = world.recipient(Mode::Test, 100_000).await;
    let mut browser = world.signed_in(&who).await;
    for _ in 0..21 {
        withdraw(&mut browser, "1").await;
    }
    let home = browser.get("/p/home").await;
    assert_eq!(home.body.matches("<time class=\"when\"").count(), 20);
    let older = home.body.split("href=\"/p/home?before=").nth(1).unwrap().split('"').next().unwrap();
    let older = browser.get(&format!("/p/home?before={older}")).await;
    older.is(200).says("sent you money").says_not("?before=");
    assert_eq!(older.body.matches("<time class=\"when\"").count(), 2);
    browser.get("/p/home?before=txn_nothing").await.is(404);
}
