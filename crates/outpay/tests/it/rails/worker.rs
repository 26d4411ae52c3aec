//! The worker's precautions, each on a scripted rail: what it does not believe, and when it does not send.

use crate::rails::platform::{Installation, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::story::{CENTS, LEASE, NOW, SECOND, Story, duplicate, start, succeeded, unknown};
use ledger::{Actor, Cents, Provider, Terms, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::rails::{Closed, Finding, Outcome, Rail};
use outpay::testing::stopped::Stopped;
use outpay::testing::withdrawals::price::Wish;
use serde_json::Map;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// "Refused" in response to a repeat can mean "I have it already".
#[tokio::test]
async fn a_refusal_of_what_may_have_been_sent_is_not_believed() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(
        &clock,
        &[unknown(), duplicate()],
        &[Finding::NotFound, Finding::NotFound, Finding::NotFound, Finding::Outcome(succeeded())],
    );
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let worker = PaymentWorker::new(platform.clone());
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

/// The same response to the first request ever sent means what it says.
#[tokio::test]
async fn a_refusal_of_what_was_never_sent_before_is_believed() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[duplicate()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Failed);
    assert_eq!(balance(&platform, book).await, Cents(CENTS));
}

/// It was paid in another way, with proof. What the rail sends back later is the business's money.
#[tokio::test]
async fn money_that_a_rail_sends_back_is_not_given_to_who_was_paid_by_hand() {
    let clock = Clock::manual(NOW);
    let back = Finding::Returned { code: "returned_by_rail".to_owned(), text: "It came back.".to_owned() };
    let rail = Story::new(&clock, &[unknown()], &[back]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    let worker = PaymentWorker::new(platform.clone());
    worker.round().await.unwrap();
    let counter = platform.counter(book, Actor::OPERATOR);
    let settled = counter.resolve(number, true, "bank statement 7").await.unwrap().value;
    assert_eq!(settled.state, WithdrawalState::Succeeded);
    // A notice makes it due again.
    let of = (("story", Provider::Crypto), "WH-1", [(book, number)]);
    assert!(platform.store.take_rail_notice(of.0, of.1, &of.2).await.unwrap());
    clock.advance(LEASE);
    assert_eq!(worker.round().await.unwrap(), 1);
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(balance(&platform, book).await, Cents(CENTS - 1_050), "nothing was given back");
    assert_books_are_clean(&platform).await;
}

#[tokio::test]
async fn nothing_is_sent_under_a_lease_that_has_run_out() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.preparing_takes.lock().unwrap() = LEASE + SECOND;
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(rail.sent(), 0, "another worker may have it by now");
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Sending);
    // The next worker asks, and sends what was committed.
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(rail.sent(), 1);
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(platform.store.attempts(book, number).await.unwrap().len(), 1);
}

/// The check before sending renews the lease: a slow call does not run past the end of the old one.
#[tokio::test]
async fn the_lease_is_renewed_before_a_request_leaves() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    *rail.preparing_takes.lock().unwrap() = LEASE - 50 * SECOND;
    *rail.sending_takes.lock().unwrap() = 100 * SECOND;
    *rail.meanwhile.lock().unwrap() = Some(platform.clone());
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    assert_eq!(*rail.leased_meanwhile.lock().unwrap(), [0], "no other worker got it while it was being sent");
    assert_eq!(
        (rail.sent(), withdrawal(&platform, book, number).await.state),
        (1, WithdrawalState::Succeeded)
    );
}

