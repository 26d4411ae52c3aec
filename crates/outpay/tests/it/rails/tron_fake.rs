//! A fake of a TRON node: blocks that only tests make, a token whose balances are the truth that every test ends with, and the
//! HTTP API as far as the rail uses it. It reads transactions with a reader of its own, and it stands for no node of the
//! network: what it does is what the network's documentation says.

use crate::rails::tron_bytes::{Sent, read, wire};
use alloy_primitives::{Address, B256, U256, hex, keccak256};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Milliseconds between blocks.
pub const BLOCK: i64 = 3_000;
/// Blocks above the newest one that cannot be replaced.
const NOT_SOLID: usize = 19;
/// Energy of a transfer.
pub const ENERGY: u64 = 64_000;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Pass,
    /// The connection is closed before the node gets it.
    Hang,
    /// The node carries it out; the caller gets no answer.
    PassThenSilence,
    /// The node carries it out; the caller gets this status.
    PassThenStatus(u16),
    /// Nothing is found.
    Empty,
    /// An answer that is no JSON.
    Garbage,
    /// An error of the node's own.
    Error,
}

/// How a transaction ends in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Pays,
    Fails(&'static str),
    /// The token says that it paid, and it did not.
    PaysNothing,
}

struct Block {
    id: B256,
    time: i64,
    transactions: Vec<(Sent, Ending)>,
}

pub struct State {
    blocks: Vec<Block>,
    pending: Vec<Sent>,
    pub balances: BTreeMap<Address, U256>,
    pub treasury: Address,
    pub token: Address,
    pub coins: u64,
    pub energy: u64,
    pub energy_price: u64,
    pub ending: Ending,
    pub refuses: bool,
    /// All bytes that were ever sent here.
    pub seen: Vec<Vec<u8>>,
    /// The API keys of all requests.
    pub api_keys: BTreeSet<Option<String>>,
    pub genesis: B256,
    pub decimals: u64,
    rule: Box<dyn Fn(&str) -> Act + Send>,
}

