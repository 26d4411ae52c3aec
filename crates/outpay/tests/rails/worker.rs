//! The worker's own cautions, each on a rail that tells a story: what it does not believe, and when it does not send.

use crate::platform::{Installation, assert_books_are_clean, balance, book_with, withdrawal};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{Actor, BookId, Cents, EntryKind, Provider, Refusal, WithdrawalState};
use outpay::clock::Clock;
use outpay::platform::Platform;
use outpay::rails::{
    Answer, Closed, Facts, FieldProblem, Finding, Funds, Payment, Prepared, Quote, Rail, Worker,
};
use outpay::store::{Attempt, Failure, PauseScope};
use outpay::withdrawals::Stopped;
use outpay::withdrawals::ask::{Wish, withdraw};
use outpay::withdrawals::pause::{self, Paused};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NOW: i64 = 1_800_000_000_000_000;
const SECOND: i64 = 1_000_000;
/// The worker's.
const LEASE: i64 = 300 * SECOND;
const CENTS: i64 = 5_000;

/// What happens when the rail is called, in order; after the last it goes on like that.
struct Story {
    facts: Facts,
    clock: Clock,
    preparing_takes: Mutex<i64>,
    sending_takes: Mutex<i64>,
    submits: Mutex<VecDeque<Answer>>,
    queries: Mutex<VecDeque<Finding>>,
    /// The keys of all requests that left the house.
    sent: Mutex<Vec<String>>,
    /// Asked while a request is on its way.
    meanwhile: Mutex<Option<Platform>>,
    leased_meanwhile: Mutex<Vec<usize>>,
    /// While the rail is asked next, its worker is frozen for so long, and this process goes on.
    frozen: Mutex<Option<(i64, Platform)>>,
    /// Pauses everything while a request is on its way, and keeps what that told.
    paused: Mutex<Option<Platform>>,
    running: Mutex<Vec<(BookId, i64)>>,
}

fn succeeded() -> Answer {
    Answer::Succeeded { detail: "{}".to_owned() }
}

fn unknown() -> Answer {
    Answer::Unknown { text: "time-out".to_owned() }
}

fn duplicate() -> Answer {
    Answer::Refused { code: "duplicate".to_owned(), text: "It was sent before.".to_owned() }
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
    fn new(clock: &Clock, submits: &[Answer], queries: &[Finding]) -> Arc<Self> {
        let facts = Facts {
            name: "story".to_owned(),
            provider: Provider::Crypto,
            title: "Story".to_owned(),
            expected_time: "at once".to_owned(),
            fields: Vec::new(),
            is_automatic: true,
            line: None,
        };
        Arc::new(Self {
            facts,
            clock: clock.clone(),
            preparing_takes: Mutex::new(0),
            sending_takes: Mutex::new(0),
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

    fn sent(&self) -> usize {
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
    ) -> BoxFuture<'a, Result<Prepared, Answer>> {
        self.clock.advance(std::mem::take(&mut *self.preparing_takes.lock().unwrap()));
        let key = format!("{}/{}", payment.order_id, earlier.len() + 1);
        ready(Ok(Prepared { request: key.clone().into_bytes(), key, slot: 0 })).boxed()
    }

    fn submit<'a>(&'a self, _: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Answer> {
        async move {
            self.sent.lock().unwrap().push(attempt.key.clone());
            self.clock.advance(std::mem::take(&mut *self.sending_takes.lock().unwrap()));
            let pausing = self.paused.lock().unwrap().take();
            if let Some(other) = pausing {
                let scope = PauseScope::All;
                let paused = pause::pause(&other, &scope, "a test", Actor::OPERATOR, Duration::ZERO).await;
                *self.running.lock().unwrap() = paused.unwrap().running;
            }
            let other = self.meanwhile.lock().unwrap().take();
            if let Some(other) = other {
                let now = self.clock.now();
                let leased = other.store.lease_withdrawals(7, now, now + LEASE, 9).await.unwrap();
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
                Worker::new(other).round().await.unwrap();
            }
            next(&self.queries)
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Result<(), Failure>> {
        ready(Err(anyhow::anyhow!("it stops nothing"))).boxed()
    }
}

/// A platform with this rail and one withdrawal that waits for it.
async fn start(clock: &Clock, rail: &Arc<Story>) -> (Installation, Platform, BookId, i64) {
    let installation = Installation::new(clock);
    let platform = installation.open(Arc::clone(rail) as Arc<dyn Rail>, 1).await;
    let book = book_with(&platform, "story", CENTS).await;
    let wish = Wish { method: "story".to_owned(), amount: Cents(1_050), destination: Map::new() };
    let number = withdraw(&platform, book, 1, Actor::NOBODY, &wish, None).await.unwrap().0.number;
    (installation, platform, book, number)
}

/// "Refused" to something that may have been sent before can mean "I have it already".
#[tokio::test]
async fn a_refusal_of_what_may_have_been_sent_is_not_believed() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(
        &clock,
        &[unknown(), duplicate()],
        &[Finding::NotFound, Finding::NotFound, Finding::NotFound, Finding::Answer(succeeded())],
    );
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let worker = Worker::new(platform.clone());
    let mut states = Vec::new();
    for _ in 0..4 {
        worker.round().await.unwrap();
        let found = withdrawal(&platform, book, number).await;
        states.push((found.state, found.outcome_unknown));
        clock.advance(600 * SECOND);
    }
    let lost = (WithdrawalState::Sending, true);
    assert_eq!(states[..2], [lost, lost], "sent twice, refused the second time, found neither time");
    assert_eq!(states[3], (WithdrawalState::Succeeded, false), "{states:?}");
    assert_eq!(balance(&platform, book).await, Cents(CENTS - 1_050), "nothing was given back");
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!(attempts.len(), 1, "always the same request");
    assert_books_are_clean(&platform).await;
}

/// The same word to the first request that ever left is what it says.
#[tokio::test]
async fn a_refusal_of_what_was_never_sent_before_is_believed() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[duplicate()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Failed);
    assert_eq!(balance(&platform, book).await, Cents(CENTS));
}

#[tokio::test]
async fn nothing_is_sent_under_a_lease_that_has_run_out() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.preparing_takes.lock().unwrap() = LEASE + SECOND;
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(rail.sent(), 0, "somebody else may have it by now");
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Sending);
    // Whoever comes next asks, and sends what was committed.
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(rail.sent(), 1);
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(platform.store.attempts(book, number).await.unwrap().len(), 1);
}

