//! The real server over a real chain, killed by SIGKILL at random moments while recipients request withdrawals and
//! the connection to the node fails: the chain's own books show exactly one payment per withdrawal.
//!
//! A killed worker's lease lasts five minutes. Between two lives of the server the test ends every lease in the
//! database, none of which has a holder any more.

use crate::rails::chain::{Chain, TREASURY, WEALTH, units};
use crate::rails::program::{Program, Serving, table};
use crate::rails::proxy::{Act, Proxy};
use crate::rails::tokens::Node;
use crate::wire::{Answer, Call, Connection};
use alloy_primitives::{Address, U256, keccak256};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

/// Lives of the server; `OUTPAY_TEST_KILLS` sets another number.
const KILLS: usize = 40;
const SEED: u64 = 20;
/// Withdrawals requested per life.
const WISHES: usize = 3;
/// 10.00 and the fee of 0.50.
const GROSS: i64 = 1_050;
const NET: u64 = 1_000;
const PATIENCE: usize = 600;

/// A withdrawal, requested under one key until there is a response.
struct Wish {
    number: usize,
    is_answered: bool,
}

impl Wish {
    /// A new address for every payment.
    fn address(&self) -> Address {
        Address::from_slice(&keccak256(self.number.to_be_bytes())[12..])
    }

    fn call(&self, serving: &Serving, hash: &str) -> Call {
        let destination = json!({ "address": self.address().to_checksum(None) });
        let body = json!({ "method": "usdc", "amount": GROSS, "destination": destination });
        let call = serving.call("POST", "/payout/withdraw").hash(hash).json(body.to_string());
        call.once(&format!("wish {}", self.number))
    }
}

/// Random failures of the connection to the node.
fn faults(seed: u64) -> impl Fn(&str, &Value) -> Act + Send {
    let dice = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
    move |method, _| {
        let roll = dice.lock().unwrap().next_u32() % 100;
        match (method, roll) {
            ("eth_sendRawTransaction", 0..=14) => Act::PassThenSilence,
            ("eth_sendRawTransaction", 15..=24) => Act::PassThenStatus(500),
            ("eth_sendRawTransaction", 25..=34) => Act::PassThenFail("nonce too low"),
            ("eth_sendRawTransaction", 35..=44) => Act::Hang,
            ("eth_getTransactionReceipt" | "eth_getTransactionByHash", 0..=9) => Act::Say(json!(null)),
            (_, 0) => Act::Hang,
            (_, 1) => Act::PassThenStatus(503),
            _ => Act::Pass,
        }
    }
}

/// Mines blocks as a chain does; sometimes reverts the newest one with all its transactions.
async fn chain_goes_on(node: Node) {
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    loop {
        tokio::time::sleep(Duration::from_millis(60)).await;
        node.mine(1).await;
        if dice.next_u32() % 40 == 0 {
            // It refuses if there is nothing to revert.
            node.ask("anvil_reorg", json!([1, []])).await.ok();
        }
    }
}

async fn ask_all(serving: &Serving, wishes: &mut [Wish], hash: &str) {
    for wish in wishes.iter_mut().filter(|wish| !wish.is_answered) {
        let mut connection = Connection::open(serving.address).await;
        let answer = connection.try_exchange(&wish.call(serving, hash).bytes(), true).await;
        match answer.as_ref().map(|answer: &Answer| answer.status) {
            Some(202) => wish.is_answered = true,
            // The connection to the node failed while the rail was asked what it can pay.
            Some(409 | 503) | None => {}
            Some(_) => panic!("{}", answer.unwrap().text()),
        }
    }
}

/// One life: requests arrive, workers work, and at some moment the server is killed.
async fn live(serving: Serving, wishes: &mut [Wish], hash: &str, life: Duration) {
    let end = tokio::time::sleep(life);
    tokio::pin!(end);
    tokio::select! {
        () = &mut end => {}
        () = ask_all(&serving, wishes, hash) => end.await,
    }
    serving.kill();
}

