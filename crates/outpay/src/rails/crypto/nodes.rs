//! The nodes through which a rail sees its chain: which of them are asked, and how many must say the same.
//!
//! Invariants: no answer of a node of another chain is used. What one node says alone ends no payment where several must
//! agree, and gives no money back where there are several at all.

use super::chain::{Chain, Holdings, TrialRun};
use super::fees::Fees;
use super::rpc::{At, RpcError};
use crate::clock::Clock;
use crate::store::Failure;
use alloy_primitives::{Address, U256};
use anyhow::{Context, anyhow, bail};
use futures_util::future::{BoxFuture, join_all};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// How long a node that gave no answer is left alone, as long as enough others are left. By the monotonic clock.
const REST: i64 = 10_000_000;

/// One of the nodes.
struct ChainNode {
    chain: Chain,
    is_failing: AtomicBool,
    rests_until: AtomicI64,
}

/// All nodes of a rail.
pub(super) struct Nodes {
    all: Vec<ChainNode>,
    /// How many must say the same before a payment counts as made.
    pub agree: usize,
    /// How many must say the same before money is given back.
    pub refunds: usize,
    rail: String,
    clock: Clock,
}

/// What the nodes said, each with its number.
pub(super) struct Answers<T> {
    pub given: Vec<(usize, T)>,
    pub failures: Vec<(usize, Failure)>,
}

impl<T> Answers<T> {
    /// The same, if there is one at all.
    ///
    /// # Errors
    /// Why a node gave none.
    pub fn any(self) -> Result<Self, Failure> {
        if self.given.is_empty() { Err(self.first_failure(1)) } else { Ok(self) }
    }

    /// The answers, if there are at least so many.
    ///
    /// # Errors
    /// Why a node gave none.
    pub fn enough(self, needed: usize) -> Result<Vec<T>, Failure> {
        if self.given.len() >= needed {
            return Ok(self.given.into_iter().map(|(_, answer)| answer).collect());
        }
        Err(self.first_failure(needed))
    }

    fn first_failure(self, needed: usize) -> Failure {
        match self.failures.into_iter().next() {
            Some((node, failure)) => failure.context(format!("asking node {node}")),
            None => anyhow!("{needed} nodes must answer"),
        }
    }
}

impl Nodes {
    /// `agree`: as configured; otherwise 2 where there are several nodes.
    pub fn new(chains: Vec<Chain>, agree: Option<usize>, rail: &str, clock: Clock) -> Result<Self, Failure> {
        let several = chains.len().min(2);
        anyhow::ensure!(!chains.is_empty(), "a chain needs a node");
        let agree = agree.unwrap_or(several);
        let fits = (1..=chains.len()).contains(&agree);
        anyhow::ensure!(fits, "`agree` must be 1 to {}, the number of nodes", chains.len());
        let node = |chain| ChainNode {
            chain,
            is_failing: AtomicBool::new(false),
            rests_until: AtomicI64::new(i64::MIN),
        };
        let all = chains.into_iter().map(node).collect();
        Ok(Self { all, agree, refunds: agree.max(several), rail: rail.to_owned(), clock })
    }

    /// What is configured of the chain is the same at all nodes.
    pub fn first(&self) -> &Chain {
        &self.all[0].chain
    }

    /// All of them, with their numbers from 1.
    pub fn all(&self) -> impl Iterator<Item = (usize, &Chain)> {
        self.all.iter().enumerate().map(|(index, node)| (index + 1, &node.chain))
    }

