//! Fencing: what keeps a worker from writing and sending when it must not: expired or foreign leases, wrong clocks,
//! pauses. Not here: the store's statements (the conformance suite).

use crate::rails::platform::{assert_books_are_clean, balance, withdrawal};
use crate::rails::story::{CENTS, LEASE, NOW, SECOND, Story, start, succeeded, unknown};
use ledger::{Actor, Cents, EntryKind, Refusal, WithdrawalState};
use outpay::testing::background::presence;
use outpay::testing::clock::Clock;
use outpay::testing::kill_switch::{self, Paused};
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::rails::{Finding, Outcome, Rail};
use outpay::testing::stopped::Stopped;
use outpay::testing::store::PauseScope;
use outpay::testing::withdrawals::price::Wish;
use serde_json::Map;
use std::sync::Arc;
use std::time::Duration;

/// During a pause no process sends anything, neither a first request nor a repeat nor a replacement; outcomes of sent
/// requests are still asked for.
#[tokio::test]
async fn nothing_leaves_while_it_is_paused() {
    let clock = Clock::manual(NOW);
    let rail =
        Story::new(&clock, &[unknown()], &[Finding::NotFound, Finding::Stuck, Finding::Outcome(succeeded())]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let scope = PauseScope::Rail("story".to_owned());
    let pause = async || {
        let paused = kill_switch::pause(&platform, &scope, "a test", Actor::OPERATOR, Duration::ZERO).await;
        assert_eq!(paused.unwrap(), Paused { is_new: true, running: Vec::new() });
    };
    let resume =
        async || assert!(kill_switch::resume(&platform, &scope, "over", Actor::OPERATOR).await.unwrap());
    let round = async || {
        clock.advance(600 * SECOND);
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        (rail.sent(), withdrawal(&platform, book, number).await.state)
    };
    pause().await;
    assert_eq!(round().await, (0, WithdrawalState::Queued), "it waits");
    let wish = Wish { method: "story".to_owned(), amount: Cents(1_050), destination: Map::new() };
    let refused = platform.counter(book, Actor::NONE).withdraw(1, &wish).await;
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

/// A pause that begins while a request is in flight reports it, and no longer once it has its answer.
#[tokio::test]
async fn a_pause_tells_what_is_on_its_way() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.paused.lock().unwrap() = Some(platform.clone());
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(*rail.running.lock().unwrap(), [(book, number)]);
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    let again =
        kill_switch::pause(&platform, &PauseScope::All, "a test", Actor::OPERATOR, Duration::ZERO).await;
    assert_eq!(again.unwrap(), Paused { is_new: false, running: Vec::new() });
}

/// The next start on a machine takes back the leases of a worker whose process is gone; a live worker keeps its own.
#[tokio::test]
async fn a_start_takes_back_what_the_dead_had() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[unknown(), succeeded()], &[Finding::Outcome(succeeded())]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let killed =
        PaymentWorker::new(platform.clone()).with_killer(Arc::new(|moment| moment == Moment::AfterSend));
    let lives = presence::begin(&platform.data, &platform.store, &[killed.number()]).await.unwrap();
    killed.round().await.unwrap();
    assert_eq!(rail.sent(), 1);
    let next = PaymentWorker::new(platform.clone());
    let also = presence::begin(&platform.data, &platform.store, &[next.number()]).await.unwrap();
    next.round().await.unwrap();
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Sending, "it lives");
    // A killed process leaves its file, and the system releases the lock.
    let folder = platform.data.join("workers");
    let copy = platform.data.join("kept");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        std::fs::write(copy.join(file.file_name()), "").unwrap();
    }
    drop((lives, also));
    for file in std::fs::read_dir(&copy).unwrap() {
        let file = file.unwrap();
        std::fs::rename(file.path(), folder.join(file.file_name())).unwrap();
    }
    let third = PaymentWorker::new(platform.clone());
    let _third_lives = presence::begin(&platform.data, &platform.store, &[third.number()]).await.unwrap();
    third.round().await.unwrap();
    assert_eq!(
        withdrawal(&platform, book, number).await.state,
        WithdrawalState::Succeeded,
        "no lease was waited for"
    );
    assert_eq!(rail.sent(), 1);
    assert_books_are_clean(&platform).await;
}

fn overtaken() -> Finding {
    let text = "Another transaction has taken its place.".to_owned();
    Finding::Outcome(Outcome::Refused { code: "overtaken".to_owned(), text })
}

/// A worker frozen past its lease knows one attempt, which another worker has replaced: what it learns about the
/// first proves nothing about the second.
#[tokio::test]
async fn a_worker_that_was_frozen_over_its_lease_ends_nothing() {
    let clock = Clock::manual(NOW);
    let accepted = Outcome::Accepted { detail: "{}".to_owned() };
    let rail = Story::new(
        &clock,
        &[unknown(), accepted],
        &[Finding::Stuck, overtaken(), Finding::Outcome(succeeded())],
    );
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    clock.advance(60 * SECOND);
    *rail.frozen.lock().unwrap() = Some((LEASE + SECOND, platform.clone()));
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    let found = withdrawal(&platform, book, number).await;
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!((rail.sent(), attempts.len()), (2, 2), "the other one replaced it");
    assert_eq!(attempts[1].answer, "accepted", "and what it heard stands");
    assert_eq!(
        (found.state, balance(&platform, book).await),
        (WithdrawalState::Sending, Cents(CENTS - 1_050))
    );
    clock.advance(600 * SECOND);
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(balance(&platform, book).await, Cents(CENTS - 1_050));
    assert_books_are_clean(&platform).await;
}

/// A machine whose clock is ahead takes no lease before its end: leases use the database's time.
#[tokio::test]
async fn a_clock_that_is_ahead_takes_no_lease_over() {
    let clock = Clock::manual(NOW);
    let rail =
        Story::new(&clock, &[unknown(), succeeded()], &[Finding::Stuck, Finding::Outcome(succeeded())]);
    let (installation, platform, book, number) = start(&clock, &rail).await;
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    clock.advance(60 * SECOND);
    let ahead = installation.with_clock(&Clock::manual(clock.now() + 600 * SECOND));
    let mut other = ahead.open(Arc::clone(&rail) as Arc<dyn Rail>, 2).await;
    other.store = other.store.with_clock(clock.clone());
    *rail.frozen.lock().unwrap() = Some((SECOND, other));
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!(
        (rail.sent(), attempts.len()),
        (2, 2),
        "sent once, replaced once, by the one that has the lease"
    );
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_books_are_clean(&platform).await;
}
