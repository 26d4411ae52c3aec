//! Expected times, and what people learn when one passes.

use super::{Braked, ask, work};
use crate::world::{MINUTE, SECOND};
use ledger::{Actor, BookId, EntryKind, ReviewRule, Terms, WithdrawalState};
use outpay::testing::clock::rfc3339;
use outpay::testing::delays::sweep;
use outpay::testing::platform::Platform;
use outpay::testing::withdrawals::expected;
use serde_json::json;

crate::world::on_both_engines! {
    each_passing_is_told_once_and_the_time_doubles,
    a_review_does_not_count,
    what_has_ended_is_not_delayed,
    a_process_that_died_before_telling_is_repeated,
    a_test_book_is_delayed_by_its_own_clock,
}

async fn process(world: &Braked) -> Platform {
    world.process(json!({ "rails": { "limits": { "bank": { "expected_minutes": 10 } } } })).await
}

/// The notes of the events of delay, in order.
async fn told(platform: &Platform, book: BookId, number: i64) -> Vec<String> {
    let entries = platform.store.entries_of_withdrawal(book, number).await.unwrap();
    let of_delay = entries.into_iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalDelayed);
    of_delay.map(|stored| stored.entry.note).collect()
}

async fn expected_at(platform: &Platform, book: BookId, number: i64) -> Option<(i64, bool)> {
    let found = platform.store.withdrawal(book, number).await.unwrap().unwrap();
    let expected = expected::one(platform, book, &found).await.unwrap();
    expected.map(|expected| (expected.at, expected.is_delayed))
}

async fn each_passing_is_told_once_and_the_time_doubles(world: &Braked) {
    let (platform, other) = (process(world).await, process(world).await);
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "bank", 1_000).await.unwrap();
    let asked = world.now();
    assert_eq!(expected_at(&platform, book, number).await, Some((asked + 10 * MINUTE, false)));
    world.wait(10 * MINUTE - SECOND);
    assert_eq!(sweep(&platform).await.unwrap(), 0);
    world.wait(SECOND);
    let (one, two) = tokio::join!(sweep(&platform), sweep(&other));
    assert!(one.unwrap() + two.unwrap() >= 1);
    let second = asked + 30 * MINUTE;
    assert_eq!(told(&platform, book, number).await, [rfc3339(second)], "two processes looked");
    assert_eq!(expected_at(&platform, book, number).await, Some((second, true)));
    assert_eq!(sweep(&platform).await.unwrap(), 0);
    world.wait(20 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 1);
    let third = second + 40 * MINUTE;
    assert_eq!(told(&platform, book, number).await, [rfc3339(second), rfc3339(third)]);
    // The platform was down for a day: one event, not one for each time that would have passed.
    world.wait(1_440 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 1);
    assert_eq!(told(&platform, book, number).await.len(), 3);
    platform.counter(book, Actor::OPERATOR).settle(number, "statement 7").await.unwrap();
    assert_eq!(expected_at(&platform, book, number).await, None);
    world.wait(14_400 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 0, "it is paid");
}

async fn a_review_does_not_count(world: &Braked) {
    let platform = process(world).await;
    let book = world.shop(10_000).await.live;
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    let terms = Terms { enabled: true, review, ..Terms::default() };
    platform.store.set_terms(book, "bank", &terms).await.unwrap();
    let number = ask(&platform, book, "bank", 1_000).await.unwrap();
    world.wait(60 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 0);
    assert_eq!(expected_at(&platform, book, number).await, None, "it depends on a person");
    platform.counter(book, Actor::OPERATOR).approve(number).await.unwrap();
    assert_eq!(expected_at(&platform, book, number).await, Some((world.now() + 10 * MINUTE, false)));
    assert_eq!(sweep(&platform).await.unwrap(), 0);
    world.wait(10 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 1);
}

async fn what_has_ended_is_not_delayed(world: &Braked) {
    let platform = process(world).await;
    let book = world.shop(10_000).await.live;
    let paid = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    let cancelled = ask(&platform, book, "bank", 1_000).await.unwrap();
    work(&platform).await;
    platform.counter(book, Actor::NONE).cancel_own(cancelled, 1).await.unwrap();
    assert_eq!(world.state(book, paid).await, WithdrawalState::Succeeded);
    world.wait(100_000 * MINUTE);
    assert_eq!(sweep(&platform).await.unwrap(), 0);
    // Noted, and paid before it was told.
    let late = ask(&platform, book, "bank", 1_000).await.unwrap();
    world.wait(10 * MINUTE);
    let overdue = platform.store.overdue_withdrawals((ledger::Mode::Live, "bank"), 0, 9).await.unwrap();
    assert!(platform.store.note_delay(&overdue[0], world.now() + MINUTE).await.unwrap());
    platform.counter(book, Actor::OPERATOR).settle(late, "statement 7").await.unwrap();
    sweep(&platform).await.unwrap();
    assert!(told(&platform, book, late).await.is_empty(), "that it was paid says more");
    assert!(platform.store.untold_delays(9).await.unwrap().is_empty());
}

async fn a_process_that_died_before_telling_is_repeated(world: &Braked) {
    let platform = process(world).await;
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "bank", 1_000).await.unwrap();
    world.wait(10 * MINUTE);
    let live = (ledger::Mode::Live, "bank");
    let overdue = platform.store.overdue_withdrawals(live, 10 * MINUTE, 9).await.unwrap();
    assert!(platform.store.note_delay(&overdue[0], world.now() + 20 * MINUTE).await.unwrap());
    sweep(&platform).await.unwrap();
    let once = told(&platform, book, number).await;
    assert_eq!(once, [rfc3339(world.now() + 20 * MINUTE)]);
    // The event was written, and the process died before it noted that.
    world.database.execute("UPDATE withdrawal_expectation SET told = 0").await;
    assert_eq!(sweep(&platform).await.unwrap(), 1);
    assert_eq!(told(&platform, book, number).await, once);
}

async fn a_test_book_is_delayed_by_its_own_clock(world: &Braked) {
    let platform = process(world).await;
    let business = world.shop(10_000).await;
    world.fund(business.test, 10_000).await;
    world.give(business.test, "ada@example.com", 10_000).await;
    let number = ask(&platform, business.test, "bank", 1_000).await.unwrap();
    let live = ask(&platform, business.live, "bank", 1_000).await.unwrap();
    let ahead = 10 * MINUTE;
    world
        .database
        .execute(&format!("UPDATE book SET clock_ahead = {ahead} WHERE id = {}", business.test.0))
        .await;
    assert_eq!(sweep(&platform).await.unwrap(), 1);
    assert_eq!(told(&platform, business.test, number).await.len(), 1);
    assert!(told(&platform, business.live, live).await.is_empty());
}
