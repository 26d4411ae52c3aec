//! The rail that pays stablecoins: one ERC-20 token on one EVM chain, from one treasury. Here: its facts and the trait. Beside
//! it, a file per verb: destination.rs, prepare.rs, submit.rs, query.rs, and what they need.
//!
//! Invariant: no payment is made twice. All attempts at a payment carry one nonce, so a chain includes only one of them; no two
//! payments share a nonce, since the store assigns each once. Paid is only what the token's own log says with enough
//! confirmations; not paid is only what can never be included any more.

mod access;
mod address;
mod agreement;
pub mod amount;
mod chain;
mod config;
mod destination;
pub(super) mod detail;
mod diagnose;
mod facts;
mod fees;
mod funds;
mod history;
mod in_flight;
mod nodes;
mod own_books;
mod prepare;
mod query;
mod read;
mod receipt;
mod rpc;
mod signer;
mod simulated;
mod stop;
mod stranger;
mod submit;
mod token;
mod transaction;
pub(super) mod treasury;
mod watch;

pub(super) use facts::{facts_of_chain, quote_detail};

pub use access::ChainAccess;
pub use config::{CryptoConfig, Finality, SignerConfig};

use super::client::{ClientLimits, RailClient};
use super::locked::Locked;
use super::mounted::{MountParts, Rails};
use super::simulated::Simulated;
use super::tron;
use super::{
    Booked, Closed, Diagnosis, Facts, FieldProblem, Finding, Funds, Kind, Outcome, Outgoing, Payment,
    Prepared, Quote, Rail, RailMeasures, RailText, SentSince,
};
use crate::clock::Clock;
use crate::named_secrets;
use crate::store::{Attempt, Failure};
use alloy_primitives::{Address, B256, U256};
use anyhow::{Context, bail, ensure};
use chain::Chain;
use detail::Detail;
use facts::facts;
use futures_util::future::BoxFuture;
use ledger::{BookId, Cents, Micros, Mode, Provider, WithdrawalState};
use nodes::Nodes;
use rpc::{Counted, Rpc, RpcError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signer::Signer;
use simulated::TestToken;
use std::sync::Arc;
use std::time::Duration;

/// Bytes; only a block with all its transactions comes near.
const LARGEST_ANSWER: usize = 32 << 20;

/// The decimals of the coin of every EVM chain.
const COIN_DECIMALS: usize = 18;

/// What is true of tokens on chains.
pub const KIND: Kind = Kind {
    provider: Provider::Crypto,
    fixed_names: &[],
    reveals_code: false,
    keeps_books: true,
    reviewed_by_default: false,
    expected_within: 30 * 60 * 1_000_000,
    detail_order: detail::ORDER,
    transaction: Some("tx_hash"),
    public_detail: detail::known,
    payee: &["address"],
    sample_destination: r#"{"address":"0x00000000000000000000000000000000000000Aa","network":"Ethereum"}"#,
    sample_paid: detail::sample,
    receives: detail::receives,
    mark: "coin",
    mount,
};

/// Mounts a rail for each table of the configuration; where its secrets are missing, one that is closed. Its simulation needs none.
fn mount(rails: &mut Rails, parts: &MountParts<'_>) {
    tron::mount(rails, parts);
    for (name, config) in &parts.config.crypto {
        match TestToken::new(name, config) {
            Ok(token) => rails.mount(Mode::Test, Arc::new(Simulated::new(token))),
            Err(failure) => rails.locked.push(format!("the rail {name} cannot be simulated: {failure:#}")),
        }
        match CryptoRail::open(name, config, parts.clock.clone(), rails.measures()) {
            Ok(rail) => rails.mount(Mode::Live, Arc::new(rail)),
            Err(failure) => {
                let reason = format!("{failure:#}");
                rails.locked.push(format!("the rail {name} cannot be used: {reason}"));
                rails.mount(Mode::Live, Arc::new(Locked::new(facts(name, config), reason)));
            }
        }
    }
}

/// One token on one chain.
pub struct CryptoRail {
    facts: Facts,
    nodes: Nodes,
    signer: Signer,
    clock: Clock,
    chain_name: String,
    /// The same for programs.
    chain_word: String,
    currency: String,
    confirmations: u64,
    finality: Finality,
    first_nonce: u64,
    stuck_after: Micros,
    /// The highest fee per unit of gas, in the chain's smallest unit.
    max_fee: u128,
    max_gas: u64,
}

/// A destination as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct ChainDestination {
    pub address: String,
    pub network: String,
}

/// A payment in terms of the chain.
struct CryptoOrder {
    to: Address,
    units: U256,
    gross: Cents,
}

