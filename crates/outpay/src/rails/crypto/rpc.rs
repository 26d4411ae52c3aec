//! JSON-RPC with a node: one function per question, answers read strictly. Not here: what an answer means for a payment.
//!
//! Invariants: an unreadable answer is an error and never "nothing"; the text of an error decides nothing; no error names the
//! node's address.

use super::read;
use super::receipt::{PlacedLog, Receipt};
use crate::rails::RailMeasures;
use crate::rails::client::{self, PostError, RailClient};
use crate::store::Failure;
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, anyhow, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpcError {
    /// The node answered with an error of its own.
    #[error("the node says {code}: {message}")]
    Spoken {
        /// Its number.
        code: i64,
        /// Its text, for the operator only.
        message: String,
    },
    /// There was no connection, no complete answer in time, or a status of 5xx.
    #[error("{0:#}")]
    Down(Failure),
    /// The answer cannot be read.
    #[error("{0:#}")]
    Silent(Failure),
}

/// Which state of the chain a question is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Latest,
    /// With pending transactions that the node knows.
    Pending,
    Block(u64),
    /// The newest block that cannot be replaced any more, on chains that have such a tag.
    Finalized,
}

/// The parts of a block that are used here.
pub(super) struct Block {
    pub number: u64,
    pub hash: B256,
    /// `None` on chains without EIP-1559.
    pub fee: Option<u128>,
    /// Seconds since 1970, where the node says it.
    pub time: Option<u64>,
    /// Only where they were asked for.
    pub transactions: Vec<BlockTransaction>,
}

pub(super) struct BlockTransaction {
    pub hash: B256,
    pub from: Address,
    pub nonce: u64,
    /// `None` where it makes a contract.
    pub to: Option<Address>,
    pub input: Bytes,
}

/// A node.
pub(super) struct Rpc {
    client: RailClient,
    url: SecretString,
    counted: Counted,
}

/// Under which names its answers are counted.
pub(super) struct Counted {
    pub rail: String,
    /// 1, 2, … as configured.
    pub node: usize,
    pub measures: RailMeasures,
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Rpc {
    pub fn new(client: RailClient, url: SecretString, counted: Counted) -> Self {
        Self { client, url, counted }
    }

    /// Counts an answer of this node.
    pub fn count(&self, answer: &'static str) {
        self.counted.measures.node_answered(&self.counted.rail, self.counted.node, answer);
    }

    /// Can what is asked and answered be read on the way, or changed?
    pub fn is_open(&self) -> bool {
        client::is_open(self.url.expose_secret())
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let result = self.post(method, params).await;
        self.count(match &result {
            Ok(_) => "ok",
            Err(RpcError::Spoken { .. }) => "error",
            Err(RpcError::Down(_)) => "down",
            Err(RpcError::Silent(_)) => "unreadable",
        });
        result
    }

    async fn post(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = self.client.post_json(self.url.expose_secret(), call.into_bytes()).await;
        let (status, body) = answer.map_err(|error| match error {
            PostError::Down(_) => RpcError::Down(Failure::from(error).context(method.to_owned())),
            PostError::TooLarge(_) => RpcError::Silent(Failure::from(error).context(method.to_owned())),
        })?;
        match status {
            200 => {}
            500.. => return Err(RpcError::Down(anyhow!("{method}: status {status}"))),
            _ => return Err(RpcError::Silent(anyhow!("{method}: status {status}"))),
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| {
            RpcError::Silent(anyhow!("{method}: an answer that is no JSON, of {} bytes", body.len()))
        })?;
        let unreadable = || RpcError::Silent(anyhow!("{method}: an answer that is no JSON-RPC"));
        let fields = answer.as_object().ok_or_else(unreadable)?;
        if let Some(error) = fields.get("error").filter(|error| !error.is_null()) {
            let spoken = Spoken::deserialize(error).map_err(|_| unreadable())?;
            return Err(RpcError::Spoken { code: spoken.code, message: capped(&spoken.message) });
        }
        // A missing result is not an empty one.
        fields.get("result").cloned().ok_or_else(unreadable)
    }

    /// Calls, and reads the result with `read`.
    async fn ask<T>(
        &self,
        method: &str,
        params: Value,
        read: impl FnOnce(&Value) -> Result<T, Failure>,
    ) -> Result<T, RpcError> {
        let result = self.call(method, params).await?;
        read(&result).with_context(|| format!("reading the answer to {method}")).map_err(RpcError::Silent)
    }

    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        self.ask("eth_chainId", json!([]), read::number).await
    }

    /// The number of the newest block.
    pub async fn head(&self) -> Result<u64, RpcError> {
        self.ask("eth_blockNumber", json!([]), read::number).await
    }

    /// The newest block, or the one with this number in the chain as the node sees it now.
    pub async fn block(&self, at: At) -> Result<Option<Block>, RpcError> {
        let parse = |value: &Value| maybe(value, block);
        self.ask("eth_getBlockByNumber", json!([tag(at), false]), parse).await
    }

    /// The same with all its transactions.
    pub async fn full_block(&self, number: u64) -> Result<Option<Block>, RpcError> {
        let parse = |value: &Value| maybe(value, full_block);
        self.ask("eth_getBlockByNumber", json!([tag(At::Block(number)), true]), parse).await
    }

