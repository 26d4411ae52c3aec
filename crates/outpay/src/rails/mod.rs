//! Rails: the ways money leaves the platform. One file (or folder) per kind of rail, and the facts that other code may
//! ask (kind.rs). In test mode each is simulated over its offline part (offline.rs, simulated.rs). Every kind must pass the conformance kit
//! (tests/it/rails/kit.rs). Not here: the worker that drives withdrawals (payment_worker/), which
//! withdrawals there are and what their states allow (ledger), and the business's terms.
//!
//! Invariant: a payment is made once. The exact request is committed as an attempt before it leaves, a rail is asked again
//! only under that attempt's key, and an outcome is only what the rail has proved.

pub mod ach;
mod bank;
mod batch_file;
pub mod client;
pub mod config;
pub mod crypto;
pub mod exchange;
mod field;
mod for_log;
pub mod gift_card;
mod kind;
mod limits;
mod locked;
pub mod manual;
mod measures;
mod mounted;
mod notice;
mod offline;
pub mod outcome;
mod own_books;
pub mod paypal;
pub mod sandbox;
pub mod sepa;
mod simulated;
mod text;
pub mod tremendous;
pub mod tron;

pub use crate::store::{Outgoing, SentSince};
pub use batch_file::{AnswerLine, BankVerdict, BatchFile, BatchPayment, BatchToWrite, message_id};
pub use config::RailsConfig;
pub use field::{Field, FieldProblem, FieldRole};
pub use for_log::for_log;
pub use kind::{Kind, Known, SAMPLE_BY_HAND, SAMPLE_BY_RAIL, kind};
pub use limits::{FundsAlarm, Limits};
pub use measures::RailMeasures;
pub use mounted::{Mounted, Rails};
pub use notice::{Notice, NoticeRefused};
pub use outcome::{Choice, Closed, Finding, Funds, Outcome, Prepared, Quote, Revealed};
pub use own_books::{Booked, Standing};
pub use text::RailText;

use crate::store::{Attempt, Failure};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use ledger::{BookId, Cents, Micros, Occurrence, Provider, Withdrawal};
use serde_json::{Map, Value};

/// Every kind of rail, in the order in which people see their methods. This is the one place where a kind is registered.
pub const KINDS: [&Kind; 8] = [
    &sandbox::KIND,
    &gift_card::KIND,
    &paypal::KIND,
    &tremendous::KIND,
    &manual::KIND,
    &sepa::KIND,
    &ach::KIND,
    &crypto::KIND,
];

/// A payment that a rail is to make: a withdrawal, and the name the rail knows it by.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The book that pays.
    pub book: BookId,
    /// Net amount, destination and the rest.
    pub withdrawal: Withdrawal,
    /// The payment's public number at this rail, for example `CRX-…`: the same for all attempts.
    pub order_id: String,
    /// The time of the book, by which attempts are dated too. In a test book it is ahead of the machine's (test_clock.rs).
    pub now: Micros,
}

/// What one configured rail says of itself, without any input or output.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The method's name: unique in an installation, lower-case letters, digits and dashes.
    pub name: String,
    /// The kind of rail; [`kind`] gives what is true of it.
    pub provider: Provider,
    /// For people, for example `USDC on Base`.
    pub title: RailText,
    /// For people, for example `a few minutes`.
    pub expected_time: RailText,
    /// The fields of a destination.
    pub fields: Vec<Field>,
    /// The line that its payments share, if any: each payment takes the next slot of the line, and no slot may stay empty (a
    /// chain's nonces). Two rails on one line, such as two tokens paid from one treasury, share its slots.
    pub line: Option<String>,
}

impl Facts {
    /// The facts of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        kind(self.provider)
    }
}

/// What a rail says of its counterpart when the operator asks whether all is well. No text contains a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What works, as in `chain 8453 answers`.
    pub facts: Vec<String>,
    pub warnings: Vec<String>,
    /// Why it cannot pay.
    pub faults: Vec<String>,
}

/// One way out. Every call but [`Rail::submit`] may be repeated at will; `submit` may be repeated with the same attempt.
/// No call may hold a database transaction open. A raw error of the counterpart goes into `Unknown` for the operator, and
/// never into a text that a person reads.
pub trait Rail: Send + Sync {
    /// What it says of itself.
    fn facts(&self) -> &Facts;

    /// Checks a destination, given as a JSON object, and writes it in the one canonical form that is stored.
    ///
    /// # Errors
    /// Every field that is wrong.
    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>>;

    /// What the person gets for `net`, or why it cannot be paid now.
    fn quote<'a>(
        &'a self,
        book: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>>;

    /// Whether the rail can pay at all now: funds and health, without a certain payment in mind.
    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>>;

