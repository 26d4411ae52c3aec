//! The world of one test: a platform with a manual clock, a receiver, and a funded book.

use crate::database::Database;
use crate::receiver::Receiver;
use ledger::{
    Actor, Applied, BookId, Cents, Command, Direction, Email, FeeRule, Mode, Order, Progress, Provider,
    Reply, Request, ReviewRule, Step, Terms,
};
use outpay::auth::Secrets;
use outpay::business;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::ids::IdKind;
use outpay::platform::Platform;
use outpay::store::{Delivery, DeliveryState, WebhookAttempt};
use outpay::webhooks::event::EventSet;
use outpay::webhooks::{Change, Endpoint, Guard, WebhookOptions, Webhooks, Worker, event};
use std::sync::atomic::{AtomicU64, Ordering};

/// The initial time.
pub const NOW: i64 = 1_800_000_000_000_000;
pub const SECOND: i64 = 1_000_000;

/// The actor who sets and rolls endpoints.
pub const BY: Actor = Actor(5);

/// Allows deliveries to a test's receiver.
pub const OPEN: Guard = Guard { allow_http: true, allow_private: true };

pub struct World {
    pub platform: Platform,
    pub database: Database,
    pub receiver: Receiver,
    made: AtomicU64,
}

pub fn run(database: Database, scenario: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::open(database));
    runtime.block_on(scenario(&world));
    let World { database, platform, receiver, .. } = world;
    runtime.block_on(async {
        let report = outpay::audit::run(&platform.store, &platform.secrets, &mut |_, _| {}).await.unwrap();
        assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
        drop((platform, receiver));
    });
    drop(runtime);
    drop(database);
}

impl World {
    async fn open(database: Database) -> Self {
        let platform = Self::platform(&database, Clock::manual(NOW), 1).await;
        Self { platform, database, receiver: Receiver::open().await, made: AtomicU64::new(0) }
    }

