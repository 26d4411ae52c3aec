//! Access tokens: one at a time, renewed before they end, and once when PayPal does not accept one.

use super::{MINUTE, World};
use ledger::BookId;

#[tokio::test]
async fn many_calls_share_one_token_and_it_is_renewed_before_its_end() {
    let world = World::open().await;
    for payment in 0..20 {
        world.ask(&format!("person{payment}@example.com")).await;
    }
    world.rounds(2, MINUTE).await;
    let requests = || world.books().state.lock().token_requests;
    assert_eq!(requests(), 1);
    // It lasts nine hours. A minute before the end PayPal still takes it, and another one is fetched.
    world.clock.advance((32_400 - 300) * 1_000_000);
    world.ask("late@example.com").await;
    world.round().await;
    assert_eq!(requests(), 1);
    world.clock.advance(130 * 1_000_000);
    world.ask("later@example.com").await;
    world.round().await;
    assert_eq!(requests(), 2);
    assert_eq!(world.books().state.lock().payouts.len(), 22);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_renewed_once() {
    let world = World::open().await;
    world.ask("one@example.com").await;
    world.round().await;
    world.books().state.lock().tokens.clear();
    let (number, _) = world.ask("two@example.com").await;
    world.rounds(2, MINUTE).await;
    assert_eq!(world.state(number).await, ("succeeded", false));
    assert_eq!(world.books().state.lock().token_requests, 2);
}

/// PayPal gives tokens and accepts none: each call asks for one more, and not for more and more.
#[tokio::test]
async fn a_token_that_is_never_accepted_does_not_end_in_a_loop() {
    let world = World::open().await;
    world.books().state.lock().token_life = 1;
    let (number, order) = world.ask("one@example.com").await;
    world.clock.advance(MINUTE);
    world.books().state.lock().token_life = -1;
    world.round().await;
    assert_eq!(world.state(number).await, ("sending", true));
    assert!(world.books().state.lock().token_requests <= 4);
    world.books().state.lock().token_life = 32_400;
    world.rounds(3, 20 * MINUTE).await;
    assert_eq!((world.state(number).await.0, world.books().executed(&order).len()), ("succeeded", 1));
}

#[tokio::test]
async fn wrong_credentials_close_the_method_and_are_in_no_text() {
    let world = World::open().await;
    let mut platform = world.platform.clone();
    let config = super::config(&world.paypal.url, serde_json::json!({ "client_id": "AnotherApp" }));
    let rail = super::rail(&platform, "other", config);
    let mut rails = outpay::testing::rails::Rails::new(
        &outpay::testing::config::Config::default().rails,
        &platform.store,
        &platform.secrets,
        &platform.clock,
    );
    rails.mount(ledger::Mode::Live, std::sync::Arc::new(rail));
    platform.rails = std::sync::Arc::new(rails);
    let mounted = platform.rails.get(ledger::Mode::Live, "other").unwrap();
    let closed = mounted.rail.balance(BookId(2)).await.unwrap_err();
    assert_eq!(closed, outpay::testing::rails::Closed::Unhealthy);
    let diagnosis = mounted.rail.diagnose().await;
    assert!(diagnosis.faults[0].contains("status 401"), "{diagnosis:?}");
    assert!(!format!("{diagnosis:?}").contains(super::SECRET));
}
