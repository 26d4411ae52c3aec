//! A payment that succeeded and that the chain took back: the rail is paused, the team is told, the same bytes are sent again,
//! and no money is given back without proof.

use crate::rails::chain::{CONFIRMATIONS, Chain, TREASURY, payment, person, units};
use crate::rails::platform::{Installation, ask, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::call_data;
use ledger::{BookId, Cents, WithdrawalState};
use outpay::testing::kill_switch;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::crypto::Finality;
use outpay::testing::rails::{Finding, Outcome, Payment, Rail};
use outpay::testing::store::Attempt;
use outpay::testing::store::{PauseScope, StoredPause};
use serde_json::json;
use std::sync::Arc;

/// Longer than a worker waits before it looks at a payment that has just succeeded.
const SOON: i64 = 20_000_000;

async fn work(world: &Chain, platform: &Platform) {
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    world.clock.advance(SOON);
}

/// A payment of 25.00 that succeeded, `below` blocks under the head.
async fn succeeded(world: &Chain, platform: &Platform) -> (BookId, i64) {
    let book = book_with(platform, "usdc", 5_000).await;
    let asked = ask(platform, book, "usdc", 2_550, &person(0x11).to_checksum(None)).await.number;
    work(world, platform).await;
    world.node.mine(CONFIRMATIONS).await;
    work(world, platform).await;
    assert_eq!(withdrawal(platform, book, asked).await.state, WithdrawalState::Succeeded);
    assert_eq!(world.paid(person(0x11)).await, units(2_500, 6));
    work(world, platform).await;
    (book, asked)
}

async fn pauses(platform: &Platform, book: BookId) -> Vec<StoredPause> {
    kill_switch::of_book(platform, book).await.unwrap()
}

/// The chain forgets as many blocks as made the payment final in our eyes, and one more.
async fn reorganise(world: &Chain) {
    world.node.call("anvil_reorg", json!([CONFIRMATIONS + 1, []])).await;
    world.node.call("anvil_dropAllTransactions", json!([])).await;
    assert!(world.paid(person(0x11)).await.is_zero(), "the chain has forgotten it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_chain_took_back_is_sent_again_and_pays_once() {
    let world = Chain::anvil().await;
    world.node.mine(5).await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let (book, number) = succeeded(&world, &platform).await;
    assert!(pauses(&platform, book).await.is_empty());
    reorganise(&world).await;

    work(&world, &platform).await;
    let found = pauses(&platform, book).await;
    let [pause] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(pause.scope, PauseScope::Rail("usdc".to_owned()));
    assert!(pause.reason.contains("had succeeded and is gone"), "{}", pause.reason);
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!(attempts.len(), 1, "no other request was made");
    assert_eq!(attempts[0].answer, "undone");
    // The person is told nothing, and no money came back.
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded);
    assert_eq!(balance(&platform, book).await, Cents(2_450));

    // The same bytes wait for a block, although the rail is paused; a new payment does not.
    let known = world.node.call("eth_getTransactionByHash", json!([attempts[0].key])).await;
    assert_eq!(known["hash"], attempts[0].key);
    world.node.mine(CONFIRMATIONS).await;
    work(&world, &platform).await;
    assert_eq!(world.paid(person(0x11)).await, units(2_500, 6), "paid once");
    let attempts = platform.store.attempts(book, number).await.unwrap();
    assert_eq!(attempts[0].answer, "succeeded", "the rail shows it again");
    assert_eq!(pauses(&platform, book).await.len(), 1, "a person ends the pause");
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, 1);
    // A second reorganisation is noticed too, after a person has ended the first pause.
    let scope = PauseScope::Rail("usdc".to_owned());
    kill_switch::resume(&platform, &scope, "looked at", ledger::Actor::OPERATOR).await.unwrap();
    reorganise(&world).await;
    for _ in 0..4 {
        work(&world, &platform).await;
    }
    assert_eq!(pauses(&platform, book).await.len(), 1);
    world.node.mine(CONFIRMATIONS).await;
    assert_eq!(world.paid(person(0x11)).await, units(2_500, 6));
    assert_books_are_clean(&platform).await;
}

/// Another transaction has taken the nonce in the chain as it is now, and is as deep as any refund needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_comes_back_only_with_the_proof_of_a_refund() {
    let world = Chain::anvil().await;
    world.node.mine(5).await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let (book, number) = succeeded(&world, &platform).await;
    reorganise(&world).await;
    world.node.call("anvil_impersonateAccount", json!([TREASURY])).await;
    let other = person(0x12);
    let data = call_data("transfer(address,uint256)", &[crate::rails::tokens::word(other), units(1, 6)]);
    let fields = json!({ "from": TREASURY, "to": world.token.to_string(), "data": data, "gas": "0x30d40" });
    world.node.call("eth_sendTransaction", json!([fields])).await;
    world.node.mine(1).await;
    work(&world, &platform).await;
    assert_eq!(withdrawal(&platform, book, number).await.state, WithdrawalState::Succeeded, "no proof yet");
    assert_eq!(balance(&platform, book).await, Cents(2_450));
    world.node.mine(CONFIRMATIONS).await;
    for _ in 0..4 {
        work(&world, &platform).await;
    }
    let back = withdrawal(&platform, book, number).await;
    assert_eq!((back.state, back.reason_code.as_str()), (WithdrawalState::Returned, "undone_by_chain"));
    assert_eq!(balance(&platform, book).await, Cents(5_000));
    assert!(world.paid(person(0x11)).await.is_zero());
    assert_books_are_clean(&platform).await;
}

