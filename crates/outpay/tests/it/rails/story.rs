//! A scripted rail: what happens when it is called, and what happens elsewhere meanwhile.

use crate::rails::platform::{Installation, book_with};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{Actor, BookId, Cents, Mode, Provider};
use outpay::testing::clock::Clock;
use outpay::testing::kill_switch;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{
    Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, RailText,
};
use outpay::testing::store::{Attempt, PauseScope};
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::RwLock;

pub const NOW: i64 = 1_800_000_000_000_000;
pub const SECOND: i64 = 1_000_000;
/// The worker's lease.
pub const LEASE: i64 = 300 * SECOND;
pub const CENTS: i64 = 5_000;

/// The script: results of calls, in order; the last one repeats.
pub struct Story {
    pub facts: Facts,
    pub clock: Clock,
    pub preparing_takes: Mutex<i64>,
    pub sending_takes: Mutex<i64>,
    /// While a test holds the write lock, a request hangs.
    pub way: RwLock<()>,
    pub submits: Mutex<VecDeque<Outcome>>,
    pub queries: Mutex<VecDeque<Finding>>,
    /// The keys of all requests that were sent.
    pub sent: Mutex<Vec<String>>,
    /// Another process that tries to lease work while a request is in flight.
    pub meanwhile: Mutex<Option<Platform>>,
    pub leased_meanwhile: Mutex<Vec<usize>>,
    /// At the next query the worker is frozen for this long, and this process continues.
    pub frozen: Mutex<Option<(i64, Platform)>>,
    /// Pauses everything while a request is in flight, and records the result.
    pub paused: Mutex<Option<Platform>>,
    pub running: Mutex<Vec<(BookId, i64)>>,
}

pub fn succeeded() -> Outcome {
    Outcome::Succeeded { detail: "{}".to_owned() }
}

pub fn unknown() -> Outcome {
    Outcome::down("time-out")
}

pub fn duplicate() -> Outcome {
    Outcome::Refused { code: "duplicate".to_owned(), text: "It was sent before.".to_owned() }
}

fn next<T: Clone>(of: &Mutex<VecDeque<T>>) -> T {
    let mut left = of.lock().unwrap();
    let first = left.pop_front().unwrap();
    if left.is_empty() {
        left.push_back(first.clone());
    }
    first
}

impl Story {
    pub fn new(clock: &Clock, submits: &[Outcome], queries: &[Finding]) -> Arc<Self> {
        Self::named("story", clock, submits, queries)
    }

    pub fn named(name: &str, clock: &Clock, submits: &[Outcome], queries: &[Finding]) -> Arc<Self> {
        let facts = Facts {
            name: name.to_owned(),
            provider: Provider::Crypto,
            title: RailText::Own("Story".to_owned()),
            expected_time: RailText::code("at_once"),
            fields: Vec::new(),
            line: None,
        };
        Arc::new(Self {
            facts,
            clock: clock.clone(),
            preparing_takes: Mutex::new(0),
            sending_takes: Mutex::new(0),
            way: RwLock::default(),
            submits: Mutex::new(submits.iter().cloned().collect()),
            queries: Mutex::new(queries.iter().cloned().collect()),
            sent: Mutex::default(),
            meanwhile: Mutex::default(),
            leased_meanwhile: Mutex::default(),
            frozen: Mutex::default(),
            paused: Mutex::default(),
            running: Mutex::default(),
        })
    }

    pub fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl Rail for Story {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        Ok(Value::Object(fields.clone()).to_string())
    }

    fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(Ok(Quote::default())).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds::default())).boxed()
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        self.clock.advance(std::mem::take(&mut *self.preparing_takes.lock().unwrap()));
        let key = format!("{}/{}", payment.order_id, earlier.len() + 1);
        ready(Ok(Prepared { request: key.clone().into_bytes(), key, slot: 0 })).boxed()
    }

    fn submit<'a>(&'a self, _: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        async move {
            self.sent.lock().unwrap().push(attempt.key.clone());
            drop(self.way.read().await);
            self.clock.advance(std::mem::take(&mut *self.sending_takes.lock().unwrap()));
            let pausing = self.paused.lock().unwrap().take();
            if let Some(other) = pausing {
                let scope = PauseScope::All;
                let paused =
                    kill_switch::pause(&other, &scope, "a test", Actor::OPERATOR, Duration::ZERO).await;
                *self.running.lock().unwrap() = paused.unwrap().running;
            }
            let other = self.meanwhile.lock().unwrap().take();
            if let Some(other) = other {
                let now = self.clock.now();
                let leased = other
                    .store
                    .lease_withdrawals(7, (Mode::Live, "story"), (now, now + LEASE), 9)
                    .await
                    .unwrap();
                self.leased_meanwhile.lock().unwrap().push(leased.len());
            }
            next(&self.submits)
        }
        .boxed()
    }

    fn query<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        async move {
            let frozen = self.frozen.lock().unwrap().take();
            if let Some((micros, other)) = frozen {
                self.clock.advance(micros);
                PaymentWorker::new(other).round().await.unwrap();
            }
            next(&self.queries)
        }
        .boxed()
    }
}

/// A platform with this rail and one withdrawal that waits for it.
pub async fn start(clock: &Clock, rail: &Arc<Story>) -> (Installation, Platform, BookId, i64) {
    let installation = Installation::new(clock);
    let platform = installation.open(Arc::clone(rail) as Arc<dyn Rail>, 1).await;
    let book = book_with(&platform, "story", CENTS).await;
    let wish = Wish { method: "story".to_owned(), amount: Cents(1_050), destination: Map::new() };
    let number = platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value.number;
    (installation, platform, book, number)
}