/// The node; ends with the test.
pub struct Tron {
    pub url: String,
    pub state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Tron {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tron {
    pub async fn start(treasury: Address, token: Address, wealth: U256) -> Self {
        let genesis = B256::repeat_byte(0x17);
        let state = State {
            blocks: vec![Block { id: genesis, time: 0, transactions: Vec::new() }],
            pending: Vec::new(),
            balances: BTreeMap::from([(treasury, wealth)]),
            treasury,
            token,
            coins: 1_000_000_000,
            energy: 0,
            energy_price: 100,
            ending: Ending::Pays,
            refuses: false,
            seen: Vec::new(),
            api_keys: BTreeSet::new(),
            genesis,
            decimals: 6,
            rule: Box::new(|_| Act::Pass),
        };
        let state = Arc::new(Mutex::new(state));
        state.lock().mine(40);
        let (url, task) = serve(Arc::clone(&state)).await;
        Self { url, state, task }
    }

    /// Another way to the same node, with faults of its own.
    pub fn act(&self, rule: impl Fn(&str) -> Act + Send + 'static) {
        self.state.lock().rule = Box::new(rule);
    }

    /// New blocks; the first takes what waits.
    pub fn mine(&self, blocks: usize) {
        self.state.lock().mine(blocks);
    }

    /// So many blocks that what is in the next one cannot be replaced any more.
    pub fn settle(&self) {
        self.mine(NOT_SOLID + 2);
    }

    pub fn paid(&self, to: Address) -> U256 {
        self.state.lock().balances.get(&to).copied().unwrap_or_default()
    }

    /// Blocks whose times are this many seconds later, and none takes what waits.
    pub fn pass(&self, seconds: i64) {
        let mut state = self.state.lock();
        state.pending.clear();
        let blocks = usize::try_from(seconds * 1_000 / BLOCK).unwrap() + NOT_SOLID + 1;
        state.mine(blocks);
    }

    /// What waits for a block is lost, as when a node is started again.
    pub fn drop_pending(&self) {
        self.state.lock().pending.clear();
    }
}

impl State {
    /// Every transaction that was ever sent here: bytes, id, recipient and amount.
    pub fn all_seen(&self) -> Vec<(Vec<u8>, B256, Address, U256)> {
        let read = self.seen.iter().map(|raw| read(raw, self.token));
        read.map(|sent| (sent.raw, sent.id, sent.to, sent.units)).collect()
    }

    /// Anyone who has seen bytes may send them.
    pub fn send_again(&mut self, raw: &[u8]) {
        self.take(raw);
    }

    fn mine(&mut self, blocks: usize) {
        for _ in 0..blocks {
            let last = self.blocks.last().unwrap();
            // Real networks begin late: times of blocks are milliseconds since 1970.
            let time = if last.time == 0 { 1_800_000_000_000 } else { last.time + BLOCK };
            let (number, before) = (self.blocks.len() as u64, last.time);
            let mut id = keccak256([&number.to_be_bytes()[..], last.id.as_slice()].concat());
            id.0[..8].copy_from_slice(&number.to_be_bytes());
            let mut transactions = Vec::new();
            for sent in std::mem::take(&mut self.pending) {
                // As the network has it: an expiration is compared with the time of the block before.
                if sent.expiration <= before || self.place(sent.id).is_some() {
                    continue;
                }
                let has = self.balances[&self.treasury];
                let ending = if has < sent.units { Ending::Fails("REVERT") } else { self.ending };
                if ending == Ending::Pays {
                    self.balances.insert(self.treasury, has - sent.units);
                    *self.balances.entry(sent.to).or_default() += sent.units;
                }
                transactions.push((sent, ending));
            }
            self.blocks.push(Block { id, time, transactions });
        }
    }

    fn place(&self, id: B256) -> Option<(usize, &Sent, Ending)> {
        let find = |(number, block): (usize, &'_ Block)| {
            let found = block.transactions.iter().position(|(sent, _)| sent.id == id);
            found.map(|at| (number, at))
        };
        let (number, at) = self.blocks.iter().enumerate().find_map(find)?;
        let (sent, ending) = &self.blocks[number].transactions[at];
        Some((number, sent, *ending))
    }

    fn solid(&self) -> usize {
        self.blocks.len() - 1 - NOT_SOLID
    }

    fn answer(&mut self, path: &str, body: &Value) -> Value {
        match path {
            "/walletsolidity/getblock" => {
                let number = if body["id_or_num"] == "0" { 0 } else { self.solid() };
                let block = &self.blocks[number];
                let raw = if number == 0 {
                    json!({})
                } else {
                    json!({ "number": number, "timestamp": block.time })
                };
                let id = if number == 0 { self.genesis } else { block.id };
                json!({ "blockID": hex::encode(id), "block_header": { "raw_data": raw } })
            }
            "/wallet/getaccount" => json!({ "address": body["address"], "balance": self.coins }),
            "/wallet/getaccountresource" => json!({ "freeNetLimit": 600, "EnergyLimit": self.energy }),
            "/wallet/getchainparameters" => json!({ "chainParameter": [
                { "key": "getTransactionFee", "value": 1_000 }, { "key": "getMaintenanceTimeInterval" },
                { "key": "getEnergyFee", "value": self.energy_price },
            ] }),
            "/wallet/triggerconstantcontract" => self.call(body),
            "/wallet/broadcasthex" => self.take(&hex::decode(body["transaction"].as_str().unwrap()).unwrap()),
            "/wallet/gettransactionbyid" | "/wallet/gettransactionfrompending" => {
                let id: B256 = body["value"].as_str().unwrap().parse().unwrap();
                let is_known = match path {
                    "/wallet/gettransactionbyid" => self.place(id).is_some(),
                    _ => self.pending.iter().any(|sent| sent.id == id),
                };
                if is_known { json!({ "txID": hex::encode(id) }) } else { json!({}) }
            }
            "/walletsolidity/gettransactioninfobyid" => {
                self.info(body["value"].as_str().unwrap().parse().unwrap())
            }
            _ => json!({ "Error": "no such path" }),
        }
    }

    fn call(&self, body: &Value) -> Value {
        let parameter = hex::decode(body["parameter"].as_str().unwrap()).unwrap();
        assert_eq!(body["contract_address"], wire(self.token));
        let (ret, answer) = match body["function_selector"].as_str().unwrap() {
            "decimals()" => (None, U256::from(self.decimals)),
            "balanceOf(address)" => {
                let owner = Address::from_slice(&parameter[12..]);
                (None, self.balances.get(&owner).copied().unwrap_or_default())
            }
            "transfer(address,uint256)" if self.refuses => (Some("FAILED"), U256::ZERO),
            _ => (None, U256::from(1)),
        };
        let ret = ret.map_or_else(|| json!([{}]), |ret| json!([{ "ret": ret }]));
        json!({
            "result": { "result": true }, "energy_used": ENERGY, "transaction": { "ret": ret },
            "constant_result": [hex::encode(answer.to_be_bytes::<32>())],
        })
    }

    /// Takes a transaction as the network does: of this chain, not expired, not known.
    fn take(&mut self, raw: &[u8]) -> Value {
        self.seen.push(raw.to_vec());
        let sent = read(raw, self.token);
        let refused = |code: &str| json!({ "code": code, "message": hex::encode(code) });
        let is_of_chain = self.blocks.iter().enumerate().any(|(number, block)| {
            let bytes = (number as u64).to_be_bytes();
            bytes[6..] == sent.reference.0 && block.id[8..16] == sent.reference.1
        });
        if !is_of_chain {
            return refused("TAPOS_ERROR");
        }
        if sent.expiration <= self.blocks.last().unwrap().time {
            return refused("TRANSACTION_EXPIRATION_ERROR");
        }
        if self.place(sent.id).is_some() || self.pending.iter().any(|other| other.id == sent.id) {
            return refused("DUP_TRANSACTION_ERROR");
        }
        let answer = json!({ "result": true, "txid": hex::encode(sent.id) });
        self.pending.push(sent);
        answer
    }

    fn info(&self, id: B256) -> Value {
        let Some((number, sent, ending)) = self.place(id).filter(|(number, ..)| *number <= self.solid())
        else {
            return json!({});
        };
        let log = json!({
            "address": hex::encode(self.token),
            "topics": [
                hex::encode(keccak256("Transfer(address,address,uint256)")),
                hex::encode(self.treasury.into_word()), hex::encode(sent.to.into_word()),
            ],
            "data": hex::encode(sent.units.to_be_bytes::<32>()),
        });
        let mut info = json!({
            "id": hex::encode(id), "blockNumber": number, "blockTimeStamp": self.blocks[number].time, "fee": 6_400_000,
            "receipt": { "result": "SUCCESS", "energy_usage_total": ENERGY },
        });
        match ending {
            Ending::Pays => info["log"] = json!([log]),
            Ending::PaysNothing => {}
            Ending::Fails(word) => {
                info["receipt"]["result"] = json!(word);
                info["result"] = json!("FAILED");
            }
        }
        info
    }
}

async fn serve(state: Arc<Mutex<State>>) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let state = Arc::clone(&state);
            tokio::spawn(async move { respond(stream, &state).await });
        }
    });
    (url, task)
}

