//! Whether the rail can pay now: tokens for the amount, coins for the fee, a fee below the ceiling.

use super::amount::to_cents;
use super::chain::{Holdings, TrialRun};
use super::facts::quote_detail;
use super::{Closed, CryptoRail, Funds, Quote};
use crate::store::Failure;
use alloy_primitives::{Address, U256};
use ledger::Cents;

/// An address without a balance of any token: the cost of a transfer to a new holder.
const A_STRANGER: Address = Address::repeat_byte(0x5e);

impl CryptoRail {
    /// What the person would get.
    pub(super) async fn price(
        &self,
        net: Cents,
        destination: &str,
    ) -> Result<Result<Quote, Closed>, Failure> {
        let to = self.stored_address(destination)?;
        let Some(units) = self.units(net).filter(|units| !units.is_zero()) else {
            return Ok(Err(Closed::AmountNotPossible));
        };
        let holdings = self.nodes.holdings().await?;
        if holdings.tokens < units {
            return Ok(Err(Closed::OutOfFunds));
        }
        if let Err(closed) = self.can_send(&holdings, to, units).await? {
            return Ok(Err(closed));
        }
        let detail = quote_detail(&self.currency, &self.chain_name, units, self.chain().decimals);
        Ok(Ok(Quote { detail }))
    }

    /// What could be paid now, without a destination in mind.
    pub(super) async fn funds(&self) -> Result<Result<Funds, Closed>, Failure> {
        let holdings = self.nodes.holdings().await?;
        let available = to_cents(holdings.tokens, self.chain().decimals);
        if available <= Cents::ZERO {
            return Ok(Err(Closed::OutOfFunds));
        }
        let cent = self.units(Cents(1)).unwrap_or(U256::ZERO);
        let possible = self.can_send(&holdings, A_STRANGER, cent).await?;
        Ok(possible.map(|()| Funds { available: Some(available), choices: Vec::new() }))
    }

    async fn can_send(
        &self,
        holdings: &Holdings,
        to: Address,
        units: U256,
    ) -> Result<Result<(), Closed>, Failure> {
        let fees = self.nodes.market().await?;
        let gas = match self.nodes.try_transfer(to, units).await? {
            TrialRun::Gas(gas) => gas,
            TrialRun::Refused => return Ok(Err(Closed::Unhealthy)),
        };
        if fees.max > self.max_fee || gas > self.max_gas {
            return Ok(Err(Closed::Unhealthy));
        }
        let enough = holdings.coins >= fees.cost(gas);
        Ok(if enough { Ok(()) } else { Err(Closed::OutOfFunds) })
    }
}
