//! Payments that no block takes: sent again for more under the same nonce, so that only one of them pays.

use crate::rails::chain::{Chain, SECOND, is_accepted, is_succeeded, payment, person};
use alloy_primitives::U256;
use outpay::testing::rails::{Finding, Outcome, Rail};
use outpay::testing::store::Attempt;
use serde_json::json;

/// The fields of a sent attempt as the chain shows them: nonce, `maxFeePerGas`, `maxPriorityFeePerGas`.
async fn seen(world: &Chain, attempt: &Attempt) -> (U256, U256, U256) {
    let shown = world.node.call("eth_getTransactionByHash", json!([attempt.key])).await;
    let field = |name: &str| crate::rails::tokens::number(&shown[name]);
    (field("nonce"), field("maxFeePerGas"), field("maxPriorityFeePerGas"))
}

async fn a_stuck_payment_is_replaced_and_pays_once(world: Chain) {
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let mut attempts = vec![world.send(&payment, 0).await];
    assert!(is_accepted(&world.query(&payment, &attempts).await));

    let mut before = seen(&world, &attempts[0]).await;
    for round in 1..4 {
        world.clock.advance(181 * SECOND);
        assert_eq!(world.query(&payment, &attempts).await, Finding::Stuck);
        // The store offers its next free slot, which a replacement does not take.
        let next = world.prepare(&payment, &attempts, 1).await;
        assert_eq!(next.slot, 0);
        let answer = world.rail.submit(&payment, &next).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
        let after = seen(&world, &next).await;
        assert_eq!(after.0, before.0, "round {round}");
        for (new, old) in [(after.1, before.1), (after.2, before.2)] {
            assert!(new > old && new * U256::from(1000) >= old * U256::from(1125), "{old} -> {new}");
        }
        attempts.push(next);
        assert!(is_accepted(&world.query(&payment, &attempts).await), "it has just been sent");
        before = after;
    }

    world.node.mine(1).await;
    let detail = world.succeed(&payment, &attempts).await;
    assert_eq!(detail["tx_hash"], attempts[3].key);
    assert_eq!(world.paid(to).await, world.units(2_450));
    // Sending the earlier ones again has no effect.
    for attempt in &attempts {
        world.rail.submit(&payment, attempt).await;
        world.node.mine(2).await;
    }
    assert_eq!(world.paid(to).await, world.units(2_450));
    assert!(is_succeeded(&world.query(&payment, &attempts).await));
}

#[tokio::test]
async fn a_stuck_payment_is_replaced_and_pays_once_on_anvil() {
    a_stuck_payment_is_replaced_and_pays_once(Chain::anvil().await).await;
}

#[tokio::test]
async fn a_stuck_payment_is_replaced_and_pays_once_on_hardhat() {
    a_stuck_payment_is_replaced_and_pays_once(Chain::hardhat().await).await;
}

#[tokio::test]
async fn an_earlier_attempt_that_a_block_took_all_the_same_is_found() {
    let world = Chain::anvil().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let first = world.send(&payment, 0).await;
    world.clock.advance(181 * SECOND);
    // Committed, and then the block came before it was sent.
    let second = world.prepare(&payment, std::slice::from_ref(&first), 1).await;
    world.node.mine(1).await;
    let attempts = [first, second];
    let answer = world.rail.submit(&payment, &attempts[1]).await;
    assert!(matches!(answer, Outcome::Unknown { .. }), "{answer:?}");
    let detail = world.succeed(&payment, &attempts).await;
    assert_eq!(detail["tx_hash"], attempts[0].key);
    assert_eq!(world.paid(to).await, world.units(2_450));
}

#[tokio::test]
async fn no_payment_offers_more_than_the_ceiling() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    world.node.call("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"])).await;
    world.node.mine(1).await;
    let first = world.send(&payment, 0).await;
    let (_, max, _) = seen(&world, &first).await;
    // One more than is offered now: no room for an eighth.
    let ceiling = u64::try_from(max).unwrap() / 1_000_000_000 + 1;
    let near = world.rail_at(&world.node.url, |config| config.max_fee_gwei = ceiling);
    world.clock.advance(181 * SECOND);
    let earlier = std::slice::from_ref(&first);
    let finding = near.query(&payment, earlier).await;
    let room = max + max / U256::from(8) <= U256::from(ceiling) * U256::from(1_000_000_000);
    assert!(!room && is_accepted(&finding), "{max}: {finding:?}");
    let refused = near.prepare(&payment, earlier, 1).await;
    assert!(matches!(refused, Err(Outcome::Accepted { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_attempt_of_another_payment_is_not_replaced() {
    let world = Chain::anvil().await;
    let first = world.send(&payment(person(0x11), 2_500), 0).await;
    for other in [payment(person(0x12), 2_500), payment(person(0x11), 2_501)] {
        let refused = world.rail.prepare(&other, std::slice::from_ref(&first), 1).await;
        assert!(matches!(refused, Err(Outcome::Unknown { .. })), "{refused:?}");
    }
}
