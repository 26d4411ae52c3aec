//! What holds payments back: ceilings, the screening hook, marks of funds; and what people learn of a delay. Not here: pauses,
//! which have their own tests behind each door.

mod ceilings;
mod delays;
mod funds;
mod screening;

use crate::database::Database;
use crate::world::{Business, Hat, Setup, World};
use ledger::{Actor, BookId, Cents, Terms, WithdrawalState};
use outpay::testing::batches::{self, BatchRefused};
use outpay::testing::config::Config;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::stopped::Stopped;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;

/// A world, and processes beside it that are configured by each test.
struct Braked(World);

impl Deref for Braked {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Hat for Braked {
    async fn open(database: Arc<Database>) -> Self {
        Self(World::open(database, Setup::default()).await)
    }

    async fn into_world(self) -> World {
        self.0
    }
}

impl Braked {
    /// A process whose configuration has these tables beside those of every world.
    async fn process(&self, tables: Value) -> Platform {
        let mut setup = Setup::default();
        let config: Config = serde_json::from_value(tables).unwrap();
        setup.config.rails.limits = config.rails.limits;
        setup.config.screening = config.screening;
        self.neighbour_with(&setup).await
    }

    /// A business whose one person has this much, with all methods on and enough gift cards of $10.
    async fn shop(&self, cents: i64) -> Business {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.live, cents).await;
        self.give(business.live, "ada@example.com", cents).await;
        let terms = Terms { enabled: true, ..Terms::default() };
        for method in ["gift_card", "bank"] {
            self.platform.store.set_terms(business.live, method, &terms).await.unwrap();
        }
        let codes: Vec<String> = (0..40).map(|number| format!("CODE-{}-{number}", business.number)).collect();
        let cards: Vec<(&str, Option<&str>)> = codes.iter().map(|code| (code.as_str(), None)).collect();
        self.stock(business.live, "Acme", 1_000, &cards).await;
        business
    }

    async fn state(&self, book: BookId, number: i64) -> WithdrawalState {
        self.platform.store.withdrawal(book, number).await.unwrap().unwrap().state
    }

    async fn balance(&self, book: BookId) -> i64 {
        self.platform.store.user(book, 1).await.unwrap().unwrap().user.balance.0
    }
}

fn wish(method: &str, cents: i64) -> Wish {
    let destination = match method {
        "bank" => json!({ "name": "Ada", "account": "DE02120300000000202051" }),
        _ => json!({ "brand": "Acme" }),
    };
    let destination = destination.as_object().unwrap().clone();
    Wish { method: method.to_owned(), amount: Cents(cents), destination }
}

/// The person asks for a withdrawal.
async fn ask(platform: &Platform, book: BookId, method: &str, cents: i64) -> Result<i64, Stopped> {
    let asked = platform.counter(book, Actor::NONE).withdraw(1, &wish(method, cents)).await;
    asked.map(|done| done.value.number)
}

/// A worker of this process does once what is due.
async fn work(platform: &Platform) -> usize {
    PaymentWorker::new(platform.clone()).round().await.unwrap()
}

/// Takes what is queued by hand and may leave into a batch; how many payments are in it.
async fn take_by_hand(platform: &Platform, book: BookId) -> i64 {
    match batches::make(platform, book, "bank", None, Actor::OPERATOR).await {
        Ok(number) => batches::find(platform, book, number).await.unwrap().open,
        Err(Stopped::Batch(BatchRefused::NothingToPay)) => 0,
        Err(stopped) => panic!("{stopped:?}"),
    }
}
