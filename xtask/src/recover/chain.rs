//! A chain that mines blocks by itself, a token on it, and a treasury that pays with it. Drills are checked against
//! the chain's own books.
//!
//! Not here: Outpay. Invariant: it shares no code with the product's rail; the programs are those of tests/peers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// The treasury's key in all drills: worthless elsewhere.
pub const KEY: &str = "0x4646464646464646464646464646464646464646464646464646464646464646";
const TREASURY: &str = "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";
/// The treasury's initial balance, in cents; the token has six decimals.
pub const WEALTH: u64 = 1_000_000_000;
const UNITS_OF_A_CENT: u64 = 10_000;
const CONFIRMATIONS: u32 = 3;
const BLOCK_TIME: Duration = Duration::from_millis(150);
const START_LIMIT: Duration = Duration::from_secs(60);
/// The selector of `transfer(address,uint256)`.
const TRANSFER: &str = "a9059cbb";
/// The topic of `Transfer(address,address,uint256)`.
const TRANSFERRED: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Anvil,
    Hardhat,
}

impl Kind {
    const fn chain_id(self) -> u32 {
        match self {
            Self::Anvil => 31_337,
            Self::Hardhat => 31_338,
        }
    }
}

/// Ends with the guard.
pub struct Chain {
    kind: Kind,
    node: Node,
    token: String,
    _miner: JoinSet<()>,
    _output: JoinSet<()>,
    _child: Child,
}

#[derive(Clone, Copy)]
struct Node {
    address: SocketAddr,
}

/// What the token's log says about one address.
#[derive(Default, Clone)]
pub struct Received {
    /// Cents, one number per transfer.
    pub transfers: Vec<u64>,
    pub transaction: String,
}

impl Chain {
    pub async fn start(kind: Kind) -> Result<Self> {
        let mut child = command(kind)?.spawn().with_context(|| format!("starting {kind:?}"))?;
        let output = child.stdout.take().context("no output of the node")?;
        let mut lines = BufReader::new(output).lines();
        let found = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = address_in(&line) {
                    return Ok(address);
                }
            }
            anyhow::bail!("{kind:?} ended before it listened")
        };
        let address = tokio::time::timeout(START_LIMIT, found).await.context("the node does not start")??;
        let mut rest = JoinSet::new();
        // Drain the output, or the node would block on a full pipe.
        rest.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let node = Node { address };
        let token = node.furnish().await?;
        let mut miner = JoinSet::new();
        miner.spawn(async move {
            loop {
                tokio::time::sleep(BLOCK_TIME).await;
                // If the node is gone, the drill fails at its next request.
                let _ = node.ask("evm_mine", json!([])).await;
            }
        });
        Ok(Self { kind, node, token, _miner: miner, _output: rest, _child: child })
    }

    /// The rail's table in `outpay.toml`; the key is in `key_env`.
    pub fn table(&self, key_env: &str, first_nonce: u64) -> String {
        format!(
            "[rails.crypto.usdc]\nchain = \"Testnet\"\nchain_id = {}\ncurrency = \"USDC\"\ntoken = \"{}\"\ndecimals = 6\n\
             confirmations = {CONFIRMATIONS}\nrpc_url = \"http://{}\"\nkey_env = \"{key_env}\"\ntimeout_seconds = 5\n\
             first_nonce = {first_nonce}\n",
            self.kind.chain_id(),
            self.token,
            self.node.address
        )
    }

    /// The treasury's transactions in blocks, or with `pending` including those that wait for one.
    pub async fn nonce(&self, at: &str) -> Result<u64> {
        number(&self.node.ask("eth_getTransactionCount", json!([TREASURY, at])).await?)
    }

    /// Waits until every pending transaction is in a block and deep enough.
    pub async fn settle(&self) -> Result<u64> {
        loop {
            let waiting = self.nonce("pending").await?;
            tokio::time::sleep(BLOCK_TIME * (CONFIRMATIONS + 3)).await;
            if self.nonce("latest").await? == waiting && self.nonce("pending").await? == waiting {
                return Ok(waiting);
            }
        }
    }

    /// All payments of the treasury, by lower-case address.
    pub async fn paid(&self) -> Result<HashMap<String, Received>> {
        let from = format!("0x{:0>64}", TREASURY.trim_start_matches("0x"));
        let filter = json!([{"address": self.token, "fromBlock": "0x0", "toBlock": "latest", "topics": [TRANSFERRED, from]}]);
        let logs = self.node.ask("eth_getLogs", filter).await?;
        let mut paid: HashMap<String, Received> = HashMap::new();
        for log in logs.as_array().context("logs that are no list")? {
            let to = log["topics"][2].as_str().context("no receiver")?;
            let one = paid.entry(format!("0x{}", &to[26..])).or_default();
            one.transfers.push(number(&log["data"])? / UNITS_OF_A_CENT);
            log["transactionHash"].as_str().unwrap_or_default().clone_into(&mut one.transaction);
        }
        Ok(paid)
    }

    /// The treasury's balance in cents, according to the token.
    pub async fn left(&self) -> Result<u64> {
        let data = format!("0x70a08231{:0>64}", TREASURY.trim_start_matches("0x"));
        let answer = self.node.ask("eth_call", json!([{"to": self.token, "data": data}, "latest"])).await?;
        Ok(number(&answer)? / UNITS_OF_A_CENT)
    }
}

