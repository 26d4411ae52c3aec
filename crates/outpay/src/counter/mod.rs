//! The counter: every command that can change a book, as one verb each. A door builds a [`Counter`] for a book and for who
//! gives the command, adds an idempotency key where it has one, and calls a verb.
//!
//! Here: the verbs and the checks that have to ask a rail or the store first. Not here: the rules (ledger), batches and
//! durability (commit), prices and offers (withdrawals), reading requests and forms (the doors).
//! Invariant: no other room gives the teller a command, and the ledger's replies are unpacked in reply.rs alone.

mod by_hand;
mod money;
mod payouts;
mod records;
mod reply;
mod resolve;
mod review;
mod room;
mod screening;
mod stop;
mod withdrawals;

pub use reply::{OwnBalances, PaidMany, PaidUser};
pub use review::is_same_hand;
pub use screening::Screened;

use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::Failure;
use crate::traces;
use crate::two_people;
use ledger::{
    Applied, BookId, Cents, Command, OnceKey, Origin, Refusal, Reply, Request, Step, Withdrawal,
    WithdrawalState,
};
use tracing::Instrument;

/// Where commands for one book are given, by one actor.
#[derive(Clone, Copy)]
pub struct Counter<'a> {
    platform: &'a Platform,
    book: BookId,
    origin: Origin,
    once: Option<OnceKey>,
    /// Two people have agreed to what follows.
    agreed: bool,
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// What it answers.
    pub value: T,
    /// It was carried out earlier under the same idempotency key: this is the first answer again.
    pub replayed: bool,
}

impl<T> Done<T> {
    /// The same with another value.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Done<U> {
        Done { value: change(self.value), replayed: self.replayed }
    }
}

impl Platform {
    /// The counter of this book. `origin` is an actor, or an actor with the credential that the ledger judges again.
    #[must_use]
    pub fn counter(&self, book: BookId, origin: impl Into<Origin>) -> Counter<'_> {
        Counter { platform: self, book, origin: origin.into(), once: None, agreed: false }
    }
}

impl Counter<'_> {
    /// The next command takes effect once under this key, if there is one.
    #[must_use]
    pub fn once(self, key: impl Into<Option<OnceKey>>) -> Self {
        Self { once: key.into(), ..self }
    }

    /// Two people have agreed to the next command.
    #[must_use]
    pub fn agreed(self) -> Self {
        Self { agreed: true, ..self }
    }

    /// Refuses what takes two people, unless they have agreed, or the answer is remembered.
    async fn check_two_people(&self, amount: Cents) -> Result<(), Stopped> {
        if self.agreed {
            return Ok(());
        }
        let is_needed = two_people::are_needed(self.platform, self.book, amount).await?;
        if (is_needed || self.is_proposed().await?) && !self.is_remembered().await? {
            return Err(Stopped::NeedsSecondPerson);
        }
        Ok(())
    }

    /// Was this request proposed? Then it is not carried out in another way, whatever the rule says now.
    async fn is_proposed(&self) -> Result<bool, Failure> {
        match &self.once {
            Some(key) => Ok(self.platform.store.proposal_once(self.book, key).await?.is_some()),
            None => Ok(false),
        }
    }

    /// The same for a step that ends a withdrawal by a person's word, where its state allows the step.
    async fn check_two_people_for(&self, of: &Withdrawal, step: Step) -> Result<(), Stopped> {
        let begins = of.state == WithdrawalState::Queued && of.provider.is_paid_by_hand();
        let from = if begins { WithdrawalState::Sending } else { of.state };
        if from.after(step).is_none() { Ok(()) } else { self.check_two_people(of.amount).await }
    }

    /// Gives the command to the teller, waits until it is durable, and unpacks the reply.
    async fn give<T>(&self, command: Command, unpack: fn(Reply) -> Option<T>) -> Result<Done<T>, Stopped> {
        let request = Request::maybe_once(command, self.once).by(self.origin);
        let asked = self.platform.teller.ask(self.book, request).instrument(traces::part("teller"));
        let Applied { reply, replayed } = asked.await??;
        match unpack(reply) {
            Some(value) => Ok(Done { value, replayed }),
            None => Err(anyhow::anyhow!("the ledger replied to another command").into()),
        }
    }

    /// Is a first answer remembered under the key? Then it is given again, whatever else would refuse the command now; the
    /// teller refuses a key that was used for another command.
    async fn is_remembered(&self) -> Result<bool, Failure> {
        match &self.once {
            Some(key) => self.platform.store.is_remembered(self.book, key).await,
            None => Ok(false),
        }
    }

    async fn find(&self, withdrawal: i64) -> Result<Withdrawal, Stopped> {
        let found = self.platform.store.withdrawal(self.book, withdrawal).await?;
        found.ok_or(Stopped::Refused(Refusal::WithdrawalIsUnknown))
    }
}
