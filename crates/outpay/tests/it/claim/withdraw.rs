//! `GET /p/withdraw/{method}`: the form.

use crate::claim::browser::Browser;
use crate::claim::hat::{Claim, withdraw};
use crate::rails::paypal;
use crate::world::{Server, Setup, local, on_both_engines};
use ledger::{Cents, Mode, Terms};

on_both_engines! {
    the_whole_balance_is_filled_in,
    cards_are_chosen,
    brands_are_searched,
    a_closed_or_unknown_method_has_no_form,
    an_earlier_withdrawal_fills_the_form,
    an_e_mail_address_begins_as_the_person_s_own,
}

async fn the_whole_balance_is_filled_in(world: &Claim) {
    let who = world.recipient(Mode::Live, 12_345).await;
    world.offers(who.book, "bank", Terms { minimum: Cents(500), ..Terms::default() }).await;
    let form = world.signed_in(&who).await.get("/p/withdraw/bank").await;
    form.is(200).says("value=\"123.45\"").says("Between $5.00 and $123.45").says("for=\"to-name\"");
    form.says("name=\"to.account\"").says("Account holder").says_not("problems-title");
}

async fn cards_are_chosen(world: &Claim) {
    let who = world.recipient(Mode::Live, 4_000).await;
    world.offers(who.book, "gift_card", Terms::default()).await;
    world.stock(who.book, &[("Bookshop", 2_500, "A"), ("Bookshop", 5_000, "B")]).await;
    let form = world.signed_in(&who).await.get("/p/withdraw/gift_card").await;
    form.is(200)
        .says("value=\"2500 Bookshop\" required checked")
        .says_not("5000 Bookshop")
        .says_not("name=\"amount\"");
}

async fn brands_are_searched(world: &Claim) {
    let who = world.recipient(Mode::Live, 10_000).await;
    world.offers(who.book, "gift_card", Terms::default()).await;
    world.stock(who.book, &[("Amber", 2_500, "A"), ("Amber", 5_000, "B")]).await;
    let mut browser = world.signed_in(&who).await;
    browser.get("/p/withdraw/gift_card").await.is(200).says_not("role=\"search\"");
    for number in 0..70 {
        let (name, code) = (format!("Shop {number:02}"), format!("C{number}"));
        world.stock(who.book, &[(&name, 1_000, &code)]).await;
    }
    let form = browser.get("/p/withdraw/gift_card").await;
    form.is(200).says("role=\"search\"").says("60 of 71 are shown.").says_not("Shop 69");
    assert_eq!(form.body.matches("class=\"brand\"").count(), 60);
    assert!(form.body.len() < 40_000, "{} bytes", form.body.len());
    let found = browser.get("/p/withdraw/gift_card?q=amb").await;
    found.says("1 result").says("value=\"2500 Amber\"").says("value=\"5000 Amber\"").says_not("Shop 01");
    browser
        .get("/p/withdraw/gift_card?q=shop+6")
        .await
        .says("10 results")
        .says("Shop 69")
        .says("value=\"shop 6\"");
    browser
        .get("/p/withdraw/gift_card?q=%3Cb%3E")
        .await
        .says("Nothing found for “&#60;b&#62;”.")
        .says("Show all");
    // What is chosen is shown, also where it stands far behind.
    let chosen = [("choice", "1000 Shop 69")];
    let summary = browser.submit(&form, "/p/withdraw/gift_card", &chosen).await;
    summary.is(200).says("You receive a $10.00 Shop 69 card");
    let again = browser.submit(&summary, "/p/withdraw/gift_card", &[("change", "1")]).await;
    again.is(200).says("value=\"1000 Shop 69\" required checked");
}

async fn a_closed_or_unknown_method_has_no_form(world: &Claim) {
    let who = world.recipient(Mode::Live, 4_000).await;
    let mut browser = world.signed_in(&who).await;
    browser
        .get("/p/withdraw/bank")
        .await
        .is(200)
        .says("not offered at the moment")
        .says_not("name=\"amount\"");
    browser.get("/p/withdraw/nothing").await.is(404);
    browser.get("/p/withdraw/%ff").await.is(404);
}

async fn an_earlier_withdrawal_fills_the_form(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    // The sandbox refuses this amount.
    let path = withdraw(&mut browser, "20.11").await;
    world.work().await;
    let page = browser.get(&path).await;
    let id = path.rsplit('/').next().unwrap();
    let again = format!("/p/withdraw/sandbox?again={id}");
    page.says("Failed").says(&format!("href=\"{again}\""));
    browser.get(&again).await.is(200).says("value=\"20.11\"").says("value=\"mine\"");
    browser.get("/p/withdraw/sandbox?again=ord_nothing").await.is(404);
}

async fn an_e_mail_address_begins_as_the_person_s_own(world: &Claim) {
    let mut setup = Setup::default();
    let config = paypal::config("https://paypal.example", serde_json::json!({}));
    setup.config.rails.paypal.insert("paypal".to_owned(), config);
    let server = Server::start(local(), world.neighbour_with(&setup).await).await;
    let who = world.recipient(Mode::Test, 4_000).await;
    let mut browser = Browser::new(server.address);
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    let form = browser.get("/p/withdraw/paypal").await;
    form.is(200).says("value=\"user@example.com\"");
    let wrong = [("amount", "25"), ("to.email", "nobody")];
    let page = browser.submit(&form, "/p/withdraw/paypal", &wrong).await;
    page.says("value=\"nobody\"").says("Enter a valid e-mail address.");
    server.stop().await.unwrap();
}
