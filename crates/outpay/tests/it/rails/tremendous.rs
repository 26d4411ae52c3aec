//! A platform with the Tremendous rail over the stand-in, and what people see: what is on offer, and the link of a payment.

use crate::rails::never_twice::Fault;
use crate::rails::platform::{Installation, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::tremendous_fake::{FakeOrder, KEY, SOURCE, TremendousFake};
use ledger::{Actor, BookId, Cents, Mode, Withdrawal, WithdrawalState};
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::tremendous::{RewardParts, TremendousAccess, TremendousRail};
use outpay::testing::rails::{Closed, Rail, Rails};
use outpay::testing::stopped::Stopped;
use outpay::testing::withdrawals::price::{Wish, quote};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// 2027-01-15, 08:00 UTC.
pub const NOW: i64 = 1_800_000_000_000_000;
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
/// Longer than a lease, and than any wait before a payment is asked for again.
pub const LATER: i64 = 800 * SECOND;
pub const WEBHOOK_KEY: &str = "a private key of a webhook";
pub const METHOD: &str = "rewards";
pub const PRODUCT: &str = "PayPal International";

pub struct Rewards {
    pub fake: TremendousFake,
    pub clock: Clock,
    pub platform: Platform,
    pub book: BookId,
    _installation: Installation,
}

pub fn destination(product: &str) -> Map<String, Value> {
    let destination = json!({ "product": product, "name": "Ann Doe", "email": "ann@example.com" });
    destination.as_object().unwrap().clone()
}

impl Rewards {
    /// A business with one person who has this much.
    pub async fn with(cents: i64) -> Self {
        Self::configured(cents, "", Some(WEBHOOK_KEY)).await
    }

    pub async fn configured(cents: i64, more: &str, webhook_key: Option<&str>) -> Self {
        let fake = TremendousFake::start().await;
        let clock = Clock::manual(NOW);
        let installation = Installation::new(&clock);
        let mut platform = installation.open_with(Vec::new(), 1).await;
        let config = format!(
            "api_key_env = \"KEY\"\nfunding_source_id = \"{SOURCE}\"\nbase_url = \"{}\"\ntimeout_seconds = 5\n{more}",
            fake.url
        );
        let access = TremendousAccess::new(SecretString::from(KEY), webhook_key.map(SecretString::from));
        let parts = RewardParts {
            store: platform.store.clone(),
            secrets: Arc::clone(&platform.secrets),
            clock: clock.clone(),
            entropy: Entropy::seeded(5),
        };
        let rail = TremendousRail::new(METHOD, toml::from_str(&config).unwrap(), access, parts).unwrap();
        let rails = Config::default().rails;
        let mut rails = Rails::new(&rails, &platform.store, &platform.secrets, &clock);
        rails.mount(Mode::Live, Arc::new(rail));
        platform.rails = Arc::new(rails);
        let book = book_with(&platform, METHOD, cents).await;
        Self { fake, clock, platform, book, _installation: installation }
    }

    pub fn rail(&self) -> &dyn Rail {
        &*self.platform.rails.get(Mode::Live, METHOD).unwrap().rail
    }

    /// The person asks for this much, of which the business keeps 50.
    pub async fn ask(&self, cents: i64) -> Withdrawal {
        let wish =
            Wish { method: METHOD.to_owned(), amount: Cents(cents), destination: destination(PRODUCT) };
        self.platform.counter(self.book, Actor::NONE).withdraw(1, &wish).await.unwrap().value
    }

    pub fn order_id(&self, of: &Withdrawal) -> String {
        self.platform.secrets.ids().order_id(of.provider, self.book, of.number)
    }

    pub fn order(&self, of: &Withdrawal) -> FakeOrder {
        self.fake.order_of(&self.order_id(of))
    }

    /// One round of the worker, and the withdrawal after it.
    pub async fn round(&self, of: &Withdrawal) -> Withdrawal {
        PaymentWorker::new(self.platform.clone()).round().await.unwrap();
        self.clock.advance(LATER);
        withdrawal(&self.platform, self.book, of.number).await
    }

    pub async fn link(&self, of: &Withdrawal) -> String {
        let shown = self.platform.counter(self.book, Actor::NONE).reveal(of).await.unwrap().value;
        assert!(shown.is_link);
        shown.code.expose_secret().to_owned()
    }

    pub async fn balance(&self) -> i64 {
        balance(&self.platform, self.book).await.0
    }

    /// Everything that is stored and told of a withdrawal, but for what is sealed.
    async fn told(&self, of: &Withdrawal) -> String {
        let store = &self.platform.store;
        let entries = store.entries_of_withdrawal(self.book, of.number).await.unwrap();
        let attempts = store.attempts(self.book, of.number).await.unwrap();
        let requests: Vec<String> =
            attempts.iter().map(|attempt| String::from_utf8(attempt.request.clone()).unwrap()).collect();
        format!("{of:?} {entries:?} {attempts:?} {requests:?}")
    }
}

#[tokio::test]
async fn a_link_is_kept_sealed_and_shown_to_the_person() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    let paid = world.round(&asked).await;
    assert_eq!((paid.state, world.balance().await), (WithdrawalState::Succeeded, 7_500));
    let order = world.order(&paid);
    assert_eq!((order.cents, order.links.len()), (2_450, 1), "one link, that of the first answer");
    assert_eq!(world.fake.calls("POST /rewards/{id}/generate_link"), 0);
    for _ in 0..2 {
        assert_eq!(world.link(&paid).await, order.links[0]);
    }
    let kept = world.platform.store.reward_link_of(world.book, paid.number).await.unwrap().unwrap();
    assert_eq!(kept.reward, order.reward);
    assert!(!String::from_utf8_lossy(&kept.sealed).contains("rewards.example"));
    let told = world.told(&paid).await;
    assert!(!told.contains("rewards.example") && told.contains(&order.reward), "{told}");
    let attempts = world.platform.store.attempts(world.book, paid.number).await.unwrap();
    let expected = format!(
        r#"{{"order_id":"{}","product":"{PRODUCT}","currency":"USD","face_value":2450,"reward_id":"{}"}}"#,
        world.order_id(&paid),
        order.reward
    );
    assert_eq!(attempts[0].answer_text, expected);
    assert_books_are_clean(&world.platform).await;
}