/// A payment that has succeeded, for questions to a rail alone.
async fn watched(world: &Chain) -> (Payment, Vec<Attempt>) {
    let mut payment = payment(person(0x11), 2_500);
    let mut attempts = vec![world.send(&payment, 0).await];
    world.succeed(&payment, &attempts).await;
    payment.withdrawal.state = WithdrawalState::Succeeded;
    attempts[0].answer = "succeeded".to_owned();
    (payment, attempts)
}

#[tokio::test]
async fn a_node_that_lags_takes_nothing_back() {
    let world = Chain::anvil().await;
    let (payment, attempts) = watched(&world).await;
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let paid = rail.query(&payment, &attempts).await;
    assert!(matches!(paid, Finding::Outcome(Outcome::Succeeded { .. })), "{paid:?}");
    proxy.act(|method, params| match method {
        "eth_blockNumber" => Act::Say(json!("0x1")),
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Act::Say(json!(null)),
        "eth_getTransactionCount" if params[1] == "latest" => Act::Say(json!("0x0")),
        _ => Act::Pass,
    });
    let unclear = rail.query(&payment, &attempts).await;
    assert!(matches!(&unclear, Finding::Outcome(Outcome::Unknown { text, .. }) if text.contains("lags")));
}

#[tokio::test]
async fn one_node_of_two_takes_nothing_back() {
    let world = Chain::anvil().await;
    let (payment, attempts) = watched(&world).await;
    let proxy = Proxy::start(&world.node.url).await;
    let access = outpay::testing::rails::crypto::ChainAccess::new(
        secrecy::SecretString::from(world.node.url.as_str()),
        &secrecy::SecretString::from(crate::rails::chain::KEY),
    );
    let access = access.unwrap().with_second(secrecy::SecretString::from(proxy.url.as_str()));
    let clock = world.clock.clone();
    let rail = outpay::testing::rails::crypto::CryptoRail::new("usdc", world.config.clone(), access, clock);
    let rail = rail.unwrap();
    proxy.act(|method, params| match method {
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Act::Say(json!(null)),
        "eth_getTransactionCount" if params[1] == "latest" => Act::Say(json!("0x0")),
        _ => Act::Pass,
    });
    let unclear = rail.query(&payment, &attempts).await;
    assert!(matches!(unclear, Finding::Outcome(Outcome::Unknown { .. })), "{unclear:?}");
}

/// What a person settled with proof is not judged by attempts that did something else.
#[tokio::test]
async fn a_payment_that_a_person_settled_is_left_alone() {
    let world = Chain::anvil().await;
    let (payment, mut attempts) = watched(&world).await;
    reorganise_alone(&world).await;
    attempts[0].answer = "unknown".to_owned();
    let left = world.query(&payment, &attempts).await;
    assert!(matches!(left, Finding::Outcome(Outcome::Succeeded { .. })), "{left:?}");
    attempts[0].answer = "succeeded".to_owned();
    assert!(matches!(world.query(&payment, &attempts).await, Finding::Undone { number: 1, .. }));
}

async fn reorganise_alone(world: &Chain) {
    world.node.call("anvil_reorg", json!([CONFIRMATIONS, []])).await;
    world.node.call("anvil_dropAllTransactions", json!([])).await;
}

/// A stop that came too late must not take the payment's place afterwards.
#[tokio::test]
async fn what_is_sent_again_is_the_payment_and_not_its_stop() {
    let world = Chain::anvil().await;
    let (payment, mut attempts) = {
        let payment = payment(person(0x11), 2_500);
        (payment.clone(), vec![world.send(&payment, 0).await])
    };
    let stop = world.rail.prepare_stop(&payment, &attempts).await.unwrap();
    attempts.push(world.attempt(&attempts, stop));
    world.succeed(&payment, &attempts).await;
    let mut payment = payment;
    payment.withdrawal.state = WithdrawalState::Succeeded;
    attempts[1].answer = "succeeded".to_owned();
    reorganise_alone(&world).await;
    let undone = world.query(&payment, &attempts).await;
    assert!(matches!(undone, Finding::Undone { number: 1, .. }), "{undone:?}");
}

/// With `finality = "finalized"` the watch goes on until the chain's own block says so.
#[tokio::test]
async fn a_payment_is_watched_until_the_chain_calls_it_final() {
    let world = Chain::anvil().await;
    let (payment, attempts) = watched(&world).await;
    let rail = world.rail_at(&world.node.url, |config| config.finality = Finality::Finalized);
    let waits = rail.query(&payment, &attempts).await;
    assert!(matches!(waits, Finding::Outcome(Outcome::Accepted { .. })), "{waits:?}");
    // Foundry's chain finalizes two epochs of 32 blocks below its head.
    world.node.mine(70).await;
    let stays = rail.query(&payment, &attempts).await;
    assert!(matches!(stays, Finding::Outcome(Outcome::Succeeded { .. })), "{stays:?}");
    assert!(rail.diagnose().await.faults.is_empty());
    // A node without the tag proves nothing.
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(|_, params| match params[0].as_str() {
        Some("finalized") => Act::Fail("unknown block"),
        _ => Act::Pass,
    });
    let rail = world.rail_at(&proxy.url, |config| config.finality = Finality::Finalized);
    let unclear = rail.query(&payment, &attempts).await;
    assert!(matches!(unclear, Finding::Outcome(Outcome::Unknown { is_down: true, .. })), "{unclear:?}");
    assert_eq!(rail.diagnose().await.faults.len(), 1);
}
