//! The rail on TRON against a fake of a node (tron_fake.rs), and two readers of transactions by other authors: tronweb and
//! tronpy check every transaction of these tests.

use crate::rails::chain::{KEY, TREASURY, refused, unknown};
use crate::rails::peers;
use crate::rails::tron_fake::{Act, ENERGY, Ending, Tron};
use alloy_primitives::{Address, U256};
use ledger::{BookId, Cents, Provider, Withdrawal, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::rails::tron::{TronAccess, TronConfig, TronRail};
use outpay::testing::rails::{Closed, Finding, Outcome, Payment, Prepared, Rail, RailMeasures};
use outpay::testing::store::Attempt;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const BOOK: BookId = BookId(2);
/// USDT on the main network.
pub const TOKEN: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
/// Two addresses in use on the main network.
pub const PERSON: &str = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8";
pub const OTHER: &str = "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7";

pub fn wire(text: &str) -> Address {
    Address::from_slice(&bs58::decode(text).into_vec().unwrap()[1..21])
}

pub fn units(cents: u64) -> U256 {
    U256::from(cents * 10_000)
}

pub struct World {
    pub node: Tron,
    pub clock: Clock,
    pub rail: TronRail,
}

/// Of the network whose first block has this id.
pub fn config(genesis: &str) -> TronConfig {
    let genesis = format!("{genesis:0<66}");
    serde_json::from_value(json!({
        "genesis": genesis, "currency": "USDT", "token": TOKEN, "decimals": 6, "timeout_seconds": 2,
    }))
    .unwrap()
}

pub fn rail_at(node: &Tron, urls: &[&str], clock: &Clock, change: impl FnOnce(&mut TronConfig)) -> TronRail {
    let urls = urls.iter().map(|url| SecretString::from(*url)).collect();
    let access = TronAccess::new(urls, &SecretString::from(KEY)).unwrap();
    let mut config = config(&node.state.lock().genesis.to_string());
    change(&mut config);
    TronRail::new("usdt", &config, access, clock.clone(), &RailMeasures::default()).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let node = Tron::start(TREASURY.parse().unwrap(), wire(TOKEN), units(1_000_000)).await;
        let clock = Clock::manual(1_800_000_000_000_000);
        let rail = rail_at(&node, &[&node.url], &clock, |_| {});
        Self { node, clock, rail }
    }

    async fn prepare(&self, payment: &Payment, earlier: &[Attempt]) -> Attempt {
        attempt(earlier, self.rail.prepare(payment, earlier, 0).await.unwrap())
    }

    /// Prepares a payment and sends it; it is in no block yet.
    async fn send(&self, payment: &Payment) -> Attempt {
        let attempt = self.prepare(payment, &[]).await;
        let answer = self.rail.submit(payment, &attempt).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
        attempt
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            verify(&self.node);
        }
    }
}

fn attempt(earlier: &[Attempt], prepared: Prepared) -> Attempt {
    let number = i64::try_from(earlier.len()).unwrap() + 1;
    let Prepared { key, request, slot } = prepared;
    let (answer, answer_text) = (String::new(), String::new());
    let rail = "usdt".to_owned();
    Attempt { number, rail, key, request, slot, created_at: 0, answered_at: None, answer, answer_text }
}

pub fn payment(to: &str, amount: i64) -> Payment {
    let withdrawal = Withdrawal {
        number: 1,
        user: 1,
        method: "usdt".to_owned(),
        provider: Provider::Crypto,
        amount: Cents(amount),
        fees: Cents(50),
        destination: json!({ "address": to, "network": "TRON" }).to_string(),
        state: WithdrawalState::Sending,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: 0,
        changed_at: 0,
    };
    Payment { book: BOOK, withdrawal, order_id: "CRX-1".to_owned(), now: 0 }
}

