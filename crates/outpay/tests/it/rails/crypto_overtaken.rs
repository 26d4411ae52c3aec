//! The transaction that used a payment's nonce instead is read before a refund: the same payment under another hash
//! counts as paid, an unclear one is unknown, and a refund needs proof, also from the second node if there is one.

use crate::rails::chain::{CONFIRMATIONS, Chain, KEY, TREASURY, Token, payment, person, refused, unknown};
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::{call_data, word};
use alloy_primitives::{Address, U256};
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail};
use outpay::testing::rails::{Finding, Outcome, Payment, Rail};
use outpay::testing::store::Attempt;
use secrecy::SecretString;
use serde_json::{Value, json};

/// A wallet with the treasury's key sends this; it is in no block yet.
async fn wallet_sends(world: &Chain, to: Address, data: &str) -> Value {
    world.node.call("hardhat_impersonateAccount", json!([TREASURY])).await;
    let fields = json!({"from": TREASURY, "to": to.to_string(), "data": data, "gas": "0x30d40"});
    world.node.call("eth_sendTransaction", json!([fields])).await
}

/// A payment of 24.50 to person 0x11, signed and not sent.
async fn signed(world: &Chain) -> (Payment, [Attempt; 1]) {
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.prepare(&payment, &[], 0).await];
    (payment, attempts)
}

fn transfer(to: Address, units: U256) -> String {
    call_data("transfer(address,uint256)", &[word(to), units])
}

async fn the_same_payment_by_another_hash_is_paid(world: Chain) {
    let (payment, attempts) = signed(&world).await;
    let hash = wallet_sends(&world, world.token, &transfer(person(0x11), world.units(2_450))).await;
    assert_ne!(hash, attempts[0].key);
    world.node.mine(1).await;
    unknown(world.query(&payment, &attempts).await);
    let detail = world.succeed(&payment, &attempts).await;
    assert_eq!((&detail["tx_hash"], &detail["to_address"]), (&hash, &json!(person(0x11).to_checksum(None))));
    assert_eq!(world.paid(person(0x11)).await, world.units(2_450));
}

#[tokio::test]
async fn the_same_payment_by_another_hash_is_paid_on_anvil() {
    the_same_payment_by_another_hash_is_paid(Chain::anvil().await).await;
}

#[tokio::test]
async fn the_same_payment_by_another_hash_is_paid_on_hardhat() {
    the_same_payment_by_another_hash_is_paid(Chain::hardhat().await).await;
}

#[tokio::test]
async fn the_same_payment_that_the_token_took_back_is_refused() {
    let world = Chain::anvil_with(Token { name: "PausableToken", decimals: 18 }).await;
    let (payment, attempts) = signed(&world).await;
    world.node.invoke(world.token, "stop()", &[]).await;
    wallet_sends(&world, world.token, &transfer(person(0x11), world.units(2_450))).await;
    world.node.mine(CONFIRMATIONS).await;
    assert_eq!(refused(world.query(&payment, &attempts).await), "transfer_reverted");
}

async fn a_plain_transfer_to_another_is_proof(world: Chain) {
    let (payment, attempts) = signed(&world).await;
    wallet_sends(&world, world.token, &transfer(person(0x12), world.units(2_450))).await;
    world.node.mine(CONFIRMATIONS).await;
    assert_eq!(refused(world.query(&payment, &attempts).await), "overtaken");
    assert!(world.paid(person(0x11)).await.is_zero());
}

#[tokio::test]
async fn a_plain_transfer_to_another_is_proof_on_anvil() {
    a_plain_transfer_to_another_is_proof(Chain::anvil().await).await;
}

#[tokio::test]
async fn a_plain_transfer_to_another_is_proof_on_hardhat() {
    a_plain_transfer_to_another_is_proof(Chain::hardhat().await).await;
}

