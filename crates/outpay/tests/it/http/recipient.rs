//! Recipients with money to withdraw, for the tests of every endpoint about withdrawals. In the live book
//! there are gift cards and a bank transfer by hand; in the test book both are simulated, beside the sandbox.

use crate::http::api::Api;
use crate::wire::Call;
use crate::world::{Business, SECOND};
use ledger::{BookId, Terms};
use serde_json::{Value, json};

/// A payout user of a book.
pub struct Recipient {
    pub business: Business,
    pub book: BookId,
    pub hash: String,
    /// The secret key of the same book.
    pub key: String,
}

impl Api {
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

    /// Advances the clock and lets a worker do what is due then.
    pub async fn work_after(&self, seconds: i64) {
        self.wait(seconds * SECOND);
        self.work().await;
    }
}

impl Recipient {
    pub fn withdraw(&self, world: &Api, method: &str, amount: i64, destination: &Value) -> Call {
        let body = json!({ "method": method, "amount": amount, "destination": destination });
        world.post("/payout/withdraw").hash(&self.hash).json(body.to_string())
    }

    /// A withdrawal by the sandbox; returns its id.
    pub async fn withdraws(&self, world: &Api, amount: i64) -> String {
        let asked = self.withdraw(world, "sandbox", amount, &json!({ "account": "a" })).send().await;
        asked.value(202)["id"].as_str().unwrap().to_owned()
    }

    /// An operation as the recipient sees it now.
    pub async fn operation(&self, world: &Api, id: &str) -> Value {
        world.get(&format!("/payout/operations/{id}")).hash(&self.hash).send().await.value(200)
    }

    /// Balance and pending amount as the recipient sees them.
    pub async fn money(&self, world: &Api) -> (i64, i64) {
        let statement = world.get("/payout/operations").hash(&self.hash).send().await.value(200);
        (statement["balance"].as_i64().unwrap(), statement["pending"].as_i64().unwrap())
    }

    /// The types of all events of this withdrawal, in order.
    pub async fn events(&self, world: &Api, id: &str) -> Vec<String> {
        let events = world.get("/payout/events?limit=100").key(&self.key).send().await.value(200);
        let of = |event: &&Value| event["data"]["withdrawal_id"] == id;
        let events = events["data"].as_array().unwrap().iter().filter(of);
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}
