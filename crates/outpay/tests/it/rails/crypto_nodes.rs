//! Several nodes of one chain, of which one is down, behind, of another chain, or lies. It ends no payment, moves no amount and
//! gets no request of its own; where the others agree, payments go on without it.

use crate::rails::chain::{
    BOOK, CONFIRMATIONS, Chain, KEY, Token, is_accepted, is_succeeded, payment, person, refused, unknown,
};
use crate::rails::proxy::{Act, Proxy};
use alloy_primitives::U256;
use ledger::Cents;
use outpay::testing::rails::crypto::{ChainAccess, CryptoRail};
use outpay::testing::rails::{Closed, Finding, Outcome, Rail};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The chain through three nodes, the first of which is under test.
struct Three {
    world: Chain,
    nodes: [Proxy; 3],
    rail: CryptoRail,
}

async fn three_with(world: Chain) -> Three {
    let url = world.node.url.clone();
    let nodes = [Proxy::start(&url).await, Proxy::start(&url).await, Proxy::start(&url).await];
    let rail = rail(&world, &[&nodes[0], &nodes[1], &nodes[2]], None);
    Three { world, nodes, rail }
}

async fn three() -> Three {
    three_with(Chain::anvil().await).await
}

fn rail(world: &Chain, nodes: &[&Proxy], agree: Option<usize>) -> CryptoRail {
    let url = |proxy: &Proxy| SecretString::from(proxy.url.as_str());
    let mut access = ChainAccess::new(url(nodes[0]), &SecretString::from(KEY)).unwrap();
    for node in &nodes[1..] {
        access = access.with_second(url(node));
    }
    let mut config = world.config.clone();
    config.agree = agree;
    CryptoRail::new("usdc", config, access, world.clock.clone()).unwrap()
}

/// Pays 24.50 through the rail under test while the first node does this; it must be paid once.
async fn pays_with(act: fn(&str, &Value) -> Act) -> Three {
    let three = three().await;
    three.nodes[0].act(act);
    let (world, to) = (&three.world, person(0x11));
    let payment = payment(to, 2_500);
    let attempts = [world.attempt(&[], three.rail.prepare(&payment, &[], 0).await.unwrap())];
    let answer = three.rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    let waits = three.rail.query(&payment, &attempts).await;
    assert!(is_accepted(&waits) || waits == Finding::NotFound, "{waits:?}");
    world.node.mine(CONFIRMATIONS).await;
    let found = three.rail.query(&payment, &attempts).await;
    assert!(is_succeeded(&found), "{found:?}");
    assert_eq!(world.paid(to).await, world.units(2_450));
    three
}

#[tokio::test]
async fn a_node_that_is_down_is_skipped_and_rests() {
    let three = pays_with(|_, _| Act::Hang).await;
    let asked = three.nodes[0].count("eth_chainId");
    assert_eq!(asked, 1, "a node that does not answer is left alone for a while");
    three.world.clock.advance(20_000_000);
    three.nodes[0].act(|_, _| Act::Pass);
    three.rail.balance(BOOK).await.unwrap();
    assert!(three.nodes[0].count("eth_getBalance") > 0, "it is asked again");
}

#[tokio::test]
async fn a_node_of_another_chain_is_never_used() {
    let three =
        pays_with(|method, _| if method == "eth_chainId" { Act::Say(json!("0x1")) } else { Act::Pass }).await;
    for method in ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getBalance", "eth_call"] {
        assert_eq!(three.nodes[0].count(method), 0, "{method}");
    }
    let found = three.rail.diagnose().await;
    assert!(found.faults.iter().any(|fault| fault.contains("chain 1")), "{found:?}");
    assert_eq!(found.facts.len(), 2, "{found:?}");
}

#[tokio::test]
async fn a_node_that_is_behind_does_not_hold_up() {
    pays_with(|method, params| match method {
        "eth_blockNumber" => Act::Say(json!("0x1")),
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Act::Say(json!(null)),
        "eth_getTransactionCount" if params[1] == "latest" => Act::Say(json!("0x0")),
        _ => Act::Pass,
    })
    .await;
}

#[tokio::test]
async fn a_node_that_keeps_a_payment_for_itself_does_not_hold_it_up() {
    let three = pays_with(|method, params| match method {
        // It says the hash of what it was given, as if it had sent it.
        "eth_sendRawTransaction" => {
            let raw = alloy_primitives::hex::decode(params[0].as_str().unwrap()).unwrap();
            Act::Say(json!(alloy_primitives::keccak256(raw).to_string()))
        }
        _ => Act::Pass,
    })
    .await;
    assert!(three.nodes[1].count("eth_sendRawTransaction") > 0);
}

