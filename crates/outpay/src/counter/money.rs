//! Verbs for a business's own money: deposits, transfers between its balances, and confirmed corrections.

use super::{Counter, Done, OwnBalances, reply};
use crate::stopped::Stopped;
use crate::store::Failure;
use ledger::{BookId, Cents, Command, Confirmed, Direction, Mode};

impl Counter<'_> {
    /// Records money that reached the business from outside. One deposit per reference, whatever the idempotency key.
    pub async fn deposit(
        &self,
        amount: Cents,
        reference: String,
        used_elsewhere: bool,
    ) -> Result<Done<OwnBalances>, Stopped> {
        let received_on = String::new();
        let command = Command::Deposit { amount, reference, used_elsewhere, received_on };
        self.give(command, reply::own_balances).await
    }

    /// The same by the business itself, where the operator lets it: a deposit is money that the operator owes from then on.
    ///
    /// # Errors
    /// [`Stopped::NeedsSecondPerson`] above the amount of the business's rule.
    pub async fn deposit_by_business(
        &self,
        amount: Cents,
        reference: &str,
        received_on: String,
    ) -> Result<Done<OwnBalances>, Stopped> {
        if !self.may_record_deposits().await? {
            let sentence = "Only the operator of this server records deposits of this business.";
            return Err(Stopped::NotPossible(sentence.to_owned()));
        }
        // A repeat changes nothing, so it takes one person.
        let is_recorded = self.platform.store.deposit_called(self.book, reference).await?.is_some();
        if !is_recorded {
            self.check_two_people(amount).await?;
        }
        let (reference, used_elsewhere) = (reference.to_owned(), false);
        let command = Command::Deposit { amount, reference, used_elsewhere, received_on };
        self.give(command, reply::own_balances).await
    }

    /// May the business record deposits in this book by itself? Test money is no one's, so always in test mode.
    pub async fn may_record_deposits(&self) -> Result<bool, Failure> {
        let book: BookId = self.book;
        Ok(book.mode() == Mode::Test || self.platform.store.records_deposits(book.business()).await?)
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