impl Node {
    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        let call = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
        let answer = self.post(&call).await.with_context(|| method.to_owned())?;
        ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        Ok(answer["result"].clone())
    }

    /// By HTTP/1.0, in which a response ends with its connection: one of the nodes would send it in chunks.
    async fn post(&self, body: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(self.address).await?;
        let length = body.len();
        let head = "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json";
        let request = format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        serde_json::from_str(body).with_context(|| format!("reading {answer}"))
    }

    /// Coins and tokens for the treasury; returns the token's address.
    async fn furnish(&self) -> Result<String> {
        self.ask("evm_setAutomine", json!([false])).await?;
        let rich = self.ask("eth_accounts", json!([])).await?[0].clone();
        let code = std::fs::read_to_string(installed(".tokens/SixDecimals.hex")?)?;
        let supply = WEALTH * UNITS_OF_A_CENT;
        let data = format!("0x{}{supply:064x}", code.trim());
        let receipt = self.transact(json!({"from": rich, "data": data})).await?;
        let token = receipt["contractAddress"].as_str().context("no contract was made")?.to_owned();
        self.transact(json!({"from": rich, "to": TREASURY, "value": "0xde0b6b3a7640000"})).await?;
        let data = format!("0x{TRANSFER}{:0>64}{supply:064x}", TREASURY.trim_start_matches("0x"));
        self.transact(json!({"from": rich, "to": token, "data": data})).await?;
        Ok(token)
    }

    async fn transact(&self, mut fields: Value) -> Result<Value> {
        fields["gas"] = json!("0x4c4b40");
        let hash = self.ask("eth_sendTransaction", json!([fields])).await?;
        self.ask("evm_mine", json!([])).await?;
        let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await?;
        ensure!(receipt["status"] == "0x1", "{fields}: {receipt}");
        Ok(receipt)
    }
}

fn command(kind: Kind) -> Result<Command> {
    let mut command = match kind {
        Kind::Anvil => {
            let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
            let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
            let mut command =
                Command::new(installed(&format!("@foundry-rs/anvil-{system}-{machine}/bin/anvil"))?);
            command.args(["--port", "0", "--accounts", "2", "--chain-id", &kind.chain_id().to_string()]);
            command
        }
        Kind::Hardhat => {
            let mut command = Command::new("node");
            command.arg(installed("hardhat/internal/cli/cli.js")?).current_dir(peers());
            command.args(["node", "--hostname", "127.0.0.1", "--port", "0"]);
            command.env("HARDHAT_DISABLE_TELEMETRY_PROMPT", "true");
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    // If CI is set, Hardhat colours its output, and the address would end in an escape sequence.
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR").env_remove("CI");
    Ok(command)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers")
}

fn installed(name: &str) -> Result<PathBuf> {
    let path = peers().join("node_modules").join(name);
    ensure!(
        path.exists(),
        "{name} is not installed: run ./test, or `npm ci --ignore-scripts && node compile.js` in tests/peers"
    );
    Ok(path)
}

/// `Listening on 127.0.0.1:8545` of one, `JSON-RPC server at http://127.0.0.1:8545/` of the other.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("Listening on ").or_else(|| line.split_once("server at http://"))?;
    rest.trim().trim_end_matches('/').parse().ok()
}

fn number(value: &Value) -> Result<u64> {
    let text = value.as_str().with_context(|| format!("no number: {value}"))?;
    u64::from_str_radix(text.trim_start_matches("0x").trim_start_matches('0'), 16)
        .or_else(
            |error| {
                if text.trim_start_matches("0x").trim_matches('0').is_empty() { Ok(0) } else { Err(error) }
            },
        )
        .with_context(|| format!("reading {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_what_a_node_prints() {
        let at = |port: u16| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(address_in("Listening on 127.0.0.1:8545"), at(8545));
        let hardhat = "Started HTTP and WebSocket JSON-RPC server at http://127.0.0.1:9000/";
        assert_eq!(address_in(hardhat), at(9000));
        assert_eq!(address_in("Accounts"), None);
    }

    #[test]
    fn numbers_are_read_with_or_without_zeros_in_front() {
        for (text, value) in [("0x0", 0), ("0x10", 16), (&*format!("0x{:064x}", 255), 255), ("0x", 0)] {
            assert_eq!(number(&json!(text)).unwrap(), value, "{text}");
        }
        assert!(number(&json!("0xzz")).is_err());
    }
}
