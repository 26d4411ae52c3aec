//! Verbs for payout users: paying them, taking unspent money back, their status and their hash.

use super::{Counter, Done, PaidMany, PaidUser, reply};
use crate::stopped::Stopped;
use ledger::{BatchPayout, Cents, Command, Email, Metadata, UserSnapshot, UserStatus};

impl Counter<'_> {
    /// Creates a payout user or adds to the balance of one.
    pub async fn create(
        &self,
        email: Email,
        amount: Cents,
        memo: String,
        metadata: Metadata,
    ) -> Result<Done<PaidUser>, Stopped> {
        self.give(Command::Create { email, amount, memo, metadata }, reply::paid).await
    }

    /// Pays many users in order: all or none, or with `partial` as far as the money goes.
    pub async fn create_many(
        &self,
        payouts: Vec<BatchPayout>,
        partial: bool,
    ) -> Result<Done<PaidMany>, Stopped> {
        self.give(Command::CreateMany { payouts, partial }, reply::paid_many).await
    }

    /// Takes unspent money back from a user.
    pub async fn debit(
        &self,
        user: i64,
        amount: Cents,
        reason: String,
    ) -> Result<Done<UserSnapshot>, Stopped> {
        self.check_two_people(amount).await?;
        self.give(Command::Debit { user, amount, reason }, reply::user).await
    }

    /// Activates or deactivates a user's hash. Setting the status that the user already has changes nothing.
    pub async fn set_status(&self, user: i64, status: UserStatus) -> Result<Done<UserSnapshot>, Stopped> {
        self.give(Command::SetStatus { user, status }, reply::user).await
    }

    /// Gives a user a new hash; the old one stops authenticating at once.
    pub async fn rotate_hash(&self, user: i64) -> Result<Done<PaidUser>, Stopped> {
        self.give(Command::RotateHash { user }, reply::paid).await
    }

    /// Takes back unclaimed money, unless an entry newer than `head` has touched the user's account.
    pub async fn expire(&self, user: i64, head: i64) -> Result<Done<UserSnapshot>, Stopped> {
        self.give(Command::Expire { user, head }, reply::user).await
    }
}
