//! PayPal recognizes a key for 30 days. Nothing is sent again after 29, and only a person ends what PayPal was never heard of.

use super::fake::{DAY, Mishap, SECRET};
use super::{GROSS, MINUTE, WEALTH, World};
use ledger::Actor;
use outpay::testing::stopped::Stopped;

#[tokio::test]
async fn nothing_is_sent_again_after_29_days() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().arm(&order, Mishap::Silence);
    world.round().await;
    world.clock.advance(28 * DAY);
    world.rounds(3, 20 * MINUTE).await;
    let sent = world.sent();
    assert_eq!((sent, world.state(number).await), (4, ("sending", true)), "within 29 days it is a look-up");
    world.clock.advance(DAY);
    world.books().lift(&order);
    for _ in 0..40 {
        world.rounds(2, DAY / 2).await;
    }
    assert_eq!((world.sent(), world.state(number).await), (sent, ("sending", true)));
    assert_eq!(world.books().executed(&order), [GROSS - 50], "a request on day 30 would have paid again");
    assert!(world.answer(number).await.contains("older than 29 days"), "{}", world.answer(number).await);

    let counter = world.platform.counter(world.book, Actor::OPERATOR);
    counter.resolve(number, true, "PayPal's statement, line 3").await.unwrap();
    assert_eq!((world.state(number).await, world.balance().await), (("succeeded", false), WEALTH - GROSS));
}

/// Until PayPal has returned everything that was not claimed, a person cannot say how it ended.
#[tokio::test]
async fn a_person_decides_only_when_nothing_can_be_claimed_any_more() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().arm(&order, Mishap::Lost);
    world.round().await;
    let counter = world.platform.counter(world.book, Actor::OPERATOR);
    for (days, may) in [(0, false), (29, false), (1, false), (1, true)] {
        world.clock.advance(days * DAY);
        world.round().await;
        let resolved = counter.resolve(number, false, "no line in PayPal's statement").await;
        assert_eq!(resolved.is_ok(), may, "{days} more days: {resolved:?}");
        assert!(may || matches!(resolved, Err(Stopped::Refused(_))), "{resolved:?}");
        world.clock.advance(20 * MINUTE);
    }
    assert_eq!((world.state(number).await.0, world.balance().await), ("failed", WEALTH));
    assert_eq!(world.books().executed(&order), [0; 0]);
}

/// A number that is known is asked about for ever; the window does not matter then.
#[tokio::test]
async fn a_known_payout_is_asked_about_after_the_window() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().plan(&order, super::fake::Plan::Is("ONHOLD"));
    world.rounds(2, MINUTE).await;
    world.clock.advance(40 * DAY);
    world.rounds(2, DAY).await;
    assert_eq!(world.state(number).await, ("sending", false));
    world.books().set(&order, "SUCCESS");
    world.rounds(2, DAY).await;
    assert_eq!((world.state(number).await, world.sent()), (("succeeded", false), 1));
}

/// A clock that was ahead when the attempt was made: its age is not known, so it is not sent.
#[tokio::test]
async fn an_attempt_from_the_future_is_not_sent() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().arm(&order, Mishap::Silence);
    world.round().await;
    let sent = world.sent();
    let attempts = world.platform.store.attempts(world.book, number).await.unwrap();
    let (mounted, withdrawal) =
        (world.platform.rails.get(world.book.mode(), "paypal").unwrap(), world.withdrawal(number).await);
    let mut attempt = attempts[0].clone();
    attempt.created_at = world.clock.now() + DAY;
    let now = world.clock.now();
    let payment = outpay::testing::rails::Payment { book: world.book, withdrawal, order_id: order, now };
    let answer = mounted.rail.submit(&payment, &attempt).await;
    let finding = mounted.rail.query(&payment, &[attempt]).await;
    assert!(
        format!("{answer:?} {finding:?}").matches("older than 29 days").count() == 2,
        "{answer:?}, {finding:?}"
    );
    assert_eq!(world.sent(), sent);
    assert!(!format!("{answer:?}").contains(SECRET));
}