    /// Asks the counterpart whether it is there and the configured one. A rail without one has nothing to say.
    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        Box::pin(async { Diagnosis::default() })
    }

    /// Writes the exact request for the next attempt. Moves no money and sends nothing of the payment. `earlier` are the
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
    ) -> BoxFuture<'a, Result<Prepared, Outcome>>;

    /// Sends the request of an attempt that is committed, byte for byte.
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome>;

    /// Asks what became of the attempts, oldest first, under their keys. Only this decides an outcome.
    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding>;

    /// Called once a payment's success is durable: an event to record because of it, with its note. Must tolerate being skipped:
    /// a process may end before it.
    ///
    /// # Errors
    /// When the system broke; the payment stays succeeded.
    fn after_success<'a>(
        &'a self,
        _payment: &'a Payment,
    ) -> BoxFuture<'a, Result<Option<(Occurrence, String)>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// The code or the link that a succeeded payment left for the person; `None` where there is none. Overridden where
    /// [`Kind::reveals_code`] is set.
    ///
    /// # Errors
    /// When it cannot be read.
    fn reveal<'a>(
        &'a self,
        _book: BookId,
        _withdrawal: &'a Withdrawal,
    ) -> BoxFuture<'a, Result<Option<Revealed>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// Writes an attempt that pays nothing and replaces the earlier ones, so that none of them can pay once it is through.
    /// Whether it or one of them was faster, `query` tells.
    ///
    /// # Errors
    /// When the rail has no such request, or cannot write it now.
    fn prepare_stop<'a>(
        &'a self,
        _payment: &'a Payment,
        _earlier: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(async { anyhow::bail!("this rail cannot take back what was sent") })
    }

    /// Whether it is certain that the attempts can have no further effect. Only then can a person say that they did not pay.
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

    /// Whether the funds cover an attempt that is about to be committed, beside `waiting`: all attempts of its line, of every
    /// rail and process, from [`Rail::first_open_slot`] on.
    ///
    /// # Errors
    /// When they do not, or the rail cannot tell now.
    fn check_room<'a>(
        &'a self,
        _prepared: &'a Prepared,
        _waiting: &'a [Attempt],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    /// What has left by this rail since then, as its own books say; `None` where it keeps none. Overridden where
    /// [`Kind::keeps_books`] is set.
    ///
    /// # Errors
    /// When they cannot be read now.
    fn sent_since(&self, _since: Micros) -> BoxFuture<'_, Result<Option<SentSince>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// If this is, for certain, the payment: what may be published of it, as in [`Outcome::Succeeded`].
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

    /// What the person has to do so that a payment goes on which the rail has accepted, by its last answer to the last attempt.
    fn waits_for(&self, _last: &Attempt) -> Option<RailText> {
        None
    }

    /// The longest wait before the rail is asked again about a payment that it has accepted. Notices may come sooner.
    fn patience(&self) -> Micros {
        600_000_000
    }

    /// Verifies what was posted to the address for this rail's notices, and reads which payments it is about. Anybody can post there.
    ///
    /// # Errors
    /// Why it is not taken.
    fn notice<'a>(
        &'a self,
        _headers: &'a HeaderMap,
        _body: &'a [u8],
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>> {
        Box::pin(async { Err(NoticeRefused::Unexpected) })
    }

    /// All payments of the rail's own books that were booked in this period (from, until), also those that were not ordered here; `None` where it
    /// keeps no books that can be read.
    ///
    /// # Errors
    /// When they cannot be read now.
    fn own_books(&self, _period: (Micros, Micros)) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// What the counterpart should charge for a payment of this amount; `None` where that is not known: the price of a chain's gas is another
    /// for each payment, so only a contract says it. Reconciliation compares it with [`Booked::fee`].
    fn expected_fee(&self, _net: Cents) -> Option<Cents> {
        None
    }

    /// The currency in which people pay this by hand.
    fn currency(&self) -> &str {
        "USD"
    }

    /// The file of a batch in the rail's own format; `None` where a CSV does.
    ///
    /// # Errors
    /// When a payment cannot be written in this format.
    fn batch_file(&self, _batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        Ok(None)
    }

    /// A file that pays nothing, by which the bank checks the destinations of a batch before it is paid; `None` where there is no such
    /// file. What comes back for it is read as any other answer.
    ///
    /// # Errors
    /// When a payment cannot be written in this format.
    fn trial_file(&self, _batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        Ok(None)
    }

    /// Reads a file in which the bank answers; `None` where this rail knows no such files.
    ///
    /// # Errors
    /// What is wrong with the file, in words for the operator. Nothing is taken from it then.
    fn bank_answer(&self, _file: &[u8]) -> Result<Option<Vec<AnswerLine>>, String> {
        Ok(None)
    }
}
