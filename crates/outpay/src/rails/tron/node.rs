//! The HTTP API of a TRON node: one function per question, answers read strictly. Not here: what an answer means for a payment.
//!
//! Invariants: no answer is used before the node has shown the configured first block of the network; an unreadable answer is
//! an error and never "nothing"; no error names the node's address.

use super::address;
use super::config::NodeAccess;
use crate::rails::RailMeasures;
use crate::rails::client::{PostError, RailClient};
use crate::store::Failure;
use alloy_primitives::{Address, B256, U256};
use anyhow::{Context, anyhow, bail, ensure};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// In which TronGrid wants the key of its user.
const API_KEY: HeaderName = HeaderName::from_static("tron-pro-api-key");

/// There was no connection, no complete answer in time, or a status of 5xx.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub(super) struct Down(Failure);

/// A node.
pub(super) struct TronNode {
    client: RailClient,
    url: SecretString,
    headers: HeaderMap,
    genesis: B256,
    /// 1, 2, … as configured.
    pub number: usize,
    rail: String,
    measures: RailMeasures,
}

/// A block that cannot be replaced any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct SolidBlock {
    pub number: u64,
    pub id: B256,
    /// Milliseconds since 1970.
    pub time: i64,
}

/// What became of a transaction in such a block.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub block: u64,
    /// The network's word for how the call ended.
    pub result: String,
    /// In 10^-6 of the network's coin.
    pub fee: u64,
    pub logs: Vec<TronLog>,
}

#[derive(Clone, Debug)]
pub(super) struct TronLog {
    pub contract: Address,
    pub topics: Vec<B256>,
    pub data: Vec<u8>,
}

/// A call that was run without a transaction.
pub(super) struct Trial {
    /// The contract took it.
    pub succeeded: bool,
    pub energy: u64,
    pub answer: Vec<u8>,
}

/// What the treasury can use without paying for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resources {
    pub energy: u64,
    pub bandwidth: u64,
}

/// What the network charges, in 10^-6 of its coin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    pub energy: u64,
    pub bandwidth: u64,
}

impl TronNode {
    pub fn new(
        client: RailClient,
        (access, genesis): (NodeAccess, B256),
        number: usize,
        (rail, measures): (&str, &RailMeasures),
    ) -> Result<Self, Failure> {
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        if let Some(key) = access.api_key {
            let key = HeaderValue::from_str(key.expose_secret());
            let mut key = key.map_err(|_| anyhow!("the API key of node {number} cannot be in a header"))?;
            key.set_sensitive(true);
            headers.insert(API_KEY, key);
        }
        let (url, rail, measures) = (access.url, rail.to_owned(), measures.clone());
        Ok(Self { client, url, headers, genesis, number, rail, measures })
    }

    /// Can what is asked and answered be read on the way, or changed?
    pub fn is_open(&self) -> bool {
        crate::rails::client::is_open(self.url.expose_secret())
    }

    pub fn count(&self, answer: &'static str) {
        self.measures.node_answered(&self.rail, self.number, answer);
    }

