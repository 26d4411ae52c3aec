//! A payment that succeeded is looked at until the chain can no longer take it back. Not here: what follows when it did
//! (payment_worker/undone.rs).
//!
//! Invariant: that a chain does not show a payment any more proves nothing but that it must be sent again. Money is given back
//! only by the proof that any refund needs.

use super::chain::Chain;
use super::config::Finality;
use super::diagnose::finalized;
use super::read;
use super::rpc::At;
use super::transaction::Transaction;
use super::{CryptoRail, Finding, Outcome, Payment};
use crate::store::{Attempt, Failure};
use anyhow::Context;
use serde_json::Value;

/// What one node shows of a payment that had succeeded.
enum Sight {
    /// It is there; in a block that stays, if `is_final`.
    Paid {
        detail: String,
        is_final: bool,
    },
    /// It is in no block that is deep enough.
    Gone(String),
    /// Something else took its place, with the proof that a refund needs.
    Refused(String),
    Unclear(String),
}

impl CryptoRail {
    /// Succeeded: it is there for good. Accepted: it is there, and may still go. Undone: enough nodes do not show it.
    pub(super) async fn watch_attempts(
        &self,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        let last = attempts.last().context("a payment without an attempt")?;
        if !["succeeded", "undone"].contains(&last.answer.as_str()) {
            // A person has settled it with proof; what these attempts did says nothing about that.
            return Ok(Finding::Outcome(Outcome::Succeeded { detail: String::new() }));
        }
        let answers = self.nodes.ask(|chain| Box::pin(self.sight(chain, payment, attempts))).await;
        let sights = answers.enough(self.nodes.agree)?;
        let count = |is: fn(&Sight) -> bool| sights.iter().filter(|sight| is(sight)).count();
        let agree = self.nodes.agree;
        if count(|sight| matches!(sight, Sight::Refused(_))) >= self.nodes.refunds {
            return Ok(undone_for_good());
        }
        let paid = sights.iter().find_map(|sight| match sight {
            Sight::Paid { detail, .. } => Some(detail.clone()),
            _ => None,
        });
        match paid {
            Some(detail) if count(|sight| matches!(sight, Sight::Paid { is_final: true, .. })) >= agree => {
                return Ok(Finding::Outcome(Outcome::Succeeded { detail }));
            }
            Some(detail) if count(|sight| matches!(sight, Sight::Paid { .. })) >= agree => {
                return Ok(Finding::Outcome(Outcome::Accepted { detail }));
            }
            _ => {}
        }
        if count(|sight| matches!(sight, Sight::Gone(_))) >= agree {
            let number = self.attempt_that_pays(attempts)?;
            return Ok(Finding::Undone { number, evidence: words(&sights) });
        }
        // As when no node answers, so that the watch goes on.
        Ok(Finding::Outcome(Outcome::down(words(&sights))))
    }

    async fn sight(&self, chain: &Chain, payment: &Payment, attempts: &[Attempt]) -> Result<Sight, Failure> {
        // What a node that lags does not show may be there all the same.
        chain.head_that_does_not_lag().await?;
        Ok(match self.query_on(chain, payment, attempts).await? {
            Finding::Outcome(Outcome::Succeeded { detail }) => {
                let is_final = self.is_final(chain, &detail).await?;
                Sight::Paid { detail, is_final }
            }
            Finding::Outcome(Outcome::Accepted { .. }) => {
                Sight::Gone(format!("not {} blocks deep any more", self.confirmations))
            }
            Finding::NotFound | Finding::Stuck => Sight::Gone("in no block any more".to_owned()),
            Finding::Outcome(Outcome::Refused { code, .. }) if self.stays(chain, attempts).await? => {
                Sight::Refused(code)
            }
            Finding::Outcome(Outcome::Refused { code, .. }) => Sight::Unclear(code),
            Finding::Outcome(Outcome::Unknown { text, .. }) => Sight::Unclear(text),
            Finding::Returned { code, .. } => Sight::Unclear(code),
            Finding::Undone { evidence, .. } => Sight::Unclear(evidence),
        })
    }

    /// Whether the transaction of this public detail is in a block that stays.
    async fn is_final(&self, chain: &Chain, detail: &str) -> Result<bool, Failure> {
        if self.finality == Finality::Confirmations {
            return Ok(true);
        }
        let detail: Value = serde_json::from_str(detail)?;
        let receipt = chain.rpc.receipt(read::word(&detail["tx_hash"])?).await?;
        let final_block = finalized(chain).await?;
        Ok(receipt.is_some_and(|receipt| receipt.block <= final_block))
    }

    /// Whether the nonce of these attempts is used in a block that stays.
    async fn stays(&self, chain: &Chain, attempts: &[Attempt]) -> Result<bool, Failure> {
        let last = attempts.last().context("a payment without an attempt")?;
        let nonce = u64::try_from(last.slot).context("a slot below 0")?;
        match self.finality {
            // As deep as any refund, which the query has checked.
            Finality::Confirmations => Ok(true),
            Finality::Finalized => Ok(chain.rpc.nonce(chain.treasury, At::Finalized).await? > nonce),
        }
    }

    /// The newest attempt that pays; one that only stops the others must not take its place.
    fn attempt_that_pays(&self, attempts: &[Attempt]) -> Result<i64, Failure> {
        for attempt in attempts.iter().rev() {
            if !self.is_stop(&Transaction::read(&attempt.request)?) {
                return Ok(attempt.number);
            }
        }
        anyhow::bail!("no attempt at this payment pays")
    }
}

fn words(sights: &[Sight]) -> String {
    let said: Vec<String> = sights
        .iter()
        .map(|sight| match sight {
            Sight::Paid { .. } => "paid".to_owned(),
            Sight::Gone(text) | Sight::Refused(text) | Sight::Unclear(text) => text.clone(),
        })
        .collect();
    said.join("; ")
}

/// The chain has replaced the payment by something that did not pay, with the proof that a refund needs.
fn undone_for_good() -> Finding {
    Finding::Returned {
        code: "undone_by_chain".to_owned(),
        text: "The network took the payment back after it had been confirmed, and nothing was paid. Please try again."
            .to_owned(),
    }
}
