//! Real-world token behaviour: some return nothing, some log nothing, some take a part, some refuse.

use crate::rails::chain::{CONFIRMATIONS, Chain, Token, is_accepted, payment, person, refused, unknown};
use crate::rails::tokens::word;
use ledger::Cents;
use outpay::testing::rails::{Closed, Outcome, Rail};

/// Pays 24.50 with a token; returns it with the recipient's balance in its smallest units.
async fn pays(token: Token) {
    let world = Chain::anvil_with(token).await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let attempts = [world.send(&payment, 0).await];
    let detail = world.succeed(&payment, &attempts).await;
    assert_eq!(detail["crypto_amount"].to_string(), "24.5", "{}", token.name);
    assert_eq!(world.paid(to).await, world.units(2_450), "{}", token.name);
}

#[tokio::test]
async fn a_token_that_returns_nothing_pays() {
    pays(Token { name: "MissingReturnToken", decimals: 18 }).await;
}

#[tokio::test]
async fn published_tokens_of_18_and_2_and_50_decimals_pay() {
    pays(Token { name: "ERC20PresetFixedSupply", decimals: 18 }).await;
    pays(Token { name: "LowDecimalToken", decimals: 2 }).await;
    pays(Token { name: "HighDecimalToken", decimals: 50 }).await;
}

/// Neither paid nor not paid, however deep: a person has to check.
async fn stays_unknown(token: Token, logs: &str) {
    let world = Chain::anvil_with(token).await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.send(&payment, 0).await];
    assert!(is_accepted(&world.query(&payment, &attempts).await));
    world.node.mine(CONFIRMATIONS).await;
    for _ in 0..2 {
        let text = unknown(world.query(&payment, &attempts).await);
        assert!(text.contains(&attempts[0].key) && text.contains(logs), "{text}");
        world.node.mine(100).await;
    }
}

#[tokio::test]
async fn a_token_that_says_nothing_is_neither_paid_nor_not_paid() {
    stays_unknown(Token { name: "Silent", decimals: 6 }, "0 of its 0 logs").await;
}

#[tokio::test]
async fn a_token_that_says_everything_twice_is_neither_paid_nor_not_paid() {
    stays_unknown(Token { name: "Doubled", decimals: 6 }, "2 of its 2 logs").await;
}

#[tokio::test]
async fn a_token_that_takes_a_part_is_neither_paid_nor_not_paid() {
    stays_unknown(Token { name: "TransferFeeToken", decimals: 18 }, "0 of its 2 logs").await;
}

#[tokio::test]
async fn a_transfer_that_the_token_takes_back_is_refused_once_that_is_deep() {
    let world = Chain::anvil_with(Token { name: "PausableToken", decimals: 18 }).await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let attempt = world.prepare(&payment, &[], 0).await;
    world.node.invoke(world.token, "stop()", &[]).await;
    let answer = world.rail.submit(&payment, &attempt).await;
    assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    let attempts = [attempt];
    world.node.mine(1).await;
    for _ in 1..CONFIRMATIONS {
        assert!(is_accepted(&world.query(&payment, &attempts).await));
        world.node.mine(1).await;
    }
    assert_eq!(refused(world.query(&payment, &attempts).await), "transfer_reverted");
    // The token is unpaused later; the refused payment is not revived.
    world.node.invoke(world.token, "start()", &[]).await;
    world.rail.submit(&payment, &attempts[0]).await;
    world.node.mine(CONFIRMATIONS).await;
    assert!(world.paid(to).await.is_zero());
    assert_eq!(refused(world.query(&payment, &attempts).await), "transfer_reverted");
}

#[tokio::test]
async fn an_address_that_the_token_refuses_costs_no_attempt() {
    let world = Chain::anvil_with(Token { name: "BlockableToken", decimals: 18 }).await;
    let blocked = person(0x66);
    world.node.invoke(world.token, "block(address)", &[word(blocked)]).await;
    let payment = payment(blocked, 2_500);
    let refused = world.rail.prepare(&payment, &[], 0).await;
    let Err(Outcome::Refused { code, text }) = refused else { panic!("{refused:?}") };
    assert_eq!(code, "refused_by_token");
    assert!(text.contains("Nothing was sent"), "{text}");
    let quote = world.rail.quote(payment.book, Cents(100), &payment.withdrawal.destination).await;
    assert_eq!(quote, Err(Closed::Unhealthy));
    // Other recipients are paid as usual.
    let good = crate::rails::chain::payment(person(0x11), 2_500);
    let attempts = [world.send(&good, 0).await];
    world.succeed(&good, &attempts).await;
}
