//! Signed transactions that are in no block yet count as spent: no second payment relies on the same money, whichever
//! process signs it. And there is a way out if something blocks such a payment.

use crate::rails::chain::{CONFIRMATIONS, Chain, SECOND, TREASURY, WEALTH, payment, person, units};
use crate::rails::platform::{Installation, ask, assert_books_are_clean, book_with, withdrawal};
use crate::rails::proxy::{Act, Proxy};
use alloy_primitives::U256;
use ledger::{Actor, Cents, FeeRule, Refusal, Terms, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail};
use outpay::testing::rails::{Finding, Outcome, Rail};
use outpay::testing::stopped::Stopped;
use outpay::testing::store::Attempt;
use secrecy::SecretString;
use serde_json::json;
use std::sync::Arc;

const SOON: i64 = 20 * SECOND;

/// Leaves the treasury with 100.00, by its own transfers that the database does not know.
async fn leave_a_hundred(world: &Chain) {
    let treasury = TREASURY.parse().unwrap();
    world.node.call("hardhat_impersonateAccount", json!([TREASURY])).await;
    let rest = world.paid(treasury).await - units(10_000, 6);
    let to = [crate::rails::tokens::word(person(0x99)), rest];
    let data = crate::rails::tokens::call_data("transfer(address,uint256)", &to);
    let fields = json!({"from": TREASURY, "to": world.token.to_string(), "data": data, "gas": "0x30d40"});
    world.node.call("eth_sendTransaction", json!([fields])).await;
    world.node.mine(1).await;
    assert_eq!(world.paid(treasury).await, units(10_000, 6));
}

/// Two rails with the world's token and treasury, as two methods may be.
fn rails(world: &Chain) -> Vec<Arc<dyn Rail>> {
    let rail = |name: &str| -> Arc<dyn Rail> {
        let mut config = world.config.clone();
        config.first_nonce = 1;
        let url = SecretString::from(world.node.url.as_str());
        let access = ChainAccess::new(url, &SecretString::from(crate::rails::chain::KEY)).unwrap();
        Arc::new(CryptoRail::new(name, config, access, world.clock.clone()).unwrap())
    };
    vec![rail("usdc"), rail("usdc-fast")]
}