async fn respond(mut stream: TcpStream, state: &Mutex<State>) {
    let Some((path, body, api_key)) = request(&mut stream).await else { return };
    let (status, text) = {
        let mut state = state.lock();
        state.api_keys.insert(api_key);
        match (state.rule)(&path) {
            Act::Hang => return,
            Act::PassThenSilence => {
                state.answer(&path, &body);
                return;
            }
            Act::PassThenStatus(status) => {
                state.answer(&path, &body);
                (status, "trouble".to_owned())
            }
            Act::Pass => (200, state.answer(&path, &body).to_string()),
            Act::Empty => (200, "{}".to_owned()),
            Act::Garbage => (200, "<html>".to_owned()),
            Act::Error => (200, r#"{"Error":"class java.lang.NullPointerException : null"}"#.to_owned()),
        }
    };
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", text.len());
    stream.write_all((head + &text).as_bytes()).await.ok();
}

async fn request(stream: &mut TcpStream) -> Option<(String, Value, Option<String>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.to_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse();
        let body = &bytes[end + 4..];
        if body.len() >= length.ok()? {
            let path = head.split(' ').nth(1)?.to_owned();
            let api_key = head.lines().find_map(|line| line.strip_prefix("tron-pro-api-key: "));
            return Some((path, serde_json::from_slice(body).ok()?, api_key.map(str::to_owned)));
        }
    }
}