/// Every lease expires, and everything is due.
fn time_passes(program: &Program) {
    let database = rusqlite::Connection::open(program.database()).unwrap();
    let sql = "UPDATE withdrawal SET leased_until = 0, due_at = 0 WHERE due_at IS NOT NULL";
    database.execute(sql, []).unwrap();
}

/// Withdrawals per state, as `state:count`.
fn states(program: &Program) -> Vec<(i64, i64)> {
    let database = rusqlite::Connection::open(program.database()).unwrap();
    let sql = "SELECT state, count(*) FROM withdrawal GROUP BY state ORDER BY state";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn attempts(program: &Program) -> i64 {
    let database = rusqlite::Connection::open(program.database()).unwrap();
    database.query_row("SELECT count(*) FROM attempt", [], |row| row.get(0)).unwrap()
}

/// Without kills and faults, until no payment is in flight.
async fn finish(program: &Program, wishes: &mut [Wish], hash: &str) -> (Serving, Value) {
    time_passes(program);
    let serving = program.serve(&[]);
    for _ in 0..PATIENCE {
        ask_all(&serving, wishes, hash).await;
        let all = i64::try_from(wishes.len()).unwrap();
        if wishes.iter().all(|wish| wish.is_answered) && states(program) == [(5, all)] {
            let statement = serving.call("GET", "/payout/operations").hash(hash).send().await.value(200);
            return (serving, statement);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("withdrawals by state: {:?}", states(program));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_random_moments_pays_each_withdrawal_once() {
    let kills = std::env::var("OUTPAY_TEST_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let world = Chain::anvil().await;
    let proxy = Proxy::start(&world.node.url).await;
    let program = Program::new(&table("usdc", &world, &proxy.url));
    let key = program.business("10000000");
    program.json(&["method", "set", "Shop", "usdc", "--fee", "50"]);
    program.json(&["method", "enable", "Shop", "usdc"]);
    let serving = program.serve(&[]);
    let create = serving.call("POST", "/payout/create").key(&key);
    let create = create.json(r#"{"email":"user@example.com","amount":10000000}"#);
    let hash = create.send().await.value(201)["hash"].as_str().unwrap().to_owned();
    serving.kill();
    let chain = tokio::spawn(chain_goes_on(world.node.clone()));

    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    let mut wishes: Vec<Wish> = Vec::new();
    proxy.act(faults(SEED));
    for _ in 0..kills {
        let number = wishes.len();
        wishes.extend((number..number + WISHES).map(|number| Wish { number, is_answered: false }));
        time_passes(&program);
        let life = Duration::from_millis(u64::from(20 + dice.next_u32() % 1_000));
        live(program.serve(&[]), &mut wishes, &hash, life).await;
    }
    proxy.act(|_, _| Act::Pass);
    let (serving, statement) = finish(&program, &mut wishes, &hash).await;
    serving.kill();
    chain.abort();
    // Nothing still pending pays again.
    world.node.mine(20).await;
    for wish in &wishes {
        assert_eq!(world.paid(wish.address()).await, units(NET, 6), "wish {}", wish.number);
    }
    let treasury: Address = TREASURY.parse().unwrap();
    let spent = units(WEALTH, 6) - world.paid(treasury).await;
    assert_eq!(spent, units(NET, 6) * U256::from(wishes.len()));
    assert_eq!(world.node.nonce_of(treasury).await, u64::try_from(wishes.len()).unwrap());
    let left = 10_000_000 - GROSS * i64::try_from(wishes.len()).unwrap();
    assert_eq!((&statement["balance"], &statement["pending"]), (&json!(left), &json!(0)));
    assert_eq!(program.json(&["audit"])["clean"], true);
    let (made, tries) = (wishes.len(), attempts(&program));
    println!("{kills} kills, {made} withdrawals, {tries} attempts: each paid once, the audit is clean");
}
