//! Verbs for a business's own money: deposits, transfers between its balances, and confirmed corrections.

use super::{Counter, Done, OwnBalances, reply};
use crate::stopped::Stopped;
use ledger::{Cents, Command, Confirmed, Direction};

impl Counter<'_> {
    /// Records money that reached the business from outside. One deposit per reference, whatever the idempotency key.
    pub async fn deposit(
        &self,
        amount: Cents,
        reference: String,
        used_elsewhere: bool,
    ) -> Result<Done<OwnBalances>, Stopped> {
        self.give(Command::Deposit { amount, reference, used_elsewhere }, reply::own_balances).await
    }

    /// Moves money between the main and the payout balance.
    pub async fn transfer(&self, direction: Direction, amount: Cents) -> Result<Done<OwnBalances>, Stopped> {
        self.give(Command::Transfer { direction, amount }, reply::own_balances).await
    }

    /// Carries out a correction that a second person has confirmed, once per proposal.
    pub async fn correct(&self, confirmed: Confirmed) -> Result<Done<OwnBalances>, Stopped> {
        self.give(Command::Correct(Box::new(confirmed)), reply::own_balances).await
    }
}
