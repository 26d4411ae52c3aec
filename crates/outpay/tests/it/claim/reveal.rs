//! `POST /p/operations/{id}/reveal`

use crate::claim::hat::Claim;
use crate::world::on_both_engines;
use ledger::{Mode, Terms};

on_both_engines! { a_code_is_shown_when_asked_for, }

async fn a_code_is_shown_when_asked_for(world: &Claim) {
    let who = world.recipient(Mode::Live, 4_000).await;
    world.offers(who.book, "gift_card", Terms::default()).await;
    world.stock(who.book, &[("Bookshop", 2_500, "BOOK-1234")]).await;
    let mut browser = world.signed_in(&who).await;
    let form = browser.get("/p/withdraw/gift_card").await;
    browser.submit(&form, "/p/withdraw/gift_card", &[]).await.is(422).says("Please choose one.");
    let shown = browser.submit(&form, "/p/withdraw/gift_card", &[("choice", "2500 Bookshop")]).await;
    shown.is(200).says("Bookshop").says("$25.00");
    let done = browser.submit(&shown, "/p/withdraw/gift_card/confirm", &[]).await;
    let path = world.operation(who.book, 1);
    done.leads_to(&path);
    let reveal = format!("{path}/reveal");
    let (_, token) = browser.get(&path).await.hidden_of(&format!("{path}/cancel")).remove(0);
    browser.post(&reveal, &[("csrf", &token)]).await.is(409).says("or not yet");
    world.work().await;
    let page = browser.get(&path).await;
    page.says("It is ready.").says_not("BOOK-1234");
    browser.post(&reveal, &[]).await.is(403).says_not("BOOK-1234");
    for _ in 0..10 {
        let card = browser.submit(&page, &reveal, &[]).await;
        card.is(200).says("BOOK-1234").says("99").says("$25.00");
    }
    let too_often = browser.submit(&page, &reveal, &[]).await;
    too_often.is(429).says("shown too often").says_not("BOOK-1234");
    let page = browser.get(&path).await;
    assert_eq!(page.body.matches("The code or link was shown").count(), 10);
}
