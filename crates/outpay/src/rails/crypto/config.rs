//! The configuration of one token on one chain. Not here: reading the file, and where the secrets come from (access.rs).

use crate::rails::RailText;
use crate::store::Failure;
use alloy_primitives::Address;
use anyhow::ensure;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// `[rails.crypto.<name>]`: one token on one chain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CryptoConfig {
    /// The chain's name for people, for example `Base`.
    pub chain: String,
    /// What webhooks call the chain; otherwise `ERC20` on Ethereum, `TRC20` on TRON, and elsewhere its name.
    pub webhook_chain: Option<String>,
    /// Its EIP-155 number; a node of another chain is refused.
    pub chain_id: u64,
    /// The token's symbol, for example `USDC`.
    pub currency: String,
    /// The token contract's address.
    pub token: String,
    /// The token's decimals, 2 to 60; compared with what the contract says.
    pub decimals: u8,
    /// The block with the payment counts as the first.
    #[serde(default = "default_confirmations")]
    pub confirmations: u64,
    /// The operator states that nonces below this one that this database does not know paid no withdrawal that is still open
    /// here. Required for a treasury that was used before.
    #[serde(default)]
    pub first_nonce: u64,
    /// JSON-RPC address of a node. It often holds a provider's key, so it is kept as a secret.
    #[serde(default, deserialize_with = "secret")]
    pub rpc_url: Option<SecretString>,
    /// Instead: the environment variable that holds the address.
    pub rpc_url_env: Option<String>,
    /// Instead: the addresses of several nodes, best of several operators.
    #[serde(default, deserialize_with = "secrets")]
    pub rpc_urls: Vec<SecretString>,
    /// Instead: the environment variable that holds several addresses, separated by white space.
    pub rpc_urls_env: Option<String>,
    /// How many nodes must say the same before a payment counts as made; otherwise 2 where there are several nodes. Money is
    /// given back only where two say so, if there are two.
    pub agree: Option<usize>,
    /// When the chain can no longer take a payment back.
    #[serde(default)]
    pub finality: Finality,
    /// JSON-RPC address of a second node, of another operator, which must confirm every refund.
    #[serde(default, deserialize_with = "secret")]
    pub second_rpc_url: Option<SecretString>,
    /// Instead: the environment variable that holds the address.
    pub second_rpc_url_env: Option<String>,
    /// The environment variable that holds the private key in hexadecimal.
    pub key_env: Option<String>,
    /// Instead: an encrypted keystore file (Web3 Secret Storage, version 3).
    pub keystore: Option<PathBuf>,
    /// The environment variable that holds the keystore's password.
    pub keystore_password_env: Option<String>,
    /// Instead of a key: a signer on another machine.
    pub signer: Option<SignerConfig>,
    /// For people; otherwise `<currency> on <chain>`.
    pub title: Option<String>,
    /// For people, for example `about five minutes`.
    #[serde(default = "default_expected_time")]
    pub expected_time: String,
    /// Seconds after which a payment that is first in line and not in a block is sent again for a higher fee.
    #[serde(default = "default_stuck_after")]
    pub stuck_after_seconds: u64,
    /// No payment offers more than this per unit of gas, in 10^-9 of the chain's coin.
    #[serde(default = "default_max_fee")]
    pub max_fee_gwei: u64,
    /// No transfer may need more gas than this.
    #[serde(default = "default_max_gas")]
    pub max_gas: u64,
    /// Seconds that a call to the node may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// When the chain can no longer take a payment back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// With `confirmations` blocks; whether it stays there is watched for a while.
    #[default]
    Confirmations,
    /// When the chain's own `finalized` block has reached it; it is watched until then.
    Finalized,
}

/// `[rails.crypto.<name>.signer]`: a signer with web3signer's `eth_signTransaction`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerConfig {
    /// Its JSON-RPC address.
    pub url: String,
    /// The treasury, for which it signs.
    pub address: String,
    /// The environment variable that holds a bearer token for it.
    pub token_env: Option<String>,
}

fn default_confirmations() -> u64 {
    12
}

fn default_expected_time() -> String {
    RailText::code("few_minutes").english()
}

fn default_stuck_after() -> u64 {
    180
}

fn default_max_fee() -> u64 {
    500
}

fn default_max_gas() -> u64 {
    1_000_000
}

fn default_timeout() -> u64 {
    10
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn secrets<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SecretString>, D::Error> {
    Ok(Vec::<String>::deserialize(from)?.into_iter().map(SecretString::from).collect())
}

impl CryptoConfig {
    /// Does the configuration itself hold the address of a node, which often holds a provider's key?
    #[must_use]
    pub fn holds_secret(&self) -> bool {
        self.rpc_url.is_some() || self.second_rpc_url.is_some() || !self.rpc_urls.is_empty()
    }

    /// Checks what can be checked without the chain, and gives the token's address.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<Address, Failure> {
        ensure!(!self.chain.trim().is_empty(), "`chain` needs the chain's name");
        let is_blank = |word: &String| word.trim().is_empty();
        ensure!(!self.webhook_chain.as_ref().is_some_and(is_blank), "`webhook_chain` needs a word");
        ensure!(!self.currency.trim().is_empty(), "`currency` needs the token's symbol");
        ensure!(self.chain_id > 0, "`chain_id` must be the chain's number");
        ensure!((2..=60).contains(&self.decimals), "`decimals` must be 2 to 60: money is counted in cents");
        ensure!(self.confirmations >= 1, "`confirmations` must be at least 1");
        ensure!(self.max_fee_gwei >= 1, "`max_fee_gwei` must be at least 1");
        ensure!(self.max_gas >= 21_000, "`max_gas` must be at least 21000");
        ensure!(self.timeout_seconds >= 1, "`timeout_seconds` must be at least 1");
        let token = super::address::parse(&self.token);
        token.map_err(|sentence| anyhow::anyhow!("`token` is no address: {}", sentence.english()))
    }
}
