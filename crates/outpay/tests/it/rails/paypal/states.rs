//! Each state of a payment at PayPal, through the worker and its books.

use super::fake::{DAY, Plan};
use super::{GROSS, MINUTE, WEALTH, World};
use crate::rails::platform::assert_books_are_clean;
use outpay::testing::withdrawals::waits_for;
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;

#[tokio::test]
async fn a_payment_is_asked_for_once_in_the_exact_words() {
    let world = World::open().await;
    let (number, order) = world.ask("Person@Example.com").await;
    world.rounds(3, 2 * MINUTE).await;
    assert_eq!(world.state(number).await, ("succeeded", false));
    assert_eq!(world.balance().await, WEALTH - GROSS);
    let paid = world.books().payout(&order);
    assert_eq!(
        (paid.cents, paid.receiver.as_str(), paid.wallet.as_str()),
        (GROSS - 50, "person@example.com", "PAYPAL")
    );
    let attempts = world.platform.store.attempts(world.book, number).await.unwrap();
    let sent: Value = serde_json::from_slice(&attempts[0].request).unwrap();
    let expected = json!({
        "sender_batch_header": { "sender_batch_id": format!("{order}-1"), "email_subject": "You have been paid" },
        "items": [{
            "recipient_type": "EMAIL", "amount": { "value": "24.50", "currency": "USD" }, "note": "Your payout",
            "sender_item_id": order, "receiver": "person@example.com", "recipient_wallet": "PAYPAL",
        }],
    });
    assert_eq!((sent, attempts.len(), world.sent()), (expected, 1, 1));
    let detail = format!(r#"{{"order_id":"{order}","email":"person@example.com"}}"#);
    assert_eq!(attempts[0].answer_text, detail);
    assert_books_are_clean(&world.platform).await;
}

#[tokio::test]
async fn a_refused_payment_is_given_back_with_its_reason() {
    let world = World::open().await;
    let (number, order) = world.ask("closed@example.com").await;
    world.books().plan(&order, Plan::Is("FAILED"));
    world.rounds(3, 2 * MINUTE).await;
    let failed = world.withdrawal(number).await;
    assert_eq!((failed.state.word(), failed.reason_code.as_str()), ("failed", "paypal_receiver"));
    assert!(failed.reason.contains("cannot pay to this address"), "{}", failed.reason);
    assert_eq!(world.balance().await, WEALTH);
    assert_eq!(world.books().executed(&order), [0; 0]);
    assert_books_are_clean(&world.platform).await;
}

/// Held for 30 days, shown to the person, asked about at least every hour, then given back.
#[tokio::test]
async fn what_is_not_claimed_waits_for_the_person_and_comes_back_after_thirty_days() {
    let world = World::open().await;
    let (number, order) = world.ask("nobody@example.com").await;
    world.books().plan(&order, Plan::Is("UNCLAIMED"));
    world.rounds(2, MINUTE).await;
    let found = world.withdrawal(number).await;
    let text = waits_for(&world.platform, world.book, &found).await.unwrap().unwrap().english();
    assert!(text.starts_with("The money is waiting for you in PayPal"), "{text}");
    let asked = |world: &World| {
        world.books().count(&format!("GET /v1/payments/payouts/{}", world.books().payout(&order).batch))
    };
    let before = asked(&world);
    world.rounds(25 * 6, 10 * MINUTE).await;
    let a_day = asked(&world) - before;
    assert!((24..60).contains(&a_day), "asked {a_day} times in a day");
    for _ in 0..30 {
        assert_eq!(world.state(number).await, ("sending", false));
        world.clock.advance(DAY - HOUR);
        world.round().await;
        world.clock.advance(HOUR);
    }
    world.books().settle();
    world.rounds(2, 2 * HOUR).await;
    let failed = world.withdrawal(number).await;
    assert_eq!((failed.state.word(), failed.reason_code.as_str()), ("failed", "paypal_unclaimed"));
    assert_eq!((world.balance().await, world.sent()), (WEALTH, 1));
    assert!(waits_for(&world.platform, world.book, &failed).await.unwrap().is_none());
    assert_books_are_clean(&world.platform).await;
}

#[tokio::test]
async fn what_waits_for_its_recipient_is_cancelled() {
    let world = World::open().await;
    let (number, order) = world.ask("nobody@example.com").await;
    world.books().plan(&order, Plan::Is("UNCLAIMED"));
    world.rounds(2, MINUTE).await;
    let counter = world.platform.counter(world.book, ledger::Actor::OPERATOR);
    counter.stop(number).await.unwrap();
    assert_eq!(world.books().payout(&order).state, "RETURNED");
    world.rounds(2, 2 * HOUR).await;
    let failed = world.withdrawal(number).await;
    assert_eq!((failed.state.word(), failed.reason_code.as_str()), ("failed", "paypal_cancelled"));
    assert_eq!((world.balance().await, world.sent()), (WEALTH, 1));
    assert_books_are_clean(&world.platform).await;
}

/// The request to cancel is committed and lost on its way: it is sent again, and the payment still ends once.
#[tokio::test]
async fn a_lost_request_to_cancel_is_sent_again() {
    let world = World::open().await;
    let (number, order) = world.ask("nobody@example.com").await;
    world.books().plan(&order, Plan::Is("UNCLAIMED"));
    world.rounds(2, MINUTE).await;
    // PayPal accepts no token for the moment, so the request does not get through.
    world.books().state.lock().token_life = 0;
    world.books().state.lock().tokens.clear();
    let counter = world.platform.counter(world.book, ledger::Actor::OPERATOR);
    assert!(counter.stop(number).await.is_err(), "nothing was prepared");
    world.books().state.lock().token_life = 32_400;
    let cancelled = format!("POST /v1/payments/payouts-item/{}/cancel", world.books().payout(&order).item);
    world.books().arm(&order, super::fake::Mishap::Silence);
    assert!(counter.stop(number).await.is_err(), "PayPal does not say what it is");
    world.books().lift(&order);
    counter.stop(number).await.unwrap();
    world.books().set(&order, "UNCLAIMED");
    world.rounds(3, 2 * HOUR).await;
    assert_eq!((world.state(number).await, world.books().count(&cancelled)), (("failed", false), 2));
    assert_eq!(world.balance().await, WEALTH);
}

#[tokio::test]
async fn only_what_waits_for_its_recipient_can_be_cancelled() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().plan(&order, Plan::Late);
    world.rounds(2, MINUTE).await;
    let counter = world.platform.counter(world.book, ledger::Actor::OPERATOR);
    let stopped = counter.stop(number).await.unwrap_err();
    assert!(format!("{stopped:?}").contains("PENDING"), "{stopped:?}");
    world.books().settle();
    world.rounds(2, 2 * HOUR).await;
    assert_eq!(world.state(number).await, ("succeeded", false));
}