/// The process may end between the first answer, which alone holds the link, and the row that keeps it.
#[tokio::test]
async fn a_link_that_was_lost_with_the_first_answer_is_made_again() {
    let world = Rewards::with(10_000).await;
    for fault in [Fault::TimeoutAfterExecution, Fault::Status500AfterExecution] {
        let asked = world.ask(2_500).await;
        let order_id = world.order_id(&asked);
        world.fake.arm(&order_id, fault);
        let unclear = world.round(&asked).await;
        assert_eq!((unclear.state, unclear.outcome_unknown), (WithdrawalState::Sending, true));
        assert!(world.platform.store.reward_link_of(world.book, asked.number).await.unwrap().is_none());
        world.fake.lift(&order_id);
        let paid = world.round(&asked).await;
        assert_eq!(paid.state, WithdrawalState::Succeeded, "{fault:?}");
        let order = world.order(&paid);
        assert_eq!(world.link(&paid).await, *order.links.last().unwrap());
        assert_eq!(world.fake.executed(&order_id), [2_450]);
    }
    assert_eq!(world.fake.calls("POST /rewards/{id}/generate_link"), 2);
}

/// Two people with proof can say that it was paid while the rail does not answer.
#[tokio::test]
async fn a_link_that_was_never_kept_is_made_when_it_is_asked_for() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    let order_id = world.order_id(&asked);
    world.fake.arm(&order_id, Fault::TimeoutAfterExecution);
    world.round(&asked).await;
    let counter = world.platform.counter(world.book, Actor::NONE);
    let paid = counter.resolve_without_the_rail(asked.number, true, "their dashboard").await.unwrap().value;
    assert_eq!(paid.state, WithdrawalState::Succeeded);
    world.fake.lift(&order_id);
    let link = world.link(&paid).await;
    assert_eq!((world.link(&paid).await, world.order(&paid).links), (link.clone(), vec![link]));
}

