//! Ceilings per rail: what does not fit waits in the queue, and two processes with room for one payment send one.

use super::{Braked, ask, take_by_hand, work};
use crate::world::MINUTE;
use ledger::{Actor, BookId, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{Closed, Limits};
use outpay::testing::stopped::Stopped;
use serde_json::json;

crate::world::on_both_engines! {
    what_does_not_fit_waits_and_is_sent_later,
    all_businesses_share_a_ceiling,
    of_two_processes_with_room_for_one_payment_one_sends,
    what_could_never_leave_is_not_taken,
    payments_by_hand_count_when_they_begin,
    a_payment_that_was_made_by_hand_is_settled_and_counts,
    test_money_has_no_ceiling,
}

fn gift_cards(per_hour: i64) -> serde_json::Value {
    json!({ "rails": { "limits": { "gift_card": { "per_hour": per_hour } } } })
}

async fn states(world: &Braked, book: BookId, numbers: &[i64]) -> Vec<WithdrawalState> {
    let mut states = Vec::new();
    for number in numbers {
        states.push(world.state(book, *number).await);
    }
    states
}

fn is_full(platform: &Platform, method: &str) -> bool {
    platform.rails.get(ledger::Mode::Live, method).unwrap().is_full()
}

async fn what_does_not_fit_waits_and_is_sent_later(world: &Braked) {
    use WithdrawalState::{Queued, Succeeded};
    let platform = world.process(gift_cards(2_500)).await;
    let book = world.shop(100_000).await.live;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(ask(&platform, book, "gift_card", 1_000).await.unwrap());
        world.wait(MINUTE);
    }
    // One after the other: of payments that are driven at once, one can find the room gone when it has begun.
    let worker = PaymentWorker::new(platform.clone()).one_at_a_time();
    assert_eq!(worker.round().await.unwrap(), 3);
    let mut now = states(world, book, &numbers).await;
    now.sort();
    assert_eq!(now, [Queued, Succeeded, Succeeded], "two of $10 fit below $25");
    assert!(is_full(&platform, "gift_card"));
    assert_eq!(work(&platform).await, 0, "it is not looked at all the time");
    let waiting = (numbers.iter().zip(states(world, book, &numbers).await))
        .find_map(|(number, state)| (state == Queued).then_some(*number))
        .unwrap();
    // The person may still take it back; nothing began.
    assert!(platform.store.attempts(book, waiting).await.unwrap().is_empty());
    for _ in 0..5 {
        world.wait(10 * MINUTE);
        work(&platform).await;
    }
    assert_eq!(world.state(book, waiting).await, Queued, "50 minutes later");
    world.wait(12 * MINUTE);
    work(&platform).await;
    assert_eq!(world.state(book, waiting).await, Succeeded, "the window has moved");
    assert!(!is_full(&platform, "gift_card"));
}

async fn all_businesses_share_a_ceiling(world: &Braked) {
    let platform = world.process(gift_cards(1_000)).await;
    let (one, other) = (world.shop(10_000).await.live, world.shop(10_000).await.live);
    let first = ask(&platform, one, "gift_card", 1_000).await.unwrap();
    work(&platform).await;
    let second = ask(&platform, other, "gift_card", 1_000).await.unwrap();
    work(&platform).await;
    assert_eq!(world.state(one, first).await, WithdrawalState::Succeeded);
    assert_eq!(world.state(other, second).await, WithdrawalState::Queued);
}

async fn of_two_processes_with_room_for_one_payment_one_sends(world: &Braked) {
    let one = world.process(gift_cards(1_500)).await;
    let other = world.process(gift_cards(1_500)).await;
    let book = world.shop(100_000).await.live;
    for round in 0..5 {
        let mut numbers = Vec::new();
        for _ in 0..6 {
            numbers.push(ask(&one, book, "gift_card", 1_000).await.unwrap());
        }
        tokio::join!(work(&one), work(&other));
        let states = states(world, book, &numbers).await;
        let paid = states.iter().filter(|state| **state == WithdrawalState::Succeeded).count();
        assert_eq!(paid, 1, "round {round}: {states:?}");
        let attempts = async |number: i64| one.store.attempts(book, number).await.unwrap().len();
        let mut made = 0;
        for number in &numbers {
            made += attempts(*number).await;
        }
        assert_eq!(made, 1, "round {round}: nothing else was attempted");
        for (number, state) in numbers.iter().zip(states) {
            if state == WithdrawalState::Queued {
                one.counter(book, Actor::NONE).cancel_own(*number, 1).await.unwrap();
            }
        }
        // What had begun to be sent when the other process took the room is sent when there is room again.
        for _ in &numbers {
            world.wait(62 * MINUTE);
            work(&one).await;
        }
        world.wait(62 * MINUTE);
    }
}