#[tokio::test]
async fn a_node_cannot_move_a_price_or_a_balance() {
    for (fee, coins, gas) in
        [("0xffffffffffffffff", "0x0", "0xffffffff"), ("0x0", "0xfffffffffffffff", "0x1")]
    {
        let three = three().await;
        let honest = three.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await.unwrap();
        three.nodes[0].act(move |method, _| match method {
            "eth_maxPriorityFeePerGas" => Act::Say(json!(fee)),
            "eth_getBalance" => Act::Say(json!(coins)),
            "eth_estimateGas" => Act::Say(json!(gas)),
            _ => Act::Pass,
        });
        let again = three.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await.unwrap();
        assert_eq!(again, honest, "{fee}");
    }
}

#[tokio::test]
async fn a_node_that_says_too_much_of_the_balance_signs_nothing() {
    let three = three().await;
    let rich = format!("0x{:064x}", U256::MAX);
    three.nodes[0].act(move |method, params| match method {
        "eth_call" if params[0]["data"].as_str().unwrap().starts_with("0x70a08231") => Act::Say(json!(rich)),
        _ => Act::Pass,
    });
    let funds = three.rail.balance(BOOK).await.unwrap();
    assert_eq!(funds.available, Some(Cents(1_000_000)));
    let none = three.rail.prepare(&payment(person(0x11), 2_000_000), &[], 0).await;
    assert!(matches!(none, Err(Outcome::Unknown { .. })), "{none:?}");
}

#[tokio::test]
async fn a_node_that_knows_more_nonces_stops_new_payments() {
    let three = three().await;
    three.nodes[0].act(|method, _| match method {
        "eth_getTransactionCount" => Act::Say(json!("0x7")),
        _ => Act::Pass,
    });
    let none = three.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    let Err(Outcome::Unknown { text, .. }) = none else { panic!("{none:?}") };
    assert!(text.contains("first_nonce = 7"), "{text}");
}

/// A receipt as the chain would give it if the payment were in a block.
async fn receipt_of(three: &Three, hash: &str, status: &str) -> Value {
    let block = three.world.node.call("eth_getBlockByNumber", json!(["latest", false])).await;
    json!({
        "transactionHash": hash, "status": status, "blockNumber": block["number"], "blockHash": block["hash"],
        "gasUsed": "0x1", "effectiveGasPrice": "0x1",
        "logs": [{
            "address": three.world.token.to_string(),
            "topics": [
                alloy_primitives::keccak256("Transfer(address,address,uint256)").to_string(),
                format!("0x{:0>64}", crate::rails::chain::TREASURY[2..].to_lowercase()),
                format!("0x{:0>64}", "11".repeat(20)),
            ],
            "data": format!("0x{:064x}", three.world.units(2_450)),
        }],
    })
}

/// What one of several nodes makes up about a payment that is signed and not sent.
async fn lies_about(status: &'static str, code: &str) {
    let three = three().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [three.world.attempt(&[], three.rail.prepare(&payment, &[], 0).await.unwrap())];
    let receipt = receipt_of(&three, &attempts[0].key, status).await;
    three.world.node.mine(CONFIRMATIONS).await;
    let lie = move |method: &str, _: &Value| match method {
        "eth_getTransactionReceipt" => Act::Say(receipt.clone()),
        "eth_getTransactionCount" => Act::Say(json!("0x1")),
        _ => Act::Pass,
    };
    three.nodes[0].act(lie.clone());
    let alone = rail(&three.world, &[&three.nodes[0]], None);
    match (alone.query(&payment, &attempts).await, code) {
        (Finding::Outcome(Outcome::Succeeded { .. }), "succeeded") => {}
        (finding, code) => assert_eq!(refused(finding), code, "alone it would be believed"),
    }
    // With two others the payment is sent again, since they do not know it.
    assert_eq!(three.rail.query(&payment, &attempts).await, Finding::NotFound);
    // With one other, which is right: nothing has ended.
    let two = rail(&three.world, &[&three.nodes[0], &three.nodes[1]], None);
    match two.query(&payment, &attempts).await {
        Finding::NotFound => assert_eq!(code, "succeeded"),
        finding => assert!(unknown(finding).contains(code)),
    }
    // With one other, which is away: nothing has ended either.
    three.nodes[1].act(|_, _| Act::Hang);
    let two = rail(&three.world, &[&three.nodes[0], &three.nodes[1]], None);
    match two.query(&payment, &attempts).await {
        finding if is_accepted(&finding) => assert_eq!(code, "succeeded"),
        finding => assert!(unknown(finding).contains(code)),
    }
    // Two that say the same are believed: that is what was configured.
    three.nodes[1].act(lie);
    let two = rail(&three.world, &[&three.nodes[0], &three.nodes[1]], None);
    let believed = two.query(&payment, &attempts).await;
    assert!(is_succeeded(&believed) || refused(believed) == code);
}

#[tokio::test]
async fn a_success_that_one_node_makes_up_is_not_believed() {
    lies_about("0x1", "succeeded").await;
}

#[tokio::test]
async fn a_refusal_that_one_node_makes_up_is_not_believed() {
    lies_about("0x0", "transfer_reverted").await;
}

