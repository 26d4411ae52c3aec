//! `query`: what became of a payment's attempts. The only place that decides paid or not paid.
//!
//! Invariants. Paid: in blocks that cannot be replaced, the call succeeded with exactly one log of exactly this transfer. Not
//! paid: it is in such a block, failed there with a word that is known, and logged nothing. Dead: such blocks are past its
//! expiration by a margin, and none has it. All nodes must say the same; all else waits.

use super::node::{Info, SolidBlock, TronNode};
use super::{Finding, Outcome, Payment, TronOrder, TronRail, TronSeen};
use crate::store::{Attempt, Failure};
use alloy_primitives::{B256, U256, b256};
use anyhow::Context;

/// `Transfer(address,address,uint256)`
const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
/// How a call fails without any effect, in the network's words.
const FAILED: [&str; 13] = [
    "REVERT",
    "BAD_JUMP_DESTINATION",
    "OUT_OF_MEMORY",
    "PRECOMPILED_CONTRACT",
    "STACK_TOO_SMALL",
    "STACK_TOO_LARGE",
    "ILLEGAL_OPERATION",
    "STACK_OVERFLOW",
    "OUT_OF_ENERGY",
    "OUT_OF_TIME",
    "JVM_STACK_OVER_FLOW",
    "TRANSFER_FAILED",
    "INVALID_CODE",
];

/// Where an attempt stands.
pub(super) enum AttemptStanding {
    Paid(TronSeen),
    /// It was executed and paid nothing.
    Failed,
    /// It was executed, and what it did cannot be told.
    Odd(String),
    /// No block can take it any more.
    Dead,
    /// It may still be paid.
    Waiting {
        is_known: bool,
        seen: TronSeen,
    },
}

impl TronRail {
    /// What became of the attempts.
    pub(super) async fn query_attempts(
        &self,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        if attempts.is_empty() {
            return Ok(Finding::NotFound);
        }
        let order = self.order(payment)?;
        let mut waiting = None;
        let mut has_failed = false;
        for attempt in attempts {
            match self.standing(payment, attempt).await? {
                AttemptStanding::Paid(seen) => {
                    let detail = self.detail(payment, &order, &seen);
                    return Ok(Finding::Outcome(Outcome::Succeeded { detail }));
                }
                AttemptStanding::Odd(text) => return Ok(Finding::Outcome(Outcome::unknown(text))),
                AttemptStanding::Waiting { is_known, seen } => waiting = Some((is_known, seen)),
                AttemptStanding::Failed => has_failed = true,
                AttemptStanding::Dead => {}
            }
        }
        Ok(match waiting {
            Some((true, seen)) => {
                Finding::Outcome(Outcome::Accepted { detail: self.detail(payment, &order, &seen) })
            }
            Some((false, _)) => Finding::NotFound,
            None if has_failed => Finding::Outcome(refused()),
            None => Finding::Stuck,
        })
    }

    /// Whether none of the attempts can have a further effect.
    pub(super) async fn can_do_no_more(
        &self,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<bool, Failure> {
        for attempt in attempts {
            if matches!(self.standing(payment, attempt).await?, AttemptStanding::Waiting { .. }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where one attempt stands, as all nodes say.
    pub(super) async fn standing(
        &self,
        payment: &Payment,
        attempt: &Attempt,
    ) -> Result<AttemptStanding, Failure> {
        let order = self.order(payment)?;
        let (id, expiration) = self.check_attempt(&order, attempt)?;
        let mut all = Vec::new();
        for node in &self.nodes {
            let standing = self.standing_at(node, &order, (id, expiration)).await;
            all.push(standing.with_context(|| format!("asking node {}", node.number))?);
        }
        let first = all.pop().context("a rail without a node")?;
        let kind = std::mem::discriminant(&first);
        if all.iter().all(|other| std::mem::discriminant(other) == kind) {
            return Ok(first);
        }
        // One lags, or lies.
        let seen = TronSeen { id, confirmations: 0, fee: None };
        Ok(AttemptStanding::Waiting { is_known: true, seen })
    }

    async fn standing_at(
        &self,
        node: &TronNode,
        order: &TronOrder,
        (id, expiration): (B256, i64),
    ) -> Result<AttemptStanding, Failure> {
        node.check().await?;
        // Read before the outcome: a block up to this one that took the payment shows it then.
        let head = node.solid_head().await?;
        if let Some(info) = node.info(id).await? {
            return Ok(self.judge(order, id, &info, head));
        }
        let margin = i64::from(self.config.expired_margin_seconds) * 1_000;
        if head.time >= expiration.saturating_add(margin) {
            return Ok(AttemptStanding::Dead);
        }
        let is_known = node.knows(id).await?;
        Ok(AttemptStanding::Waiting { is_known, seen: TronSeen { id, confirmations: 0, fee: None } })
    }

    fn judge(&self, order: &TronOrder, id: B256, info: &Info, head: SolidBlock) -> AttemptStanding {
        let confirmations = head.number.checked_sub(info.block).map_or(0, |above| above.saturating_add(1));
        let seen = TronSeen { id, confirmations, fee: Some(info.fee) };
        if confirmations < self.config.confirmations {
            return AttemptStanding::Waiting { is_known: true, seen };
        }
        let transfers = self.count_transfers(order, info);
        if info.result == "SUCCESS" && transfers == 1 {
            return AttemptStanding::Paid(seen);
        }
        if FAILED.contains(&info.result.as_str()) && info.logs.is_empty() {
            return AttemptStanding::Failed;
        }
        let result: String = info.result.chars().filter(char::is_ascii_graphic).take(40).collect();
        AttemptStanding::Odd(format!(
            "transaction {} ended with {result} in block {}, and {transfers} of its {} logs are the token's Transfer of \
             this amount to this address; compare the balances and resolve the withdrawal by hand",
            super::node::hex_of(id),
            info.block,
            info.logs.len()
        ))
    }

    /// How many logs say exactly this transfer.
    fn count_transfers(&self, order: &TronOrder, info: &Info) -> usize {
        let topics = [TRANSFER, self.treasury.address().into_word(), order.to.into_word()];
        let amount: U256 = order.units;
        let says = |log: &&super::node::TronLog| {
            log.contract == self.token && log.topics == topics && log.data == amount.to_be_bytes::<32>()
        };
        info.logs.iter().filter(says).count()
    }
}

fn refused() -> Outcome {
    Outcome::Refused {
        code: "transfer_failed".to_owned(),
        text: "The network did not carry out the transfer, and nothing was paid. Please check the address, or choose \
               another one or another method."
            .to_owned(),
    }
}