#[tokio::test]
async fn what_is_unclear_is_unknown() {
    for case in ["another amount", "longer data", "an approval", "coins"] {
        let world = Chain::anvil().await;
        let (payment, attempts) = signed(&world).await;
        let same = transfer(person(0x11), world.units(2_450));
        let (to, data) = match case {
            "another amount" => (world.token, transfer(person(0x11), world.units(2_400))),
            "longer data" => (world.token, format!("{same}00")),
            "an approval" => {
                let arguments = [word(person(0x12)), world.units(1)];
                (world.token, call_data("approve(address,uint256)", &arguments))
            }
            _ => (person(0x11), "0x".to_owned()),
        };
        wallet_sends(&world, to, &data).await;
        world.node.mine(CONFIRMATIONS).await;
        let text = unknown(world.query(&payment, &attempts).await);
        assert!(text.contains("resolve the withdrawal by hand"), "{case}: {text}");
    }
}

/// A nonce that is used up, although the node shows no transaction with it, is not proof.
#[tokio::test]
async fn a_nonce_that_was_used_by_no_transaction_found_is_no_proof() {
    let world = Chain::anvil().await;
    let (payment, attempts) = signed(&world).await;
    wallet_sends(&world, TREASURY.parse().unwrap(), "0x").await;
    world.node.mine(1).await;
    let mut empty = world.node.call("eth_getBlockByNumber", json!(["latest", false])).await;
    empty["transactions"] = json!([]);
    world.node.mine(CONFIRMATIONS).await;
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(move |method, params| match method {
        "eth_getBlockByNumber" if params[1] == true => Act::Say(empty.clone()),
        _ => Act::Pass,
    });
    let rail = world.rail_at(&proxy.url, |_| {});
    let text = unknown(rail.query(&payment, &attempts).await);
    assert!(text.contains("by no transaction of the treasury's"), "{text}");
    assert_eq!(refused(world.query(&payment, &attempts).await), "overtaken", "with the transaction in hand");
}

/// One server was restored, another one was not: the payment was made under a later nonce.
#[tokio::test]
async fn the_same_transfer_under_a_later_nonce_is_no_refund() {
    let world = Chain::anvil().await;
    let (payment, attempts) = signed(&world).await;
    wallet_sends(&world, world.token, &transfer(person(0x12), world.units(1_000))).await;
    world.node.mine(1).await;
    let hash = wallet_sends(&world, world.token, &transfer(person(0x11), world.units(2_450))).await;
    world.node.mine(CONFIRMATIONS).await;
    let text = unknown(world.query(&payment, &attempts).await);
    assert!(text.contains(hash.as_str().unwrap()), "{text}");
}

#[tokio::test]
async fn a_treasury_that_was_used_needs_the_operators_word() {
    let world = Chain::anvil().await;
    wallet_sends(&world, TREASURY.parse().unwrap(), "0x").await;
    world.node.mine(1).await;
    // A database that knows of no payment at all, as after restoring the first backup.
    let stopped = world.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = stopped else { panic!("{stopped:?}") };
    assert!(text.contains("first_nonce = 1"), "{text}");
}

#[tokio::test]
async fn what_waits_and_is_not_known_stops_new_payments() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let waiting = wallet_sends(&world, world.token, &transfer(person(0x11), world.units(2_450))).await;
    let stopped = world.rail.prepare(&payment, &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = stopped else { panic!("{stopped:?}") };
    assert!(text.contains("waits for a block"), "{text}");
    world.node.call("anvil_dropTransaction", json!([waiting])).await;
    assert_eq!(world.prepare(&payment, &[], 0).await.slot, 0);
}

/// A rail with two nodes: the chain itself, and the same chain through the proxy.
fn with_second(world: &Chain, second: &Proxy) -> CryptoRail {
    let access =
        ChainAccess::new(SecretString::from(world.node.url.as_str()), &SecretString::from(KEY)).unwrap();
    let access = access.with_second(SecretString::from(second.url.as_str()));
    CryptoRail::new("usdc", world.config.clone(), access, world.clock.clone()).unwrap()
}

/// The refusal stands only while the second node confirms it.
async fn wants_both(world: &Chain, payment: &Payment, attempts: &[Attempt], code: &str) {
    let second = Proxy::start(&world.node.url).await;
    let rail = with_second(world, &second);
    second.act(|_, _| Act::Hang);
    let text = unknown(rail.query(payment, attempts).await);
    assert!(text.contains("node 2"), "{code}: {text}");
    second.act(|method, params| match method {
        "eth_getTransactionReceipt" => Act::Say(json!(null)),
        "eth_getTransactionCount" if params[1] == "latest" => Act::Say(json!("0x0")),
        _ => Act::Pass,
    });
    let text = unknown(rail.query(payment, attempts).await);
    assert!(text.contains(code) && text.contains("do not confirm"), "{text}");
    second.act(|_, _| Act::Pass);
    assert_eq!(refused(rail.query(payment, attempts).await), code);
}