    async fn ask(&self, path: &str, body: Value) -> Result<Value, Failure> {
        let answer = self.post(path, body).await;
        self.count(match &answer {
            Ok(_) => "ok",
            Err(failure) if failure.downcast_ref::<Down>().is_some() => "down",
            Err(_) => "error",
        });
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        let url = format!("{}/{path}", self.url.expose_secret().trim_end_matches('/'));
        let body = body.to_string().into_bytes();
        let answered = self.client.call(Method::POST, &url, self.headers.clone(), body).await;
        let (status, body) = answered.map_err(|error| match error {
            PostError::Down(_) => Down(Failure::from(error).context(path.to_owned())).into(),
            PostError::TooLarge(_) => Failure::from(error).context(path.to_owned()),
        })?;
        match status {
            200 => {}
            500.. => return Err(Down(anyhow!("{path}: status {status}")).into()),
            _ => bail!("{path}: status {status}"),
        }
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| anyhow!("{path}: an answer that is no JSON, of {} bytes", body.len()))?;
        ensure!(answer.is_object(), "{path}: an answer that is no object");
        ensure!(answer.get("Error").is_none(), "{path}: the node answers with an error of its own");
        Ok(answer)
    }

    /// Checks on every call that the node is of the configured network, since the node behind an address may be replaced.
    pub async fn check(&self) -> Result<(), Failure> {
        let first = self.block("walletsolidity/getblock", json!({"id_or_num": "0", "detail": false})).await?;
        if first.id != self.genesis {
            self.count("other_chain");
        }
        ensure!(first.id == self.genesis, "the node is of another network: its first block is {}", first.id);
        Ok(())
    }

    /// The newest block that cannot be replaced any more.
    pub async fn solid_head(&self) -> Result<SolidBlock, Failure> {
        self.block("walletsolidity/getblock", json!({"detail": false})).await
    }

    async fn block(&self, path: &str, body: Value) -> Result<SolidBlock, Failure> {
        let answer = self.ask(path, body).await?;
        let header = &answer["block_header"]["raw_data"];
        // The first block of a network may state neither.
        let or_zero = |value: &Value| if value.is_null() { Some(0) } else { value.as_i64() };
        let number = or_zero(&header["number"]).and_then(|number| u64::try_from(number).ok());
        let time = or_zero(&header["timestamp"]).context("a block without a time")?;
        Ok(SolidBlock {
            number: number.context("a block without a number")?,
            id: word(&answer["blockID"])?,
            time,
        })
    }

    /// Runs a call of a contract without a transaction.
    pub async fn try_call(
        &self,
        (owner, contract): (Address, Address),
        (function, arguments): (&str, &[u8]),
    ) -> Result<Trial, Failure> {
        let body = json!({
            "owner_address": address::hex(owner), "contract_address": address::hex(contract),
            "function_selector": function, "parameter": alloy_primitives::hex::encode(arguments), "visible": false,
        });
        let answer = self.ask("wallet/triggerconstantcontract", body).await?;
        ensure!(answer["result"]["result"] == true, "the node did not run the call");
        let succeeded = match answer["transaction"]["ret"][0].get("ret").and_then(Value::as_str) {
            None | Some("SUCESS" | "SUCCESS") => true,
            Some("FAILED") => false,
            Some(_) => bail!("a call that ended in an unknown way"),
        };
        let energy = answer["energy_used"].as_u64().context("a call without its energy")?;
        let given = answer["constant_result"][0].as_str().unwrap_or_default();
        let answer = alloy_primitives::hex::decode(given).context("a result in hexadecimal")?;
        Ok(Trial { succeeded, energy, answer })
    }

    /// What `owner` has of a token.
    pub async fn tokens(&self, token: Address, owner: Address) -> Result<U256, Failure> {
        let arguments = owner.into_word();
        let trial = self.try_call((owner, token), ("balanceOf(address)", arguments.as_slice())).await?;
        one_number(&trial).context("the token does not say what the treasury has")
    }

    /// How many decimals a token has.
    pub async fn decimals(&self, token: Address, owner: Address) -> Result<U256, Failure> {
        let trial = self.try_call((owner, token), ("decimals()", &[])).await?;
        one_number(&trial).context("the token does not say how many decimals it has")
    }

    /// The network's coin, in its smallest unit; an address that was never used has none.
    pub async fn coins(&self, owner: Address) -> Result<u64, Failure> {
        let body = json!({"address": address::hex(owner), "visible": false});
        let answer = self.ask("wallet/getaccount", body).await?;
        number_or_zero(&answer["balance"]).context("a balance")
    }

    pub async fn resources(&self, owner: Address) -> Result<Resources, Failure> {
        let body = json!({"address": address::hex(owner), "visible": false});
        let answer = self.ask("wallet/getaccountresource", body).await?;
        let left = |limit: &str, used: &str| {
            let (limit, used) = (number_or_zero(&answer[limit])?, number_or_zero(&answer[used])?);
            Ok::<u64, Failure>(limit.saturating_sub(used))
        };
        let free = left("freeNetLimit", "freeNetUsed")?;
        // Bandwidth is taken from one of both, never from parts of them.
        let bandwidth = left("NetLimit", "NetUsed")?.max(free);
        Ok(Resources { energy: left("EnergyLimit", "EnergyUsed")?, bandwidth })
    }

    pub async fn prices(&self) -> Result<Prices, Failure> {
        let answer = self.ask("wallet/getchainparameters", json!({})).await?;
        let listed = answer["chainParameter"].as_array().context("a network without parameters")?;
        let price = |key: &str| {
            let found = listed.iter().find(|parameter| parameter["key"] == key);
            found.and_then(|parameter| parameter["value"].as_u64()).with_context(|| format!("no {key}"))
        };
        Ok(Prices { energy: price("getEnergyFee")?, bandwidth: price("getTransactionFee")? })
    }

    /// Sends a signed transaction. What the node says is for the log only.
    pub async fn send(&self, raw: &[u8]) -> Result<(), Failure> {
        let body = json!({"transaction": alloy_primitives::hex::encode(raw)});
        let answer = self.ask("wallet/broadcasthex", body).await?;
        if answer["result"] == true {
            return Ok(());
        }
        let code = answer["code"].as_str().unwrap_or("no code");
        let code: String = code.chars().filter(char::is_ascii_graphic).take(60).collect();
        bail!("the node did not take it: {code}")
    }

    /// Whether the node knows a transaction, in a block or waiting for one.
    pub async fn knows(&self, id: B256) -> Result<bool, Failure> {
        for path in ["wallet/gettransactionbyid", "wallet/gettransactionfrompending"] {
            let answer = self.ask(path, json!({"value": hex_of(id)})).await?;
            if answer.get("txID").is_some() {
                ensure!(word(&answer["txID"])? == id, "another transaction than the one asked for");
                return Ok(true);
            }
            ensure!(answer.as_object().is_some_and(Map::is_empty), "a transaction without its id");
        }
        Ok(false)
    }

    /// What became of a transaction in a block that cannot be replaced any more.
    pub async fn info(&self, id: B256) -> Result<Option<Info>, Failure> {
        let path = "walletsolidity/gettransactioninfobyid";
        let answer = self.ask(path, json!({"value": hex_of(id)})).await?;
        if answer.as_object().is_some_and(Map::is_empty) {
            return Ok(None);
        }
        ensure!(word(&answer["id"])? == id, "another transaction's outcome");
        let logs = match &answer["log"] {
            Value::Null => Vec::new(),
            Value::Array(logs) => logs.iter().map(log).collect::<Result<_, _>>()?,
            _ => bail!("logs that are no list"),
        };
        Ok(Some(Info {
            block: answer["blockNumber"].as_u64().context("an outcome without its block")?,
            result: answer["receipt"]["result"].as_str().context("an outcome without its result")?.to_owned(),
            fee: number_or_zero(&answer["fee"]).context("a fee")?,
            logs,
        }))
    }
}

