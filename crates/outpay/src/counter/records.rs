//! Verbs that move no money: journal entries, remembered answers, a new epoch.

use super::{Counter, Done, reply};
use crate::stopped::Stopped;
use ledger::{Command, Occurrence};

impl Counter<'_> {
    /// Writes a journal entry that something happened; `user` where it concerns one.
    pub async fn record(
        &self,
        occurrence: Occurrence,
        user: Option<i64>,
        note: String,
    ) -> Result<Done<()>, Stopped> {
        self.give(Command::Record { occurrence, user, withdrawal: None, note }, reply::recorded).await
    }

    /// Writes a journal entry that something happened that concerns a user's withdrawal.
    pub async fn record_of_withdrawal(
        &self,
        occurrence: Occurrence,
        (user, withdrawal): (i64, i64),
        note: String,
    ) -> Result<Done<()>, Stopped> {
        let (user, withdrawal) = (Some(user), Some(withdrawal));
        self.give(Command::Record { occurrence, user, withdrawal, note }, reply::recorded).await
    }

    /// Keeps the answer of something that is done outside the books, to give it again whenever the key comes again.
    /// `request` is everything that the request says.
    pub async fn remember(&self, request: String, answer: String) -> Result<Done<String>, Stopped> {
        self.give(Command::Remember { request, answer }, reply::said).await
    }

    /// Numbers everything from here on in a new epoch, after the database has lost its end.
    pub async fn recover(&self, epoch: i64) -> Result<Done<()>, Stopped> {
        self.give(Command::Recover { epoch }, reply::recorded).await
    }
}
