//! The rail that pays a token on TRON (TRC-20) from one treasury. Here: its facts and the trait. Its kind is that of tokens on
//! chains (`super::crypto`).
//!
//! Invariant: no payment is made twice. TRON has no nonces; a transaction ends by its expiration. There is a new attempt only
//! when no block can take any of the earlier ones any more: blocks that cannot be replaced are past their expirations, and
//! none of these blocks has one of them. Paid is only what the token's own log says in such a block.

mod address;
mod config;
mod destination;
mod fees;
mod node;
mod prepare;
mod query;
mod simulated;
mod transaction;

pub use config::{TronAccess, TronConfig};

use super::client::{ClientLimits, RailClient};
use super::crypto::detail::Detail;
use super::crypto::treasury::Treasury;
use super::crypto::{ChainDestination, amount, facts_of_chain, quote_detail};
use super::locked::Locked;
use super::mounted::{MountParts, Rails};
use super::simulated::Simulated;
use super::{
    Closed, Diagnosis, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail,
    RailMeasures,
};
use crate::clock::Clock;
use crate::named_secrets;
use crate::store::{Attempt, Failure};
use alloy_primitives::{Address, B256, U256};
use anyhow::{Context, anyhow, bail, ensure};
use destination::TronDestinations;
use futures_util::future::BoxFuture;
use ledger::{BookId, Cents, Mode};
use node::{Down, TronNode};
use serde_json::{Map, Value};
use simulated::TestTron;
use std::sync::Arc;
use std::time::Duration;

/// Bytes.
const LARGEST_ANSWER: usize = 8 << 20;
/// 10^-6 of the network's coin.
const COIN: u64 = 1_000_000;
const COIN_DECIMALS: usize = 6;

/// Mounts a rail for each table of the configuration; where its secrets are missing, one that is closed.
pub fn mount(rails: &mut Rails, parts: &MountParts<'_>) {
    for (name, config) in &parts.config.tron {
        match TestTron::new(name, config) {
            Ok(token) => rails.mount(Mode::Test, Arc::new(Simulated::new(token))),
            Err(failure) => rails.locked.push(format!("the rail {name} cannot be simulated: {failure:#}")),
        }
        let access = TronAccess::load(config, &named_secrets::variable);
        let measures = rails.measures().clone();
        let rail =
            access.and_then(|access| TronRail::new(name, config, access, parts.clock.clone(), &measures));
        match rail {
            Ok(rail) => rails.mount(Mode::Live, Arc::new(rail)),
            Err(failure) => {
                let reason = format!("{failure:#}");
                rails.locked.push(format!("the rail {name} cannot be used: {reason}"));
                rails.mount(Mode::Live, Arc::new(Locked::new(facts(name, config), reason)));
            }
        }
    }
}

/// One token on TRON.
pub struct TronRail {
    facts: Facts,
    nodes: Vec<TronNode>,
    treasury: Treasury,
    clock: Clock,
    token: Address,
    config: TronConfig,
}

/// A payment in terms of the chain.
struct TronOrder {
    to: Address,
    units: U256,
    gross: Cents,
}

fn facts(name: &str, config: &TronConfig) -> Facts {
    let title = config.title.as_deref();
    facts_of_chain(name, (&config.currency, &config.chain), title, &config.expected_time)
}