    async fn platform(database: &Database, clock: Clock, seed: u64) -> Platform {
        let secrets = Secrets::derive(&[7; 32]);
        let entropy = Entropy::seeded(seed);
        let config = Config::default();
        let url = database.url();
        let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &config);
        let mut platform = opened.await.unwrap();
        platform.webhooks = platform.webhooks.guarded_by(OPEN);
        platform
    }

    /// Simulates another process: its own platform on the same database.
    pub async fn neighbour(&self) -> Platform {
        let seed = 1000 + self.made.fetch_add(1, Ordering::Relaxed);
        Self::platform(&self.database, self.platform.clock.clone(), seed).await
    }

    pub fn webhooks(&self) -> &Webhooks {
        &self.platform.webhooks
    }

    pub fn worker(&self) -> Worker {
        Worker::new(self.webhooks().clone(), WebhookOptions::default())
    }

    /// Lets a new worker do all due work; returns the number of attempts.
    pub async fn settle(&self) -> usize {
        self.worker().settle().await.unwrap()
    }

    pub fn now(&self) -> i64 {
        self.platform.clock.now()
    }

    pub fn advance_clock(&self, micros: i64) {
        self.platform.clock.advance(micros);
    }

    /// The live book of a new business with payouts enabled, and one user who has 1,000.00.
    pub async fn book(&self) -> BookId {
        let name = format!("Business {}", self.made.fetch_add(1, Ordering::Relaxed));
        let created = business::create(&self.platform, &name).await.unwrap();
        let number = created.business.number;
        self.platform.store.set_payouts_enabled(number, true).await.unwrap();
        let book = BookId::new(number, Mode::Live);
        let amount = Cents(100_000_000);
        self.command(book, Command::Deposit { amount, reference: "all".to_owned(), used_elsewhere: true })
            .await;
        self.command(book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
        let email = Email::parse("user@example.com").unwrap();
        self.command(book, Command::Create { email, amount: Cents(100_000), memo: String::new() }).await;
        book
    }

    /// Sets the book's endpoint to `path` of the receiver.
    pub async fn endpoint(&self, book: BookId, path: &str, events: &[&str]) -> Endpoint {
        let change = Change {
            url: Some(self.receiver.url(path)),
            enabled: Some(true),
            events: Some(EventSet::of_names(events.iter().copied()).unwrap()),
        };
        self.webhooks().set_endpoint(book, BY, &change).await.unwrap().0
    }

    /// The same with all events.
    pub async fn endpoint_for_all(&self, book: BookId, path: &str) -> Endpoint {
        self.endpoint(book, path, &event::names()).await
    }

    pub async fn switch(&self, book: BookId, enabled: bool) {
        let change = Change { enabled: Some(enabled), ..Change::default() };
        self.webhooks().set_endpoint(book, BY, &change).await.unwrap();
    }

    /// The book's first user requests 25.00, with a fee of 0.50.
    pub async fn withdraw(&self, book: BookId) -> i64 {
        self.withdraw_as(book, 1, 2500, 50).await
    }

    pub async fn withdraw_as(&self, book: BookId, user: i64, cents: i64, fee: i64) -> i64 {
        self.withdraw_under(book, user, cents, fee, ReviewRule::default()).await
    }

    /// A withdrawal that needs review.
    pub async fn withdraw_for_review(&self, book: BookId) -> i64 {
        let review = ReviewRule { always: true, ..ReviewRule::default() };
        self.withdraw_under(book, 1, 2500, 50, review).await
    }

    async fn withdraw_under(&self, book: BookId, user: i64, cents: i64, fee: i64, review: ReviewRule) -> i64 {
        let fee = FeeRule { fixed: Cents(fee), ..FeeRule::default() };
        let terms = Terms { enabled: true, fee, review, ..Terms::default() };
        let order = Order {
            user,
            method: "crypto".to_owned(),
            provider: Provider::Crypto,
            amount: Cents(cents),
            destination: r#"{"address":"0x1"}"#.to_owned(),
            terms,
            day: 0,
        };
        match self.command(book, Command::Withdraw(Box::new(order))).await {
            Reply::Withdrawal(withdrawal) => withdrawal.number,
            other => panic!("{other:?}"),
        }
    }

    pub async fn step(&self, book: BookId, withdrawal: i64, step: Step) {
        self.progress(book, Progress::new(withdrawal, step)).await;
    }

    pub async fn progress(&self, book: BookId, progress: Progress) {
        self.command(book, Command::Advance(Box::new(progress))).await;
    }

    /// A withdrawal from request to success: three events.
    pub async fn pay(&self, book: BookId) -> i64 {
        let withdrawal = self.withdraw(book).await;
        self.step(book, withdrawal, Step::Send).await;
        self.step(book, withdrawal, Step::Succeed).await;
        withdrawal
    }

    pub async fn command(&self, book: BookId, command: Command) -> Reply {
        let verdict = self.platform.teller.ask(book, Request::plain(command)).await.unwrap();
        let Applied { reply: outcome, .. } = verdict.unwrap();
        outcome
    }

    /// All deliveries of a book, oldest first.
    pub async fn deliveries(&self, book: BookId) -> Vec<Delivery> {
        let mut found = self.platform.store.deliveries(book, None, None, 10_000).await.unwrap();
        found.reverse();
        found
    }

    pub async fn states(&self, book: BookId) -> Vec<DeliveryState> {
        self.deliveries(book).await.iter().map(|delivery| delivery.state).collect()
    }

    pub async fn attempts(&self, book: BookId, delivery: i64) -> Vec<WebhookAttempt> {
        self.platform.store.webhook_attempts(book, delivery, 100).await.unwrap()
    }

    pub fn order_id(&self, book: BookId, withdrawal: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal)
    }

    pub fn user_id(&self, book: BookId, user: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::PayoutUser, book, user)
    }
}
