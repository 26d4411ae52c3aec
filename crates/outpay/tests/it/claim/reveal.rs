//! `POST /p/operations/{id}/reveal`

use crate::claim::hat::Claim;
use crate::world::on_both_engines;
use jiff::Timestamp;
use ledger::{Cents, Mode, Terms};
use outpay::testing::rails::gift_card::pack;

on_both_engines! {
    a_code_is_shown_when_asked_for,
    a_card_is_valid_to_the_day_in_its_file,
}

async fn a_code_is_shown_when_asked_for(world: &Claim) {
    let who = world.recipient(Mode::Live, 4_000).await;
    world.offers(who.book, "gift_card", Terms::default()).await;
    world.stock(who.book, &[("Bookshop", 2_500, "BOOK-1234")]).await;
    let mut browser = world.signed_in(&who).await;
    let form = browser.get("/p/withdraw/gift_card").await;
    browser.submit(&form, "/p/withdraw/gift_card", &[]).await.is(422).says("Choose one.");
    let shown = browser.submit(&form, "/p/withdraw/gift_card", &[("choice", "2500 Bookshop")]).await;
    shown.is(200).says("Bookshop").says("$25.00");
    let done = browser.submit(&shown, "/p/withdraw/gift_card/confirm", &[]).await;
    let path = world.operation(who.book, 1);
    done.leads_to(&path);
    let reveal = format!("{path}/reveal");
    let (_, token) = browser.get(&path).await.hidden_of(&format!("{path}/cancel")).remove(0);
    browser.post(&reveal, &[("csrf", &token)]).await.is(409).says("nothing to show for this withdrawal yet");
    world.work().await;
    let page = browser.get(&path).await;
    page.says("It is ready.").says_not("BOOK-1234");
    browser.post(&reveal, &[]).await.is(403).says_not("BOOK-1234");
    for _ in 0..10 {
        let card = browser.submit(&page, &reveal, &[]).await;
        card.is(200).says("BOOK-1234").says("99").says("$25.00").says("No date given");
        card.says("data-copy=\"BOOK-1234\"").says("pay by gift card and enter this code and the PIN");
    }
    let too_often = browser.submit(&page, &reveal, &[]).await;
    too_often.is(429).says("shown too often").says_not("BOOK-1234");
    let page = browser.get(&path).await;
    assert_eq!(page.body.matches("The code or link was shown").count(), 10);
}

/// A day is no moment: no script and no zone makes another of it.
async fn a_card_is_valid_to_the_day_in_its_file(world: &Claim) {
    let who = world.recipient(Mode::Live, 4_000).await;
    world.offers(who.book, "gift_card", Terms::default()).await;
    let end: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    // As `outpay giftcard import` takes 2027-12-31.
    let kind = ("Bookshop", Cents(2_500), Some(end.as_microsecond() - 1));
    let card = pack(&world.platform.secrets, &world.platform.entropy, who.book, kind, ("BOOK-1234", None));
    world.platform.store.import_gift_cards(who.book, &[card], world.now()).await.unwrap();
    let mut browser = world.signed_in(&who).await;
    let form = browser.get("/p/withdraw/gift_card").await;
    let shown = browser.submit(&form, "/p/withdraw/gift_card", &[("choice", "2500 Bookshop")]).await;
    browser.submit(&shown, "/p/withdraw/gift_card/confirm", &[]).await.is(303);
    world.work().await;
    let path = world.operation(who.book, 1);
    let page = browser.get(&path).await;
    let card = browser.submit(&page, &format!("{path}/reveal"), &[]).await;
    card.is(200).says("December 31, 2027").says_not("<time").says_not("2028");
    card.says("pay by gift card and enter this code.").says_not("PIN");
}
