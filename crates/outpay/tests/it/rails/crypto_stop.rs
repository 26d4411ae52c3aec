//! Stopping a payment that no block takes: the faster of the two transactions with its nonce ends it, and it cannot
//! be resolved as not paid before that.

use crate::rails::chain::{CONFIRMATIONS, Chain, TREASURY, payment, person, refused, units};
use crate::rails::platform::{Installation, ask, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::proxy::{Act, Proxy};
use ledger::{Actor, BookId, Cents, Refusal, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rail;
use outpay::testing::stopped::Stopped;
use serde_json::json;
use std::sync::Arc;

/// Longer than a worker waits before it asks again, and shorter than it waits before it raises the fee.
const SOON: i64 = 20_000_000;

async fn work(world: &Chain, platform: &Platform) {
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    world.clock.advance(SOON);
}

async fn stopped_before_a_block_took_it(world: Chain) {
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let book = book_with(&platform, "usdc", 5_000).await;
    let to = person(0x11);
    let asked = ask(&platform, book, "usdc", 2_550, &to.to_checksum(None)).await;
    work(&world, &platform).await;
    platform.counter(book, Actor::OPERATOR).stop(asked.number).await.unwrap();
    let attempts = platform.store.attempts(book, asked.number).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.slot).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(attempts[1].answer, "accepted", "{}", attempts[1].answer_text);
    world.node.mine(1).await;
    work(&world, &platform).await;
    let waits = withdrawal(&platform, book, asked.number).await;
    assert_eq!(waits.state, WithdrawalState::Sending, "not deep enough");
    world.node.mine(CONFIRMATIONS).await;
    work(&world, &platform).await;
    let failed = withdrawal(&platform, book, asked.number).await;
    assert_eq!((failed.state, failed.reason_code.as_str()), (WithdrawalState::Failed, "stopped"));
    assert_eq!(balance(&platform, book).await, Cents(5_000));
    // The payment can never be made any more, and the next one leaves no gap.
    let raw = alloy_primitives::hex::encode_prefixed(&attempts[0].request);
    world.node.ask("eth_sendRawTransaction", json!([raw])).await.ok();
    world.node.mine(CONFIRMATIONS).await;
    assert!(world.paid(to).await.is_zero());
    let next = ask(&platform, book, "usdc", 2_550, &to.to_checksum(None)).await;
    for _ in 0..4 {
        work(&world, &platform).await;
        world.node.mine(CONFIRMATIONS).await;
    }
    assert_eq!(withdrawal(&platform, book, next.number).await.state, WithdrawalState::Succeeded);
    assert_eq!(world.paid(to).await, units(2_500, 6));
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, 2);
    assert_books_are_clean(&platform).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_on_anvil() {
    stopped_before_a_block_took_it(Chain::anvil().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_on_hardhat() {
    stopped_before_a_block_took_it(Chain::hardhat().await).await;
}

#[tokio::test]
async fn a_payment_that_was_faster_than_its_stop_is_paid() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let first = world.send(&payment, 0).await;
    let prepared = world.rail.prepare_stop(&payment, std::slice::from_ref(&first)).await.unwrap();
    let attempts = [first.clone(), world.attempt(std::slice::from_ref(&first), prepared)];
    world.node.mine(1).await;
    world.rail.submit(&payment, &attempts[1]).await;
    world.succeed(&payment, &attempts).await;
    assert_eq!(world.paid(person(0x11)).await, world.units(2_450));
    let late = world.rail.prepare_stop(&payment, &attempts).await.unwrap_err();
    assert!(format!("{late:#}").contains("used up already"), "{late:#}");
}

/// Once a stop has begun, no attempt pays any more, whatever is prepared next.
#[tokio::test]
async fn what_replaces_a_stop_is_a_stop() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let first = world.send(&payment, 0).await;
    let prepared = world.rail.prepare_stop(&payment, std::slice::from_ref(&first)).await.unwrap();
    let mut attempts = vec![first.clone(), world.attempt(std::slice::from_ref(&first), prepared)];
    let next = world.prepare(&payment, &attempts, 1).await;
    assert_eq!(next.slot, 0);
    attempts.push(next);
    world.rail.submit(&payment, &attempts[2]).await;
    world.node.mine(CONFIRMATIONS).await;
    assert_eq!(refused(world.query(&payment, &attempts).await), "stopped");
    assert!(world.paid(person(0x11)).await.is_zero());
}

async fn resolve(platform: &Platform, book: BookId, number: i64) -> Result<WithdrawalState, Stopped> {
    resolve_as(platform, book, number, false).await
}

async fn resolve_as(
    platform: &Platform,
    book: BookId,
    number: i64,
    paid: bool,
) -> Result<WithdrawalState, Stopped> {
    let resolved = platform.counter(book, Actor::OPERATOR).resolve(number, paid, "the node's log").await;
    resolved.map(|done| done.value.state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_can_still_arrive_is_not_resolved() {
    let world = Chain::anvil().await;
    let proxy = Proxy::start(&world.node.url).await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&proxy.url, |_| {})), 1).await;
    let book = book_with(&platform, "usdc", 5_000).await;
    let asked = ask(&platform, book, "usdc", 2_550, &person(0x11).to_checksum(None)).await;
    // Signed, but as far as known never sent.
    proxy.act(|method, _| match method {
        "eth_sendRawTransaction" | "eth_getTransactionByHash" => Act::Hang,
        _ => Act::Pass,
    });
    work(&world, &platform).await;
    assert!(withdrawal(&platform, book, asked.number).await.outcome_unknown);
    let refused = resolve(&platform, book, asked.number).await;
    assert!(matches!(refused, Err(Stopped::Refused(Refusal::PaymentMayStillBeMade))), "{refused:?}");
    let refused = resolve_as(&platform, book, asked.number, true).await;
    let may_be = matches!(refused, Err(Stopped::Refused(Refusal::PaymentMayStillBeMade)));
    assert!(may_be, "paid in another way, and then by this one too: {refused:?}");
    let proof = ("found after a recovery: 0x17", "{}".to_owned());
    let refused =
        platform.counter(book, Actor::OPERATOR).settle_by_proof(asked.number, proof.0, proof.1).await;
    let may_be = matches!(refused, Err(Stopped::Refused(Refusal::PaymentMayStillBeMade)));
    assert!(may_be, "paid by a transfer that was lost, and then by this one too: {refused:?}");
    // Another transaction uses the nonce up.
    world.node.call("anvil_impersonateAccount", json!([TREASURY])).await;
    let nothing = json!([{ "from": TREASURY, "to": TREASURY, "value": "0x0" }]);
    world.node.call("eth_sendTransaction", nothing).await;
    world.node.mine(1).await;
    let refused = resolve(&platform, book, asked.number).await;
    assert!(matches!(refused, Err(Stopped::Refused(Refusal::PaymentMayStillBeMade))), "not deep enough");
    world.node.mine(CONFIRMATIONS).await;
    assert_eq!(resolve(&platform, book, asked.number).await.unwrap(), WithdrawalState::Failed);
    assert_eq!(balance(&platform, book).await, Cents(5_000));
    assert!(world.paid(person(0x11)).await.is_zero());
    assert_books_are_clean(&platform).await;
}
