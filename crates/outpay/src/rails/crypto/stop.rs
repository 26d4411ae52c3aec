//! `prepare_stop`: stops a payment that no block includes, by an empty transaction from the treasury to itself under the
//! payment's nonce and for a higher fee. A chain includes one transaction per nonce; once this one has enough confirmations,
//! no attempt can ever pay.
//!
//! Invariant: it is an attempt like any other, committed before it is sent, and query.rs tells whether it or the payment was faster.

use super::chain::Chain;
use super::fees::Fees;
use super::rpc::At;
use super::transaction::Transaction;
use super::{CryptoRail, Outcome, Prepared};
use crate::store::{Attempt, Failure};
use anyhow::{Context, ensure};

/// Gas of a transaction without a call on most chains; some charge more.
const LEAST_GAS: u64 = 21_000;

impl CryptoRail {
    /// Whether it only uses up the nonce.
    pub(super) fn is_stop(&self, transaction: &Transaction) -> bool {
        transaction.to == self.chain().treasury && transaction.data.is_empty()
    }

    /// Writes the stopping attempt.
    pub(super) async fn prepare_stop_of(&self, earlier: &[Attempt]) -> Result<Prepared, Failure> {
        let last = earlier.last().context("nothing was sent that could be stopped")?;
        let nonce = Transaction::read(&last.request)?.nonce;
        let used = self.nodes.nonce(At::Latest).await?;
        ensure!(
            used <= nonce,
            "nonce {nonce} is used up already; whether by this payment, the rail will find out"
        );
        let transaction = self.stop_after(earlier).await?;
        let transaction = transaction
            .context("taking the payment's place costs more per unit of gas than `max_fee_gwei` allows")?;
        let signed = self.signer.sign(&transaction).await?;
        let slot = i64::try_from(transaction.nonce)?;
        Ok(Prepared { key: signed.hash.to_string(), request: signed.raw, slot })
    }

    /// For a higher fee than all attempts before it; `None` where the ceiling leaves no room for that.
    pub(super) async fn stop_after(&self, earlier: &[Attempt]) -> Result<Option<Transaction>, Failure> {
        let mut fees = Fees { max: 0, tip: 0 };
        let mut nonces = Vec::new();
        for attempt in earlier {
            self.check_signer(attempt)?;
            let other = Transaction::read(&attempt.request)?;
            fees = fees.highest(other.fees);
            nonces.push(other.nonce);
        }
        let nonce = *nonces.first().context("nothing was sent that could be stopped")?;
        ensure!(nonces.iter().all(|other| *other == nonce), "the attempts have different nonces");
        let Some(fees) = self.raised(fees).await? else { return Ok(None) };
        let needed = self.nodes.gas_of_nothing().await?;
        // A quarter more where a chain charges beyond the rule, since the charge may rise with load.
        let gas = if needed <= LEAST_GAS { LEAST_GAS } else { needed.saturating_add(needed / 4) };
        let (chain_id, to) = (self.chain().id, self.chain().treasury);
        Ok(Some(Transaction { chain_id, nonce, fees, gas, to, data: Vec::new() }))
    }

    /// Whether the nonce is used with enough confirmations. Two nodes must say so where there are two, since a person may then
    /// refund.
    pub(super) async fn nonce_is_used_up(&self, attempts: &[Attempt]) -> Result<bool, Failure> {
        let Some(last) = attempts.last() else { return Ok(true) };
        attempts.iter().try_for_each(|attempt| self.check_signer(attempt))?;
        let nonce = u64::try_from(last.slot).context("a slot below 0")?;
        let below = self.confirmations.saturating_sub(1);
        let answers = self.nodes.ask(|chain| Box::pin(is_used_below(chain, nonce, below))).await;
        let are_used = answers.given.iter().filter(|(_, is_used)| *is_used).count();
        if are_used >= self.nodes.refunds {
            return Ok(true);
        }
        answers.enough(self.nodes.refunds).map(|_| false)
    }
}

async fn is_used_below(chain: &Chain, nonce: u64, below: u64) -> Result<bool, Failure> {
    let Some(deep) = chain.rpc.head().await?.checked_sub(below) else { return Ok(false) };
    Ok(chain.rpc.nonce(chain.treasury, At::Block(deep)).await? > nonce)
}

/// The nonce is used by a transaction that paid nothing.
pub(super) fn stopped() -> Outcome {
    Outcome::Refused {
        code: "stopped".to_owned(),
        text: "The payment could not be sent, and nothing was paid. Please try again.".to_owned(),
    }
}
