//! Nonces: no two payments get the same one, no gap arises, and a nonce used by a foreign transaction is proof only
//! once that transaction is found.

use crate::rails::chain::{CONFIRMATIONS, Chain, TREASURY, is_accepted, payment, person, refused, unknown};
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::Node;
use outpay::testing::rails::{Finding, Outcome, Rail};
use serde_json::{Value, json};

/// A foreign transaction with the treasury's key; it is in no block yet.
async fn a_stranger_sends(node: &Node) -> Value {
    node.call("anvil_impersonateAccount", json!([TREASURY])).await;
    node.call("eth_sendTransaction", json!([{"from": TREASURY, "to": TREASURY, "value": "0x0"}])).await
}

#[tokio::test]
async fn payments_in_line_have_nonces_one_after_another() {
    let world = Chain::anvil().await;
    let mut sent = Vec::new();
    for slot in 0..5 {
        let payment = payment(person(0x30 + u8::try_from(slot).unwrap()), 1_050);
        sent.push((payment.clone(), world.prepare(&payment, &[], slot).await));
    }
    let slots: Vec<i64> = sent.iter().map(|(_, attempt)| attempt.slot).collect();
    assert_eq!(slots, [0, 1, 2, 3, 4]);
    // Sent in the wrong order, they wait for one another.
    for (payment, attempt) in sent.iter().rev() {
        let answer = world.rail.submit(payment, attempt).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    }
    world.node.mine(CONFIRMATIONS).await;
    for (number, (payment, attempt)) in (0x30..).zip(&sent) {
        world.succeed(payment, std::slice::from_ref(attempt)).await;
        assert_eq!(world.paid(person(number)).await, world.units(1_000));
    }
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, 5);
}

#[tokio::test]
async fn a_treasury_that_was_used_before_goes_on_where_it_stands() {
    let world = Chain::anvil().await;
    for _ in 0..3 {
        a_stranger_sends(&world.node).await;
        world.node.mine(1).await;
    }
    let payment = payment(person(0x11), 2_500);
    let looked = world.rail_at(&world.node.url, |config| config.first_nonce = 3);
    assert_eq!(looked.prepare(&payment, &[], 0).await.unwrap().slot, 3);
    assert_eq!(world.prepare(&payment, &[], 7).await.slot, 7, "the store is ahead of the chain");
}

#[tokio::test]
async fn an_unknown_nonce_stops_new_payments_until_an_operator_resumes() {
    let world = Chain::anvil().await;
    for _ in 0..3 {
        a_stranger_sends(&world.node).await;
        world.node.mine(1).await;
    }
    let payment = payment(person(0x11), 2_500);
    // As after a restored backup, which knows of two of the three.
    let stopped = world.rail.prepare(&payment, &[], 2).await.err().unwrap();
    assert!(
        matches!(&stopped, Outcome::Unknown { text, .. } if text.contains("first_nonce = 3")),
        "{stopped:?}"
    );
    let looked = world.rail_at(&world.node.url, |config| config.first_nonce = 3);
    assert_eq!(looked.prepare(&payment, &[], 2).await.unwrap().slot, 3);
    assert_eq!(looked.prepare(&payment, &[], 4).await.unwrap().slot, 4, "it never takes a slot again");
}

#[tokio::test]
async fn a_payment_that_a_stranger_overtook_is_refused_once_that_is_deep() {
    let world = Chain::anvil().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let attempt = world.prepare(&payment, &[], 0).await;
    a_stranger_sends(&world.node).await;
    world.node.mine(1).await;
    let answer = world.rail.submit(&payment, &attempt).await;
    assert!(matches!(answer, Outcome::Unknown { .. }), "{answer:?}");
    let attempts = [attempt];
    for _ in 1..CONFIRMATIONS {
        assert!(unknown(world.query(&payment, &attempts).await).contains("nonce 0 is used up"));
        world.node.mine(1).await;
    }
    assert_eq!(refused(world.query(&payment, &attempts).await), "overtaken");
    // The search for the foreign transaction goes far back.
    world.node.mine(40).await;
    assert_eq!(refused(world.query(&payment, &attempts).await), "overtaken");
    // And indeed it can never be paid any more.
    world.rail.submit(&payment, &attempts[0]).await;
    world.node.mine(CONFIRMATIONS).await;
    assert!(world.paid(to).await.is_zero());
}

#[tokio::test]
async fn a_node_that_has_lost_a_receipt_proves_nothing() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let attempts = [world.send(&payment, 0).await];
    world.node.mine(20).await;
    proxy.act(|method, _| match method {
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Act::Say(json!(null)),
        _ => Act::Pass,
    });
    // The nonce is used up, deep in the chain, without a receipt: but it was this very payment.
    let text = unknown(rail.query(&payment, &attempts).await);
    assert!(text.contains("by ours"), "{text}");
    proxy.act(|_, _| Act::Pass);
    world.succeed(&payment, &attempts).await;
}

#[tokio::test]
async fn a_node_without_old_states_proves_nothing() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.prepare(&payment, &[], 0).await];
    a_stranger_sends(&world.node).await;
    world.node.mine(20).await;
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(|method, params| match method {
        "eth_getTransactionCount" if params[1] != "latest" => Act::Fail("missing trie node"),
        _ => Act::Pass,
    });
    let rail = world.rail_at(&proxy.url, |_| {});
    unknown(rail.query(&payment, &attempts).await);
}

#[tokio::test]
async fn a_payment_behind_another_waits_instead_of_paying_more() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.send(&payment, 1).await];
    world.clock.advance(86_400_000_000);
    let finding = world.query(&payment, &attempts).await;
    assert!(is_accepted(&finding), "a higher fee would not help: {finding:?}");
    assert_ne!(finding, Finding::Stuck);
}