#[tokio::test]
async fn a_token_that_refuses_at_one_node_alone_refuses_nothing() {
    let three = three().await;
    three.nodes[0].act(|method, params| match method {
        "eth_estimateGas" => Act::Fail("execution reverted"),
        "eth_call" if params[0]["data"].as_str().unwrap().starts_with("0xa9059cbb") => Act::Fail("reverted"),
        _ => Act::Pass,
    });
    three.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await.unwrap();
    let two = rail(&three.world, &[&three.nodes[0], &three.nodes[1]], None);
    let waits = two.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    assert!(matches!(waits, Err(Outcome::Unknown { .. })), "{waits:?}");
}

#[tokio::test]
async fn a_token_that_refuses_at_two_of_three_refuses() {
    let three = three_with(Chain::anvil_with(Token { name: "PausableToken", decimals: 18 }).await).await;
    three.world.node.invoke(three.world.token, "stop()", &[]).await;
    three.nodes[0].act(|_, _| Act::Hang);
    let given_back = three.rail.prepare(&payment(person(0x11), 2_500), &[], 0).await;
    assert!(matches!(given_back, Err(Outcome::Refused { .. })), "{given_back:?}");
}

#[tokio::test]
async fn too_few_nodes_close_the_method_and_end_nothing() {
    let three = three().await;
    let payment = payment(person(0x11), 2_500);
    let attempts = [three.world.attempt(&[], three.rail.prepare(&payment, &[], 0).await.unwrap())];
    three.rail.submit(&payment, &attempts[0]).await;
    three.world.node.mine(CONFIRMATIONS).await;
    three.nodes[0].act(|_, _| Act::Hang);
    three.nodes[1].act(|_, _| Act::Hang);
    assert_eq!(three.rail.balance(BOOK).await, Err(Closed::Unhealthy));
    assert!(is_accepted(&three.rail.query(&payment, &attempts).await), "one node says that it is paid");
    three.nodes[1].act(|_, _| Act::Pass);
    assert!(is_succeeded(&three.rail.query(&payment, &attempts).await));
}

/// `agree = 1`: any node may report a success, and a refund still needs two.
#[tokio::test]
async fn one_node_is_enough_where_the_operator_says_so() {
    let three = three().await;
    let one = rail(&three.world, &[&three.nodes[0], &three.nodes[1]], Some(1));
    let payment = payment(person(0x11), 2_500);
    let attempts = [three.world.attempt(&[], one.prepare(&payment, &[], 0).await.unwrap())];
    one.submit(&payment, &attempts[0]).await;
    three.world.node.mine(CONFIRMATIONS).await;
    three.nodes[1].act(|_, _| Act::Hang);
    assert!(is_succeeded(&one.query(&payment, &attempts).await));
}

/// The priority fee of a node that does not know the market.
#[tokio::test]
async fn a_priority_fee_is_found_in_three_ways() {
    let world = Chain::anvil().await;
    let proxy = Proxy::start(&world.node.url).await;
    let rail = world.rail_at(&proxy.url, |_| {});
    let payment = payment(person(0x11), 2_500);
    let history = || {
        let rewards = json!([["0x5"], ["0x77359400"], ["0x1"]]);
        Act::Say(json!({ "oldestBlock": "0x1", "baseFeePerGas": [], "gasUsedRatio": [], "reward": rewards }))
    };
    let broken: [fn() -> Act; 4] = [
        || Act::Fail("the method does not exist"),
        || Act::Raw("{}"),
        || Act::Say(json!(null)),
        || Act::Say(json!("1000")),
    ];
    for fails in broken {
        proxy.act(move |method, _| match method {
            "eth_maxPriorityFeePerGas" => fails(),
            "eth_feeHistory" => history(),
            _ => Act::Pass,
        });
        let from_history = rail.prepare(&payment, &[], 0).await.unwrap();
        assert_eq!(tip(&from_history.request), 5, "the median of what was paid");
        proxy.act(move |method, _| match method {
            "eth_maxPriorityFeePerGas" | "eth_feeHistory" => fails(),
            "eth_gasPrice" => Act::Say(json!("0xee6b2800")),
            _ => Act::Pass,
        });
        let from_price = rail.prepare(&payment, &[], 0).await.unwrap();
        assert!((1_000_000_000..=4_000_000_000).contains(&tip(&from_price.request)));
        proxy.act(move |method, _| match method {
            "eth_maxPriorityFeePerGas" | "eth_feeHistory" | "eth_gasPrice" => fails(),
            _ => Act::Pass,
        });
        let none = rail.prepare(&payment, &[], 0).await;
        assert!(matches!(none, Err(Outcome::Unknown { is_down: false, .. })), "{none:?}");
    }
    assert!(proxy.count("eth_gasPrice") > 0);
}

/// The priority fee in a signed transaction: its third field.
fn tip(raw: &[u8]) -> u128 {
    use alloy_rlp::{Decodable, Header};
    let mut rest = &raw[1..];
    let mut fields = Header::decode_bytes(&mut rest, true).unwrap();
    for _ in 0..2 {
        u64::decode(&mut fields).unwrap();
    }
    u128::decode(&mut fields).unwrap()
}