/// An id as this API writes it.
pub(super) fn hex_of(id: B256) -> String {
    alloy_primitives::hex::encode(id)
}

fn one_number(trial: &Trial) -> Option<U256> {
    U256::try_from_be_slice(&trial.answer).filter(|_| trial.succeeded && trial.answer.len() == 32)
}

/// Fields that are 0 are left out.
fn number_or_zero(value: &Value) -> Result<u64, Failure> {
    if value.is_null() { Ok(0) } else { value.as_u64().context("a number that is not negative") }
}

fn word(value: &Value) -> Result<B256, Failure> {
    let text = value.as_str().filter(|text| text.len() == 64).context("32 bytes in hexadecimal")?;
    text.parse().context("32 bytes in hexadecimal")
}

/// Logs name contracts without the leading byte of addresses.
fn log(value: &Value) -> Result<TronLog, Failure> {
    let contract = value["address"].as_str().context("a log without its contract")?;
    let contract = contract.strip_prefix("41").filter(|rest| rest.len() == 40).unwrap_or(contract);
    let topics = value["topics"].as_array().context("a log without topics")?;
    let data = value["data"].as_str().unwrap_or_default();
    Ok(TronLog {
        contract: contract.parse().context("the address of a contract")?,
        topics: topics.iter().map(word).collect::<Result<_, _>>()?,
        data: alloy_primitives::hex::decode(data).context("a log's data in hexadecimal")?,
    })
}