fn succeeded(finding: Finding) -> Value {
    match finding {
        Finding::Outcome(Outcome::Succeeded { detail }) => serde_json::from_str(&detail).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Both readers go through every transaction that the node was ever given.
fn verify(node: &Tron) {
    assert_eq!(faults(&lines(node)), [0, 0], "tronweb and tronpy");
}

/// What the readers get: a line for each transaction that the node was ever given.
fn lines(node: &Tron) -> String {
    let state = node.state.lock();
    let mut lines = String::new();
    for (raw, id, to, units) in state.all_seen() {
        let base58 = |address: Address| peers::tron_address(address);
        let line = json!({
            "raw": alloy_primitives::hex::encode(raw), "id": alloy_primitives::hex::encode(id),
            "owner": base58(state.treasury), "contract": base58(state.token), "to": base58(to),
            "amount": units.to_string(),
        });
        lines += &format!("{line}\n");
    }
    lines
}

/// In how many lines each reader finds a fault.
fn faults(lines: &str) -> [usize; 2] {
    let folder = peers::folder().join("tron");
    let (mut node, mut python) = (Command::new("node"), Command::new(peers::python("tron")));
    assert!(
        folder.join("node_modules/tronweb").exists(),
        "tronweb is missing: run ./test, which installs it"
    );
    node.arg(folder.join("verify.js"));
    python.arg(folder.join("verify.py"));
    [node, python].map(|mut reader| {
        let mut child = reader.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{reader:?}: {said}");
        assert_eq!(said.lines().count(), lines.lines().count(), "{reader:?}: {said}");
        said.lines().filter(|line| !line.is_empty()).inspect(|line| eprintln!("{line}")).count()
    })
}

/// Readers that find nothing wrong are trusted only where they find what is.
#[tokio::test]
async fn the_readers_notice_other_bytes() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    world.send(&payment).await;
    let good = lines(&world.node);
    assert_eq!(faults(&good), [0, 0]);
    let mut changed: Value = serde_json::from_str(good.trim()).unwrap();
    // The last byte of the id, the amount, and the recipient.
    let id = changed["id"].as_str().unwrap();
    let other = format!("{}{}", &id[..63], if id.ends_with('0') { '1' } else { '0' });
    for (field, value) in [("id", other.as_str()), ("amount", "24500001"), ("owner", OTHER)] {
        let before = changed[field].clone();
        changed[field] = json!(value);
        assert_eq!(faults(&format!("{changed}\n")), [1, 1], "{field}");
        changed[field] = before;
    }
}

#[tokio::test]
async fn a_payment_is_paid_and_shown_as_documented() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    let attempts = [world.prepare(&payment, &[]).await];
    assert_eq!(world.rail.query(&payment, &attempts).await, Finding::NotFound, "nothing was sent");
    for _ in 0..2 {
        let answer = world.rail.submit(&payment, &attempts[0]).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
    }
    world.node.mine(1);
    let waits = world.rail.query(&payment, &attempts).await;
    assert!(matches!(waits, Finding::Outcome(Outcome::Accepted { .. })), "it could be replaced: {waits:?}");
    world.node.settle();
    let detail = succeeded(world.rail.query(&payment, &attempts).await);
    let expected = json!({
        "order_id": "CRX-1", "currency": "USDT", "chain": "TRC20", "crypto_amount": 24.5, "usd_amount": 25,
        "to_address": PERSON, "tx_hash": attempts[0].key, "confirmations": detail["confirmations"],
        "network_fee": 6.4,
    });
    assert_eq!(detail, expected);
    assert_eq!(world.node.paid(wire(PERSON)), units(2_450));
    assert!(world.rail.is_spent(&payment, &attempts).await.unwrap());
}

#[tokio::test]
async fn an_attempt_that_expired_is_replaced_and_one_that_may_still_be_paid_is_not() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    let first = world.send(&payment).await;
    world.node.drop_pending();
    assert_eq!(world.rail.query(&payment, std::slice::from_ref(&first)).await, Finding::NotFound);
    // Expired, and within the margin for nodes that lag.
    for seconds in [500, 200] {
        world.node.pass(seconds);
        let found = world.rail.query(&payment, std::slice::from_ref(&first)).await;
        assert_eq!(found, Finding::NotFound, "{seconds}");
        assert!(!world.rail.is_spent(&payment, std::slice::from_ref(&first)).await.unwrap());
        let next = world.rail.prepare(&payment, std::slice::from_ref(&first), 0).await;
        assert!(matches!(next, Err(Outcome::Accepted { .. })), "{next:?}");
    }
    world.node.pass(400);
    assert_eq!(world.rail.query(&payment, std::slice::from_ref(&first)).await, Finding::Stuck);
    assert!(world.rail.is_spent(&payment, std::slice::from_ref(&first)).await.unwrap());
    let mut attempts = vec![first];
    let next = world.prepare(&payment, &attempts).await;
    assert_ne!(next.key, attempts[0].key);
    attempts.push(next);
    // The first can never be taken any more.
    let late = world.rail.submit(&payment, &attempts[0]).await;
    assert!(matches!(late, Outcome::Unknown { .. }), "{late:?}");
    world.rail.submit(&payment, &attempts[1]).await;
    world.node.settle();
    let detail = succeeded(world.rail.query(&payment, &attempts).await);
    assert_eq!(detail["tx_hash"], attempts[1].key);
    assert_eq!(world.node.paid(wire(PERSON)), units(2_450));
}

