//! The configuration of one token on TRON, and where its secrets come from. Not here: reading the file.

use super::super::crypto::treasury::Treasury;
use super::address;
use crate::named_secrets;
use crate::private_files;
use crate::rails::RailText;
use crate::store::Failure;
use alloy_primitives::{Address, B256};
use anyhow::{Context, anyhow, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// The first block of TRON's main network.
const MAIN: &str = "00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc";

/// `[rails.tron.<name>]`: one token on TRON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TronConfig {
    /// The chain's name for people.
    #[serde(default = "default_chain")]
    pub chain: String,
    /// What webhooks call the chain.
    #[serde(default = "default_word")]
    pub webhook_chain: String,
    /// The id of the network's first block; a node of another network is refused.
    #[serde(default = "default_genesis")]
    pub genesis: String,
    /// The token's symbol, for example `USDT`.
    pub currency: String,
    /// The token contract's address.
    pub token: String,
    /// The token's decimals, 2 to 60; compared with what the contract says.
    pub decimals: u8,
    /// Of blocks that cannot be replaced any more; the block with the payment counts as the first.
    #[serde(default = "default_confirmations")]
    pub confirmations: u64,
    /// HTTP address of a full node. It often holds a provider's key, so it is kept as a secret.
    #[serde(default, deserialize_with = "secret")]
    pub url: Option<SecretString>,
    /// Instead: the environment variable that holds the address.
    pub url_env: Option<String>,
    /// The environment variable that holds the key which the node's provider wants in a header of each request (TronGrid).
    pub api_key_env: Option<String>,
    /// HTTP address of a second node, of another operator, which must confirm every outcome.
    #[serde(default, deserialize_with = "secret")]
    pub second_url: Option<SecretString>,
    /// Instead: the environment variable that holds the address.
    pub second_url_env: Option<String>,
    /// The same as `api_key_env`, for the second node.
    pub second_api_key_env: Option<String>,
    /// The environment variable that holds the private key in hexadecimal.
    pub key_env: Option<String>,
    /// Instead: an encrypted keystore file (Web3 Secret Storage, version 3).
    pub keystore: Option<PathBuf>,
    /// The environment variable that holds the keystore's password.
    pub keystore_password_env: Option<String>,
    /// For people; otherwise `<currency> on <chain>`.
    pub title: Option<String>,
    /// For people, for example `about five minutes`.
    #[serde(default = "default_expected_time")]
    pub expected_time: String,
    /// The most that the energy of one payment may cost, in the network's coin.
    #[serde(default = "default_fee_limit")]
    pub fee_limit_trx: u32,
    /// Seconds of block time until no block takes a payment any more.
    #[serde(default = "default_expiry")]
    pub expires_after_seconds: u32,
    /// Seconds of block time beyond that, for nodes that lag, before another attempt is made.
    #[serde(default = "default_margin")]
    pub expired_margin_seconds: u32,
    /// Seconds that a call to a node may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

fn default_chain() -> String {
    "TRON".to_owned()
}

fn default_word() -> String {
    "TRC20".to_owned()
}

fn default_genesis() -> String {
    MAIN.to_owned()
}

fn default_confirmations() -> u64 {
    1
}

fn default_expected_time() -> String {
    RailText::code("few_minutes").english()
}

fn default_fee_limit() -> u32 {
    50
}

fn default_expiry() -> u32 {
    600
}

fn default_margin() -> u32 {
    300
}

fn default_timeout() -> u64 {
    10
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

impl TronConfig {
    /// Does the configuration itself hold the address of a node, which often holds a provider's key?
    #[must_use]
    pub fn holds_secret(&self) -> bool {
        self.url.is_some() || self.second_url.is_some()
    }

    /// Checks what can be checked without the chain, and gives the token's address and the network's first block.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(Address, B256), Failure> {
        ensure!(!self.chain.trim().is_empty(), "`chain` needs the chain's name");
        ensure!(!self.webhook_chain.trim().is_empty(), "`webhook_chain` needs a word");
        ensure!(!self.currency.trim().is_empty(), "`currency` needs the token's symbol");
        ensure!((2..=60).contains(&self.decimals), "`decimals` must be 2 to 60: money is counted in cents");
        ensure!(self.confirmations >= 1, "`confirmations` must be at least 1");
        ensure!((1..=10_000).contains(&self.fee_limit_trx), "`fee_limit_trx` must be 1 to 10000");
        let day = 60..=82_800;
        ensure!(day.contains(&self.expires_after_seconds), "`expires_after_seconds` must be 60 to 82800");
        ensure!(self.expired_margin_seconds >= 60, "`expired_margin_seconds` must be at least 60");
        ensure!(self.timeout_seconds >= 1, "`timeout_seconds` must be at least 1");
        let genesis = self.genesis.parse().map_err(|_| anyhow!("`genesis` is no id of a block"))?;
        let token = address::parse(&self.token)
            .map_err(|sentence| anyhow!("`token` is no address: {}", sentence.english()))?;
        Ok((token, genesis))
    }
}

/// The secrets of a rail: the treasury's key and what is needed for the nodes.
pub struct TronAccess {
    pub(super) treasury: Treasury,
    pub(super) nodes: Vec<NodeAccess>,
}

/// The secrets of a node.
pub(super) struct NodeAccess {
    pub url: SecretString,
    pub api_key: Option<SecretString>,
}

impl TronAccess {
    /// With the private key in hexadecimal.
    ///
    /// # Errors
    /// When it is no key.
    pub fn new(urls: Vec<SecretString>, key: &SecretString) -> Result<Self, Failure> {
        let nodes = urls.into_iter().map(|url| NodeAccess { url, api_key: None }).collect();
        Ok(Self { treasury: Treasury::from_hex(key)?, nodes })
    }

    /// As the configuration says; `environment` gives the value of a variable, or of the one that names its file.
    ///
    /// # Errors
    /// When something is missing or cannot be read. No secret is in the error.
    pub fn load(config: &TronConfig, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let variable = |name: &str| {
            let value = named_secrets::require(name, environment)?;
            Ok::<_, Failure>(SecretString::from(value.expose_secret().trim()))
        };
        let mut urls = match (&config.url, &config.url_env) {
            (Some(url), None) => vec![url.clone()],
            (None, Some(name)) => vec![variable(name)?],
            _ => bail!("give either `url` or `url_env`"),
        };
        urls.extend(match (&config.second_url, &config.second_url_env) {
            (None, None) => None,
            (Some(url), None) => Some(url.clone()),
            (None, Some(name)) => Some(variable(name)?),
            _ => bail!("give either `second_url` or `second_url_env`"),
        });
        for url in &urls {
            let known = ["http://", "https://"].iter().any(|start| url.expose_secret().starts_with(start));
            ensure!(known, "a node's address must begin with https:// or http://");
        }
        let is_twice = urls.get(1).is_some_and(|url| url.expose_secret() == urls[0].expose_secret());
        ensure!(!is_twice, "`second_url` is the first node again, which proves nothing");
        let keys = [&config.api_key_env, &config.second_api_key_env];
        ensure!(urls.len() == 2 || keys[1].is_none(), "`second_api_key_env` is for a second node");
        let key = |name: &Option<String>| name.as_deref().map(variable).transpose();
        let node = |(url, name)| Ok(NodeAccess { url, api_key: key(name)? });
        let nodes = urls.into_iter().zip(keys).map(node).collect::<Result<_, Failure>>()?;
        let treasury = match (&config.key_env, &config.keystore, &config.keystore_password_env) {
            (Some(name), None, None) => {
                Treasury::from_hex(&variable(name)?).with_context(|| format!("reading {name}"))?
            }
            (None, Some(path), Some(name)) => {
                let shown = path.display();
                let is_open = private_files::others_can_read(path);
                ensure!(!is_open, "the keystore {shown} can be read by others; run: chmod 600 {shown}");
                Treasury::from_keystore(path, &variable(name)?)?
            }
            _ => bail!("give either `key_env`, or `keystore` and `keystore_password_env`"),
        };
        Ok(Self { treasury, nodes })
    }
}