    /// Asks all nodes at once, each after it has confirmed which chain it is of. A node that gave no answer a moment ago is left
    /// out while enough others are there.
    pub async fn ask<'a, T>(
        &'a self,
        question: impl Fn(&'a Chain) -> BoxFuture<'a, Result<T, Failure>>,
    ) -> Answers<T> {
        let now = self.clock.monotonic();
        let rested = self.all.iter().filter(|node| node.rests_until.load(Ordering::Relaxed) <= now).count();
        let asked = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, node)| rested < self.refunds || node.rests_until.load(Ordering::Relaxed) <= now);
        let calls = asked.map(|(index, node)| {
            let call = question(&node.chain);
            async move {
                let answer = async {
                    node.chain.check().await?;
                    call.await
                };
                (index, answer.await)
            }
        });
        let mut answers = Answers { given: Vec::new(), failures: Vec::new() };
        for (index, answer) in join_all(calls).await {
            match answer {
                Ok(answer) => {
                    self.note_success(index);
                    answers.given.push((index + 1, answer));
                }
                Err(failure) => {
                    self.note_failure(index, &failure, now);
                    answers.failures.push((index + 1, failure));
                }
            }
        }
        answers
    }

    fn note_success(&self, index: usize) {
        if self.all[index].is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!(rail = self.rail, node = index + 1, "a node of the chain works again");
        }
    }

    /// One line when it begins; all failures are counted (`outpay_rail_node_answers`).
    fn note_failure(&self, index: usize, failure: &Failure, now: i64) {
        let node = &self.all[index];
        if failure.chain().any(|cause| matches!(cause.downcast_ref(), Some(RpcError::Down(_)))) {
            node.rests_until.store(now.saturating_add(REST), Ordering::Relaxed);
        }
        if !node.is_failing.swap(true, Ordering::Relaxed) {
            let (rail, node, error) = (&self.rail, index + 1, format!("{failure:#}"));
            tracing::warn!(rail, node, error, "a node of the chain cannot be used");
        }
    }

    /// The treasury's balances, as far as `agree` nodes grant them: one node alone can neither raise nor lower them where there
    /// are more.
    pub async fn holdings(&self) -> Result<Holdings, Failure> {
        let seen = self.ask(|chain| Box::pin(chain.holdings(At::Latest))).await.enough(self.agree)?;
        let tokens = self.granted(seen.iter().map(|holdings| holdings.tokens).collect());
        let coins = self.granted(seen.iter().map(|holdings| holdings.coins).collect());
        Ok(Holdings { tokens, coins })
    }

    /// The highest amount that at least `agree` of the nodes reach.
    fn granted(&self, mut amounts: Vec<U256>) -> U256 {
        amounts.sort_unstable_by(|one, other| other.cmp(one));
        amounts.get(self.agree - 1).copied().unwrap_or(U256::ZERO)
    }

    /// The fee for one of the next blocks.
    pub async fn market(&self) -> Result<Fees, Failure> {
        let seen = self.ask(|chain| Box::pin(chain.market())).await.enough(self.agree)?;
        Fees::agreed(&seen, self.agree).context("no fee is known")
    }

    /// Whether the token would make this transfer.
    pub async fn try_transfer(&self, to: Address, units: U256) -> Result<TrialRun, Failure> {
        let seen = self.ask(|chain| Box::pin(chain.try_transfer(to, units))).await.enough(self.agree)?;
        let mut gas: Vec<u64> = Vec::new();
        for trial in &seen {
            if let TrialRun::Gas(needed) = trial {
                gas.push(*needed);
            }
        }
        if gas.len() >= self.agree {
            return Ok(TrialRun::Gas(median(gas).context("no node says how much gas a transfer needs")?));
        }
        if seen.len() - gas.len() >= self.refunds {
            return Ok(TrialRun::Refused);
        }
        bail!("one node says that the token refuses this transfer, and too few others confirm it")
    }

    /// The gas of a transaction from the treasury to itself.
    pub async fn gas_of_nothing(&self) -> Result<u64, Failure> {
        let treasury = self.first().treasury;
        let seen = self
            .ask(|chain| Box::pin(async move { Ok(chain.rpc.gas(treasury, treasury, &[]).await?) }))
            .await
            .enough(self.agree)?;
        median(seen).context("no node says how much gas a transaction needs")
    }

    /// The first unused nonce of the treasury: the highest that a node knows.
    pub async fn nonce(&self, at: At) -> Result<u64, Failure> {
        let treasury = self.first().treasury;
        let seen = self
            .ask(move |chain| Box::pin(async move { Ok(chain.rpc.nonce(treasury, at).await?) }))
            .await
            .enough(self.agree)?;
        seen.into_iter().max().context("no node says which nonce is free")
    }
}

/// The upper one of two in the middle.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_moved_by_no_single_value() {
        assert_eq!(median(vec![50_000, u64::MAX, 60_000]), Some(60_000));
        assert_eq!(median(vec![50_000, 0, 60_000]), Some(50_000));
        assert_eq!(median(vec![50_000, 60_000]), Some(60_000));
        assert_eq!(median(Vec::new()), None);
    }
}
