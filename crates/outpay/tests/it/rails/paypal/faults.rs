//! What goes wrong on the way to PayPal and back: the payment is made once, and ends only by what PayPal says.

use super::fake::{Links, Mishap, Plan};
use super::{GROSS, MINUTE, WEALTH, World};
use crate::rails::platform::assert_books_are_clean;
use outpay::testing::rails::Outcome;

/// Whatever happens to the answers for a while, it is paid once and found.
#[tokio::test]
async fn a_lost_or_odd_answer_is_followed_to_the_original() {
    for mishap in [
        Mishap::Lost,
        Mishap::Silence,
        Mishap::Garbage,
        Mishap::Hidden,
        Mishap::Status(500),
        Mishap::Status(503),
        Mishap::Status(429),
        Mishap::Status(409),
        Mishap::Status(302),
    ] {
        let world = World::open().await;
        let (number, order) = world.ask("person@example.com").await;
        world.books().arm(&order, mishap);
        world.rounds(3, 20 * MINUTE).await;
        assert_eq!(world.state(number).await, ("sending", true), "{mishap:?}");
        assert_eq!(world.balance().await, WEALTH - GROSS, "{mishap:?}: still held");
        world.books().lift(&order);
        world.rounds(4, 20 * MINUTE).await;
        assert_eq!(world.state(number).await, ("succeeded", false), "{mishap:?}");
        assert_eq!(world.books().executed(&order), [GROSS - 50], "{mishap:?}");
        assert_eq!(world.platform.store.attempts(world.book, number).await.unwrap().len(), 1);
        assert_books_are_clean(&world.platform).await;
    }
}

/// A link to another host would take the access token there.
#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    let other = super::Paypal::open(&world.clock).await;
    for links in [
        Links::Elsewhere(other.url.clone()),
        Links::Elsewhere(format!("{}@{}", world.paypal.url, other.url.trim_start_matches("http://"))),
        Links::Elsewhere(format!("{}.example", world.paypal.url)),
        Links::Nowhere,
    ] {
        world.books().state.lock().links = links.clone();
        world.books().arm(&order, Mishap::Silence);
        world.rounds(1, 20 * MINUTE).await;
        world.books().lift(&order);
        world.rounds(2, 20 * MINUTE).await;
        assert_eq!(world.state(number).await, ("sending", true), "{links:?}");
        assert!(world.answer(number).await.contains("USER_BUSINESS_ERROR"), "{}", world.answer(number).await);
    }
    assert_eq!(other.books.state.lock().calls, [""; 0], "nothing was asked there");
    world.books().state.lock().links = Links::Original;
    world.rounds(2, 20 * MINUTE).await;
    assert_eq!(
        (world.state(number).await.0, world.books().executed(&order)),
        ("succeeded", vec![GROSS - 50])
    );
}

/// The original under our key is not what we asked for: nothing ends.
#[tokio::test]
async fn an_answer_about_another_payment_decides_nothing() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().plan(&order, Plan::Is("FAILED"));
    world.round().await;
    world.clock.advance(MINUTE);
    for change in 0..3 {
        {
            let mut state = world.books().state.lock();
            let payout = &mut state.payouts[0];
            (payout.cents, payout.receiver) = (GROSS - 50, "person@example.com".to_owned());
            payout.order = order.clone();
            match change {
                0 => payout.cents += 1,
                1 => payout.receiver = "another@example.com".to_owned(),
                _ => payout.order = "PP-0".to_owned(),
            }
        }
        world.rounds(2, 20 * MINUTE).await;
        assert_eq!(world.state(number).await, ("sending", true), "{change}");
        assert!(
            world.answer(number).await.contains("is not what was sent"),
            "{}",
            world.answer(number).await
        );
    }
    assert_eq!(world.balance().await, WEALTH - GROSS);
}

/// PayPal does not know a payout that it has given a number: that proves nothing.
#[tokio::test]
async fn a_known_payout_that_is_not_found_stays_unknown() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.books().plan(&order, Plan::Late);
    world.rounds(2, MINUTE).await;
    let kept = std::mem::take(&mut world.books().state.lock().payouts);
    world.rounds(3, 20 * MINUTE).await;
    assert_eq!((world.state(number).await, world.sent()), (("sending", true), 1), "and it is not sent again");
    world.books().state.lock().payouts = kept;
    world.books().settle();
    world.rounds(2, 20 * MINUTE).await;
    assert_eq!(world.state(number).await, ("succeeded", false));
}

/// The app's permission is the operator's matter: payments wait, and the circuit breaker opens.
#[tokio::test]
async fn an_app_that_may_not_pay_fails_no_payment() {
    let world = World::open().await;
    let mut asked = Vec::new();
    for payment in 0..6 {
        let (number, order) = world.ask(&format!("person{payment}@example.com")).await;
        world.books().arm(&order, Mishap::Status(403));
        asked.push((number, order));
    }
    world.round().await;
    let mounted = world.platform.rails.get(world.book.mode(), "paypal").unwrap();
    assert!(mounted.left_alone_until(world.clock.monotonic()).is_some());
    assert_eq!(world.balance().await, WEALTH - 6 * GROSS);
    for (_, order) in &asked {
        world.books().lift(order);
    }
    world.rounds(6, 20 * MINUTE).await;
    for (number, order) in asked {
        assert_eq!(
            (world.state(number).await.0, world.books().executed(&order)),
            ("succeeded", vec![GROSS - 50])
        );
    }
}

/// Once the number is known, no process sends the request again.
#[tokio::test]
async fn a_payout_with_a_number_is_asked_about_and_not_sent() {
    let world = World::open().await;
    let (number, order) = world.ask("person@example.com").await;
    world.round().await;
    let mounted = world.platform.rails.get(world.book.mode(), "paypal").unwrap();
    let attempts = world.platform.store.attempts(world.book, number).await.unwrap();
    let withdrawal = world.withdrawal(number).await;
    let now = world.clock.now();
    let payment = outpay::testing::rails::Payment { book: world.book, withdrawal, order_id: order, now };
    let answer = mounted.rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(answer, Outcome::Succeeded { .. }), "{answer:?}");
    assert_eq!(world.sent(), 1);
}
