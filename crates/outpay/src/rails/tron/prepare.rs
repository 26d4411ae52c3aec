//! `prepare` and `submit`: the next attempt with its signed bytes, and sending it.
//!
//! Invariant: there is a next attempt only when no block can take any of the earlier ones (query.rs).

use super::fees::TrialCost;
use super::node::{Down, hex_of};
use super::query::AttemptStanding;
use super::transaction::Call;
use super::{Outcome, Payment, Prepared, TronOrder, TronRail, TronSeen};
use crate::store::{Attempt, Failure};
use alloy_primitives::{Address, B256, U256};
use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

/// `transfer(address,uint256)`
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// The arguments of a transfer.
pub(super) fn arguments(to: Address, units: U256) -> Vec<u8> {
    [to.into_word().0, units.to_be_bytes::<32>()].concat()
}

fn call_data(order: &TronOrder) -> Vec<u8> {
    [&TRANSFER[..], &arguments(order.to, order.units)].concat()
}

impl TronRail {
    /// Writes an attempt, or says why there can be none now.
    pub(super) async fn prepare_attempt(
        &self,
        payment: &Payment,
        earlier: &[Attempt],
    ) -> Result<Result<Prepared, Outcome>, Failure> {
        let order = self.order(payment)?;
        self.check().await?;
        for attempt in earlier {
            if !matches!(self.standing(payment, attempt).await?, AttemptStanding::Dead) {
                let seen = TronSeen { id: attempt.key.parse()?, confirmations: 0, fee: None };
                return Ok(Err(Outcome::Accepted { detail: self.detail(payment, &order, &seen) }));
            }
        }
        let has = self.tokens().await?;
        let treasury = super::address::write(self.treasury.address());
        let needed = order.units;
        ensure!(
            has >= needed,
            "the treasury {treasury} has {has} of the token's smallest unit, and {needed} are needed"
        );
        let cost = match self.try_transfer(order.to, order.units).await? {
            TrialCost::Cost(cost) => cost,
            // Nothing of this payment can be paid by what was signed before.
            TrialCost::Refused => return Ok(Err(refused_by_token())),
        };
        let (limit, ceiling) = (cost.limit, self.ceiling());
        ensure!(limit <= ceiling, "the energy may cost {limit}, more than `fee_limit_trx` allows: {ceiling}");
        let (coins, needed) = (self.coins().await?, cost.coins);
        ensure!(
            coins >= needed,
            "the treasury {treasury} has {coins} of the network's smallest unit, and the fee may come to {needed}"
        );
        let signed = self.call(payment, &order, earlier, limit).await?.sign(&self.treasury)?;
        Ok(Ok(Prepared { key: hex_of(signed.id), request: signed.raw, slot: 0 }))
    }

    /// The transaction refers to a block that cannot be replaced, so that it is of this chain whatever becomes of newer ones.
    async fn call(
        &self,
        payment: &Payment,
        order: &TronOrder,
        earlier: &[Attempt],
        fee_limit: u64,
    ) -> Result<Call, Failure> {
        let node = self.nodes.first().context("a rail without a node")?;
        let block = node.solid_head().await?;
        let spread = Sha256::digest(format!("{}\n{}", payment.order_id, earlier.len()));
        // Two equal payments at one moment differ here, and have different ids.
        let spread = i64::from(u16::from_be_bytes([spread[0], spread[1]]));
        let expires_after = i64::from(self.config.expires_after_seconds) * 1_000;
        let expiration =
            block.time.checked_add(expires_after + spread).context("a time beyond all numbers")?;
        Ok(Call {
            owner: self.treasury.address(),
            contract: self.token,
            data: call_data(order),
            block_bytes: block.number.to_be_bytes()[6..].to_vec(),
            block_hash: block.id[8..16].to_vec(),
            expiration,
            timestamp: self.clock.now() / 1_000,
            fee_limit: i64::try_from(fee_limit)?,
        })
    }

    /// Refuses attempts of another treasury or token, and bytes that are not this payment. Gives id and expiration.
    pub(super) fn check_attempt(&self, order: &TronOrder, attempt: &Attempt) -> Result<(B256, i64), Failure> {
        let number = attempt.number;
        let (call, id, by) =
            Call::read(&attempt.request).with_context(|| format!("reading attempt {number}"))?;
        ensure!(hex_of(id) == attempt.key, "attempt {number} is not what was prepared");
        let treasury = self.treasury.address();
        let is_ours = by == treasury && call.owner == treasury;
        ensure!(is_ours, "attempt {number} was signed by another treasury");
        let is_this = call.contract == self.token && call.data == call_data(order);
        ensure!(is_this, "attempt {number} is not of this payment, or the configuration has changed");
        Ok((id, call.expiration))
    }

    /// Sends the attempt to every node; may be repeated at will. An answer decides nothing: the id is looked up.
    pub(super) async fn submit_attempt(
        &self,
        payment: &Payment,
        attempt: &Attempt,
    ) -> Result<Outcome, Failure> {
        let order = self.order(payment)?;
        let (id, _) = self.check_attempt(&order, attempt)?;
        let (mut is_taken, mut is_down, mut reasons) = (false, false, Vec::new());
        for node in &self.nodes {
            let sent = async {
                node.check().await?;
                if let Err(failure) = node.send(&attempt.request).await {
                    // It may have it all the same: sent before, or taken before the answer was lost.
                    if !node.knows(id).await? {
                        node.count("not_taken");
                        return Err(failure);
                    }
                }
                Ok(())
            };
            match sent.await {
                Ok(()) => is_taken = true,
                Err(failure) => {
                    is_down |= failure.chain().any(|cause| cause.downcast_ref::<Down>().is_some());
                    reasons.push(format!("node {}: {failure:#}", node.number));
                }
            }
        }
        let reasons = reasons.join("; ");
        if !reasons.is_empty() {
            let (rail, order) = (&self.facts.name, &payment.order_id);
            tracing::warn!(rail, order, transaction = attempt.key, reasons, "a node did not take a payment");
        }
        if is_taken {
            let seen = TronSeen { id, confirmations: 0, fee: None };
            return Ok(Outcome::Accepted { detail: self.detail(payment, &order, &seen) });
        }
        Ok(Outcome::Unknown { text: format!("not known to the chain after {reasons}"), is_down })
    }
}

fn refused_by_token() -> Outcome {
    Outcome::Refused {
        code: "refused_by_token".to_owned(),
        text: "The token does not accept a transfer to this address. Nothing was sent. Please check the address, or \
               choose another one or another method."
            .to_owned(),
    }
}
