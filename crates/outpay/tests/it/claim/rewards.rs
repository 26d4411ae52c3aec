//! A reward from the form to the link: a choice with a range of amounts, and the page that shows the link.

use crate::claim::hat::Claim;
use crate::database::Database;
use crate::world::{Hat, Setup, World, on_both_engines};
use ledger::{FeeRule, Mode, Terms};
use std::ops::Deref;
use std::sync::Arc;

on_both_engines! {
    an_amount_is_chosen_in_the_range_of_a_product,
    a_link_is_shown_when_asked_for,
}

/// The claim page over an installation with rewards; people use them in test mode.
struct WithRewards(Claim);

impl Deref for WithRewards {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Hat for WithRewards {
    async fn open(database: Arc<Database>) -> Self {
        let mut setup = Setup::default();
        let rewards = "api_key_env = \"UNSET_VARIABLE\"\nfunding_source_id = \"FUND12345678\"";
        setup.config.rails.tremendous.insert("rewards".to_owned(), toml::from_str(rewards).unwrap());
        Self(Claim::with(database, setup).await)
    }

    async fn into_world(self) -> World {
        self.0.into_world().await
    }
}

const FORM: &str = "/p/withdraw/rewards";
const PERSON: [(&str, &str); 2] = [("to.name", "Ann Doe"), ("to.email", "ann@example.com")];

async fn an_amount_is_chosen_in_the_range_of_a_product(world: &WithRewards) {
    let who = world.0.recipient(Mode::Test, 4_000).await;
    let fee = FeeRule { fixed: ledger::Cents(50), ..FeeRule::default() };
    world.0.offers(who.book, "rewards", Terms { fee, ..Terms::default() }).await;
    let mut browser = world.0.signed_in(&who).await;
    browser.get("/p/home").await.says("From $1.00");
    let form = browser.get(FORM).await;
    form.says("$5.50 to $40.00").says("$25.00").says_not("Your full balance is filled in");
    let mut submit = async |choice: &str, amount: &str| {
        let fields = [&PERSON[..], &[("choice", choice), ("amount", amount)]].concat();
        browser.submit(&form, FORM, &fields).await
    };
    let too_little = submit("550 Prepaid Visa", "5.49").await;
    too_little.is(422).says("Enter an amount from $5.50 to");
    submit("550 Prepaid Visa", "much").await.is(422).says("Enter an amount, for example");
    submit("550 Prepaid Visa", "40.01").await.is(422).says("You have $40.00");
    submit("551 Prepaid Visa", "5.51").await.is(422).says("Choose one.");
    let summary = submit("550 Prepaid Visa", "5.51").await;
    summary.is(200).says("You receive $5.01 as Prepaid Visa").says("$5.51").says("Ann Doe");
    let one = submit("2550 Test gift card", "3").await;
    one.is(200).says("$25.50").says_not("$3.00");
    // Edit leads back to what was chosen and typed.
    let edit = browser.submit(&summary, FORM, &[("change", "1")]).await;
    edit.is(200).says("value=\"550 Prepaid Visa\" required checked").says("value=\"5.51\"").says("Ann Doe");
}

async fn a_link_is_shown_when_asked_for(world: &WithRewards) {
    let who = world.0.recipient(Mode::Test, 4_000).await;
    world.0.offers(who.book, "rewards", Terms::default()).await;
    let mut browser = world.0.signed_in(&who).await;
    let form = browser.get(FORM).await;
    let fields = [&PERSON[..], &[("choice", "100 PayPal International"), ("amount", "20")]].concat();
    let summary = browser.submit(&form, FORM, &fields).await;
    let done = browser.submit(&summary, &format!("{FORM}/confirm"), &[]).await;
    let path = world.0.operation(who.book, 1);
    done.leads_to(&path);
    world.work().await;
    let page = browser.get(&path).await;
    page.says("It is ready.").says_not("rewards.example");
    let reveal = format!("{path}/reveal");
    for _ in 0..10 {
        let shown = browser.submit(&page, &reveal, &[]).await;
        shown
            .is(200)
            .says("Your payment")
            .says("href=\"https://rewards.example/test/")
            .says("rel=\"noopener noreferrer\"");
        shown.says("$20.00");
    }
    browser.submit(&page, &reveal, &[]).await.is(429).says_not("rewards.example");
}
