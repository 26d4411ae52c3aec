//! The whole platform over a real chain: whatever fails and wherever the worker is killed, the chain shows exactly
//! one payment per withdrawal, and no paid withdrawal is refunded.

use crate::rails::chain::{Chain, TREASURY, Token, WEALTH, units};
use crate::rails::never_twice::repeats;
use crate::rails::platform::{
    Installation, ask, assert_books_are_clean, balance, book_with, top_up, withdrawal,
};
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::word;
use alloy_primitives::{Address, U256, keccak256};
use ledger::{BookId, Cents, WithdrawalState};
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::platform::Platform;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longer than a lease, and longer than a payment waits before its fee is raised.
const LATER: i64 = 700_000_000;
/// 10.00 and the fee of 0.50.
const GROSS: i64 = 1_050;
const NET: u64 = 1_000;

/// A fault that happens once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    LostBeforeExecution,
    TimeoutAfterExecution,
    Status500AfterExecution,
    ErrorAfterExecution,
    NotFoundForAWhile,
    Reorganisation,
    NoBlocks,
}

const FAULTS: [Fault; 8] = [
    Fault::Nothing,
    Fault::LostBeforeExecution,
    Fault::TimeoutAfterExecution,
    Fault::Status500AfterExecution,
    Fault::ErrorAfterExecution,
    Fault::NotFoundForAWhile,
    Fault::Reorganisation,
    Fault::NoBlocks,
];

impl Fault {
    /// What the proxy does during the fault.
    fn act(self, method: &str) -> Act {
        let sends = method == "eth_sendRawTransaction";
        let looks_up = matches!(method, "eth_getTransactionByHash" | "eth_getTransactionReceipt");
        match self {
            Self::Nothing | Self::Reorganisation | Self::NoBlocks => Act::Pass,
            Self::LostBeforeExecution if sends || looks_up => Act::Hang,
            Self::TimeoutAfterExecution if sends => Act::PassThenSilence,
            Self::TimeoutAfterExecution if looks_up => Act::Hang,
            Self::Status500AfterExecution if sends => Act::PassThenStatus(500),
            Self::Status500AfterExecution if looks_up => Act::PassThenStatus(500),
            Self::ErrorAfterExecution if sends => Act::PassThenFail("nonce too low"),
            Self::NotFoundForAWhile if looks_up => Act::Say(json!(null)),
            _ => Act::Pass,
        }
    }
}

/// A new address for every payment.
fn recipient(number: i64) -> Address {
    Address::from_slice(&keccak256(number.to_be_bytes())[12..])
}

/// Works in rounds, with a block after each, until the withdrawal has ended. The fault lasts for the first two
/// rounds; the kill comes once, when its moment is reached.
async fn drive(
    world: &Chain,
    proxy: &Proxy,
    platform: &Platform,
    book: BookId,
    number: i64,
    (kill, fault): (Option<Moment>, Fault),
) -> WithdrawalState {
    let armed = Arc::new(AtomicBool::new(kill.is_some()));
    proxy.act(move |method, _| fault.act(method));
    for round in 0..40 {
        if round == 2 {
            proxy.act(|_, _| Act::Pass);
        }
        let kills = Arc::clone(&armed);
        let killer = move |moment| kill == Some(moment) && kills.swap(false, Ordering::SeqCst);
        let worker = PaymentWorker::new(platform.clone()).with_killer(Arc::new(killer));
        worker.round().await.unwrap();
        if round > 2 || fault != Fault::NoBlocks {
            world.node.mine(1).await;
        }
        if round == 0 && fault == Fault::Reorganisation {
            world.node.call("anvil_reorg", json!([1, []])).await;
            world.node.call("anvil_dropAllTransactions", json!([])).await;
        }
        world.clock.advance(LATER);
        let found = withdrawal(platform, book, number).await;
        if !found.state.holds_money() {
            assert!(!armed.load(Ordering::SeqCst), "{kill:?} was never reached");
            return found.state;
        }
    }
    panic!("{kill:?}, {fault:?}: {:?}", withdrawal(platform, book, number).await);
}

