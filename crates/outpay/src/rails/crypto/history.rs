//! The treasury's transfers since a time, read from the token's logs, for a database that lost its newest writes.
//! Not here: which of it the database knows (recovery/).

use super::chain::Chain;
use super::receipt::PlacedLog;
use super::rpc::At;
use super::token::Token;
use super::{CryptoRail, Payment, SeenTransaction, amount};
use crate::store::Failure;
use crate::store::{Outgoing, SentSince};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use anyhow::{Context, ensure};
use ledger::{Cents, Micros};
use std::collections::BTreeMap;

/// Blocks per request; most nodes refuse more than some thousands.
const PAGE: u64 = 1_000;

impl CryptoRail {
    /// Every transfer of the token that the treasury made in blocks since then, as any of the nodes shows it: one that hides a
    /// transfer hides nothing.
    pub(super) async fn transfers_since(&self, since: Micros) -> Result<SentSince, Failure> {
        let answers = self.nodes.ask(|chain| Box::pin(self.transfers_on(chain, since))).await;
        let (mut all, mut slots) = (BTreeMap::new(), 0);
        for seen in answers.enough(self.nodes.refunds)? {
            slots = seen.slots.max(slots);
            for outgoing in seen.outgoing {
                let place = (outgoing.block, outgoing.place, outgoing.transfer.clone());
                all.insert(place, outgoing);
            }
        }
        Ok(SentSince { outgoing: all.into_values().collect(), slots })
    }

    async fn transfers_on(&self, chain: &Chain, since: Micros) -> Result<SentSince, Failure> {
        let head = chain.rpc.head().await?;
        let from = first_block_since(chain, since, head).await?;
        let mut outgoing = self.transfers_of_blocks(chain, from, head).await?;
        // Anybody can have a token log a transfer of nothing from the treasury, as own_books.rs says; it would keep a recovery waiting.
        outgoing.retain(|one| one.units != "0");
        let slots = i64::try_from(chain.rpc.nonce(chain.treasury, At::Pending).await?)?;
        Ok(SentSince { outgoing, slots })
    }

    /// The same of these blocks, first and last.
    pub(super) async fn transfers_of_blocks(
        &self,
        chain: &Chain,
        first: u64,
        last: u64,
    ) -> Result<Vec<Outgoing>, Failure> {
        let topics = [Token::Transfer::SIGNATURE_HASH, chain.treasury.into_word()];
        let (mut from, mut outgoing) = (first, Vec::new());
        while from <= last {
            let to = last.min(from.saturating_add(PAGE - 1));
            for placed in chain.rpc.logs(chain.token, &topics, (from, At::Block(to))).await? {
                outgoing.push(self.outgoing(&placed)?);
            }
            from = to + 1;
        }
        Ok(outgoing)
    }

    fn outgoing(&self, placed: &PlacedLog) -> Result<Outgoing, Failure> {
        let log = &placed.log;
        let expected = log.contract == self.chain().token && log.topics.len() == 3 && log.data.len() == 32;
        ensure!(expected, "the node shows a log that is no transfer of the token");
        let units = U256::from_be_slice(&log.data);
        // An amount that is not a whole number of cents was not paid by this installation.
        let cents = amount::to_cents(units, self.chain().decimals);
        let is_whole = amount::to_units(cents, self.chain().decimals) == Some(units);
        Ok(Outgoing {
            transfer: placed.transaction.to_string(),
            place: i64::try_from(placed.index)?,
            destination: Address::from_word(log.topics[2]).to_checksum(None),
            units: units.to_string(),
            cents: is_whole.then_some(cents).filter(|cents| *cents > Cents::ZERO),
            block: i64::try_from(placed.block)?,
        })
    }

    /// If this transfer is the payment, with enough confirmations: its public detail.
    pub(super) async fn proof(
        &self,
        payment: &Payment,
        outgoing: &Outgoing,
    ) -> Result<Option<String>, Failure> {
        let order = self.order(payment)?;
        let is_same =
            outgoing.destination == order.to.to_checksum(None) && outgoing.units == order.units.to_string();
        if !is_same {
            return Ok(None);
        }
        let answers = self.nodes.ask(|chain| Box::pin(self.proof_on(chain, payment, outgoing))).await;
        Ok(answers.enough(self.nodes.agree)?.into_iter().next())
    }

    async fn proof_on(
        &self,
        chain: &Chain,
        payment: &Payment,
        outgoing: &Outgoing,
    ) -> Result<String, Failure> {
        let order = self.order(payment)?;
        let hash: B256 = outgoing.transfer.parse().context("reading the transfer's hash")?;
        let receipt = chain.rpc.receipt(hash).await?.context("the transfer is in no block any more")?;
        let confirmations = chain.rpc.head().await?.checked_sub(receipt.block).map_or(0, |above| above + 1);
        ensure!(
            confirmations >= self.confirmations,
            "the transfer has {confirmations} of {} confirmations; wait a little",
            self.confirmations
        );
        let is_one = receipt.succeeded && receipt.count(&chain.transfer(&order)) == 1;
        ensure!(is_one, "the chain does not show exactly one transfer of this amount to this address there");
        Ok(self.detail(payment, &order, &SeenTransaction { hash, confirmations, fee: receipt.fee }))
    }
}

/// The first block that is not older than this, by the time in the blocks; `head + 1` where all are.
pub(super) async fn first_block_since(chain: &Chain, since: Micros, head: u64) -> Result<u64, Failure> {
    let seconds = u64::try_from(since / 1_000_000).unwrap_or(0);
    let (mut low, mut high) = (0, head + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        let block = chain.rpc.block(At::Block(middle)).await?;
        let time = block.and_then(|block| block.time).context("the node does not show an old block")?;
        if time < seconds {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