impl TronRail {
    /// Makes no call: an unreachable node closes the method and does not stop the server.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn new(
        name: &str,
        config: &TronConfig,
        access: TronAccess,
        clock: Clock,
        measures: &RailMeasures,
    ) -> Result<Self, Failure> {
        let (token, genesis) = config.check()?;
        let total = Duration::from_secs(config.timeout_seconds);
        let connect = Duration::from_secs(5).min(total);
        let client = RailClient::new(ClientLimits { connect, total, answer: LARGEST_ANSWER })?;
        let node =
            |(index, access)| TronNode::new(client.clone(), (access, genesis), index + 1, (name, measures));
        let nodes = access.nodes.into_iter().enumerate().map(node).collect::<Result<_, _>>()?;
        let facts = facts(name, config);
        Ok(Self { facts, nodes, treasury: access.treasury, clock, token, config: config.clone() })
    }

    fn order(&self, payment: &Payment) -> Result<TronOrder, Failure> {
        let to = self.stored_address(&payment.withdrawal.destination)?;
        let units = amount::to_units(payment.withdrawal.net(), self.config.decimals);
        let units = units.context("an amount that the token cannot hold")?;
        ensure!(!units.is_zero(), "a payment of nothing");
        Ok(TronOrder { to, units, gross: payment.withdrawal.amount })
    }

    /// The address in a destination that [`Rail::destination`] wrote.
    fn stored_address(&self, destination: &str) -> Result<Address, Failure> {
        let stored: ChainDestination =
            serde_json::from_str(destination).context("reading the destination")?;
        let (there, here) = (&stored.network, &self.config.chain);
        ensure!(there == here, "the destination is on {there}, the rail on {here}");
        match address::parse(&stored.address) {
            Ok(address) => Ok(address),
            Err(sentence) => bail!("the stored address: {}", sentence.english()),
        }
    }

    fn detail(&self, payment: &Payment, order: &TronOrder, seen: &TronSeen) -> String {
        let detail = Detail {
            order_id: &payment.order_id,
            currency: &self.config.currency,
            chain: &self.config.webhook_chain,
            units: order.units,
            decimals: self.config.decimals,
            gross: order.gross,
            to: address::write(order.to),
            hash: Some(node::hex_of(seen.id)),
            confirmations: Some(seen.confirmations),
            fee: seen.fee.map(|fee| (U256::from(fee), COIN_DECIMALS)),
        };
        detail.json()
    }

    /// Checks every node's network and the token's decimals.
    async fn check(&self) -> Result<(), Failure> {
        for node in &self.nodes {
            let checked = async {
                node.check().await?;
                let decimals = node.decimals(self.token, self.treasury.address()).await?;
                let (fits, configured) = (decimals == U256::from(self.config.decimals), self.config.decimals);
                ensure!(fits, "the token has {decimals} decimals, but {configured} are configured");
                Ok(())
            };
            checked.await.with_context(|| format!("asking node {}", node.number))?;
        }
        Ok(())
    }

    /// Logs a failure for the operator and closes the method.
    fn failed(&self, failure: &Failure) -> Closed {
        tracing::warn!(rail = self.facts.name, error = format!("{failure:#}"), "the chain cannot be used");
        Closed::Unhealthy
    }

    /// What the person would get.
    async fn price(&self, net: Cents, destination: &str) -> Result<Result<Quote, Closed>, Failure> {
        let to = self.stored_address(destination)?;
        let units = amount::to_units(net, self.config.decimals).filter(|units| !units.is_zero());
        let Some(units) = units else { return Ok(Err(Closed::AmountNotPossible)) };
        self.check().await?;
        if self.tokens().await? < units {
            return Ok(Err(Closed::OutOfFunds));
        }
        let (currency, chain) = (&self.config.currency, &self.config.chain);
        let detail = quote_detail(currency, chain, units, self.config.decimals);
        Ok(self.can_send(to, units).await?.map(|()| Quote { detail }))
    }

    /// What could be paid now, without a destination in mind.
    async fn funds(&self) -> Result<Result<Funds, Closed>, Failure> {
        self.check().await?;
        let available = amount::to_cents(self.tokens().await?, self.config.decimals);
        let cent = amount::to_units(Cents(1), self.config.decimals).unwrap_or(U256::ZERO);
        if available <= Cents::ZERO {
            return Ok(Err(Closed::OutOfFunds));
        }
        let possible = self.can_send(Address::repeat_byte(0x5e), cent).await?;
        Ok(possible.map(|()| Funds { available: Some(available), choices: Vec::new() }))
    }

    async fn diagnosis(&self) -> Diagnosis {
        let mut found = Diagnosis::default();
        let treasury = self.treasury.address();
        for node in &self.nodes {
            let which = format!("node {}", node.number);
            if node.is_open() {
                found.warnings.push(format!(
                    "{which} is another machine and is asked by http: answers can be read and changed on the way; use https"
                ));
            }
            let asked = async {
                node.check().await?;
                node.coins(treasury).await
            };
            match asked.await {
                Err(failure) => found.faults.push(format!("{which} cannot be used: {failure:#}")),
                Ok(0) => {
                    let shown = address::write(treasury);
                    found.warnings.push(format!("the treasury {shown} has no coin of the chain for fees"));
                }
                Ok(_) => found.facts.push(format!("{which} answers for the configured network")),
            }
        }
        found
    }
}

/// A payment as the chain shows it.
struct TronSeen {
    id: B256,
    confirmations: u64,
    fee: Option<u64>,
}

fn unknown(failure: &Failure) -> Outcome {
    let is_down = failure.chain().any(|cause| cause.downcast_ref::<Down>().is_some());
    Outcome::Unknown { text: format!("{failure:#}"), is_down }
}

impl Rail for TronRail {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let (chain, currency) = (self.config.chain.as_str(), self.config.currency.as_str());
        let treasury = Some(self.treasury.address());
        TronDestinations { chain, currency, token: self.token, treasury }.read(fields)
    }

    fn quote<'a>(
        &'a self,
        _: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>> {
        Box::pin(async move {
            let quote = self.price(net, destination).await;
            quote.unwrap_or_else(|failure| Err(self.failed(&failure)))
        })
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        Box::pin(async move { self.funds().await.unwrap_or_else(|failure| Err(self.failed(&failure))) })
    }

    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        Box::pin(self.diagnosis())
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        Box::pin(async move {
            let written = self.prepare_attempt(payment, earlier).await;
            written.unwrap_or_else(|failure| Err(unknown(&failure)))
        })
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.submit_attempt(payment, attempt).await.unwrap_or_else(|failure| unknown(&failure))
        })
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let found = self.query_attempts(payment, attempts).await;
            found.unwrap_or_else(|failure| Finding::Outcome(unknown(&failure)))
        })
    }

    fn prepare_stop<'a>(
        &'a self,
        _: &'a Payment,
        _: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(async {
            Err(anyhow!("a payment on TRON cannot be stopped; it ends by itself when its time is over"))
        })
    }

    fn is_spent<'a>(
        &'a self,
        payment: &'a Payment,
        attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(self.can_do_no_more(payment, attempts))
    }
}