#[tokio::test]
async fn what_is_on_offer_follows_catalogue_and_funds() {
    let world = Rewards::configured(100_000, "countries = [\"US\"]", None).await;
    let funds = world.rail().balance(world.book).await.unwrap();
    let choices: Vec<(&str, i64, Option<i64>)> = (funds.choices.iter())
        .map(|choice| (choice.name.as_str(), choice.net.0, choice.most.map(|most| most.0)))
        .collect();
    let expected = [
        (PRODUCT, 100, Some(200_000)),
        ("Prepaid Visa", 500, Some(100_000)),
        ("Bookshop", 1_000, None),
        ("Bookshop", 2_500, None),
    ];
    assert_eq!(choices, expected, "those of the configured country");
    assert_eq!(funds.available, Some(Cents(100_000_000)));

    let price = async |product: &str, cents| {
        let wish =
            Wish { method: METHOD.to_owned(), amount: Cents(cents), destination: destination(product) };
        quote(&world.platform, world.book, &wish).await.map(|price| price.quote.detail)
    };
    assert_eq!(price("Bookshop", 1_050).await.unwrap(), r#"{"product":"Bookshop"}"#);
    let refused = async |product: &str, cents| match price(product, cents).await {
        Err(Stopped::Closed(closed)) => closed,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("Bookshop", 1_100).await, Closed::AmountNotPossible);
    assert_eq!(refused("Buchladen", 1_050).await, Closed::OutOfFunds, "of another country");
    world.fake.books.lock().funds = 1_999;
    world.clock.advance(MINUTE);
    assert_eq!(refused(PRODUCT, 2_050).await, Closed::OutOfFunds);
    assert!(price(PRODUCT, 2_049).await.is_ok());
    world.fake.books.lock().funds = 0;
    world.clock.advance(MINUTE);
    assert_eq!(world.rail().balance(world.book).await, Err(Closed::OutOfFunds));
}

#[tokio::test]
async fn an_old_catalogue_is_used_while_the_provider_is_away_and_said() {
    let world = Rewards::with(10_000).await;
    let choices = world.rail().balance(world.book).await.unwrap().choices;
    let asked = world.fake.calls("GET /products");
    world.clock.advance(59 * MINUTE);
    world.rail().balance(world.book).await.unwrap();
    assert_eq!(world.fake.calls("GET /products"), asked, "kept for an hour");
    world.clock.advance(2 * MINUTE);
    let diagnosis = world.rail().diagnose().await;
    assert_eq!((world.fake.calls("GET /products"), diagnosis.faults.len()), (asked + 1, 0), "{diagnosis:?}");

    world.clock.advance(61 * MINUTE);
    world.fake.books.lock().answers = Some(503);
    let diagnosis = world.rail().diagnose().await;
    assert!(diagnosis.faults[0].contains("funding source: status 503"), "{diagnosis:?}");
    assert_eq!(diagnosis.warnings, ["the catalogue is 61 minutes old"]);
    assert_eq!(world.rail().balance(world.book).await, Err(Closed::Unhealthy), "what it holds is not known");
    world.fake.books.lock().answers = None;
    world.clock.advance(MINUTE);
    assert_eq!(world.rail().balance(world.book).await.unwrap().choices, choices);
}

#[tokio::test]
async fn a_doctor_sees_what_is_wrong() {
    let world = Rewards::configured(100, "products = [\"NONE\"]", None).await;
    let found = world.rail().diagnose().await;
    assert_eq!(found.faults, ["no product fits the configuration"]);
    assert!(found.facts.contains(&"the funding source holds 1000000.00 USD".to_owned()), "{found:?}");
    let all = format!("{found:?}");
    assert!(!all.contains(KEY), "{all}");
}
