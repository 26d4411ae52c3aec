//! Rails: the ways money leaves the house. One file (or folder) per rail; the worker that drives them (worker.rs); what a
//! rail has to keep to (the conformance kit in the tests). Not here: which withdrawals there are and what their states
//! allow (ledger), under which terms (the business).
//!
//! The rule that everything here serves: a payment is made once. The exact request is committed as an attempt before it
//! leaves, a rail is asked again only under the key of that attempt, and an outcome is only what the rail has proved.

pub mod answer;
pub mod client;
pub mod crypto;
pub mod gift_card;
mod low_stock;
pub mod manual;
mod moment;
mod mounted;
mod prepare;
pub mod sandbox;
mod turn;
mod worker;

pub use answer::{
    Answer, Choice, Closed, Field, FieldProblem, Finding, Funds, Outgoing, Prepared, Quote, SentSince,
};
pub use moment::{Killer, Moment};
pub use mounted::{Mounted, Rails};
pub use turn::LONGEST_STEPS;
pub use worker::Worker;

use crate::store::{Attempt, Failure};
use futures_util::future::BoxFuture;
use ledger::{BookId, Cents, Micros, Provider, Withdrawal};

/// A payment that a rail is to make: a withdrawal, and the names the rail knows it by.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Whose.
    pub book: BookId,
    /// Net amount, destination and all the rest.
    pub withdrawal: Withdrawal,
    /// The payment's public number at this rail, for example `CRX-…`: the same for all attempts.
    pub order_id: String,
}

/// What a rail is, without asking anybody.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The method's name: unique in an installation, lower-case letters, digits and dashes.
    pub name: String,
    /// What kind of rail it is.
    pub provider: Provider,
    /// For people, for example `USDC on Base`.
    pub title: String,
    /// For people, for example `a few minutes`.
    pub expected_time: String,
    /// What a destination has to say.
    pub fields: Vec<Field>,
    /// A worker drives it; otherwise a person settles each payment.
    pub is_automatic: bool,
    /// The line its payments stand in, where they stand in one: each has a slot of its own, and no gap may be left (a
    /// chain's nonces). Rails with one line, such as two tokens paid from one treasury, share its slots.
    pub line: Option<String>,
}

/// One way out. Every call but [`Rail::submit`] may be repeated at will; `submit` may be repeated with the same attempt.
/// No call may hold a database transaction open. A raw error of the other side goes into `Unknown` for the operator, and
/// never into a text that a person reads.
pub trait Rail: Send + Sync {
    /// What it is.
    fn facts(&self) -> &Facts;

    /// Checks a destination, given as a JSON object, and writes it in the one canonical form that is stored.
    ///
    /// # Errors
    /// Every field that is wrong.
    fn destination(
        &self,
        fields: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<String, Vec<FieldProblem>>;

    /// What the person gets for `net`, or why it cannot be paid now.
    fn quote<'a>(
        &'a self,
        book: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>>;

    /// Whether the rail can pay at all now: funds and health, without a certain payment in mind.
    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>>;

    /// Writes the exact request for the next attempt. Moves no money and tells nobody of the payment. `earlier` are the
    /// attempts so far, oldest first; `slot` is the first free slot where the rail has a line (an attempt that replaces an
    /// earlier one keeps that one's slot).
    ///
    /// # Errors
    /// Why there can be no attempt now; nothing has happened then.
    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Answer>>;

    /// Sends the request of an attempt that is committed, as it was written.
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Answer>;

    /// Asks what became of the attempts, oldest first, under their keys. The truth comes from here.
    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding>;

    /// Writes an attempt that pays nobody and takes the place of the earlier ones, so that none of them can pay any more once it
    /// is through. Whether it or one of them was faster, `query` tells.
    ///
    /// # Errors
    /// When the rail knows no such thing, or cannot do it now.
    fn prepare_stop<'a>(
        &'a self,
        _payment: &'a Payment,
        _earlier: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(async { anyhow::bail!("this rail cannot take back what was sent") })
    }

    /// Is it certain that whatever the attempts can do is done? Only then can a person say that they did not pay.
    ///
    /// # Errors
    /// When the rail cannot tell now.
    fn is_spent<'a>(
        &'a self,
        _payment: &'a Payment,
        _attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async { Ok(true) })
    }

    /// The first slot of its line that is not used up for good: attempts from there on may still take effect.
    ///
    /// # Errors
    /// When the rail cannot tell now.
    fn first_open_slot(&self) -> BoxFuture<'_, Result<i64, Failure>> {
        Box::pin(async { Ok(0) })
    }

    /// Is there enough for an attempt that is about to be committed, beside `waiting`: all attempts of its line, whichever
    /// rail and process they are of, from [`Rail::first_open_slot`] on?
    ///
    /// # Errors
    /// When there is not, or the rail cannot tell now.
    fn check_room<'a>(
        &'a self,
        _prepared: &'a Prepared,
        _waiting: &'a [Attempt],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    /// What has left by this rail since then, as its own books say. `None`: it has no books that can be read.
    ///
    /// # Errors
    /// When they cannot be read now.
    fn sent_since(&self, _since: Micros) -> BoxFuture<'_, Result<Option<SentSince>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// Is this, for certain, the payment? What may be published of it then, as in [`Answer::Succeeded`].
    ///
    /// # Errors
    /// When it is not certain yet, or the rail cannot tell now.
    fn proof_of<'a>(
        &'a self,
        _payment: &'a Payment,
        _outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// Tries to stop what was sent. The outcome still comes from `query`.
    fn cancel<'a>(
        &'a self,
        payment: &'a Payment,
        attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<(), Failure>>;
}
