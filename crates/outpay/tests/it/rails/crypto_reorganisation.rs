//! Blocks that are removed from the chain, with the payments in them.

use crate::rails::chain::{CONFIRMATIONS, Chain, is_accepted, is_succeeded, payment, person};
use outpay::testing::rails::{Finding, Outcome, Rail};
use serde_json::json;

#[tokio::test]
async fn a_payment_in_a_block_that_went_is_sent_again_and_pays_once_on_anvil() {
    let world = Chain::anvil().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    world.node.mine(3).await;
    let attempts = [world.send(&payment, 0).await];
    world.node.mine(2).await;
    assert!(is_accepted(&world.query(&payment, &attempts).await));
    assert_eq!(world.paid(to).await, world.units(2_450));

    world.node.call("anvil_reorg", json!([2, []])).await;
    world.node.call("anvil_dropAllTransactions", json!([])).await;
    assert!(world.paid(to).await.is_zero(), "the chain has forgotten it");
    assert_eq!(world.query(&payment, &attempts).await, Finding::NotFound);

    let answer = world.rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    assert!(is_accepted(&world.query(&payment, &attempts).await));
    world.node.mine(1).await;
    world.succeed(&payment, &attempts).await;
    assert_eq!(world.paid(to).await, world.units(2_450));
}

#[tokio::test]
async fn a_payment_in_a_block_that_went_is_sent_again_and_pays_once_on_hardhat() {
    let world = Chain::hardhat().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let before = world.node.call("evm_snapshot", json!([])).await;
    let attempts = [world.send(&payment, 0).await];
    world.node.mine(2).await;
    assert!(is_accepted(&world.query(&payment, &attempts).await));
    assert_eq!(world.paid(to).await, world.units(2_450));

    world.node.call("evm_revert", json!([before])).await;
    assert!(world.paid(to).await.is_zero());
    assert_eq!(world.query(&payment, &attempts).await, Finding::NotFound);

    world.rail.submit(&payment, &attempts[0]).await;
    world.succeed(&payment, &attempts).await;
    assert_eq!(world.paid(to).await, world.units(2_450));
}

#[tokio::test]
async fn a_receipt_from_a_block_that_is_not_in_the_chain_proves_nothing() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.send(&payment, 0).await];
    world.node.mine(CONFIRMATIONS).await;
    assert!(is_succeeded(&world.query(&payment, &attempts).await));
    // A node that still shows the receipt while the chain has another block there.
    let proxy = crate::rails::proxy::Proxy::start(&world.node.url).await;
    let receipt = world.node.call("eth_getTransactionReceipt", json!([attempts[0].key])).await;
    proxy.act(move |method, _| match method {
        "eth_getTransactionReceipt" => {
            let mut stale = receipt.clone();
            stale["blockHash"] = json!(format!("0x{}", "ab".repeat(32)));
            crate::rails::proxy::Act::Say(stale)
        }
        _ => crate::rails::proxy::Act::Pass,
    });
    let rail = world.rail_at(&proxy.url, |_| {});
    assert_eq!(rail.query(&payment, &attempts).await, Finding::NotFound);
}
