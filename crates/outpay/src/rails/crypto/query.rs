//! `query`: what became of a payment's attempts. The only place that decides paid or not paid.
//!
//! Invariant. Paid: a receipt of status 1 with exactly one log of exactly this transfer, with enough confirmations in the
//! chain as it is now. Not paid: with as many confirmations, a receipt of status 0, or of an attempt that only stops the others
//! (stop.rs), or a foreign transaction of the same nonce that certainly paid something else (stranger.rs). All else waits.

use super::agreement::Agreement;
use super::chain::Chain;
use super::fees::Fees;
use super::receipt::Receipt;
use super::rpc::At;
use super::stop::stopped;
use super::transaction::Transaction;
use super::{CryptoOrder, CryptoRail, Finding, Outcome, Payment, SeenTransaction};
use crate::store::{Attempt, Failure};
use alloy_primitives::B256;
use anyhow::Context;

impl CryptoRail {
    /// What became of the attempts, as enough nodes say: each looks for itself.
    pub(super) async fn query_attempts(
        &self,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        let answers = self.nodes.ask(|chain| Box::pin(self.query_on(chain, payment, attempts))).await;
        Ok(Agreement::new(&self.nodes, &self.facts.name).of(answers.any()?))
    }

    /// Looks up every attempt, newest first.
    pub(super) async fn query_on(
        &self,
        chain: &Chain,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        let Some(last) = attempts.last() else { return Ok(Finding::NotFound) };
        let order = self.order(payment)?;
        attempts.iter().try_for_each(|attempt| self.check_signer(attempt))?;
        let rpc = &chain.rpc;
        let nonce = u64::try_from(last.slot).context("a slot below 0")?;
        let hashes = attempts.iter().rev().map(|attempt| attempt.key.parse());
        let hashes: Vec<B256> = hashes.collect::<Result<_, _>>().context("reading an attempt's key")?;
        // Read before the receipts, so that a payment included in between is not taken for a foreign transaction.
        let used = rpc.nonce(chain.treasury, At::Latest).await?;
        for hash in &hashes {
            if let Some(receipt) = rpc.receipt(*hash).await? {
                return self.judge(chain, (payment, &order), &receipt, attempts).await;
            }
        }
        if used > nonce {
            let found = self.find_stranger(chain, (payment, &order), nonce, &hashes).await;
            return found.map(Finding::Outcome);
        }
        let is_first_in_line = used == nonce;
        for hash in &hashes {
            if rpc.knows(*hash).await? {
                if is_first_in_line && self.is_stuck(attempts, last)? {
                    return Ok(Finding::Stuck);
                }
                let seen = SeenTransaction { hash: *hash, confirmations: 0, fee: None };
                let detail = self.detail(payment, &order, &seen);
                return Ok(Finding::Outcome(Outcome::Accepted { detail }));
            }
        }
        // Sent and dropped by the node, as happens to low fees. An attempt that was never sent is sent first.
        if is_first_in_line && last.answered_at.is_some() && self.is_stuck(attempts, last)? {
            return Ok(Finding::Stuck);
        }
        Ok(Finding::NotFound)
    }

    /// Refuses attempts of another treasury, chain or token: the nonces that this rail sees say nothing about them.
    pub(super) fn check_signer(&self, attempt: &Attempt) -> Result<(), Failure> {
        let number = attempt.number;
        let (sent, by) = Transaction::read_signed(&attempt.request)
            .with_context(|| format!("attempt {number} was not signed by this program"))?;
        anyhow::ensure!(
            sent.chain_id == self.chain().id && (sent.to == self.chain().token || self.is_stop(&sent)),
            "attempt {number} is of another chain or token than the rail is configured for"
        );
        anyhow::ensure!(by == self.signer.address(), "attempt {number} was signed by another treasury");
        Ok(())
    }

    async fn judge(
        &self,
        chain: &Chain,
        (payment, order): (&Payment, &CryptoOrder),
        receipt: &Receipt,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        let head = chain.rpc.head().await?;
        let block = chain.rpc.block(At::Block(receipt.block)).await?;
        if block.is_none_or(|block| (block.number, block.hash) != (receipt.block, receipt.block_hash)) {
            // A reorganisation removed the block, and the payment with it.
            return Ok(Finding::NotFound);
        }
        let confirmations = head.checked_sub(receipt.block).map_or(0, |above| above.saturating_add(1));
        let seen = SeenTransaction { hash: receipt.hash, confirmations, fee: receipt.fee };
        let detail = self.detail(payment, order, &seen);
        if confirmations < self.confirmations {
            return Ok(Finding::Outcome(Outcome::Accepted { detail }));
        }
        let hash = receipt.hash.to_string();
        let attempt =
            attempts.iter().find(|attempt| attempt.key == hash).context("a receipt of no attempt")?;
        if self.is_stop(&Transaction::read(&attempt.request)?) {
            return Ok(Finding::Outcome(stopped()));
        }
        if !receipt.succeeded {
            return Ok(Finding::Outcome(reverted()));
        }
        Ok(Finding::Outcome(match receipt.count(&chain.transfer(order)) {
            1 => Outcome::Succeeded { detail },
            count => Outcome::unknown(evidence(receipt, count, confirmations)),
        }))
    }

    /// Sent long ago as the next nonce, in no block, and a higher fee is still allowed.
    fn is_stuck(&self, attempts: &[Attempt], last: &Attempt) -> Result<bool, Failure> {
        // Dated in the future: the clock was ahead, and the age is unknown.
        let age = self.clock.now().saturating_sub(last.created_at);
        if (0..=self.stuck_after).contains(&age) {
            return Ok(false);
        }
        let mut fees = Fees { max: 0, tip: 0 };
        for attempt in attempts {
            fees = fees.highest(Transaction::read(&attempt.request)?.fees);
        }
        let has_room = fees.replacement(fees).is_some_and(|higher| higher.max <= self.max_fee);
        if !has_room {
            let (rail, hash, offered, ceiling) = (&self.facts.name, &last.key, fees.max, self.max_fee);
            tracing::warn!(
                rail,
                hash,
                offered,
                ceiling,
                "a payment offers all that max_fee_gwei allows, and no block takes it"
            );
        }
        Ok(has_room)
    }
}

/// The nonce is used by a transaction that changed nothing, so no other attempt can be included.
pub(super) fn reverted() -> Outcome {
    Outcome::Refused {
        code: "transfer_reverted".to_owned(),
        text: "The token refused the transfer, and nothing was paid. Please check the address, or choose another one \
               or another method."
            .to_owned(),
    }
}

/// The text for the operator who must find out what such a token did.
pub(super) fn evidence(receipt: &Receipt, count: usize, confirmations: u64) -> String {
    format!(
        "transaction {} succeeded in block {} ({confirmations} confirmations), but {count} of its {} logs are the \
         token's Transfer of this amount to this address; compare the balances and resolve the withdrawal by hand",
        receipt.hash,
        receipt.block,
        receipt.logs.len()
    )
}