/// The look before sending begins the lease anew: a slow call does not run into the end of the old one.
#[tokio::test]
async fn the_lease_is_renewed_before_a_request_leaves() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.preparing_takes.lock().unwrap() = LEASE - 50 * SECOND;
    *rail.sending_takes.lock().unwrap() = 100 * SECOND;
    *rail.meanwhile.lock().unwrap() = Some(platform.clone());
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(*rail.leased_meanwhile.lock().unwrap(), [0], "nobody else got it while it was being sent");
    assert_eq!(
        (rail.sent(), withdrawal(&platform, book, number).await.state),
        (1, WithdrawalState::Succeeded)
    );
}

/// While it is paused nothing leaves, neither a first request nor a repeat nor one that replaces another, in no process; what has
/// left is asked for.
#[tokio::test]
async fn nothing_leaves_while_it_is_paused() {
    let clock = Clock::manual(NOW);
    let rail =
        Story::new(&clock, &[unknown()], &[Finding::NotFound, Finding::Stuck, Finding::Answer(succeeded())]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let scope = PauseScope::Rail("story".to_owned());
    let pause = async || {
        let paused = pause::pause(&platform, &scope, "a test", Actor::OPERATOR, Duration::ZERO).await;
        assert_eq!(paused.unwrap(), Paused { is_new: true, running: Vec::new() });
    };
    let resume = async || assert!(pause::resume(&platform, &scope, "over", Actor::OPERATOR).await.unwrap());
    let round = async || {
        clock.advance(600 * SECOND);
        Worker::new(platform.clone()).round().await.unwrap();
        (rail.sent(), withdrawal(&platform, book, number).await.state)
    };
    pause().await;
    assert_eq!(round().await, (0, WithdrawalState::Queued), "it waits");
    let wish = Wish { method: "story".to_owned(), amount: Cents(1_050), destination: Map::new() };
    let refused = withdraw(&platform, book, 1, Actor::NOBODY, &wish, None).await;
    assert!(matches!(refused, Err(Stopped::Refused(Refusal::MethodIsPaused))), "{refused:?}");
    resume().await;
    assert_eq!(round().await, (1, WithdrawalState::Sending));
    pause().await;
    assert_eq!(round().await, (1, WithdrawalState::Sending), "not found, and not sent again");
    assert_eq!(round().await, (1, WithdrawalState::Sending), "stuck, and not replaced");
    assert_eq!(platform.store.attempts(book, number).await.unwrap().len(), 1);
    assert_eq!(round().await, (1, WithdrawalState::Succeeded), "what became of it is written down");
    let events = platform.store.entries(book, 0, 100).await.unwrap();
    let told: Vec<(EntryKind, &str)> = (events.iter().map(|stored| &stored.entry))
        .filter(|entry| matches!(entry.kind, EntryKind::PaymentsPaused | EntryKind::PaymentsResumed))
        .map(|entry| (entry.kind, entry.note.as_str()))
        .collect();
    let paused = (EntryKind::PaymentsPaused, "method story: a test");
    assert_eq!(told, [paused, (EntryKind::PaymentsResumed, "method story: over"), paused]);
    assert_books_are_clean(&platform).await;
}

/// A pause that comes while a request is on its way says so, and has nothing to say once it has its answer.
#[tokio::test]
async fn a_pause_tells_what_is_on_its_way() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.paused.lock().unwrap() = Some(platform.clone());
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(*rail.running.lock().unwrap(), [(book, number)]);
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    let again = pause::pause(&platform, &PauseScope::All, "a test", Actor::OPERATOR, Duration::ZERO).await;
    assert_eq!(again.unwrap(), Paused { is_new: false, running: Vec::new() });
}

