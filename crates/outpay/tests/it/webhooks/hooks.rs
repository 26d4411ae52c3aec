//! The hat of webhooks' tests: a receiver, and businesses whose events go there.

use crate::database::Database;
use crate::receiver::Receiver;
use crate::world::{Hat, Setup, World};
use ledger::{Actor, BookId, Cents, EntryKind, FeeRule, Order, Provider, ReviewRule, Step, Terms};
use outpay::testing::clock::Clock;
use outpay::testing::store::{Delivery, DeliveryState, WebhookAttempt};
use outpay::testing::webhook_event::{self, EventSet};
use outpay::testing::webhooks::{Endpoint, EndpointChange, Sample, WebhookOptions, WebhookWorker, Webhooks};
use std::ops::Deref;
use std::sync::Arc;

/// What the clock shows at first.
pub const NOW: i64 = 1_800_000_000_000_000;

/// An invented event of a payment by hand.
pub fn sample(kind: EntryKind) -> Sample {
    Sample { kind, provider: Provider::Manual }
}

/// Who sets and rolls endpoints.
pub const BY: Actor = Actor(5);

pub struct Hooks {
    world: World,
    pub receiver: Receiver,
}

impl Deref for Hooks {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Hooks {
    async fn open(database: Arc<Database>) -> Self {
        let setup = Setup { clock: Clock::manual(NOW), ..Setup::default() };
        Self { world: World::open(database, setup.without_guard()).await, receiver: Receiver::open().await }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl Hooks {
    pub fn webhooks(&self) -> &Webhooks {
        &self.platform.webhooks
    }

    pub fn worker(&self) -> WebhookWorker {
        WebhookWorker::new(self.webhooks().clone(), WebhookOptions::default())
    }

    /// Lets a new worker do all there is to do; says how many attempts it made.
    pub async fn settle(&self) -> usize {
        self.worker().settle().await.unwrap()
    }

    /// The live book of a new business that may pay people, with one user who has 1,000.00.
    pub async fn book(&self) -> BookId {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.live, 100_000_000).await;
        self.give(business.live, "user@example.com", 100_000).await;
        business.live
    }

    /// Sets the book's endpoint to `path` of the receiver.
    pub async fn endpoint(&self, book: BookId, path: &str, events: &[&str]) -> Endpoint {
        let change = EndpointChange {
            url: Some(self.receiver.url(path)),
            enabled: Some(true),
            events: Some(EventSet::of_names(events.iter().copied()).unwrap()),
            ..EndpointChange::default()
        };
        self.webhooks().set_endpoint(book, BY, &change).await.unwrap().0
    }

    /// The same with all events.
    pub async fn endpoint_for_all(&self, book: BookId, path: &str) -> Endpoint {
        self.endpoint(book, path, &webhook_event::names()).await
    }

    pub async fn switch(&self, book: BookId, enabled: bool) {
        let change = EndpointChange { enabled: Some(enabled), ..EndpointChange::default() };
        self.webhooks().set_endpoint(book, BY, &change).await.unwrap();
    }

    /// The book's first user asks for 25.00, of which 0.50 are fees.
    pub async fn withdraw(&self, book: BookId) -> i64 {
        self.withdraw_as(book, 1, 2500, 50).await
    }

    pub async fn withdraw_as(&self, book: BookId, user: i64, cents: i64, fee: i64) -> i64 {
        self.withdraw_under(book, user, cents, fee, ReviewRule::default()).await
    }

    /// A withdrawal that waits for review.
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
            is_held: false,
            day: 0,
        };
        self.order(book, order).await
    }

    /// A withdrawal from its beginning to its good end: three events.
    pub async fn pay(&self, book: BookId) -> i64 {
        let withdrawal = self.withdraw(book).await;
        self.step(book, withdrawal, Step::Send).await;
        self.step(book, withdrawal, Step::Succeed).await;
        withdrawal
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
}
