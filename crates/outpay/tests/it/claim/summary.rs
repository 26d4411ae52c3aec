//! `POST /p/withdraw/{method}`: what is wrong stands at its field, what is right is shown once more.
//! `POST /p/withdraw/{method}/confirm`: carried out once.

use crate::claim::hat::{Claim, summary};
use crate::world::on_both_engines;
use ledger::{Cents, FeeRule, Mode, Terms};

on_both_engines! {
    a_right_form_is_shown_once_more,
    what_is_wrong_stands_at_its_field,
    something_can_be_changed,
    a_post_without_the_token_does_nothing,
    a_double_click_pays_once,
    a_changed_fee_is_shown_first,
    a_summary_that_was_tampered_with_is_not_carried_out,
    what_stands_in_the_way_by_now_is_said,
}

async fn a_right_form_is_shown_once_more(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let fee = FeeRule { fixed: Cents(150), ..FeeRule::default() };
    world.offers(who.book, "sandbox", Terms { fee, ..Terms::default() }).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "25.5").await;
    shown.is(200).says("$25.50").says("$1.50").says("$24.00").says("mine").says("a few seconds");
    shown.says("action=\"/p/withdraw/sandbox/confirm\"").says("<h1>Review your withdrawal</h1>");
    shown.says("You receive $24.00 by Sandbox");
    assert_eq!(world.balance(&who).await, (10_000, 0), "nothing is held yet");
}

async fn what_is_wrong_stands_at_its_field(world: &Claim) {
    let who = world.recipient(Mode::Live, 10_000).await;
    world
        .offers(who.book, "bank", Terms { minimum: Cents(500), maximum: Cents(9_000), ..Terms::default() })
        .await;
    let mut browser = world.signed_in(&who).await;
    let form = browser.get("/p/withdraw/bank").await;
    for (amount, sentence) in [
        ("", "Enter an amount, for example 25.50."),
        ("1,2,3", "Enter an amount, for example 25.50."),
        ("100.01", "You have $100.00."),
        ("4.99", "The minimum is $5.00."),
        ("95", "The maximum is $90.00."),
    ] {
        let to = [("amount", amount), ("to.name", "A <b>"), ("to.account", "DE1")];
        let answer = browser.submit(&form, "/p/withdraw/bank", &to).await;
        answer.is(422).says(sentence).says("href=\"#amount\"").says("id=\"amount-error\"").says("autofocus");
        answer.says("aria-describedby=\"amount-hint amount-error\"").says("value=\"A &#60;b&#62;\"");
    }
    let to = [("amount", "10"), ("to.name", " "), ("to.account", "DE1")];
    let answer = browser.submit(&form, "/p/withdraw/bank", &to).await;
    answer.is(422).says("href=\"#to-name\"").says("Fill in this field.").says_not("amount-error");
    answer.says("<title>Error: Withdraw: Bank transfer");
    let german = browser.get("/p/withdraw/bank?lang=de").await;
    let answer =
        browser.submit(&german, "/p/withdraw/bank", &[("amount", "10,5"), ("to.account", "DE1")]).await;
    answer.is(422).says("Bitte füllen Sie dieses Feld aus.").says("value=\"10,5\"");
    assert_eq!(world.balance(&who).await, (10_000, 0));
}

async fn something_can_be_changed(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "25.5").await;
    let form = browser.submit(&shown, "/p/withdraw/sandbox", &[("change", "1")]).await;
    form.is(200).says("value=\"25.50\"").says("value=\"mine\"").says_not("problems-title");
}

async fn a_post_without_the_token_does_nothing(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let fields = [("amount", "10"), ("to.account", "mine")];
    browser.post("/p/withdraw/sandbox", &fields).await.is(403);
    let shown = summary(&mut browser, "10").await;
    for path in ["/p/withdraw/sandbox", "/p/withdraw/sandbox/confirm"] {
        browser.submit(&shown, path, &[("csrf", "AAAA")]).await.is(403);
    }
    browser.headers.push(("Sec-Fetch-Site".to_owned(), "cross-site".to_owned()));
    browser.submit(&shown, "/p/withdraw/sandbox/confirm", &[]).await.is(403);
    browser.headers.clear();
    browser.headers.push(("Origin".to_owned(), "https://evil.example".to_owned()));
    browser.submit(&shown, "/p/withdraw/sandbox/confirm", &[]).await.is(403);
    assert_eq!(world.balance(&who).await, (10_000, 0));
}

async fn a_double_click_pays_once(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let confirm = "/p/withdraw/sandbox/confirm";
    let first = browser.submit(&shown, confirm, &[]).await;
    first.leads_to(&world.operation(who.book, 1));
    for _ in 0..2 {
        browser.submit(&shown, confirm, &[]).await.leads_to(&world.operation(who.book, 1));
    }
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
    world.work().await;
    browser.submit(&shown, confirm, &[]).await.leads_to(&world.operation(who.book, 1));
    assert_eq!(world.balance(&who).await, (4_000, 0));
}

async fn a_changed_fee_is_shown_first(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let fee = FeeRule { fixed: Cents(150), ..FeeRule::default() };
    world.offers(who.book, "sandbox", Terms { fee, ..Terms::default() }).await;
    let again = browser.submit(&shown, "/p/withdraw/sandbox/confirm", &[]).await;
    again.is(409).says("The fee has changed").says("$58.50");
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.submit(&again, "/p/withdraw/sandbox/confirm", &[]).await.is(303);
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}

async fn a_summary_that_was_tampered_with_is_not_carried_out(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let shown = summary(&mut browser, "60").await;
    let confirm = "/p/withdraw/sandbox/confirm";
    for (name, value) in
        [("cents", ""), ("cents", "-1"), ("cents", "1e3"), ("fees", "x"), ("once", ""), ("once", "../")]
    {
        browser.submit(&shown, confirm, &[(name, value)]).await.is(403);
    }
    browser.submit(&shown, confirm, &[("cents", "999999")]).await.is(422).says("You have $100.00.");
    browser.submit(&shown, confirm, &[("to.account", "")]).await.is(422).says("href=\"#to-account\"");
    assert_eq!(world.balance(&who).await, (10_000, 0));
    browser.submit(&shown, confirm, &[]).await.is(303);
    browser.submit(&shown, confirm, &[("cents", "1000")]).await.is(422);
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}

async fn what_stands_in_the_way_by_now_is_said(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut browser = world.signed_in(&who).await;
    let (one, two) = (summary(&mut browser, "60").await, summary(&mut browser, "60").await);
    browser.submit(&one, "/p/withdraw/sandbox/confirm", &[]).await.is(303);
    let late = browser.submit(&two, "/p/withdraw/sandbox/confirm", &[]).await;
    late.is(422).says("You have $40.00.").says("id=\"amount-error\"");
    assert_eq!(world.balance(&who).await, (4_000, 6_000));
}
