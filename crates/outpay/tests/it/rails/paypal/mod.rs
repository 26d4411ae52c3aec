//! The PayPal rail against a PayPal with books of its own (fake.rs).

mod books;
mod end_to_end;
pub mod fake;
mod fake_http;
mod fake_notices;
mod faults;
mod never_twice;
mod notices;
mod prism;
mod sdk;
mod states;
mod tokens;
mod window;

use super::platform::{Installation, balance, book_with, withdrawal};
use fake::{Books, CLIENT, SECRET};
use fake_http::Paypal;
use fake_notices::WEBHOOK_ID;
use ledger::{Actor, BookId, Cents, Mode, Withdrawal};
use outpay::testing::clock::Clock;
use outpay::testing::config::Config;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::paypal::{PaypalConfig, PaypalRail};
use outpay::testing::rails::{Rails, sandbox};
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};
use std::sync::Arc;

pub const NOW: i64 = 1_800_000_000_000_000;
pub const MINUTE: i64 = 60_000_000;
/// What the person has at first, and the gross cents of a payment; the business keeps 50 of them.
pub const WEALTH: i64 = 1_000_000;
pub const GROSS: i64 = 2_500;

/// A platform whose method `paypal` pays through a fake PayPal.
pub struct World {
    pub paypal: Paypal,
    pub clock: Clock,
    pub platform: Platform,
    pub book: BookId,
    _installation: Installation,
}

pub fn config(base: &str, change: Value) -> PaypalConfig {
    let mut table = json!({
        "client_id": CLIENT, "client_secret_env": "PAYPAL_SECRET", "base_url": base, "webhook_id": WEBHOOK_ID,
    });
    table.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(table).unwrap()
}

pub fn rail(platform: &Platform, name: &str, config: PaypalConfig) -> PaypalRail {
    let (store, clock) = (platform.store.clone(), platform.clock.clone());
    PaypalRail::new(name, config, SECRET.to_owned().into(), store, clock).unwrap()
}

impl World {
    pub async fn open() -> Self {
        let clock = Clock::manual(NOW);
        let paypal = Paypal::open(&clock).await;
        let url = paypal.url.clone();
        Self::over(paypal, clock, &url).await
    }

    /// With another address in front of the fake.
    pub async fn over(paypal: Paypal, clock: Clock, base: &str) -> Self {
        let installation = Installation::new(&clock);
        let mut platform = installation.open(Arc::new(sandbox::rail()), 1).await;
        mount(&mut platform, base);
        let book = book_with(&platform, "paypal", WEALTH).await;
        Self { paypal, clock, platform, book, _installation: installation }
    }

    pub fn books(&self) -> &Books {
        &self.paypal.books
    }

    /// The person asks for a payment to this address; the withdrawal's number and that of the payment at PayPal.
    pub async fn ask(&self, email: &str) -> (i64, String) {
        let destination = json!({ "email": email }).as_object().unwrap().clone();
        let wish = Wish { method: "paypal".to_owned(), amount: Cents(GROSS), destination };
        let asked = self.platform.counter(self.book, Actor::NONE).withdraw(1, &wish).await.unwrap().value;
        let ids = self.platform.secrets.ids();
        (asked.number, ids.order_id(asked.provider, self.book, asked.number))
    }

    pub async fn round(&self) {
        PaymentWorker::new(self.platform.clone()).round().await.unwrap();
    }

    /// Lets the worker work so many times, with so much time between.
    pub async fn rounds(&self, times: usize, between: i64) {
        for _ in 0..times {
            self.round().await;
            self.clock.advance(between);
        }
    }

    pub async fn withdrawal(&self, number: i64) -> Withdrawal {
        withdrawal(&self.platform, self.book, number).await
    }

    pub async fn state(&self, number: i64) -> (&'static str, bool) {
        let found = self.withdrawal(number).await;
        (found.state.word(), found.outcome_unknown)
    }

    pub async fn balance(&self) -> i64 {
        balance(&self.platform, self.book).await.0
    }

    /// How often a payout was asked for.
    pub fn sent(&self) -> usize {
        self.books().count("POST /v1/payments/payouts")
    }

    /// The text of the last answer.
    pub async fn answer(&self, number: i64) -> String {
        let attempts = self.platform.store.attempts(self.book, number).await.unwrap();
        attempts.last().unwrap().answer_text.clone()
    }
}

/// Mounts the rail over the platform's own database.
pub fn mount(platform: &mut Platform, base: &str) {
    mount_with(platform, config(base, json!({})));
}

pub fn mount_with(platform: &mut Platform, config: PaypalConfig) {
    let rail = rail(platform, "paypal", config);
    let config = Config::default();
    let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &platform.clock);
    rails.mount(Mode::Live, Arc::new(rail));
    platform.rails = Arc::new(rails);
}
