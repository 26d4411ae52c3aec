//! What a transfer costs on TRON: energy and bandwidth, which the treasury has from its stake or pays for in the network's coin.

use super::node::{Prices, Resources, TronNode};
use super::{COIN, Closed, TronRail};
use crate::store::Failure;
use alloy_primitives::{Address, U256};
use anyhow::{Context, ensure};

/// Bytes that a transfer takes at most.
const SIZE: u64 = 400;

/// What a payment may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// For energy alone, the part from the stake included.
    pub limit: u64,
    /// What the treasury must have in coins.
    pub coins: u64,
}

impl Cost {
    /// Of a transfer that needs so much energy, with a quarter more for changes of state. `None` on overflow.
    pub fn new(energy: u64, prices: Prices, resources: Resources) -> Option<Self> {
        let energy = energy.checked_add(energy / 4)?;
        let limit = energy.checked_mul(prices.energy)?;
        let lacking = energy.saturating_sub(resources.energy).checked_mul(prices.energy)?;
        let bandwidth = if resources.bandwidth >= SIZE { 0 } else { SIZE.checked_mul(prices.bandwidth)? };
        Some(Self { limit, coins: lacking.checked_add(bandwidth)? })
    }
}

/// Whether the token would make a transfer now.
pub(super) enum TrialCost {
    Cost(Cost),
    /// The contract refuses, and all nodes say so.
    Refused,
}

impl TronRail {
    /// What the treasury has of the token: the least that a node says.
    pub(super) async fn tokens(&self) -> Result<U256, Failure> {
        let mut least = U256::MAX;
        for node in &self.nodes {
            least = least.min(node.tokens(self.token, self.treasury.address()).await?);
        }
        Ok(least)
    }

    /// The same of the network's coin.
    pub(super) async fn coins(&self) -> Result<u64, Failure> {
        let mut least = u64::MAX;
        for node in &self.nodes {
            least = least.min(node.coins(self.treasury.address()).await?);
        }
        Ok(least)
    }

    /// Simulates a transfer at every node.
    pub(super) async fn try_transfer(&self, to: Address, units: U256) -> Result<TrialCost, Failure> {
        let (mut costs, mut refusals) = (Vec::new(), 0);
        for node in &self.nodes {
            match self.cost_at(node, to, units).await? {
                Some(cost) => costs.push(cost),
                None => refusals += 1,
            }
        }
        ensure!(costs.is_empty() || refusals == 0, "one node says that the token refuses this transfer");
        let highest = costs.into_iter().max_by_key(|cost| cost.limit);
        Ok(highest.map_or(TrialCost::Refused, TrialCost::Cost))
    }

    /// `None` where the token refuses while the node works.
    async fn cost_at(&self, node: &TronNode, to: Address, units: U256) -> Result<Option<Cost>, Failure> {
        let treasury = self.treasury.address();
        let call = ("transfer(address,uint256)", &super::prepare::arguments(to, units)[..]);
        let trial = node.try_call((treasury, self.token), call).await?;
        if !trial.succeeded {
            node.decimals(self.token, treasury).await?;
            return Ok(None);
        }
        let (prices, resources) = (node.prices().await?, node.resources(treasury).await?);
        Cost::new(trial.energy, prices, resources).context("a price beyond all numbers").map(Some)
    }

    /// The most that energy may cost.
    pub(super) fn ceiling(&self) -> u64 {
        u64::from(self.config.fee_limit_trx) * COIN
    }

    /// Whether the treasury can pay for a transfer.
    pub(super) async fn can_send(&self, to: Address, units: U256) -> Result<Result<(), Closed>, Failure> {
        let TrialCost::Cost(cost) = self.try_transfer(to, units).await? else {
            return Ok(Err(Closed::Unhealthy));
        };
        if cost.limit > self.ceiling() {
            return Ok(Err(Closed::Unhealthy));
        }
        Ok(if self.coins().await? >= cost.coins { Ok(()) } else { Err(Closed::OutOfFunds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices = Prices { energy: 100, bandwidth: 1_000 };

    #[test]
    fn the_limit_counts_all_energy_and_coins_only_what_is_lacking() {
        let cost = |energy, bandwidth| Cost::new(64_000, PRICES, Resources { energy, bandwidth }).unwrap();
        assert_eq!(cost(0, 0), Cost { limit: 8_000_000, coins: 8_400_000 });
        assert_eq!(cost(0, 600), Cost { limit: 8_000_000, coins: 8_000_000 });
        assert_eq!(cost(30_000, 399), Cost { limit: 8_000_000, coins: 5_400_000 });
        assert_eq!(cost(u64::MAX, 600), Cost { limit: 8_000_000, coins: 0 });
        assert_eq!(Cost::new(u64::MAX, PRICES, Resources::default()), None);
        assert_eq!(Cost::new(u64::MAX / 2, PRICES, Resources::default()), None);
    }
}
