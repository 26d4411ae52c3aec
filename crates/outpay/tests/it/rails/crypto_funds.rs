//! What a method checks before anything is paid: funds for the amount, coins for the fee, a reachable chain.

use crate::rails::chain::{BOOK, Chain, TREASURY, WEALTH, payment, person};
use alloy_primitives::U256;
use ledger::Cents;
use outpay::testing::rails::{Closed, Outcome, Rail};
use serde_json::json;

fn destination() -> String {
    payment(person(0x11), 2_500).withdrawal.destination
}

#[tokio::test]
async fn a_quote_names_the_tokens() {
    let world = Chain::anvil().await;
    let quote = world.rail.quote(BOOK, Cents(2_450), &destination()).await.unwrap();
    assert_eq!(quote.detail, r#"{"currency":"USDC","chain":"Testnet","crypto_amount":24.5}"#);
    let funds = world.rail.balance(BOOK).await.unwrap();
    assert_eq!(funds.available, Some(Cents(i64::try_from(WEALTH).unwrap())));
}

#[tokio::test]
async fn no_more_is_offered_than_there_is() {
    let world = Chain::anvil().await;
    let wealth = i64::try_from(WEALTH).unwrap();
    for (cents, expected) in
        [(wealth, Ok(())), (wealth + 1, Err(Closed::OutOfFunds)), (0, Err(Closed::AmountNotPossible))]
    {
        let quote = world.rail.quote(BOOK, Cents(cents), &destination()).await;
        assert_eq!(quote.map(drop), expected, "{cents}");
    }
    // Nor is an attempt made without funds: it waits for money.
    let too_much = world.rail.prepare(&payment(person(0x11), wealth + 51), &[], 0).await;
    assert!(matches!(too_much, Err(Outcome::Unknown { .. })), "{too_much:?}");
}

#[tokio::test]
async fn without_tokens_the_method_is_closed() {
    let world = Chain::anvil().await;
    let rail = world.rail_at(&world.node.url, |_| {});
    let payment = payment(person(0x11), i64::try_from(WEALTH).unwrap() + 50);
    let attempts = [world.send(&payment, 0).await];
    world.succeed(&payment, &attempts).await;
    assert_eq!(rail.balance(BOOK).await, Err(Closed::OutOfFunds));
}

#[tokio::test]
async fn without_coins_for_the_fee_the_method_is_closed_and_nothing_is_sent() {
    let world = Chain::anvil().await;
    world.node.call("anvil_setBalance", json!([TREASURY, "0x1000"])).await;
    assert_eq!(world.rail.balance(BOOK).await, Err(Closed::OutOfFunds));
    assert_eq!(world.rail.quote(BOOK, Cents(100), &destination()).await, Err(Closed::OutOfFunds));
    let payment = payment(person(0x11), 2_500);
    let none = world.rail.prepare(&payment, &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = none else { panic!("{none:?}") };
    assert!(text.contains("the fee may come to"), "{text}");
    world.node.give_coins(TREASURY.parse().unwrap(), U256::from(10).pow(U256::from(18))).await;
    let attempts = [world.send(&payment, 0).await];
    world.succeed(&payment, &attempts).await;
}

#[tokio::test]
async fn a_market_above_the_ceiling_closes_the_method() {
    let world = Chain::anvil().await;
    world.node.call("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"])).await;
    world.node.mine(1).await;
    let modest = world.rail_at(&world.node.url, |config| config.max_fee_gwei = 50);
    assert_eq!(modest.balance(BOOK).await, Err(Closed::Unhealthy));
    let none = modest.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    assert!(matches!(none, Err(Outcome::Unknown { .. })), "{none:?}");
    assert!(world.rail.balance(BOOK).await.is_ok(), "500 is enough");
}