/// A payment that stays unknown is asked for again and again, and closes the rail for nobody; five whose first requests the rail
/// does not answer do, each opening counts once, and an answer closes it again.
#[tokio::test]
async fn only_first_requests_of_different_payments_speak_against_a_rail() {
    let clock = Clock::manual(NOW);
    let lost = Finding::Answer(unknown());
    let rail = Story::new(&clock, &[unknown()], &[lost]);
    let (_installation, platform, book, _) = start(&clock, &rail).await;
    let mounted = Arc::clone(platform.rails.get(book.mode(), "story").unwrap());
    let is_left_alone = || mounted.left_alone_until(clock.now()).is_some();
    let worker = Worker::new(platform.clone());
    for _ in 0..10 {
        worker.round().await.unwrap();
        clock.advance(700 * SECOND);
    }
    assert_eq!((rail.sent(), is_left_alone()), (1, false), "one payment, asked for nine times");
    let wish = Wish { method: "story".to_owned(), amount: Cents(100), destination: Map::new() };
    for payments in 2..=5 {
        assert!(!is_left_alone(), "{payments}");
        withdraw(&platform, book, 1, &wish, None).await.unwrap();
        worker.round().await.unwrap();
    }
    assert_eq!((rail.sent(), is_left_alone(), mounted.openings.get()), (5, true, 1));
    let refused = withdraw(&platform, book, 1, &wish, None).await;
    assert!(matches!(refused, Err(Stopped::Closed(Closed::Unhealthy))), "{refused:?}");
    clock.advance(31 * SECOND);
    assert!(!is_left_alone());
    withdraw(&platform, book, 1, &wish, None).await.unwrap();
    worker.round().await.unwrap();
    assert_eq!((is_left_alone(), mounted.openings.get()), (true, 2), "it is not better yet");
    clock.advance(700 * SECOND);
    *rail.queries.lock().unwrap() = VecDeque::from([Finding::Answer(succeeded())]);
    worker.round().await.unwrap();
    withdraw(&platform, book, 1, &wish, None).await.unwrap();
    worker.round().await.unwrap();
    assert_eq!((is_left_alone(), mounted.openings.get()), (false, 2), "an answer begins the count anew");
}

fn overtaken() -> Finding {
    let text = "Another transaction has taken its place.".to_owned();
    Finding::Answer(Answer::Refused { code: "overtaken".to_owned(), text })
}

/// A worker that was stopped over its lease knows one attempt, which another one has replaced: what it hears of the first proves
/// nothing of the second.
#[tokio::test]
async fn a_worker_that_was_frozen_over_its_lease_ends_nothing() {
    let clock = Clock::manual(NOW);
    let accepted = Answer::Accepted { detail: "{}".to_owned() };
    let rail = Story::new(
        &clock,
        &[unknown(), accepted],
        &[Finding::Stuck, overtaken(), Finding::Answer(succeeded())],
    );
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    Worker::new(platform.clone()).round().await.unwrap();
    clock.advance(60 * SECOND);
    *rail.frozen.lock().unwrap() = Some((LEASE + SECOND, platform.clone()));
    Worker::new(platform.clone()).round().await.unwrap();
    let found = withdrawal(&platform, book, number).await;
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!((rail.sent(), attempts.len()), (2, 2), "the other one replaced it");
    assert_eq!(attempts[1].answer, "accepted", "and what it heard stands");
    assert_eq!(
        (found.state, balance(&platform, book).await),
        (WithdrawalState::Sending, Cents(CENTS - 1_050))
    );
    clock.advance(600 * SECOND);
    Worker::new(platform.clone()).round().await.unwrap();
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(balance(&platform, book).await, Cents(CENTS - 1_050));
    assert_books_are_clean(&platform).await;
}

/// A machine whose clock is ahead takes no lease before its end: leases go by the database's time.
#[tokio::test]
async fn a_clock_that_is_ahead_takes_no_lease_over() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[unknown(), succeeded()], &[Finding::Stuck, Finding::Answer(succeeded())]);
    let (installation, platform, book, number) = start(&clock, &rail).await;
    Worker::new(platform.clone()).round().await.unwrap();
    clock.advance(60 * SECOND);
    let ahead = installation.with_clock(&Clock::manual(clock.now() + 600 * SECOND));
    let mut other = ahead.open(Arc::clone(&rail) as Arc<dyn Rail>, 2).await;
    other.store = other.store.with_clock(clock.clone());
    *rail.frozen.lock().unwrap() = Some((SECOND, other));
    Worker::new(platform.clone()).round().await.unwrap();
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!(
        (rail.sent(), attempts.len()),
        (2, 2),
        "sent once, replaced once, by the one that has the lease"
    );
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_books_are_clean(&platform).await;
}