async fn what_could_never_leave_is_not_taken(world: &Braked) {
    let platform = world.process(gift_cards(999)).await;
    let book = world.shop(10_000).await.live;
    let refused = ask(&platform, book, "gift_card", 1_000).await;
    assert!(matches!(refused, Err(Stopped::Closed(Closed::AmountNotPossible))), "{refused:?}");
    assert_eq!(world.balance(book).await, 10_000);
}

async fn payments_by_hand_count_when_they_begin(world: &Braked) {
    let limits = json!({ "rails": { "limits": { "bank": { "per_hour": 5_000, "per_day": 7_000 } } } });
    let platform = world.process(limits).await;
    let book = world.shop(100_000).await.live;
    let mut numbers = Vec::new();
    for cents in [3_000, 4_000, 2_000] {
        numbers.push(ask(&platform, book, "bank", cents).await.unwrap());
    }
    assert_eq!(take_by_hand(&platform, book).await, 2, "the oldest first, then what fits: $30 and $20");
    use WithdrawalState::{Queued, Sending};
    assert_eq!(states(world, book, &numbers).await, [Sending, Queued, Sending]);
    assert_eq!(take_by_hand(&platform, book).await, 0);
    let reason = "The bank refused it.";
    platform.counter(book, Actor::OPERATOR).fail(numbers[0], reason).await.unwrap();
    assert_eq!(take_by_hand(&platform, book).await, 0, "what failed stays counted");
    assert_eq!(world.state(book, numbers[1]).await, Queued);
    world.wait(62 * MINUTE);
    assert_eq!(take_by_hand(&platform, book).await, 0, "$50 of $70 a day are used");
    world.wait(1_440 * MINUTE);
    assert_eq!(take_by_hand(&platform, book).await, 1);
    assert_eq!(world.state(book, numbers[1]).await, Sending);
}

async fn a_payment_that_was_made_by_hand_is_settled_and_counts(world: &Braked) {
    let limits = json!({ "rails": { "limits": { "bank": { "per_hour": 5_000 } } } });
    let platform = world.process(limits).await;
    let book = world.shop(100_000).await.live;
    let mut numbers = Vec::new();
    for cents in [4_000, 4_000, 1_000] {
        numbers.push(ask(&platform, book, "bank", cents).await.unwrap());
    }
    for number in &numbers[..2] {
        platform.counter(book, Actor::OPERATOR).settle(*number, "statement 7").await.unwrap();
        assert_eq!(world.state(book, *number).await, WithdrawalState::Succeeded);
    }
    assert_eq!(platform.store.rail_spending("bank").await.unwrap().hour.0, 8_000, "both are facts");
    assert_eq!(take_by_hand(&platform, book).await, 0);
    assert_eq!(world.state(book, numbers[2]).await, WithdrawalState::Queued);
}

async fn test_money_has_no_ceiling(world: &Braked) {
    let limits = json!({ "rails": { "limits": { "sandbox": { "per_hour": 100, "expected_minutes": 7 } } } });
    let platform = world.process(limits).await;
    assert!(platform.rails.locked.is_empty(), "{:?}", platform.rails.locked);
    let mounted = platform.rails.get(ledger::Mode::Test, "sandbox").unwrap();
    let expected = Limits { expected_minutes: Some(7), ..Limits::default() };
    assert_eq!(mounted.limits, expected);
    let unknown = json!({ "rails": { "limits": { "gift_crad": { "per_hour": 100 } } } });
    let locked = &world.process(unknown).await.rails.locked;
    assert_eq!(locked[..], ["[rails.limits.gift_crad] names no method of this installation"]);
}
