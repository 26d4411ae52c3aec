//! Recipients with money to withdraw, for the tests of every endpoint about withdrawals. In the test book the sandbox
//! pays; in the live book there are gift cards and a bank transfer by hand.

use crate::http::world::{Business, TestWorld};
use crate::wire::Call;
use ledger::{BookId, Cents, Terms};
use outpay::config::Config;
use outpay::ids::IdKind;
use outpay::platform::Platform;
use outpay::rails::gift_card::pack;
use outpay::rails::manual::{Manual, ManualConfig};
use outpay::rails::{Rails, Worker};
use serde_json::{Value, json};
use std::sync::Arc;

/// A payout user of a book.
pub struct Recipient {
    pub business: Business,
    pub book: BookId,
    pub hash: String,
    /// The secret key of the same book.
    pub key: String,
}

/// A rail by hand, as a configuration file would define it.
pub fn with_a_bank(platform: &mut Platform) {
    let mut rails = Rails::new(&Config::default().rails, &platform.store, &platform.secrets, &platform.clock);
    let config: ManualConfig = serde_json::from_value(json!({ "title": "Bank transfer" })).unwrap();
    rails.mount(ledger::Mode::Live, Arc::new(Manual::new("bank".to_owned(), config)));
    platform.rails = Arc::new(rails);
}

impl TestWorld {
    /// A recipient with this much in the test book.
    pub async fn recipient(&self, cents: i64) -> Recipient {
        let business = self.paying_business(0).await;
        self.fund(business.test, 10 * cents.max(1)).await;
        let hash = self.pay(&business.test_key, "user@example.com", cents).await;
        Recipient { book: business.test, key: business.test_key.clone(), hash, business }
    }

    /// A recipient with this much in the live book, which offers `method`.
    pub async fn live_recipient(&self, cents: i64, method: &str) -> Recipient {
        let business = self.paying_business(10 * cents.max(1)).await;
        let hash = self.pay(&business.key, "user@example.com", cents).await;
        let terms = Terms { enabled: true, ..Terms::default() };
        self.platform.store.set_terms(business.live, method, &terms).await.unwrap();
        Recipient { book: business.live, key: business.key.clone(), hash, business }
    }

    pub async fn set_terms(&self, of: &Recipient, method: &str, terms: Value) {
        let terms: Terms = serde_json::from_value(terms).unwrap();
        assert_eq!(terms.problem(), None);
        self.platform.store.set_terms(of.book, method, &terms).await.unwrap();
    }

    /// Lets a worker do everything that is due now.
    pub async fn work(&self) {
        let worker = Worker::new(self.platform.clone());
        while worker.round().await.unwrap() > 0 {}
    }

    /// Advances the clock and lets a worker do what is due then.
    pub async fn work_after(&self, seconds: i64) {
        self.platform.clock.advance(seconds * 1_000_000);
        self.work().await;
    }

    pub fn withdrawal_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Withdrawal, book, number)
    }

    /// Adds cards of this brand and value to the live book's stock.
    pub async fn stock(&self, book: BookId, brand: &str, face_value: i64, codes: &[(&str, Option<&str>)]) {
        let cards: Vec<_> = codes
            .iter()
            .map(|secret| {
                let kind = (brand, Cents(face_value), None);
                pack(&self.platform.secrets, &self.platform.entropy, book, kind, *secret)
            })
            .collect();
        self.platform.store.import_gift_cards(book, &cards, self.platform.clock.now()).await.unwrap();
    }
}

impl Recipient {
    pub fn withdraw(&self, world: &TestWorld, method: &str, amount: i64, destination: &Value) -> Call {
        let body = json!({ "method": method, "amount": amount, "destination": destination });
        world.post("/payout/withdraw").hash(&self.hash).json(body.to_string())
    }

    /// A withdrawal by the sandbox; returns its id.
    pub async fn withdraws(&self, world: &TestWorld, amount: i64) -> String {
        let asked = self.withdraw(world, "sandbox", amount, &json!({ "account": "a" })).send().await;
        asked.value(202)["id"].as_str().unwrap().to_owned()
    }

    /// An operation as the recipient sees it now.
    pub async fn operation(&self, world: &TestWorld, id: &str) -> Value {
        world.get(&format!("/payout/operations/{id}")).hash(&self.hash).send().await.value(200)
    }

    /// Balance and pending amount as the recipient sees them.
    pub async fn money(&self, world: &TestWorld) -> (i64, i64) {
        let statement = world.get("/payout/operations").hash(&self.hash).send().await.value(200);
        (statement["balance"].as_i64().unwrap(), statement["pending"].as_i64().unwrap())
    }

    /// The types of all events of this withdrawal, in order.
    pub async fn events(&self, world: &TestWorld, id: &str) -> Vec<String> {
        let events = world.get("/payout/events?limit=100").key(&self.key).send().await.value(200);
        let of = |event: &&Value| event["data"]["withdrawal_id"] == id;
        let events = events["data"].as_array().unwrap().iter().filter(of);
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}