    /// The market's priority fee over a block's own fee `block`. Not every node has the first method, and some answer it with
    /// nonsense; then what recent blocks paid tells, and then the plain price.
    pub async fn tip(&self, block: u128) -> Result<u128, RpcError> {
        match self.ask("eth_maxPriorityFeePerGas", json!([]), read::large).await {
            Err(RpcError::Spoken { .. } | RpcError::Silent(_)) => {}
            known => return known,
        }
        match self.ask("eth_feeHistory", json!(["0xa", "latest", [50]]), median_reward).await {
            Err(RpcError::Spoken { .. } | RpcError::Silent(_)) => {}
            known => return known,
        }
        let price = self.ask("eth_gasPrice", json!([]), read::large).await?;
        Ok(price.saturating_sub(block))
    }

    /// The number of transactions of `address` in blocks, which is its first unused nonce.
    pub async fn nonce(&self, address: Address, at: At) -> Result<u64, RpcError> {
        self.ask("eth_getTransactionCount", json!([address.to_string(), tag(at)]), read::number).await
    }

    /// The chain's own coin.
    pub async fn coins(&self, address: Address, at: At) -> Result<U256, RpcError> {
        self.ask("eth_getBalance", json!([address.to_string(), tag(at)]), read::amount).await
    }

    /// Runs a call without a transaction.
    pub async fn view(&self, from: Address, to: Address, data: &[u8], at: At) -> Result<Bytes, RpcError> {
        self.ask("eth_call", json!([request(from, to, data), tag(at)]), read::bytes).await
    }

    pub async fn gas(&self, from: Address, to: Address, data: &[u8]) -> Result<u64, RpcError> {
        self.ask("eth_estimateGas", json!([request(from, to, data), "latest"]), read::number).await
    }

    /// Sends a signed transaction and gives the hash that the node returns.
    pub async fn send(&self, raw: &[u8]) -> Result<B256, RpcError> {
        let text = alloy_primitives::hex::encode_prefixed(raw);
        self.ask("eth_sendRawTransaction", json!([text]), read::word).await
    }

    /// Whether the node knows a transaction of this hash, in a block or pending.
    pub async fn knows(&self, hash: B256) -> Result<bool, RpcError> {
        let parse = |value: &Value| {
            let found = maybe(value, |value| read::word(&value["hash"]))?;
            ensure!(found.is_none_or(|found| found == hash), "another transaction than the one asked for");
            Ok(found.is_some())
        };
        self.ask("eth_getTransactionByHash", json!([hash.to_string()]), parse).await
    }

    /// The logs of `contract` in the blocks from one to another whose first topics are these.
    pub async fn logs(
        &self,
        contract: Address,
        topics: &[B256],
        (from, to): (u64, At),
    ) -> Result<Vec<PlacedLog>, RpcError> {
        let topics: Vec<_> = topics.iter().map(B256::to_string).collect();
        let filter = json!({
            "address": contract.to_string(), "topics": topics, "fromBlock": tag(At::Block(from)), "toBlock": tag(to),
        });
        let parse = |value: &Value| {
            let logs = value.as_array().context("a list of logs")?;
            logs.iter().map(PlacedLog::read).collect()
        };
        self.ask("eth_getLogs", json!([filter]), parse).await
    }

    /// The transaction's receipt; `None` while no block includes it.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, RpcError> {
        let parse = |value: &Value| {
            let receipt = maybe(value, Receipt::read)?;
            let fits = receipt.as_ref().is_none_or(|receipt| receipt.hash == hash);
            ensure!(fits, "another transaction's receipt");
            Ok(receipt)
        };
        self.ask("eth_getTransactionReceipt", json!([hash.to_string()]), parse).await
    }
}

fn maybe<T>(value: &Value, read: impl FnOnce(&Value) -> Result<T, Failure>) -> Result<Option<T>, Failure> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

fn tag(at: At) -> String {
    match at {
        At::Latest => "latest".to_owned(),
        At::Pending => "pending".to_owned(),
        At::Finalized => "finalized".to_owned(),
        At::Block(number) => format!("{number:#x}"),
    }
}

fn request(from: Address, to: Address, data: &[u8]) -> Value {
    let data = alloy_primitives::hex::encode_prefixed(data);
    json!({"from": from.to_string(), "to": to.to_string(), "data": data})
}

/// Of the priority fees that the middle transactions of recent blocks paid.
fn median_reward(value: &Value) -> Result<u128, Failure> {
    let blocks = value["reward"].as_array().context("a fee history without rewards")?;
    let rewards = blocks.iter().map(|block| read::large(&block[0]));
    let mut rewards = rewards.collect::<Result<Vec<u128>, Failure>>()?;
    rewards.sort_unstable();
    rewards.get(rewards.len() / 2).copied().context("a fee history of no block")
}

fn block(value: &Value) -> Result<Block, Failure> {
    let fee = maybe(&value["baseFeePerGas"], read::large)?;
    let (number, hash) = (read::number(&value["number"])?, read::word(&value["hash"])?);
    let time = read::number(&value["timestamp"]).ok();
    Ok(Block { number, hash, fee, time, transactions: Vec::new() })
}

fn full_block(value: &Value) -> Result<Block, Failure> {
    let transactions = value["transactions"].as_array().context("a block without its transactions")?;
    let transactions = transactions.iter().map(|transaction| {
        let (hash, from) = (read::word(&transaction["hash"])?, read::address(&transaction["from"])?);
        let (to, input) = (maybe(&transaction["to"], read::address)?, read::bytes(&transaction["input"])?);
        Ok(BlockTransaction { hash, from, nonce: read::number(&transaction["nonce"])?, to, input })
    });
    Ok(Block { transactions: transactions.collect::<Result<_, Failure>>()?, ..block(value)? })
}

/// One line of bounded length, for the log.
fn capped(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(300).collect()
}
