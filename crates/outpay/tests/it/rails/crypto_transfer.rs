//! The main path, on both chains: a payment arrives, once, and is reported.

use crate::rails::chain::{CONFIRMATIONS, Chain, is_accepted, is_succeeded, payment, person, units};
use alloy_primitives::{U256, keccak256};
use ledger::Cents;
use outpay::testing::rails::{Finding, Outcome, Rail};
use serde_json::Value;

async fn a_transfer_arrives(world: Chain) {
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let coins_before = world.node.coins_of(world.rail.line().1.parse().unwrap()).await;
    let attempt = world.prepare(&payment, &[], 0).await;
    assert_eq!(world.paid(to).await, U256::ZERO, "nothing leaves before it is sent");
    assert_eq!(world.query(&payment, std::slice::from_ref(&attempt)).await, Finding::NotFound);

    let answer = world.rail.submit(&payment, &attempt).await;
    let Outcome::Accepted { detail } = answer else { panic!("{answer:?}") };
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!((&detail["tx_hash"], &detail["confirmations"]), (&attempt.key.clone().into(), &0.into()));

    let attempts = [attempt];
    world.node.mine(1).await;
    for mined in 1..CONFIRMATIONS {
        let finding = world.query(&payment, &attempts).await;
        assert!(is_accepted(&finding), "{mined} confirmations are too few: {finding:?}");
        let Finding::Outcome(Outcome::Accepted { detail }) = finding else { unreachable!() };
        assert_eq!(serde_json::from_str::<Value>(&detail).unwrap()["confirmations"], mined);
        world.node.mine(1).await;
    }
    let finding = world.query(&payment, &attempts).await;
    let Finding::Outcome(Outcome::Succeeded { detail }) = finding else { panic!("{finding:?}") };

    // 25.00 less the fee of 0.50.
    assert_eq!(world.paid(to).await, units(2_450, 6));
    let coins_after = world.node.coins_of(world.rail.line().1.parse().unwrap()).await;
    let fee = outpay::testing::rails::crypto::amount::decimal(coins_before - coins_after, 18);
    let expected = format!(
        r#"{{"order_id":"CRX-1","currency":"USDC","chain":"Testnet","crypto_amount":24.5,"usd_amount":25,"to_address":"{}","tx_hash":"{}","confirmations":{CONFIRMATIONS},"network_fee":{fee}}}"#,
        to.to_checksum(None),
        attempts[0].key,
    );
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn a_transfer_arrives_on_anvil() {
    a_transfer_arrives(Chain::anvil().await).await;
}

#[tokio::test]
async fn a_transfer_arrives_on_hardhat() {
    a_transfer_arrives(Chain::hardhat().await).await;
}

/// The same bytes any number of times: at once, after the block, after it is deep.
async fn what_is_sent_again_pays_once(world: Chain) {
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let attempt = world.send(&payment, 0).await;
    for _ in 0..2 {
        let answer = world.rail.submit(&payment, &attempt).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    }
    for _ in 0..CONFIRMATIONS {
        world.node.mine(1).await;
        let answer = world.rail.submit(&payment, &attempt).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    }
    assert!(is_succeeded(&world.query(&payment, &[attempt]).await));
    assert_eq!(world.paid(to).await, world.units(2_450));
}

#[tokio::test]
async fn what_is_sent_again_pays_once_on_anvil() {
    what_is_sent_again_pays_once(Chain::anvil().await).await;
}

#[tokio::test]
async fn what_is_sent_again_pays_once_on_hardhat() {
    what_is_sent_again_pays_once(Chain::hardhat().await).await;
}

#[tokio::test]
async fn an_attempt_is_known_by_its_hash_and_is_the_same_whenever_it_is_written() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let [one, two] = [world.prepare(&payment, &[], 0).await, world.prepare(&payment, &[], 0).await];
    assert_eq!((&one.key, &one.request), (&two.key, &two.request));
    assert_eq!(one.key, keccak256(&one.request).to_string());
    let other = world.prepare(&payment, &[], 1).await;
    assert_ne!(other.key, one.key);
    assert_eq!(other.slot, 1);
}

#[tokio::test]
async fn every_cent_between_the_smallest_and_a_large_payment_arrives_exactly() {
    let world = Chain::anvil().await;
    for (slot, net) in [1_i64, 99, 100, 12_345, 654_321].into_iter().enumerate() {
        let to = person(0x20 + u8::try_from(slot).unwrap());
        let payment = payment(to, net + 50);
        let attempt = world.send(&payment, i64::try_from(slot).unwrap()).await;
        world.succeed(&payment, &[attempt]).await;
        assert_eq!(world.paid(to).await, world.units(u64::try_from(net).unwrap()), "{net} cents");
        assert_eq!(payment.withdrawal.net(), Cents(net));
    }
}

#[tokio::test]
async fn what_was_sent_cannot_be_taken_back() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.send(&payment, 0).await];
    assert!(!world.rail.is_spent(&payment, &attempts).await.unwrap());
    world.succeed(&payment, &attempts).await;
}
