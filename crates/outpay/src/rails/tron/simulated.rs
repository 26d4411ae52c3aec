//! A token of test mode: the same facts, destinations and details as the live rail of this name, without node, key or treasury.
//! Transactions are made up: a digest of the order number stands for their id.

use super::super::crypto::detail::Detail;
use super::super::crypto::{ChainDestination, amount, quote_detail};
use super::destination::TronDestinations;
use super::{COIN_DECIMALS, TronConfig, facts};
use crate::rails::offline::Offline;
use crate::rails::{Closed, Facts, FieldProblem, Payment, Quote};
use crate::store::Failure;
use alloy_primitives::{Address, U256};
use ledger::Cents;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// In 10^-6 of the network's coin.
const NETWORK_FEE: u64 = 6_400_000;

/// The offline part of one token on TRON.
pub(super) struct TestTron {
    facts: Facts,
    config: TronConfig,
    token: Address,
}

impl TestTron {
    /// # Errors
    /// When the configuration is wrong.
    pub(super) fn new(name: &str, config: &TronConfig) -> Result<Self, Failure> {
        let (token, _) = config.check()?;
        Ok(Self { facts: facts(name, config), config: config.clone(), token })
    }

    fn units(&self, net: Cents) -> Option<U256> {
        amount::to_units(net, self.config.decimals).filter(|units| !units.is_zero())
    }
}

/// Well-formed, and of no transaction.
fn transaction_id(order_id: &str) -> String {
    alloy_primitives::hex::encode(Sha256::digest(format!("outpay test transaction\n{order_id}")))
}

impl Offline for TestTron {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let (chain, currency) = (self.config.chain.as_str(), self.config.currency.as_str());
        TronDestinations { chain, currency, token: self.token, treasury: None }.read(fields)
    }

    fn quote(&self, net: Cents, _: &str) -> Result<Quote, Closed> {
        let units = self.units(net).ok_or(Closed::AmountNotPossible)?;
        let (currency, chain) = (&self.config.currency, &self.config.chain);
        Ok(Quote { detail: quote_detail(currency, chain, units, self.config.decimals) })
    }

    fn detail(&self, payment: &Payment) -> String {
        let stored: Option<ChainDestination> = serde_json::from_str(&payment.withdrawal.destination).ok();
        let detail = Detail {
            order_id: &payment.order_id,
            currency: &self.config.currency,
            chain: &self.config.webhook_chain,
            units: self.units(payment.withdrawal.net()).unwrap_or_default(),
            decimals: self.config.decimals,
            gross: payment.withdrawal.amount,
            to: stored.map(|stored| stored.address).unwrap_or_default(),
            hash: Some(transaction_id(&payment.order_id)),
            confirmations: Some(self.config.confirmations),
            fee: Some((U256::from(NETWORK_FEE), COIN_DECIMALS)),
        };
        detail.json()
    }
}
