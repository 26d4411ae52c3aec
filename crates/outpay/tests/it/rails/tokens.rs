//! A test's own access to a chain: deploys tokens, mines blocks, reads balances. It shares no code with the rail
//! except the HTTP client.

use crate::rails::peers::installed;
use alloy_primitives::{Address, U256, keccak256};
use outpay::testing::rails::client::{ClientLimits, RailClient};
use serde_json::{Value, json};
use std::time::Duration;

/// A node of a chain.
#[derive(Clone)]
pub struct Node {
    client: RailClient,
    pub url: String,
}

impl Node {
    pub fn new(url: &str) -> Self {
        let second = Duration::from_secs(1);
        let client =
            RailClient::new(ClientLimits { connect: second, total: second * 30, answer: 32 << 20 }).unwrap();
        Self { client, url: url.to_owned() }
    }

    /// The result, or the node's error.
    pub async fn ask(&self, method: &str, params: Value) -> Result<Value, String> {
        let call = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
        let (status, body) = self.client.post_json(&self.url, call.into_bytes()).await.unwrap();
        assert_eq!(status, 200, "{method}");
        let answer: Value = serde_json::from_slice(&body).unwrap();
        match answer.get("error") {
            Some(error) if !error.is_null() => Err(error.to_string()),
            _ => Ok(answer["result"].clone()),
        }
    }

    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.ask(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Mines this many blocks. Nothing else does: transactions wait until then.
    pub async fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            self.call("evm_mine", json!([])).await;
        }
    }

    /// From now on only tests mine blocks.
    pub async fn stop_mining(&self) {
        self.call("evm_setAutomine", json!([false])).await;
    }

    /// One of the chain's own funded accounts, whose key the node has.
    pub async fn rich(&self) -> Address {
        self.call("eth_accounts", json!([])).await[0].as_str().unwrap().parse().unwrap()
    }

    /// A transaction from such an account, in a block at once.
    pub async fn transact(&self, mut fields: Value) -> Value {
        if fields.get("from").is_none() {
            fields["from"] = json!(self.rich().await.to_string());
        }
        fields["gas"] = json!("0x4c4b40");
        let hash = self.call("eth_sendTransaction", json!([fields])).await;
        self.mine(1).await;
        let receipt = self.call("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{fields}");
        receipt
    }

    pub async fn give_coins(&self, to: Address, amount: U256) {
        self.transact(json!({"to": to.to_string(), "value": format!("{amount:#x}")})).await;
    }

    /// Deploys a token of tests/peers; the rich account owns the supply.
    pub async fn deploy(&self, name: &str, arguments: &[U256]) -> Address {
        let code = std::fs::read_to_string(installed(&format!(".tokens/{name}.hex"))).unwrap();
        let data = format!("0x{}{}", code.trim(), words(arguments));
        let receipt = self.transact(json!({"data": data})).await;
        receipt["contractAddress"].as_str().unwrap().parse().unwrap()
    }

    /// Calls a function of a contract from the rich account.
    pub async fn invoke(&self, contract: Address, signature: &str, arguments: &[U256]) {
        let data = call_data(signature, arguments);
        self.transact(json!({"to": contract.to_string(), "data": data})).await;
    }

    pub async fn give_tokens(&self, token: Address, to: Address, units: U256) {
        self.invoke(token, "transfer(address,uint256)", &[word(to), units]).await;
    }

    /// A token balance: the truth that every test ends with.
    pub async fn tokens_of(&self, token: Address, owner: Address) -> U256 {
        let data = call_data("balanceOf(address)", &[word(owner)]);
        let params = json!([{"to": token.to_string(), "data": data}, "latest"]);
        number(&self.call("eth_call", params).await)
    }

    pub async fn coins_of(&self, owner: Address) -> U256 {
        number(&self.call("eth_getBalance", json!([owner.to_string(), "latest"])).await)
    }

    /// The number of `owner`'s transactions in blocks.
    pub async fn nonce_of(&self, owner: Address) -> u64 {
        let count = self.call("eth_getTransactionCount", json!([owner.to_string(), "latest"])).await;
        number(&count).to()
    }
}

pub fn number(value: &Value) -> U256 {
    let digits = value.as_str().unwrap().trim_start_matches("0x");
    U256::from_str_radix(digits, 16).unwrap()
}

pub fn word(address: Address) -> U256 {
    address.into_word().into()
}

pub fn call_data(signature: &str, arguments: &[U256]) -> String {
    let selector = &keccak256(signature)[..4];
    format!("{}{}", alloy_primitives::hex::encode_prefixed(selector), words(arguments))
}

fn words(values: &[U256]) -> String {
    values.iter().map(|value| format!("{value:064x}")).collect()
}