#[tokio::test]
async fn an_overtaken_payment_is_given_back_when_both_nodes_say_so() {
    let world = Chain::anvil().await;
    let (payment, attempts) = signed(&world).await;
    wallet_sends(&world, world.token, &transfer(person(0x12), world.units(2_450))).await;
    world.node.mine(CONFIRMATIONS).await;
    wants_both(&world, &payment, &attempts, "overtaken").await;
}

#[tokio::test]
async fn a_stopped_payment_is_given_back_when_both_nodes_say_so() {
    let world = Chain::anvil().await;
    let (payment, [first]) = signed(&world).await;
    let prepared = world.rail.prepare_stop(&payment, std::slice::from_ref(&first)).await.unwrap();
    let attempts = [first.clone(), world.attempt(std::slice::from_ref(&first), prepared)];
    world.rail.submit(&payment, &attempts[1]).await;
    world.node.mine(CONFIRMATIONS).await;
    wants_both(&world, &payment, &attempts, "stopped").await;
    // Nor can a person resolve it as not paid before both see the nonce used up.
    let second = Proxy::start(&world.node.url).await;
    let rail = with_second(&world, &second);
    second.act(|method, _| match method {
        "eth_getTransactionCount" => Act::Say(json!("0x0")),
        _ => Act::Pass,
    });
    assert!(!rail.is_spent(&payment, &attempts).await.unwrap());
    second.act(|_, _| Act::Hang);
    assert!(rail.is_spent(&payment, &attempts).await.is_err());
    second.act(|_, _| Act::Pass);
    assert!(rail.is_spent(&payment, &attempts).await.unwrap());
}

#[tokio::test]
async fn a_reverted_payment_is_given_back_when_both_nodes_say_so() {
    let world = Chain::anvil_with(Token { name: "PausableToken", decimals: 18 }).await;
    let (payment, attempts) = signed(&world).await;
    world.node.invoke(world.token, "stop()", &[]).await;
    world.rail.submit(&payment, &attempts[0]).await;
    world.node.mine(CONFIRMATIONS).await;
    wants_both(&world, &payment, &attempts, "transfer_reverted").await;
    // A token that refuses beforehand is a refund too.
    let second = Proxy::start(&world.node.url).await;
    let rail = with_second(&world, &second);
    second.act(|method, _| match method {
        "eth_estimateGas" => Act::Say(json!("0xc350")),
        _ => Act::Pass,
    });
    let waits = rail.prepare(&payment, &[], 1).await;
    assert!(matches!(waits, Err(Outcome::Unknown { .. })), "{waits:?}");
    second.act(|_, _| Act::Pass);
    let given_back = rail.prepare(&payment, &[], 1).await;
    assert!(matches!(given_back, Err(Outcome::Refused { .. })), "{given_back:?}");
}

#[tokio::test]
async fn a_second_node_that_has_seen_more_stops_new_payments() {
    let world = Chain::anvil().await;
    let second = Proxy::start(&world.node.url).await;
    let rail = with_second(&world, &second);
    second.act(|method, _| match method {
        "eth_getTransactionCount" => Act::Say(json!("0x1")),
        _ => Act::Pass,
    });
    let stopped = rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    assert!(
        matches!(&stopped, Err(Outcome::Unknown { text, .. }) if text.contains("first_nonce = 1")),
        "{stopped:?}"
    );
    second.act(|_, _| Act::Pass);
    let paid = payment(person(0x11), 2_500);
    let attempts = [world.attempt(&[], rail.prepare(&paid, &[], 0).await.unwrap())];
    rail.submit(&paid, &attempts[0]).await;
    world.node.mine(CONFIRMATIONS).await;
    let finding = rail.query(&paid, &attempts).await;
    assert!(matches!(finding, Finding::Outcome(Outcome::Succeeded { .. })), "{finding:?}");
}
