//! Nodes that fail before, during or after executing a call, or that belong to another chain. Nothing is ever paid
//! twice, and no outcome is reported wrongly.

use crate::rails::chain::{BOOK, CONFIRMATIONS, Chain, config, is_succeeded, payment, person, rail, unknown};
use crate::rails::proxy::{Act, Proxy};
use alloy_primitives::{Address, U256};
use ledger::Cents;
use outpay::testing::clock::Clock;
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail};
use outpay::testing::rails::{Closed, Finding, Outcome, Rail};
use secrecy::SecretString;
use serde_json::{Value, json};

/// Sends through a node that does `act` with the request; later calls fail until the node recovers.
async fn lost_while_sending(act: fn() -> Act, was_carried_out: bool) {
    let world = Chain::anvil().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let attempts = [world.attempt(&[], rail.prepare(&payment, &[], 0).await.unwrap())];
    proxy.act(move |method, _| match method {
        "eth_chainId" => Act::Pass,
        "eth_sendRawTransaction" => act(),
        _ => Act::Hang,
    });
    let answer = rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(answer, Outcome::Unknown { is_down: true, .. }), "{answer:?}");
    unknown(rail.query(&payment, &attempts).await);

    proxy.act(|_, _| Act::Pass);
    let finding = rail.query(&payment, &attempts).await;
    assert_eq!(finding == Finding::NotFound, !was_carried_out, "{finding:?}");
    // Sent again either way, as the worker would without asking first.
    let answer = rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    world.node.mine(CONFIRMATIONS).await;
    assert!(is_succeeded(&rail.query(&payment, &attempts).await));
    assert_eq!(world.paid(to).await, world.units(2_450));
}

#[tokio::test]
async fn a_timeout_after_execution_is_unknown_and_then_paid_once() {
    lost_while_sending(|| Act::PassThenSilence, true).await;
}

#[tokio::test]
async fn a_status_500_after_execution_is_unknown_and_then_paid_once() {
    lost_while_sending(|| Act::PassThenStatus(500), true).await;
}

#[tokio::test]
async fn a_send_that_was_lost_is_unknown_and_then_paid_once() {
    lost_while_sending(|| Act::Hang, false).await;
}

#[tokio::test]
async fn an_error_is_not_believed_when_the_hash_is_known() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let attempts = [world.attempt(&[], rail.prepare(&payment, &[], 0).await.unwrap())];
    for words in ["insufficient funds", "nonce too low", "already known"] {
        proxy.act(move |method, _| match method {
            "eth_sendRawTransaction" => Act::Fail(words),
            _ => Act::Pass,
        });
        let answer = rail.submit(&payment, &attempts[0]).await;
        assert!(matches!(answer, Outcome::Unknown { is_down: false, .. }), "{words}: {answer:?}");
        assert_eq!(rail.query(&payment, &attempts).await, Finding::NotFound);
    }
    world.rail.submit(&payment, &attempts[0]).await;
    for words in ["insufficient funds", "nonce too low", "already known"] {
        proxy.act(move |method, _| match method {
            "eth_sendRawTransaction" => Act::Fail(words),
            _ => Act::Pass,
        });
        let answer = rail.submit(&payment, &attempts[0]).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{words}: {answer:?}");
    }
    world.succeed(&payment, &attempts).await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_taken_for_nothing() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.send(&payment, 0).await];
    world.node.mine(CONFIRMATIONS).await;
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let questions = [
        "eth_chainId",
        "eth_getTransactionReceipt",
        "eth_getTransactionCount",
        "eth_blockNumber",
        "eth_getBlockByNumber",
    ];
    for question in questions {
        for garbage in
            ["", "{}", "[]", "null", "<html>", r#"{"result":7}"#, r#"{"result":"0x"}"#, r#"{"error":"x"}"#]
        {
            proxy.act(move |method, _| if method == question { Act::Raw(garbage) } else { Act::Pass });
            unknown(rail.query(&payment, &attempts).await);
        }
    }
    proxy.act(|_, _| Act::Pass);
    assert!(is_succeeded(&rail.query(&payment, &attempts).await));
}

#[tokio::test]
async fn a_receipt_of_another_transaction_is_not_believed() {
    let world = Chain::anvil().await;
    let [first, second] = [payment(person(0x11), 2_500), payment(person(0x12), 2_500)];
    let sent = [world.send(&first, 0).await];
    let waiting = [world.prepare(&second, &[], 1).await];
    world.node.mine(CONFIRMATIONS).await;
    let other: Value = world.node.call("eth_getTransactionReceipt", json!([sent[0].key])).await;
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(move |method, _| match method {
        "eth_getTransactionReceipt" => Act::Say(other.clone()),
        _ => Act::Pass,
    });
    unknown(world.rail_at(&proxy.url, |_| {}).query(&second, &waiting).await);
}

