//! A signer on another machine: what it signs is paid if it is what was asked for, and nothing else is ever sent.

use crate::rails::chain::{CONFIRMATIONS, Chain, KEY, is_succeeded, payment, person, units};
use crate::rails::peers::Anvil;
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::Node;
use alloy_primitives::{Address, U256};
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail, SignerConfig};
use outpay::testing::rails::{Outcome, Rail};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The rail of the world whose treasury has its key at the signer at `url`.
fn signed_by(world: &Chain, url: &str, treasury: Address) -> CryptoRail {
    let signer: SignerConfig =
        serde_json::from_value(json!({ "url": url, "address": treasury.to_checksum(None) })).unwrap();
    let access = ChainAccess::new(SecretString::from(world.node.url.as_str()), &SecretString::from(KEY));
    let access = access.unwrap().with_signer(&signer, Some(SecretString::from("token"))).unwrap();
    CryptoRail::new("usdc", world.config.clone(), access, world.clock.clone()).unwrap()
}

/// A chain, and a signer that shares nothing with it but the number of the chain: another node, which holds the keys of its
/// own accounts. The last of them is the treasury.
async fn world() -> (Chain, crate::rails::peers::Peer, Address) {
    let world = Chain::anvil().await;
    let signer = Anvil::start();
    let accounts = Node::new(&signer.url).call("eth_accounts", json!([])).await;
    let treasury: Address = accounts.as_array().unwrap().last().unwrap().as_str().unwrap().parse().unwrap();
    world.node.give_tokens(world.token, treasury, units(10_000, 6)).await;
    (world, signer, treasury)
}

#[tokio::test]
async fn a_payment_signed_by_a_remote_signer_is_paid_and_replaced() {
    let (world, signer, treasury) = world().await;
    let rail = signed_by(&world, &signer.url, treasury);
    let to = person(0x11);
    let payment = payment(to, 2_500);
    let mut attempts = vec![world.attempt(&[], rail.prepare(&payment, &[], 0).await.unwrap())];
    assert!(matches!(rail.submit(&payment, &attempts[0]).await, Outcome::Accepted { .. }));
    // For a higher fee, which is signed there too.
    let next = rail.prepare(&payment, &attempts, 1).await.unwrap();
    attempts.push(world.attempt(&attempts, next));
    assert!(matches!(rail.submit(&payment, &attempts[1]).await, Outcome::Accepted { .. }));
    world.node.mine(CONFIRMATIONS).await;
    assert!(is_succeeded(&rail.query(&payment, &attempts).await));
    assert_eq!(world.paid(to).await, world.units(2_450));
    assert_eq!(world.node.nonce_of(treasury).await, 1);
}

/// What the signer signs instead of what it is asked for.
type Change = fn(&mut Value, Address);

const LIES: [(&str, Change); 8] = [
    ("another recipient", |fields, _| {
        let data = fields["data"].as_str().unwrap().replace(&"11".repeat(20), &"66".repeat(20));
        fields["data"] = json!(data);
    }),
    ("another amount", |fields, _| {
        let data = fields["data"].as_str().unwrap().to_owned();
        let (rest, _) = data.split_at(data.len() - 64);
        fields["data"] = json!(format!("{rest}{:064x}", U256::from(1)));
    }),
    ("another contract", |fields, _| fields["to"] = json!(person(0x77).to_string())),
    ("another nonce", |fields, _| fields["nonce"] = json!("0x5")),
    ("coins", |fields, _| fields["value"] = json!("0x1")),
    ("another fee", |fields, _| fields["maxFeePerGas"] = json!("0x2e90edd000")),
    ("more gas", |fields, _| fields["gas"] = json!("0xf4240")),
    ("another account", |fields, other| fields["from"] = json!(other.to_string())),
];

#[tokio::test]
async fn a_signer_that_signs_anything_else_is_refused() {
    let (world, signer, treasury) = world().await;
    let node = Node::new(&signer.url);
    let other = node.rich().await;
    assert_ne!(other, treasury);
    let proxy = Proxy::start(&signer.url).await;
    let rail = signed_by(&world, &proxy.url, treasury);
    let payment = payment(person(0x11), 2_500);
    for (lie, change) in LIES {
        // Asked once honestly, to learn what is wanted; then the signer answers with a true signature of something else.
        let asked = std::sync::Arc::new(std::sync::Mutex::new(Value::Null));
        let seen = std::sync::Arc::clone(&asked);
        proxy.act(move |_, params| {
            *seen.lock().unwrap() = params[0].clone();
            Act::Pass
        });
        rail.prepare(&payment, &[], 0).await.unwrap();
        let mut fields = asked.lock().unwrap().clone();
        change(&mut fields, other);
        let forged = node.call("eth_signTransaction", json!([fields])).await;
        proxy.act(move |_, _| Act::Say(forged.clone()));
        let none = rail.prepare(&payment, &[], 0).await;
        let Err(Outcome::Unknown { text, .. }) = none else { panic!("{lie}: {none:?}") };
        assert!(text.contains("remote signer"), "{lie}: {text}");
    }
    world.node.mine(CONFIRMATIONS).await;
    assert!(world.paid(person(0x11)).await.is_zero() && world.paid(person(0x66)).await.is_zero());
}

#[tokio::test]
async fn a_signer_that_gives_no_signature_leaves_the_payment_unsent() {
    let (world, signer, treasury) = world().await;
    let proxy = Proxy::start(&signer.url).await;
    let rail = signed_by(&world, &proxy.url, treasury);
    let payment = payment(person(0x11), 2_500);
    let rules: [fn() -> Act; 6] = [
        || Act::Hang,
        || Act::Fail("s3cret"),
        || Act::PassThenStatus(500),
        || Act::Raw("<html>"),
        || Act::Say(json!(null)),
        || Act::Say(json!("0x02")),
    ];
    for rule in rules {
        proxy.act(move |_, _| rule());
        let none = rail.prepare(&payment, &[], 0).await;
        let Err(Outcome::Unknown { text, .. }) = none else { panic!("{none:?}") };
        assert!(text.contains("remote signer") && !text.contains("127.0.0.1"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    // Some signers answer with an object.
    let raw = std::sync::Arc::new(std::sync::Mutex::new(Value::Null));
    let (node, seen) = (Node::new(&signer.url), std::sync::Arc::clone(&raw));
    proxy.act(move |_, params| {
        *seen.lock().unwrap() = params.clone();
        Act::Pass
    });
    let prepared = rail.prepare(&payment, &[], 0).await.unwrap();
    let params = raw.lock().unwrap().clone();
    let object = json!({ "raw": node.call("eth_signTransaction", params).await });
    proxy.act(move |_, _| Act::Say(object.clone()));
    assert_eq!(rail.prepare(&payment, &[], 0).await.unwrap(), prepared);
}