/// A payment with an unknown outcome is asked for again and again, and never opens the circuit breaker; five payments
/// whose first requests get no answer do. Each opening counts once, and an answer closes it again.
#[tokio::test]
async fn only_first_requests_of_different_payments_speak_against_a_rail() {
    let clock = Clock::manual(NOW);
    let lost = Finding::Outcome(unknown());
    let rail = Story::new(&clock, &[unknown()], &[lost]);
    let (_installation, platform, book, _) = start(&clock, &rail).await;
    let mounted = Arc::clone(platform.rails.get(book.mode(), "story").unwrap());
    let is_left_alone = || mounted.left_alone_until(clock.monotonic()).is_some();
    let worker = PaymentWorker::new(platform.clone());
    for _ in 0..10 {
        worker.round().await.unwrap();
        clock.advance(700 * SECOND);
    }
    assert_eq!((rail.sent(), is_left_alone()), (1, false), "one payment, asked for nine times");
    let wish = Wish { method: "story".to_owned(), amount: Cents(100), destination: Map::new() };
    for payments in 2..=5 {
        assert!(!is_left_alone(), "{payments}");
        platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap();
        worker.round().await.unwrap();
    }
    assert_eq!((rail.sent(), is_left_alone(), mounted.openings.get()), (5, true, 1));
    let refused = platform.counter(book, Actor::NONE).withdraw(1, &wish).await;
    assert!(matches!(refused, Err(Stopped::Closed(Closed::Unhealthy))), "{refused:?}");
    clock.advance(31 * SECOND);
    assert!(!is_left_alone());
    platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap();
    worker.round().await.unwrap();
    assert_eq!((is_left_alone(), mounted.openings.get()), (true, 2), "it is not better yet");
    clock.advance(700 * SECOND);
    *rail.queries.lock().unwrap() = VecDeque::from([Finding::Outcome(succeeded())]);
    worker.round().await.unwrap();
    platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap();
    worker.round().await.unwrap();
    assert_eq!((is_left_alone(), mounted.openings.get()), (false, 2), "an answer begins the count anew");
    let noted = platform.store.rail_openings().await.unwrap();
    assert_eq!(
        (noted.len(), noted[0].rail.as_str(), noted[0].openings),
        (1, "story", 2),
        "for other processes"
    );
}

/// A payment that is sent again whenever it is not found still counts as one payment.
#[tokio::test]
async fn a_payment_that_is_sent_again_and_again_speaks_once_against_its_rail() {
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[unknown()], &[Finding::NotFound]);
    let (_installation, platform, book, _) = start(&clock, &rail).await;
    let mounted = Arc::clone(platform.rails.get(book.mode(), "story").unwrap());
    for _ in 0..10 {
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        clock.advance(700 * SECOND);
    }
    assert!(rail.sent() >= 8, "{}", rail.sent());
    assert_eq!((mounted.left_alone_until(clock.monotonic()), mounted.openings.get()), (None, 0));
}

/// A rail that answers, however unclearly, is not left alone: one payment's unknown outcome says nothing about the
/// others.
#[tokio::test]
async fn an_answer_that_tells_nothing_speaks_against_no_rail() {
    let clock = Clock::manual(NOW);
    let unclear = Outcome::unknown("an answer that is no JSON");
    let rail = Story::new(&clock, &[unclear], &[Finding::NotFound]);
    let (_installation, platform, book, _) = start(&clock, &rail).await;
    let mounted = Arc::clone(platform.rails.get(book.mode(), "story").unwrap());
    let wish = Wish { method: "story".to_owned(), amount: Cents(100), destination: Map::new() };
    for _ in 0..8 {
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap();
    }
    assert!(rail.sent() >= 8);
    assert_eq!((mounted.left_alone_until(clock.monotonic()), mounted.openings.get()), (None, 0));
    assert_eq!(platform.store.rail_openings().await.unwrap(), []);
}

/// One loop per rail: while every request of one rail hangs, another pays everything.
#[tokio::test]
async fn a_slow_rail_holds_up_no_other() {
    let clock = Clock::manual(NOW);
    let slow = Story::new(&clock, &[succeeded()], &[Finding::NotFound]);
    let quick = Story::named("quick", &clock, &[succeeded()], &[Finding::NotFound]);
    let installation = Installation::new(&clock);
    let rails = [&slow, &quick].map(|rail| Arc::clone(rail) as Arc<dyn Rail>);
    let platform = installation.open_with(rails.into(), 1).await;
    let book = book_with(&platform, "story", CENTS).await;
    let terms = Terms { enabled: true, ..Terms::default() };
    platform.store.set_terms(book, "quick", &terms).await.unwrap();
    let ask = async |method: &str| {
        let wish = Wish { method: method.to_owned(), amount: Cents(100), destination: Map::new() };
        platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value.number
    };
    let closed = slow.way.write().await;
    let waits = ask("story").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(PaymentWorker::new(platform.clone()).run(stopped));
    until(async || slow.sent() == 1).await;
    for _ in 0..3 {
        let number = ask("quick").await;
        until(async || withdrawal(&platform, book, number).await.state == WithdrawalState::Succeeded).await;
    }
    assert_eq!(withdrawal(&platform, book, waits).await.state, WithdrawalState::Sending, "it still hangs");
    drop(closed);
    until(async || withdrawal(&platform, book, waits).await.state == WithdrawalState::Succeeded).await;
    stop.send_replace(true);
    running.await.unwrap();
    assert_books_are_clean(&platform).await;
}

async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