/// Every kill x every fault, this many times.
async fn cycles(times: u32) {
    let world = Chain::anvil().await;
    let proxy = Proxy::start(&world.node.url).await;
    let rail = Arc::new(world.rail_at(&proxy.url, |_| {}));
    let installation = Installation::new(&world.clock);
    let platform = installation.open(rail, 1).await;
    let book = book_with(&platform, "usdc", 1_000).await;
    let wealth = 1_000 + i64::from(times) * 56 * GROSS;
    top_up(&platform, book, wealth - 1_000).await;
    let (mut made, mut replacements) = (0, 0);
    for _ in 0..times {
        for fault in FAULTS {
            for kill in Moment::ALL.into_iter().map(Some).chain([None]) {
                made += 1;
                proxy.act(|_, _| Act::Pass);
                let to = recipient(made);
                let asked = ask(&platform, book, "usdc", GROSS, &to.to_checksum(None)).await;
                let ended = drive(&world, &proxy, &platform, book, asked.number, (kill, fault)).await;
                assert_eq!(ended, WithdrawalState::Succeeded, "{kill:?}, {fault:?}");
                assert_eq!(world.paid(to).await, units(NET, 6), "{kill:?}, {fault:?}");
                replacements += platform.store.attempts(book, asked.number).await.unwrap().len() - 1;
            }
        }
    }
    // Nothing still pending pays again, and no address was paid twice.
    world.node.mine(20).await;
    let spent = units(WEALTH, 6) - world.paid(TREASURY.parse().unwrap()).await;
    assert_eq!(spent, units(NET, 6) * U256::from(made));
    for number in 1..=made {
        assert_eq!(world.paid(recipient(number)).await, units(NET, 6), "payment {number}");
    }
    assert_eq!(balance(&platform, book).await, Cents(wealth - GROSS * made));
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, u64::try_from(made).unwrap());
    assert!(replacements >= times as usize * 6, "{replacements} attempts were replacements");
    assert_books_are_clean(&platform).await;
    println!("usdc: {made} payments, {} faults, {} kills, none paid twice", FAULTS.len(), made / 7 * 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_killed_and_failing_payments_are_paid_once_each() {
    // 8 faults x 7 (six kills, and none) x 6 = 336.
    cycles(repeats(6, FAULTS.len() * 7)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_send_each_payment_once() {
    const PAYMENTS: i64 = 60;
    let world = Chain::anvil().await;
    let installation = Installation::new(&world.clock);
    let rail = || Arc::new(world.rail_at(&world.node.url, |_| {}));
    let [one, two] = [installation.open(rail(), 1).await, installation.open(rail(), 2).await];
    let book = book_with(&one, "usdc", 10_000_000).await;
    let mut asked = Vec::new();
    for number in 0..PAYMENTS {
        let address = recipient(number).to_checksum(None);
        asked.push(ask(&one, book, "usdc", GROSS, &address).await.number);
    }
    let workers = [PaymentWorker::new(one.clone()), PaymentWorker::new(two.clone())];
    for _ in 0..40 {
        let (first, second) = tokio::join!(workers[0].round(), workers[1].round());
        first.unwrap();
        second.unwrap();
        world.node.mine(1).await;
        world.clock.advance(20_000_000);
    }
    for number in asked {
        assert_eq!(withdrawal(&one, book, number).await.state, WithdrawalState::Succeeded, "{number}");
        assert_eq!(one.store.attempts(book, number).await.unwrap().len(), 1, "{number}");
    }
    for number in 0..PAYMENTS {
        assert_eq!(world.paid(recipient(number)).await, units(NET, 6), "payment {number}");
    }
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, u64::try_from(PAYMENTS).unwrap());
    assert_books_are_clean(&one).await;
}

/// From the recipient's request to the tokens, with the platform alone in between.
async fn the_whole_way(world: Chain) {
    let installation = Installation::new(&world.clock);
    let rail = Arc::new(world.rail_at(&world.node.url, |_| {}));
    let platform = installation.open(rail, 1).await;
    let book = book_with(&platform, "usdc", 5_000).await;
    let to = recipient(1);
    let asked = ask(&platform, book, "usdc", 2_550, &to.to_checksum(None).to_lowercase()).await;
    let worker = PaymentWorker::new(platform.clone());
    for _ in 0..10 {
        worker.round().await.unwrap();
        world.node.mine(1).await;
        world.clock.advance(LATER);
    }
    let paid = withdrawal(&platform, book, asked.number).await;
    assert_eq!((paid.state, paid.fees), (WithdrawalState::Succeeded, Cents(50)));
    assert_eq!(world.paid(to).await, units(2_500, 6));
    assert_eq!(balance(&platform, book).await, Cents(2_450));
    let attempts = platform.store.attempts(book, asked.number).await.unwrap();
    let last: serde_json::Value = serde_json::from_str(&attempts[0].answer_text).unwrap();
    assert_eq!((attempts[0].answer.as_str(), &last["crypto_amount"]), ("succeeded", &json!(25)));
    assert!(last["order_id"].as_str().unwrap().starts_with("CRX-"), "{last}");
    assert_books_are_clean(&platform).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_way_on_anvil() {
    the_whole_way(Chain::anvil().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_way_on_hardhat() {
    the_whole_way(Chain::hardhat().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_token_refuses_is_given_back_whole() {
    let world = Chain::anvil_with(Token { name: "BlockableToken", decimals: 18 }).await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let book = book_with(&platform, "usdc", 5_000).await;
    let to = recipient(1);
    let asked = ask(&platform, book, "usdc", 2_550, &to.to_checksum(None)).await;
    // Between the request and the sending.
    world.node.invoke(world.token, "block(address)", &[word(to)]).await;
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    let failed = withdrawal(&platform, book, asked.number).await;
    assert_eq!((failed.state, failed.reason_code.as_str()), (WithdrawalState::Failed, "refused_by_token"));
    assert_eq!(balance(&platform, book).await, Cents(5_000));
    assert!(world.paid(to).await.is_zero());
    assert_books_are_clean(&platform).await;
}
