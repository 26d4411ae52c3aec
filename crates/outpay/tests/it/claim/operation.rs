//! `GET /p/operations/{id}`: state, reason, steps.
//! `GET /p/operations/{id}/state`: for the script.
//! `POST /p/operations/{id}/cancel`

use crate::claim::browser::Browser;
use crate::claim::hat::{Claim, withdraw};
use crate::world::{MINUTE, Server, Setup, local, on_both_engines};
use ledger::{Mode, ReviewRule, Terms};

on_both_engines! {
    a_withdrawal_is_followed_from_review_to_its_end,
    a_failure_says_why,
    an_estimate_is_shown_until_it_is_paid,
    a_pause_is_told,
    a_delay_is_told_without_a_reason,
    the_changing_part_comes_alone,
    what_was_not_sent_can_be_taken_back,
}

async fn a_withdrawal_is_followed_from_review_to_its_end(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    world.offers(who.book, "sandbox", Terms { review, ..Terms::default() }).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    let page = browser.get(&path).await;
    page.is(200)
        .says("Awaiting review")
        .says("Business 0 reviews this withdrawal")
        .says("data-ended=\"false\"");
    page.says("<noscript><meta http-equiv=\"refresh\"")
        .says("SBX-")
        .says("/assets/claim-follow.")
        .says("mine");
    browser
        .get("/p/home")
        .await
        .says("Awaiting review")
        .says("reviews this withdrawal")
        .says(&format!("href=\"{path}\""));
    world.platform.counter(who.book, ledger::Actor::OPERATOR).approve(1).await.unwrap();
    world.work().await;
    let page = browser.get(&path).await;
    page.says("Paid")
        .says("Approved by Business 0")
        .says("data-ended=\"true\"")
        .says("/receipt\"")
        .says_not("<noscript>");
    page.says_not("/cancel\"");
    browser.get("/p/operations/ord_nothing").await.is(404).says("There is no such withdrawal");
}

async fn a_delay_is_told_without_a_reason(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    browser.get(&path).await.is(200).says("Expected by").says_not("longer than expected");
    world.wait(5 * MINUTE);
    assert_eq!(outpay::testing::delays::sweep(&world.platform).await.unwrap(), 1);
    let page = browser.get(&path).await;
    page.is(200).says("It takes longer than expected. It is now expected by").says("data-ended=\"false\"");
    page.says_not("ceiling").says_not("screening");
    world.work().await;
    browser.get(&path).await.says("Paid").says_not("Expected by").says_not("It is now expected by");
}

async fn a_failure_says_why(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "20.14").await;
    world.work().await;
    browser.get(&path).await.says("Unconfirmed").says("nothing is paid twice");
    let path = withdraw(&mut browser, "20.11").await;
    world.work().await;
    let page = browser.get(&path).await;
    page.says("badge-bad").says("The full amount is back in your balance.").says("Edit and try again");
}

async fn a_pause_is_told(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    let state = format!("{path}/state");
    browser.get(&path).await.says("It will be sent in a moment");
    let pause = outpay::testing::store::PauseScope::All;
    world.platform.store.pause(&pause, "why", ledger::Actor::OPERATOR, &[]).await.unwrap();
    let words = "Withdrawals are paused. It will be sent once they resume.";
    browser.get(&path).await.says(words).says("-method_paused-");
    browser.get(&state).await.says(words);
    browser.get("/p/home").await.says(words);
    world.platform.store.resume(&pause, &[]).await.unwrap();
    world.platform.store.set_payouts_enabled(who.book.business(), false).await.unwrap();
    browser.get(&path).await.says("Business 0 has switched this method off for now");
}

async fn the_changing_part_comes_alone(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = format!("{}/state", withdraw(&mut browser, "60").await);
    let before = browser.get(&path).await;
    before.is(200).says("id=\"progress\"").says("data-ended=\"false\"").says_not("<html");
    world.work().await;
    let after = browser.get(&path).await;
    after.is(200).says("data-ended=\"true\"").says("Paid");
    let version =
        |page: &str| page.split("data-version=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(version(&before.body), version(&after.body));
    // Following a state does not keep a session alive.
    for _ in 0..4 {
        world.platform.clock.advance(9 * MINUTE);
        browser.get(&path).await;
    }
    browser.get(&path).await.leads_to("/p?ended");
}

async fn what_was_not_sent_can_be_taken_back(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let path = withdraw(&mut browser, "60").await;
    let cancel = format!("{path}/cancel");
    browser.post(&cancel, &[]).await.is(403);
    let page = browser.get(&path).await;
    browser.submit(&page, &cancel, &[]).await.leads_to(&path);
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.get(&path).await.says("Cancelled").says("You cancelled it.").says("?again=");
    let path = withdraw(&mut browser, "60").await;
    let page = browser.get(&path).await;
    world.work().await;
    let late = browser.submit(&page, &format!("{path}/cancel"), &[]).await;
    late.is(409).says("It could not be cancelled: The withdrawal has already succeeded.");
    assert_eq!(world.balance(&who).await, (4_000, 0));
}

async fn an_estimate_is_shown_until_it_is_paid(world: &Claim) {
    let mut setup = Setup::default();
    let euro = "title = \"Bank transfer\"\ncurrency = \"EUR\"\nestimated_rate = \"0.9\"";
    setup.config.rails.manual.insert("euro".to_owned(), toml::from_str(euro).unwrap());
    let server = Server::start(local(), world.neighbour_with(&setup).await).await;
    let who = world.recipient(Mode::Live, 10_000).await;
    world.offers(who.book, "euro", Terms::default()).await;
    let mut browser = Browser::new(server.address);
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    let form = browser.get("/p/withdraw/euro?lang=de").await;
    let to = [("amount", "10"), ("to.name", "Ann Doe"), ("to.account", "DE1")];
    let summary = browser.submit(&form, "/p/withdraw/euro", &to).await;
    summary
        .is(200)
        .says("Voraussichtlicher Betrag")
        .says("9,00 EUR")
        .says("Voraussichtlicher Kurs")
        .says("0,9");
    summary.says_not("estimated");
    browser.submit(&summary, "/p/withdraw/euro/confirm", &[]).await.is(303);
    let path = world.operation(who.book, 1);
    let page = browser.get(&path).await;
    page.is(200).says("Voraussichtlicher Betrag").says("9,00 EUR").says("0,9").says("Kontoinhaber");
    let cancelled = browser.submit(&page, &format!("{path}/cancel"), &[]).await;
    cancelled.is(303);
    browser.get(&path).await.says_not("9,00 EUR");
    server.stop().await.unwrap();
}
