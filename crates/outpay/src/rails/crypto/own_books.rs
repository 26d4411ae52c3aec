//! The chain as the rail's own books: every transfer of the token that the treasury made, in a period. The chain's fee is paid in its
//! own coin, so the books have no fee in dollars.

use super::chain::Chain;
use super::history::first_block_since;
use super::rpc::At;
use super::{CryptoRail, amount};
use crate::rails::{Booked, Outgoing, Standing};
use crate::store::Failure;
use alloy_primitives::U256;
use anyhow::Context;
use ledger::Micros;
use std::collections::BTreeMap;

const SECOND: Micros = 1_000_000;

impl CryptoRail {
    /// The transfers in blocks of this time (from, until), as any of the nodes shows them: one that hides a transfer hides nothing.
    pub(super) async fn booked_in(&self, period: (Micros, Micros)) -> Result<Vec<Booked>, Failure> {
        let answers = self.nodes.ask(|chain| Box::pin(self.booked_on(chain, period))).await;
        let mut all = BTreeMap::new();
        for booked in answers.enough(self.nodes.refunds)?.into_iter().flatten() {
            let is_better = |known: &Booked| known.standing != Standing::Paid;
            let key = (booked.at, booked.rail_number.clone());
            if all.get(&key).is_none_or(is_better) {
                all.insert(key, booked);
            }
        }
        Ok(all.into_values().collect())
    }

    async fn booked_on(
        &self,
        chain: &Chain,
        (from, until): (Micros, Micros),
    ) -> Result<Vec<Booked>, Failure> {
        let head = chain.rpc.head().await?;
        let first = first_block_since(chain, from, head).await?;
        // The block after the period's last one.
        let end = first_block_since(chain, until, head).await?;
        let Some(last) = end.checked_sub(1) else { return Ok(Vec::new()) };
        let mut booked = Vec::new();
        // Many transfers share a block.
        let mut block = (0, 0);
        for outgoing in self.transfers_of_blocks(chain, first, last).await? {
            // Anybody can have a token log a transfer of nothing from the treasury (`transferFrom` without an allowance). No money
            // moves by it, and it must not look like a payment that was not ordered.
            if outgoing.units == "0" {
                continue;
            }
            let number = u64::try_from(outgoing.block).context("a block below zero")?;
            if block.0 != number || block.1 == 0 {
                block = (number, time_of(chain, number).await?);
            }
            booked.push(self.booked(&outgoing, block, head)?);
        }
        Ok(booked)
    }

    fn booked(&self, outgoing: &Outgoing, (block, at): (u64, Micros), head: u64) -> Result<Booked, Failure> {
        let units: U256 = outgoing.units.parse().context("reading the amount of a transfer")?;
        let confirmations = head.checked_sub(block).map_or(0, |above| above + 1);
        let is_paid = confirmations >= self.confirmations;
        Ok(Booked {
            reference: outgoing.transfer.clone(),
            rail_number: format!("{} ({})", outgoing.transfer, outgoing.place),
            // Rounded down where it is not a whole number of cents, which no payment of this installation is.
            amount: outgoing.cents.unwrap_or_else(|| amount::to_cents(units, self.chain().decimals)),
            fee: None,
            at,
            standing: if is_paid { Standing::Paid } else { Standing::Open },
        })
    }
}

async fn time_of(chain: &Chain, block: u64) -> Result<Micros, Failure> {
    let found = chain.rpc.block(At::Block(block)).await?;
    let seconds = found.and_then(|block| block.time).context("the node does not show an old block")?;
    Ok(i64::try_from(seconds)?.saturating_mul(SECOND))
}