#[tokio::test]
async fn to_a_node_of_another_chain_nothing_is_sent() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [world.prepare(&payment, &[], 0).await];
    let proxy = Proxy::start(&world.node.url).await;
    proxy.act(|method, _| if method == "eth_chainId" { Act::Say(json!("0x1")) } else { Act::Pass });
    let rail = world.rail_at(&proxy.url, |_| {});
    let destination = &payment.withdrawal.destination;
    assert_eq!(rail.quote(BOOK, Cents(100), destination).await, Err(Closed::Unhealthy));
    assert_eq!(rail.balance(BOOK).await, Err(Closed::Unhealthy));
    assert!(matches!(rail.prepare(&payment, &[], 0).await, Err(Outcome::Unknown { .. })));
    let answer = rail.submit(&payment, &attempts[0]).await;
    let Outcome::Unknown { text, is_down: false } = answer else { panic!("{answer:?}") };
    assert!(text.contains("chain 1") && text.contains("31337"), "{text}");
    assert!(unknown(rail.query(&payment, &attempts).await).contains("chain 1"));
    assert_eq!(proxy.count("eth_sendRawTransaction"), 0);
    assert!(world.paid(person(0x11)).await.is_zero());
}

#[tokio::test]
async fn a_token_of_other_decimals_is_never_paid_with() {
    let world = Chain::anvil().await;
    let rail = world.rail_at(&world.node.url, |config| config.decimals = 18);
    assert_eq!(rail.balance(BOOK).await, Err(Closed::Unhealthy));
    let none = rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = none else { panic!("{none:?}") };
    assert!(text.contains("6 decimals") && text.contains("18"), "{text}");
    // Nor an address without a contract.
    let rail = world.rail_at(&world.node.url, |config| config.token = person(0x77).to_checksum(None));
    assert_eq!(rail.balance(BOOK).await, Err(Closed::Unhealthy));
}

#[tokio::test]
async fn a_node_that_is_away_closes_the_method_and_keeps_its_address_to_itself() {
    let secret = "s3cret-of-the-provider";
    let url = format!("http://127.0.0.1:1/v3/{secret}");
    let rail = rail(&config(1, Address::repeat_byte(0x77), 6), &url, &Clock::manual(0));
    assert_eq!(rail.balance(BOOK).await, Err(Closed::Unhealthy));
    let none = rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = none else { panic!("{none:?}") };
    assert!(!text.contains(secret) && !text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn an_attempt_that_is_not_what_was_prepared_is_not_sent() {
    let world = Chain::anvil().await;
    let payment = payment(person(0x11), 2_500);
    let good = world.prepare(&payment, &[], 0).await;
    let mut altered = good.clone();
    *altered.request.last_mut().unwrap() ^= 1;
    let answer = world.rail.submit(&payment, &altered).await;
    assert!(matches!(answer, Outcome::Unknown { .. }), "{answer:?}");
    assert_eq!(world.paid(person(0x11)).await, U256::ZERO);
    assert_eq!(world.rail.query(&payment, &[]).await, Finding::NotFound);
}

/// The treasury's key was exchanged while payments were in flight: the new treasury's nonces say nothing about the
/// old one's payments, so the rail neither sends nor judges them.
#[tokio::test]
async fn attempts_of_another_treasury_are_left_alone() {
    let world = Chain::anvil().await;
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let attempts = [world.prepare(&payment, &[], 0).await];
    let other = SecretString::from("47".repeat(32));
    let access = ChainAccess::new(SecretString::from(world.node.url.as_str()), &other).unwrap();
    let exchanged = CryptoRail::new("usdc", world.config.clone(), access, world.clock.clone()).unwrap();
    // The new treasury has used this nonce long ago, which would look like a foreign transaction.
    let treasury: Address = exchanged.line().1.parse().unwrap();
    world.node.give_coins(treasury, U256::from(10).pow(U256::from(18))).await;
    world.node.call("anvil_impersonateAccount", json!([exchanged.line().1])).await;
    let own = json!([{ "from": exchanged.line().1, "to": exchanged.line().1, "value": "0x0" }]);
    world.node.call("eth_sendTransaction", own).await;
    world.node.mine(20).await;
    let said = unknown(exchanged.query(&payment, &attempts).await);
    assert!(said.contains("another treasury"), "{said}");
    let answer = exchanged.submit(&payment, &attempts[0]).await;
    assert!(
        matches!(&answer, Outcome::Unknown { text, .. } if text.contains("another treasury")),
        "{answer:?}"
    );
    let next = exchanged.prepare(&payment, &attempts, 1).await;
    assert!(
        matches!(&next, Err(Outcome::Unknown { text, .. }) if text.contains("another treasury")),
        "{next:?}"
    );
    world.node.mine(CONFIRMATIONS).await;
    assert!(world.paid(to).await.is_zero(), "nothing was sent");
    // With the old key the payment continues.
    world.rail.submit(&payment, &attempts[0]).await;
    world.succeed(&payment, &attempts).await;
    assert_eq!(world.paid(to).await, world.units(2_450));
}
