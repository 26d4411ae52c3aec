//! `GET /p/home`: money, methods, history, branding.

use crate::claim::hat::{Claim, withdraw};
use crate::world::on_both_engines;
use ledger::{Cents, Command, Email, FeeRule, Mode, Terms};

on_both_engines! {
    money_methods_and_history_are_shown,
    a_business_shows_itself,
    what_can_be_used_comes_first,
    returned_and_cancelled_money_is_one_line,
    a_message_stands_beside_the_amount,
    older_entries_are_a_page_further,
}

async fn money_methods_and_history_are_shown(world: &Claim) {
    let who = world.recipient(Mode::Live, 12_500).await;
    let fee = FeeRule { fixed: Cents(50), basis_points: 150, ..FeeRule::default() };
    world.offers(who.book, "bank", Terms { fee, minimum: Cents(500), ..Terms::default() }).await;
    let mut browser = world.signed_in(&who).await;
    let home = browser.get("/p/home").await;
    home.is(200).says("$125.00").says("user@example.com").says("Bank transfer").says("Fee $2.37");
    home.says("You receive $122.63").says("Arrives in a few working days");
    home.says_not("Gift card").says_not("Temporarily unavailable");
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
    browser.get("/p/home").await.says("Business 0 sent you money").says_not("/p/colour/").says("mode-test");
    world.shows(who.book, "Harbour & Pine", "").await;
    let home = browser.get("/p/home").await;
    home.says("Harbour &#38; Pine sent you money").says("/p/colour/ffd400.css").says("Ask us.");
    home.says("href=\"https://example.com/help\"").says_not("Business 0");
}

async fn what_can_be_used_comes_first(world: &Claim) {
    let who = world.recipient(Mode::Live, 12_500).await;
    // The stock is empty, and one costs more than the balance.
    world.offers(who.book, "gift_card", Terms::default()).await;
    world.offers(who.book, "bank", Terms::default()).await;
    let mut browser = world.signed_in(&who).await;
    let home = browser.get("/p/home").await;
    home.is(200).says("No fee").says("Temporarily unavailable").says("It cannot be paid right now.");
    let place = |text: &str| home.body.find(text).unwrap_or_else(|| panic!("{text}: {}", home.body));
    assert!(place("Bank transfer") < place("Gift card"), "gift cards come first in the list of rails");
    home.says_not("href=\"/p/withdraw/gift_card\"");
    world.stock(who.book, &[("Bookshop", 20_000, "A")]).await;
    let home = browser.get("/p/home").await;
    home.says("costs more than your balance of $125.00").says_not("Temporarily unavailable");
    let brands = ["Books", "Cafe", "Music", "Tours"];
    for (brand, code) in brands.into_iter().zip(["B", "C", "M", "T"]) {
        world.stock(who.book, &[(brand, 1_000, code)]).await;
    }
    browser
        .get("/p/home")
        .await
        .says("From $10.00")
        .says("Books, Cafe and 2 more")
        .says("Available instantly");
    let terms = Terms { minimum: Cents(50_000), ..Terms::default() };
    world.offers(who.book, "bank", terms).await;
    browser.get("/p/home").await.says("Your balance is below the minimum of $500.00.");
}

async fn returned_and_cancelled_money_is_one_line(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let lines = |body: &str| body.matches("<time class=\"when\"").count();
    // The sandbox returns what ends in 15, and refuses what ends in 11.
    for (amount, state) in [("20.15", "Returned"), ("30.11", "Failed")] {
        let path = withdraw(&mut browser, amount).await;
        let before = browser.get("/p/home").await;
        world.work().await;
        world.wait(5_000_000);
        world.work().await;
        let home = browser.get("/p/home").await;
        home.says(&format!("${amount} came back: Sandbox")).says(state).says("$100.00");
        home.says(&format!("href=\"{path}\"")).says_not(&format!("−${amount}"));
        assert_eq!(lines(&home.body), lines(&before.body), "{amount} is one line");
    }
    let path = withdraw(&mut browser, "40").await;
    let page = browser.get(&path).await;
    browser.submit(&page, &format!("{path}/cancel"), &[]).await.is(303);
    let home = browser.get("/p/home").await;
    home.says("$40.00 came back: Sandbox").says("You cancelled it.");
    assert_eq!(lines(&home.body), 4, "three that came back, and the payment");
}

async fn a_message_stands_beside_the_amount(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    browser.get("/p/home").await.says_not("claim-memo");
    for memo in ["Thanks for <October>", ""] {
        let email = Email::parse("user@example.com").unwrap();
        let (memo, metadata) = (memo.to_owned(), ledger::Metadata::default());
        world.command(who.book, Command::Create { email, amount: Cents(100), memo, metadata }).await;
        let home = browser.get("/p/home").await;
        assert_eq!(home.body.contains("claim-memo"), home.body.contains("$51.00"), "of the newest payment");
    }
    browser.get("/p/home").await.says("Thanks for &#60;October&#62;");
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
