//! The hat of the batches' tests: a business that pays by bank and by wire, and people who ask for payments.

use crate::batches::wire_rail::Wire;
use crate::database::Database;
use crate::world::{Business, Hat, Setup, World};
use ledger::{Actor, BookId, Cents, Mode, Terms, WithdrawalState};
use outpay::testing::batches::{self, Batch, Taken};
use outpay::testing::business::settings;
use outpay::testing::config::Config;
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rails;
use outpay::testing::rails::exchange::Rate;
use outpay::testing::stopped::Stopped;
use outpay::testing::store::{BatchLine, SettingsChange};
use outpay::testing::withdrawals::price::Wish;
use serde_json::json;
use std::ops::Deref;
use std::sync::Arc;

pub const OPERATOR: Actor = Actor::OPERATOR;

pub struct Batches {
    world: World,
}

impl Deref for Batches {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// The configured rails, and the wire.
fn with_wire(platform: &mut Platform) {
    let config = Setup::default().config;
    let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &platform.clock);
    rails.mount(Mode::Live, Arc::new(Wire::new()));
    platform.rails = Arc::new(rails);
}

impl Hat for Batches {
    async fn open(database: Arc<Database>) -> Self {
        let config: Config = Setup::default().config;
        Self { world: World::open(database, Setup { config, mend: with_wire, ..Setup::default() }).await }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl Batches {
    /// A business that offers both, with a person who has money; the live book.
    pub async fn start(&self) -> (Business, BookId) {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        let book = business.live;
        self.fund(book, 1_000_000).await;
        self.give(book, "ann@example.com", 500_000).await;
        for method in ["bank", "wire"] {
            let terms = Terms { enabled: true, ..Terms::default() };
            self.platform.store.set_terms(book, method, &terms).await.unwrap();
        }
        (business, book)
    }

    /// Asks for a payment; the withdrawal's number.
    pub async fn asks(&self, book: BookId, method: &str, amount: i64) -> i64 {
        self.asks_as(book, method, amount, "Ann Example").await
    }

    pub async fn asks_as(&self, book: BookId, method: &str, amount: i64, name: &str) -> i64 {
        let destination = json!({ "name": name, "account": "=DE89" }).as_object().unwrap().clone();
        let wish = Wish { method: method.to_owned(), amount: Cents(amount), destination };
        self.platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value.number
    }

    pub async fn state(&self, book: BookId, number: i64) -> WithdrawalState {
        self.platform.store.withdrawal(book, number).await.unwrap().unwrap().state
    }

    pub async fn make(&self, book: BookId, method: &str, rate: Option<&str>) -> Result<i64, Stopped> {
        batches::make(&self.platform, book, method, rate.map(|rate| Rate::parse(rate).unwrap()), OPERATOR)
            .await
    }

    /// A batch whose file was given out; its number and the file.
    pub async fn given_out(&self, book: BookId, method: &str, rate: Option<&str>) -> (i64, Vec<u8>) {
        let number = self.make(book, method, rate).await.unwrap();
        batches::approve(&self.platform, book, number, OPERATOR.into()).await.unwrap();
        let (file, _) = batches::download(&self.platform, book, number, OPERATOR).await.unwrap();
        (number, file.bytes)
    }

    pub async fn batch(&self, book: BookId, number: i64) -> Batch {
        batches::find(&self.platform, book, number).await.unwrap()
    }

    pub async fn lines(&self, book: BookId, number: i64) -> Vec<BatchLine> {
        self.platform.store.payment_batch_lines(book, number).await.unwrap()
    }

    pub async fn bring(&self, book: BookId, method: &str, file: &str) -> Result<Taken, Stopped> {
        batches::bring(&self.platform, book, method, file.as_bytes(), OPERATOR).await
    }

    pub fn order_id(&self, book: BookId, withdrawal: i64) -> String {
        let provider = ledger::Provider::Manual;
        self.platform.secrets.ids().order_id(provider, book, withdrawal)
    }

    /// Two people are needed above this amount.
    pub async fn rule(&self, book: BookId, above: i64) {
        let change =
            SettingsChange { two_people_above: Some(Some(Cents(above))), ..SettingsChange::default() };
        settings::change(&self.platform, book, OPERATOR, change).await.unwrap();
    }

    /// What the person has now: balance and held.
    pub async fn money(&self, book: BookId) -> (i64, i64) {
        let user = self.platform.store.user(book, 1).await.unwrap().unwrap();
        (user.user.balance.0, self.platform.store.pending(book, 1).await.unwrap().0)
    }
}

/// The word of a refusal.
pub fn code<T>(done: Result<T, Stopped>) -> &'static str {
    match done {
        Ok(_) => "done",
        Err(Stopped::Batch(refused)) => refused.code(),
        Err(Stopped::Refused(refusal)) => refusal.code(),
        Err(Stopped::NeedsSecondPerson) => "needs_second_person",
        Err(Stopped::UnknownMethod) => "method_not_found",
        Err(other) => panic!("{other:?}"),
    }
}
