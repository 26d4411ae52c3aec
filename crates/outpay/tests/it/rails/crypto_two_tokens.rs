//! Two tokens of one chain from one treasury: two rails in one line, which share its nonces.

use crate::rails::chain::{Chain, KEY, SIX, TREASURY, units};
use crate::rails::platform::{Installation, ask, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::proxy::{Act, Proxy};
use alloy_primitives::{Address, U256, keccak256};
use ledger::{BookId, Cents, FeeRule, Terms, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rail;
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail};
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAYMENTS: i64 = 40;
const GROSS: i64 = 1_050;
const NET: u64 = 1_000;
/// Longer than a lease, and longer than a payment waits before its fee is raised.
const LATER: i64 = 700_000_000;

fn recipient(number: i64) -> Address {
    Address::from_slice(&keccak256(number.to_be_bytes())[12..])
}

fn method(number: i64) -> &'static str {
    if number % 2 == 0 { "usdc" } else { "usdt" }
}

/// The world's token and another one, each on a rail, with the same treasury.
fn rails(world: &Chain, usdt: Address, url: &str) -> [Arc<dyn Rail>; 2] {
    let rail = |name: &str, token: Address, currency: &str| -> Arc<dyn Rail> {
        let mut config = world.config.clone();
        config.token = token.to_checksum(None);
        currency.clone_into(&mut config.currency);
        let access = ChainAccess::new(SecretString::from(url), &SecretString::from(KEY)).unwrap();
        Arc::new(CryptoRail::new(name, config, access, world.clock.clone()).unwrap())
    };
    [rail("usdc", world.token, "USDC"), rail("usdt", usdt, "USDT")]
}

async fn usdt(world: &Chain) -> Address {
    let token = world.node.deploy(SIX.name, &[units(crate::rails::chain::WEALTH, 6)]).await;
    let treasury = TREASURY.parse().unwrap();
    world.node.give_tokens(token, treasury, units(crate::rails::chain::WEALTH, 6)).await;
    token
}

async fn book(platform: &Platform) -> BookId {
    let book = book_with(platform, "usdc", 10_000_000).await;
    let fee = FeeRule { fixed: Cents(50), ..FeeRule::default() };
    let terms = Terms { enabled: true, fee, ..Terms::default() };
    platform.store.set_terms(book, "usdt", &terms).await.unwrap();
    book
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_in_both_tokens_stand_in_one_line() {
    let world = Chain::anvil().await;
    let usdt = usdt(&world).await;
    let installation = Installation::new(&world.clock);
    let proxy = Proxy::start(&world.node.url).await;
    let mounted = || rails(&world, usdt, &proxy.url).to_vec();
    let [one, two] = [installation.open_with(mounted(), 1).await, installation.open_with(mounted(), 2).await];
    let book = book(&one).await;
    let mut asked = Vec::new();
    for number in 0..PAYMENTS {
        let address = recipient(number).to_checksum(None);
        asked.push(ask(&one, book, method(number), GROSS, &address).await.number);
    }
    // Every seventh moment kills a worker, and every fifth request gets no response.
    let (moments, sent) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    proxy.act(move |call, _| match call {
        "eth_sendRawTransaction" if sent.fetch_add(1, Ordering::SeqCst) % 5 == 4 => Act::PassThenSilence,
        _ => Act::Pass,
    });
    for round in 0..60 {
        let workers = [&one, &two].map(|platform| {
            let moments = Arc::clone(&moments);
            let kills = move |_| round < 40 && moments.fetch_add(1, Ordering::SeqCst) % 7 == 6;
            PaymentWorker::new(platform.clone()).with_killer(Arc::new(kills))
        });
        let (first, second) = tokio::join!(workers[0].round(), workers[1].round());
        first.unwrap();
        second.unwrap();
        world.node.mine(1).await;
        world.clock.advance(LATER);
    }
    world.node.mine(20).await;
    let mut slots = BTreeSet::new();
    for (number, withdrawn) in (0..).zip(asked) {
        let ended = withdrawal(&one, book, withdrawn).await;
        assert_eq!(ended.state, WithdrawalState::Succeeded, "{number}: {ended:?}");
        let attempts = one.store.attempts(book, withdrawn).await.unwrap();
        assert!(attempts.iter().all(|attempt| attempt.slot == attempts[0].slot), "{attempts:?}");
        assert!(slots.insert(attempts[0].slot), "two payments have nonce {}", attempts[0].slot);
        let (token, other) = if number % 2 == 0 { (world.token, usdt) } else { (usdt, world.token) };
        let to = recipient(number);
        assert_eq!(world.node.tokens_of(token, to).await, units(NET, 6), "payment {number}");
        assert_eq!(world.node.tokens_of(other, to).await, U256::ZERO, "payment {number}");
    }
    assert_eq!(slots, (0..PAYMENTS).collect::<BTreeSet<i64>>(), "a line without a gap");
    assert_eq!(world.node.nonce_of(TREASURY.parse().unwrap()).await, u64::try_from(PAYMENTS).unwrap());
    assert_eq!(balance(&one, book).await, Cents(10_000_000 - GROSS * PAYMENTS));
    assert_books_are_clean(&one).await;
}

/// An installation that had one rail before continues from that rail's count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_token_joins_a_line_that_is_in_use() {
    let world = Chain::anvil().await;
    let usdt = usdt(&world).await;
    let installation = Installation::new(&world.clock);
    let [usdc_rail, usdt_rail] = rails(&world, usdt, &world.node.url);
    let before = installation.open_with(vec![Arc::clone(&usdc_rail)], 1).await;
    let book = book(&before).await;
    // Sent, and in no block yet: the chain's own count does not include it.
    let first = ask(&before, book, "usdc", GROSS, &recipient(0).to_checksum(None)).await;
    PaymentWorker::new(before.clone()).round().await.unwrap();
    let after = installation.open_with(vec![usdc_rail, usdt_rail], 2).await;
    let second = ask(&after, book, "usdt", GROSS, &recipient(1).to_checksum(None)).await;
    let worker = PaymentWorker::new(after.clone());
    for _ in 0..10 {
        worker.round().await.unwrap();
        world.clock.advance(20_000_000);
    }
    let slot = async |number| after.store.attempts(book, number).await.unwrap()[0].slot;
    assert_eq!((slot(first.number).await, slot(second.number).await), (0, 1));
    for _ in 0..10 {
        world.node.mine(1).await;
        world.clock.advance(LATER);
        worker.round().await.unwrap();
    }
    assert_eq!(world.node.tokens_of(world.token, recipient(0)).await, units(NET, 6));
    assert_eq!(world.node.tokens_of(usdt, recipient(1)).await, units(NET, 6));
    for number in [first.number, second.number] {
        assert_eq!(withdrawal(&after, book, number).await.state, WithdrawalState::Succeeded);
    }
}