/// Two payments of 60.00 by two methods, driven by two processes at once; blocks come later.
async fn two_payments_do_not_count_on_the_same_money(world: Chain, installation: Installation) {
    leave_a_hundred(&world).await;
    let [one, two] =
        [installation.open_with(rails(&world), 1).await, installation.open_with(rails(&world), 2).await];
    let book = book_with(&one, "usdc", 100_000).await;
    let fee = FeeRule { fixed: Cents(50), ..FeeRule::default() };
    one.store.set_terms(book, "usdc-fast", &Terms { enabled: true, fee, ..Terms::default() }).await.unwrap();
    let mut asked = Vec::new();
    for (number, method) in [(0x11, "usdc"), (0x12, "usdc-fast")] {
        asked.push(ask(&one, book, method, 6_050, &person(number).to_checksum(None)).await.number);
    }
    let workers = [PaymentWorker::new(one.clone()), PaymentWorker::new(two.clone())];
    for _ in 0..6 {
        let (first, second) = tokio::join!(workers[0].round(), workers[1].round());
        first.unwrap();
        second.unwrap();
        world.clock.advance(SOON);
    }
    let mut signed = 0;
    for number in &asked {
        signed += one.store.attempts(book, *number).await.unwrap().len();
    }
    assert_eq!(signed, 1, "the other one waits for money, and nothing is signed that would revert");
    for _ in 0..6 {
        world.node.mine(CONFIRMATIONS).await;
        workers[0].round().await.unwrap();
        world.clock.advance(SOON);
    }
    let paid = world.paid(person(0x11)).await + world.paid(person(0x12)).await;
    assert_eq!(paid, units(6_000, 6));
    world.node.give_tokens(world.token, TREASURY.parse().unwrap(), units(2_000, 6)).await;
    for _ in 0..6 {
        world.node.mine(CONFIRMATIONS).await;
        workers[1].round().await.unwrap();
        world.clock.advance(700 * SECOND);
    }
    for (number, withdrawn) in [0x11, 0x12].into_iter().zip(asked) {
        assert_eq!(withdrawal(&one, book, withdrawn).await.state, WithdrawalState::Succeeded);
        assert_eq!(world.paid(person(number)).await, units(6_000, 6));
    }
    assert_books_are_clean(&one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payments_do_not_count_on_the_same_money_on_anvil() {
    let world = Chain::anvil().await;
    let installation = Installation::new(&world.clock);
    two_payments_do_not_count_on_the_same_money(world, installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payments_do_not_count_on_the_same_money_on_hardhat() {
    let world = Chain::hardhat().await;
    let installation = Installation::new(&world.clock);
    two_payments_do_not_count_on_the_same_money(world, installation).await;
}

#[tokio::test]
async fn what_waits_is_subtracted_in_tokens_and_in_coins() {
    let world = Chain::anvil().await;
    let half = i64::try_from(WEALTH / 2).unwrap();
    let first = world.send(&payment(person(0x11), half + 50), 0).await;
    let prepared = |cents, slot| {
        let world = &world;
        async move { world.rail.prepare(&payment(person(0x12), cents), &[], slot).await.unwrap() }
    };
    let (fits, too_much) = (prepared(half + 50, 1).await, prepared(half + 51, 1).await);
    let waiting = std::slice::from_ref(&first);
    world.rail.check_room(&fits, waiting).await.unwrap();
    let problem = world.rail.check_room(&too_much, waiting).await.unwrap_err().to_string();
    assert!(problem.contains("promised to payments"), "{problem}");
    // Two attempts with one nonce reserve their money once; in a block, it is in the balance.
    let again = [first.clone(), Attempt { number: 2, ..first.clone() }];
    world.rail.check_room(&fits, &again).await.unwrap();
    world.node.mine(1).await;
    world.rail.check_room(&fits, waiting).await.unwrap();
    // Coins for one fee are not enough for two.
    let coins = world.node.coins_of(TREASURY.parse().unwrap()).await;
    let second = world.prepare(&payment(person(0x12), 2_500), &[], 1).await;
    let third = prepared(2_500, 2).await;
    world.rail.check_room(&third, std::slice::from_ref(&second)).await.unwrap();
    let shown = world.rail.check_room(&third, &[]).await;
    assert!(shown.is_ok() && coins > U256::ZERO);
    world.node.call("anvil_setBalance", json!([TREASURY, "0x5af3107a4000"])).await;
    let poor = world.rail.check_room(&third, std::slice::from_ref(&second)).await;
    assert!(poor.unwrap_err().to_string().contains("coin"));
}

/// A node that drops transactions with low fees: the fee is raised up to the limit, and then the operator is told.
#[tokio::test]
async fn a_payment_that_the_node_does_not_keep_is_raised_to_the_ceiling() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let mut first = world.send(&payment, 0).await;
    first.answered_at = Some(world.clock.now());
    world.node.call("anvil_dropTransaction", json!([first.key])).await;
    assert_eq!(
        world.query(&payment, std::slice::from_ref(&first)).await,
        Finding::NotFound,
        "it is sent again"
    );
    // The market rises to 100, and 150 are allowed: less than the reserve for more expensive blocks.
    world.node.call("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"])).await;
    world.node.mine(1).await;
    world.clock.advance(181 * SECOND);
    let modest = world.rail_at(&world.node.url, |config| config.max_fee_gwei = 150);
    let earlier = std::slice::from_ref(&first);
    assert_eq!(modest.query(&payment, earlier).await, Finding::Stuck);
    let raised = modest.prepare(&payment, earlier, 1).await.unwrap();
    let mut attempts = [first.clone(), world.attempt(earlier, raised)];
    let answer = modest.submit(&payment, &attempts[1]).await;
    assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    let shown = world.node.call("eth_getTransactionByHash", json!([attempts[1].key])).await;
    assert_eq!(crate::rails::tokens::number(&shown["maxFeePerGas"]), U256::from(150_000_000_000_u64));
    // At the limit, and dropped again: it is sent unchanged, and the answer says what to do.
    world.node.call("anvil_dropTransaction", json!([attempts[1].key])).await;
    attempts[1].answered_at = Some(world.clock.now());
    world.clock.advance(181 * SECOND);
    assert_eq!(modest.query(&payment, &attempts).await, Finding::NotFound);
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(|method, _| match method {
        "eth_sendRawTransaction" => Act::Fail("transaction underpriced"),
        _ => Act::Pass,
    });
    let refusing = world.rail_at(&proxy.url, |config| config.max_fee_gwei = 150);
    let answer = refusing.submit(&payment, &attempts[1]).await;
    let Outcome::Unknown { text, .. } = answer else { panic!("{answer:?}") };
    assert!(text.contains("`max_fee_gwei` allows") && text.contains("stop the withdrawal"), "{text}");
}

async fn work(world: &Chain, platform: &Platform) {
    PaymentWorker::new(platform.clone()).round().await.unwrap();
    world.clock.advance(SOON);
}

/// An attempt that was committed and never sent, whose withdrawal a person has ended since: all later payments wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_line_is_closed_by_stopping_what_has_ended() {
    let world = Chain::anvil().await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let book = book_with(&platform, "usdc", 10_000).await;
    // The worker leases it and reaches no node, so there is no attempt.
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(|_, _| Act::Hang);
    let away = installation.open(Arc::new(world.rail_at(&proxy.url, |_| {})), 2).await;
    let ended = ask(&platform, book, "usdc", 2_550, &person(0x11).to_checksum(None)).await.number;
    work(&world, &away).await;
    assert!(platform.store.attempts(book, ended).await.unwrap().is_empty());
    let none = platform.counter(book, Actor::OPERATOR).resolve(ended, false, "never sent").await;
    assert_eq!(none.unwrap().value.state, WithdrawalState::Failed);
    let refused = platform.counter(book, Actor::OPERATOR).stop(ended).await;
    let impossible = matches!(refused, Err(Stopped::Refused(Refusal::StepIsNotPossible(..))));
    assert!(impossible, "there is nothing to stop: {refused:?}");
    // A worker from before leases had numbers was asleep all the while, and commits its attempt now.
    let late = world.prepare(&payment(person(0x11), 2_550), &[], 0).await;
    let line = world.rail.facts().line.clone().unwrap();
    let (now, failed) = (world.clock.now(), (ended, WithdrawalState::Failed));
    let hold = platform.store.lease_one(book, failed, 7, (now, now + SECOND)).await.unwrap().unwrap();
    assert!(platform.store.add_attempt(hold, &late, Some(&line)).await.unwrap());
    assert!(platform.store.release_withdrawal(hold, None).await.unwrap());
    let next = ask(&platform, book, "usdc", 2_550, &person(0x12).to_checksum(None)).await.number;
    for _ in 0..3 {
        work(&world, &platform).await;
        world.node.mine(CONFIRMATIONS).await;
    }
    assert!(world.paid(person(0x12)).await.is_zero(), "it waits behind the gap");
    let stopped = platform.counter(book, Actor::OPERATOR).stop(ended).await.unwrap();
    assert_eq!(stopped.state, WithdrawalState::Failed, "it stays as it is");
    for _ in 0..4 {
        world.node.mine(CONFIRMATIONS).await;
        work(&world, &platform).await;
    }
    assert_eq!(withdrawal(&platform, book, next).await.state, WithdrawalState::Succeeded);
    assert_eq!(world.paid(person(0x12)).await, units(2_500, 6));
    assert!(world.paid(person(0x11)).await.is_zero());
    let refused = platform.counter(book, Actor::OPERATOR).stop(ended).await;
    assert!(matches!(refused, Err(Stopped::Refused(Refusal::StepIsNotPossible(..)))), "{refused:?}");
    assert_books_are_clean(&platform).await;
}
