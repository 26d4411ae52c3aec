//! Who signs for the treasury: its key in this process, or a signer on another machine that never gives the key away
//! (`eth_signTransaction`, as web3signer has it). Not here: what is signed (transaction.rs).
//!
//! Invariant: a remote signer is not trusted. What it returns is used only if every field is what was asked for and the
//! signature is the treasury's.

use super::transaction::{Signed, Transaction};
use super::treasury::Treasury;
use crate::rails::client::{PostError, RailClient};
use crate::store::Failure;
use alloy_primitives::{Address, Bytes, keccak256};
use anyhow::{Context, anyhow, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Who signs.
pub(super) enum Signer {
    Key(Treasury),
    Remote(RemoteSigner),
}

/// A signer on another machine.
pub(super) struct RemoteSigner {
    client: RailClient,
    access: RemoteAccess,
}

/// Where it is, and for which account it signs.
pub(super) struct RemoteAccess {
    pub url: SecretString,
    pub token: Option<SecretString>,
    pub address: Address,
}

impl Signer {
    pub fn remote(client: RailClient, access: RemoteAccess) -> Self {
        Self::Remote(RemoteSigner { client, access })
    }

    /// The address that holds tokens and coins.
    pub fn address(&self) -> Address {
        match self {
            Self::Key(treasury) => treasury.address(),
            Self::Remote(signer) => signer.access.address,
        }
    }

    /// The bytes of a transaction under the treasury's signature.
    ///
    /// # Errors
    /// When the signer does not answer, or signs anything else.
    pub async fn sign(&self, transaction: &Transaction) -> Result<Signed, Failure> {
        match self {
            Self::Key(treasury) => transaction.sign(treasury),
            Self::Remote(signer) => signer.sign(transaction).await.context("asking the remote signer"),
        }
    }
}

impl RemoteSigner {
    async fn sign(&self, transaction: &Transaction) -> Result<Signed, Failure> {
        let RemoteAccess { url, token, address } = &self.access;
        let request = json!({
            "jsonrpc": "2.0", "id": 1, "method": "eth_signTransaction",
            "params": [fields(transaction, *address)],
        });
        let answer =
            self.client.post_json_as(url.expose_secret(), token.as_ref(), request.to_string().into_bytes());
        let (status, body) = answer.await.map_err(|error| match error {
            PostError::Down(error) => Failure::from(error),
            error @ PostError::TooLarge(_) => Failure::from(error),
        })?;
        ensure!(status == 200, "status {status}");
        let answer: Value =
            serde_json::from_slice(&body).map_err(|_| anyhow!("an answer that is no JSON"))?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let code = error["code"].as_i64().unwrap_or_default();
            bail!("it refuses with error {code}");
        }
        let raw = raw_of(&answer["result"]).context("an answer without a signed transaction")?;
        let (signed, by) = Transaction::read_signed(&raw)?;
        ensure!(signed == *transaction, "it signed another transaction than it was asked for: {signed:?}");
        ensure!(by == *address, "it signed with the key of {by}, and not with the treasury's");
        Ok(Signed { hash: keccak256(&raw), raw: raw.to_vec() })
    }
}

/// The parameters of `eth_signTransaction`.
fn fields(transaction: &Transaction, from: Address) -> Value {
    let hex = |number: u128| format!("{number:#x}");
    json!({
        "from": from.to_string(),
        "to": transaction.to.to_string(),
        "gas": hex(transaction.gas.into()),
        "maxFeePerGas": hex(transaction.fees.max),
        "maxPriorityFeePerGas": hex(transaction.fees.tip),
        "nonce": hex(transaction.nonce.into()),
        "value": "0x0",
        "data": alloy_primitives::hex::encode_prefixed(&transaction.data),
        "chainId": hex(transaction.chain_id.into()),
    })
}

/// Most signers answer with the bytes alone, some with an object that holds them.
fn raw_of(result: &Value) -> Option<Bytes> {
    let text = result.as_str().or_else(|| result["raw"].as_str())?;
    text.starts_with("0x").then(|| text.parse().ok())?
}