/// Half a year of questions after a success is few, and what comes back is credited once.
#[tokio::test]
async fn money_that_comes_back_after_success_is_credited_once() {
    for state in ["RETURNED", "REFUNDED", "REVERSED"] {
        let world = World::open().await;
        let (number, order) = world.ask("person@example.com").await;
        world.rounds(2, MINUTE).await;
        assert_eq!(world.state(number).await, ("succeeded", false));
        let asked = format!("GET /v1/payments/payouts/{}", world.books().payout(&order).batch);
        let before = world.books().count(&asked);
        world.rounds(100, DAY).await;
        let times = world.books().count(&asked) - before;
        assert!((50..=101).contains(&times), "asked {times} times in 100 days");
        world.books().set(&order, state);
        world.rounds(3, 2 * DAY).await;
        assert_eq!(world.state(number).await, ("returned", false), "{state}");
        assert_eq!((world.balance().await, world.sent()), (WEALTH, 1), "{state}");
        assert_books_are_clean(&world.platform).await;
    }
}

#[tokio::test]
async fn the_watch_ends() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.rounds(2, MINUTE).await;
    world.clock.advance(182 * DAY);
    world.rounds(2, DAY).await;
    let asked = format!("GET /v1/payments/payouts/{}", world.books().payout(&order).batch);
    let before = world.books().count(&asked);
    world.rounds(10, 10 * DAY).await;
    assert_eq!((world.books().count(&asked), world.state(number).await.0), (before, "succeeded"));
}