#[tokio::test]
async fn a_failed_call_is_refused_with_proof_and_an_unknown_end_is_not() {
    for (ending, code) in [
        (Ending::Fails("OUT_OF_ENERGY"), Some("transfer_failed")),
        (Ending::Fails("REVERT"), Some("transfer_failed")),
        (Ending::Fails("SOMETHING_NEW"), None),
        (Ending::PaysNothing, None),
    ] {
        let world = World::new().await;
        let payment = payment(PERSON, 2_500);
        world.node.state.lock().ending = ending;
        let attempts = [world.send(&payment).await];
        world.node.settle();
        let found = world.rail.query(&payment, &attempts).await;
        match code {
            Some(code) => assert_eq!(refused(found), code, "{ending:?}"),
            None => assert!(unknown(found).contains("by hand"), "{ending:?}"),
        }
        assert!(world.node.paid(wire(PERSON)).is_zero());
    }
}

#[tokio::test]
async fn addresses_that_lose_the_money_are_refused() {
    let world = World::new().await;
    let treasury = peers::tron_address(TREASURY.parse().unwrap());
    let zero = peers::tron_address(Address::ZERO);
    let read = |address: &str| {
        let fields = json!({ "address": address, "network": "tron" });
        world.rail.destination(fields.as_object().unwrap())
    };
    assert_eq!(read(PERSON).unwrap(), json!({ "address": PERSON, "network": "TRON" }).to_string());
    let mistyped = format!("{}9", &PERSON[..33]);
    for wrong in [&treasury, &zero, TOKEN, TREASURY, &mistyped, "", "T"] {
        let problems = read(wrong).unwrap_err();
        assert_eq!(problems.len(), 1, "{wrong}");
        assert!(problems[0].sentence.english().ends_with('.'), "{wrong}");
    }
    let elsewhere = json!({ "address": PERSON, "network": "Base" });
    assert!(world.rail.destination(elsewhere.as_object().unwrap()).is_err());
}

#[tokio::test]
async fn what_the_treasury_cannot_pay_is_not_signed() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    let destination = payment.withdrawal.destination.clone();
    world.rail.quote(BOOK, Cents(2_450), &destination).await.unwrap();
    assert_eq!(world.rail.balance(BOOK).await.unwrap().available, Some(Cents(1_000_000)));
    // A fee of 8 for energy; bandwidth is free.
    world.node.state.lock().coins = 7_999_999;
    assert_eq!(world.rail.quote(BOOK, Cents(2_450), &destination).await, Err(Closed::OutOfFunds));
    assert!(matches!(world.rail.prepare(&payment, &[], 0).await, Err(Outcome::Unknown { .. })));
    // Its own energy costs nothing.
    world.node.state.lock().energy = ENERGY * 5 / 4;
    world.rail.prepare(&payment, &[], 0).await.unwrap();
    world.node.state.lock().energy_price = 10_000;
    let none = world.rail.prepare(&payment, &[], 0).await;
    assert!(
        matches!(&none, Err(Outcome::Unknown { text, .. }) if text.contains("fee_limit_trx")),
        "{none:?}"
    );
    world.node.state.lock().energy_price = 100;
    let too_much = crate::rails::tron::payment(PERSON, 1_000_100);
    assert!(matches!(world.rail.prepare(&too_much, &[], 0).await, Err(Outcome::Unknown { .. })));
    world.node.state.lock().refuses = true;
    let none = world.rail.prepare(&payment, &[], 0).await;
    assert!(matches!(none, Err(Outcome::Refused { .. })), "{none:?}");
}