impl CryptoRail {
    /// Makes no call: an unreachable node closes the method and does not stop the server.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn new(name: &str, config: CryptoConfig, access: ChainAccess, clock: Clock) -> Result<Self, Failure> {
        Self::counted(name, config, access, clock, &RailMeasures::default())
    }

    /// The same, and counts what its nodes answer.
    fn counted(
        name: &str,
        config: CryptoConfig,
        access: ChainAccess,
        clock: Clock,
        measures: &RailMeasures,
    ) -> Result<Self, Failure> {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        ensure!(!name.is_empty() && name.bytes().all(fine), "{name:?}: a-z, 0-9 and dashes only");
        let token = config.check()?;
        let total = Duration::from_secs(config.timeout_seconds);
        let client = RailClient::new(ClientLimits {
            connect: Duration::from_secs(5).min(total),
            total,
            answer: LARGEST_ANSWER,
        })?;
        let signer = access.signing.with(&client);
        let chains = access.nodes.into_iter().enumerate().map(|(index, url)| {
            let counted = Counted { rail: name.to_owned(), node: index + 1, measures: measures.clone() };
            let rpc = Rpc::new(client.clone(), url, counted);
            Chain::new(rpc, config.chain_id, token, config.decimals, signer.address())
        });
        let nodes = Nodes::new(chains.collect(), config.agree, name, clock.clone())?;
        let stuck_after =
            i64::try_from(config.stuck_after_seconds).ok().and_then(|s| s.checked_mul(1_000_000));
        let line = Some(format!("evm-{}-{}", config.chain_id, signer.address().to_checksum(None)));
        Ok(Self {
            facts: Facts { line, ..facts(name, &config) },
            nodes,
            signer,
            clock,
            chain_word: detail::chain_word(&config),
            chain_name: config.chain,
            currency: config.currency,
            confirmations: config.confirmations,
            finality: config.finality,
            first_nonce: config.first_nonce,
            stuck_after: stuck_after.context("`stuck_after_seconds` is too large")?,
            max_fee: u128::from(config.max_fee_gwei) * 1_000_000_000,
            max_gas: config.max_gas,
        })
    }

    /// The same with the secrets that the configuration points to.
    ///
    /// # Errors
    /// When the configuration is wrong or a secret is missing.
    fn open(
        name: &str,
        config: &CryptoConfig,
        clock: Clock,
        measures: &RailMeasures,
    ) -> Result<Self, Failure> {
        let access = ChainAccess::load(config, &named_secrets::variable)?;
        Self::counted(name, config.clone(), access, clock, measures)
    }

    /// What is configured of the chain, which all nodes share.
    fn chain(&self) -> &Chain {
        self.nodes.first()
    }

    /// The line of its payments: chain id and treasury. All rails that share it take their nonces from one sequence.
    #[must_use]
    pub fn line(&self) -> (u64, String) {
        (self.chain().id, self.signer.address().to_checksum(None))
    }

    fn units(&self, net: Cents) -> Option<U256> {
        amount::to_units(net, self.chain().decimals)
    }

    fn order(&self, payment: &Payment) -> Result<CryptoOrder, Failure> {
        let net = payment.withdrawal.net();
        let to = self.stored_address(&payment.withdrawal.destination)?;
        let units = self.units(net).context("an amount that the token cannot hold")?;
        ensure!(!units.is_zero(), "a payment of nothing");
        Ok(CryptoOrder { to, units, gross: payment.withdrawal.amount })
    }

    /// The address in a destination that [`Rail::destination`] wrote.
    fn stored_address(&self, destination: &str) -> Result<Address, Failure> {
        let stored: ChainDestination =
            serde_json::from_str(destination).context("reading the destination")?;
        ensure!(
            stored.network == self.chain_name,
            "the destination is on {}, the rail on {}",
            stored.network,
            self.chain_name
        );
        match address::parse(&stored.address) {
            Ok(address) => Ok(address),
            Err(sentence) => bail!("the stored address: {}", sentence.english()),
        }
    }

    fn detail(&self, payment: &Payment, order: &CryptoOrder, seen: &SeenTransaction) -> String {
        let detail = Detail {
            order_id: &payment.order_id,
            currency: &self.currency,
            chain: &self.chain_word,
            units: order.units,
            decimals: self.chain().decimals,
            gross: order.gross,
            to: order.to.to_checksum(None),
            hash: Some(seen.hash.to_string()),
            confirmations: Some(seen.confirmations),
            fee: seen.fee.map(|fee| (fee, COIN_DECIMALS)),
        };
        detail.json()
    }

    /// Logs a failure for the operator and closes the method.
    fn failed(&self, failure: &Failure) -> Closed {
        tracing::warn!(rail = self.facts.name, error = format!("{failure:#}"), "the chain cannot be used");
        Closed::Unhealthy
    }
}

/// A payment as the chain shows it.
struct SeenTransaction {
    hash: B256,
    confirmations: u64,
    fee: Option<U256>,
}

fn unknown(failure: &Failure) -> Outcome {
    let is_down = failure.chain().any(|cause| matches!(cause.downcast_ref(), Some(RpcError::Down(_))));
    Outcome::Unknown { text: format!("{failure:#}"), is_down }
}

impl Rail for CryptoRail {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &serde_json::Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.read_destination(fields)
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
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        Box::pin(async move {
            let written = self.prepare_attempt(payment, earlier, slot).await;
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
            if payment.withdrawal.state == WithdrawalState::Succeeded {
                let found = self.watch_attempts(payment, attempts).await;
                let down = |failure| Finding::Outcome(Outcome::down(format!("{failure:#}")));
                return found.unwrap_or_else(down);
            }
            let found = self.query_attempts(payment, attempts).await;
            found.unwrap_or_else(|failure| Finding::Outcome(unknown(&failure)))
        })
    }

    fn prepare_stop<'a>(
        &'a self,
        _: &'a Payment,
        earlier: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(self.prepare_stop_of(earlier))
    }

    fn is_spent<'a>(
        &'a self,
        _: &'a Payment,
        attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(self.nonce_is_used_up(attempts))
    }

    fn first_open_slot(&self) -> BoxFuture<'_, Result<i64, Failure>> {
        Box::pin(self.first_open_nonce())
    }

    fn check_room<'a>(
        &'a self,
        prepared: &'a Prepared,
        waiting: &'a [Attempt],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.check_room(prepared, waiting))
    }

    fn sent_since(&self, since: Micros) -> BoxFuture<'_, Result<Option<SentSince>, Failure>> {
        Box::pin(async move { self.transfers_since(since).await.map(Some) })
    }

    fn proof_of<'a>(
        &'a self,
        payment: &'a Payment,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(self.proof(payment, outgoing))
    }

    fn own_books(&self, period: (Micros, Micros)) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        Box::pin(async move { self.booked_in(period).await.map(Some) })
    }
}
