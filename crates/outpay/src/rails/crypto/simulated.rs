//! A token of test mode: the same facts, destinations and details as the live rail of this name, without node, key or treasury.
//! Transactions are made up: a digest of the order number stands for their hash.

use super::destination::Destinations;
use super::detail::{self, Detail};
use super::facts::{facts, quote_detail};
use super::{COIN_DECIMALS, ChainDestination, CryptoConfig, Payment, amount};
use crate::rails::offline::Offline;
use crate::rails::{Closed, Facts, FieldProblem, Quote};
use crate::store::Failure;
use alloy_primitives::{Address, B256, U256};
use ledger::Cents;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Stands for the treasury, whose address is known only with its key.
const NO_TREASURY: Address = Address::repeat_byte(0x7e);
/// In the chain's smallest unit: 0.000065 of its coin.
const NETWORK_FEE: u64 = 65_000_000_000_000;

/// The offline part of one token on one chain.
pub(super) struct TestToken {
    facts: Facts,
    chain_name: String,
    /// How webhooks call it.
    chain_word: String,
    currency: String,
    token: Address,
    decimals: u8,
    confirmations: u64,
}

impl TestToken {
    /// # Errors
    /// When the configuration is wrong.
    pub(super) fn new(name: &str, config: &CryptoConfig) -> Result<Self, Failure> {
        Ok(Self {
            facts: facts(name, config),
            chain_name: config.chain.clone(),
            chain_word: detail::chain_word(config),
            currency: config.currency.clone(),
            token: config.check()?,
            decimals: config.decimals,
            confirmations: config.confirmations,
        })
    }

    fn units(&self, net: Cents) -> Option<U256> {
        amount::to_units(net, self.decimals).filter(|units| !units.is_zero())
    }
}

/// Well-formed, and of no transaction.
fn transaction_hash(order_id: &str) -> B256 {
    let digest: [u8; 32] = Sha256::digest(format!("outpay test transaction\n{order_id}")).into();
    B256::from(digest)
}

impl Offline for TestToken {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let (chain, currency) = (self.chain_name.as_str(), self.currency.as_str());
        Destinations { chain, currency, token: self.token, treasury: NO_TREASURY }.read(fields)
    }

    fn quote(&self, net: Cents, _: &str) -> Result<Quote, Closed> {
        let units = self.units(net).ok_or(Closed::AmountNotPossible)?;
        Ok(Quote { detail: quote_detail(&self.currency, &self.chain_name, units, self.decimals) })
    }

    fn detail(&self, payment: &Payment) -> String {
        let net = payment.withdrawal.net();
        let stored: Option<ChainDestination> = serde_json::from_str(&payment.withdrawal.destination).ok();
        let detail = Detail {
            order_id: &payment.order_id,
            currency: &self.currency,
            chain: &self.chain_word,
            units: self.units(net).unwrap_or_default(),
            decimals: self.decimals,
            gross: payment.withdrawal.amount,
            to: stored.map(|stored| stored.address).unwrap_or_default(),
            hash: Some(transaction_hash(&payment.order_id).to_string()),
            confirmations: Some(self.confirmations),
            fee: Some((U256::from(NETWORK_FEE), COIN_DECIMALS)),
        };
        detail.json()
    }
}