#[tokio::test]
async fn a_node_of_another_network_or_token_is_never_used() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    let attempts = [world.prepare(&payment, &[]).await];
    let elsewhere = rail_at(&world.node, &[&world.node.url], &world.clock, |config| {
        config.genesis = format!("0x{}", "18".repeat(32));
    });
    assert_eq!(elsewhere.balance(BOOK).await, Err(Closed::Unhealthy));
    assert!(matches!(elsewhere.submit(&payment, &attempts[0]).await, Outcome::Unknown { .. }));
    assert!(unknown(elsewhere.query(&payment, &attempts).await).contains("another network"));
    assert_eq!(elsewhere.diagnose().await.faults.len(), 1);
    assert!(world.node.state.lock().seen.is_empty(), "nothing was sent");
    world.node.state.lock().decimals = 18;
    assert_eq!(world.rail.balance(BOOK).await, Err(Closed::Unhealthy));
    let key = SecretString::from("47".repeat(32));
    let access = TronAccess::new(vec![SecretString::from(world.node.url.as_str())], &key).unwrap();
    let (config, clock) = (config(&world.node.state.lock().genesis.to_string()), world.clock.clone());
    let other = TronRail::new("usdt", &config, access, clock, &RailMeasures::default()).unwrap();
    assert!(unknown(other.query(&payment, &attempts).await).contains("another treasury"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_taken_for_nothing() {
    let world = World::new().await;
    let payment = payment(PERSON, 2_500);
    let attempts = [world.send(&payment).await];
    world.node.settle();
    for path in ["/walletsolidity/getblock", "/walletsolidity/gettransactioninfobyid"] {
        for act in [Act::Hang, Act::Garbage, Act::Error, Act::PassThenStatus(500), Act::PassThenStatus(404)] {
            world.node.act(move |asked| if asked == path { act } else { Act::Pass });
            unknown(world.rail.query(&payment, &attempts).await);
        }
    }
    world.node.act(|_| Act::Pass);
    succeeded(world.rail.query(&payment, &attempts).await);
}

#[tokio::test]
async fn each_node_gets_the_api_key_of_its_provider() {
    let world = World::new().await;
    let second = Tron::start(TREASURY.parse().unwrap(), wire(TOKEN), units(1_000_000)).await;
    let mut config = config(&world.node.state.lock().genesis.to_string());
    let variables = [
        ("URL", world.node.url.as_str()),
        ("URL_2", &second.url),
        ("API_KEY", "key-of-one"),
        ("API_KEY_2", "key-of-two\n"),
        ("SPLIT", "a\nb"),
        ("KEY", KEY),
    ];
    let load = |config: &TronConfig| {
        let value =
            |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
        let access = TronAccess::load(config, &value).map_err(|failure| format!("{failure:#}"))?;
        let (clock, measures) = (world.clock.clone(), RailMeasures::default());
        TronRail::new("usdt", config, access, clock, &measures).map_err(|failure| format!("{failure:#}"))
    };
    let name = |text: &str| Some(text.to_owned());
    (config.url_env, config.key_env, config.api_key_env) = (name("URL"), name("KEY"), name("API_KEY"));
    config.second_api_key_env = name("API_KEY_2");
    assert!(load(&config).err().unwrap().contains("second node"));
    config.second_url_env = name("URL_2");
    let key_of =
        |node: &Tron| std::mem::take(&mut node.state.lock().api_keys).into_iter().collect::<Vec<_>>();
    assert!(load(&config).unwrap().balance(BOOK).await.is_ok());
    assert_eq!((key_of(&world.node), key_of(&second)), (vec![name("key-of-one")], vec![name("key-of-two")]));
    config.second_api_key_env = None;
    assert!(load(&config).unwrap().balance(BOOK).await.is_ok());
    assert_eq!((key_of(&world.node), key_of(&second)), (vec![name("key-of-one")], vec![None]));
    config.api_key_env = name("SPLIT");
    let wrong = load(&config).err().unwrap();
    assert!(wrong.contains("cannot be in a header") && !wrong.contains("a\nb"), "{wrong}");
    config.api_key_env = name("MISSING");
    assert!(load(&config).err().unwrap().contains("MISSING"));
}

/// The second node lags so far that the payment has expired for it, and shows nothing.
#[tokio::test]
async fn one_of_two_nodes_ends_nothing() {
    let world = World::new().await;
    let second = Tron::start(TREASURY.parse().unwrap(), wire(TOKEN), units(1_000_000)).await;
    let rail = rail_at(&world.node, &[&world.node.url, &second.url], &world.clock, |_| {});
    let payment = payment(PERSON, 2_500);
    let attempts = [attempt(&[], rail.prepare(&payment, &[], 0).await.unwrap())];
    assert!(matches!(rail.submit(&payment, &attempts[0]).await, Outcome::Accepted { .. }));
    assert_eq!(second.state.lock().seen.len(), 1, "it goes to both");
    second.drop_pending();
    world.node.settle();
    second.pass(1_200);
    let waits = rail.query(&payment, &attempts).await;
    assert!(matches!(waits, Finding::Outcome(Outcome::Accepted { .. })), "{waits:?}");
    assert!(matches!(rail.prepare(&payment, &attempts, 0).await, Err(Outcome::Accepted { .. })));
    assert!(!rail.is_spent(&payment, &attempts).await.unwrap());
}
