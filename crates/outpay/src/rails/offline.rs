//! What a rail knows without its counterpart: its facts, its destinations, what a payment is worth, how a payment reads. Test mode
//! simulates a rail over this part alone (simulated.rs), so test money has no way to a counterpart.
//!
//! Invariant: an implementation holds no client, key or stock.

use super::{Choice, Closed, Facts, FieldProblem, Payment, Quote, Revealed};
use ledger::{BookId, Cents, Withdrawal};
use serde_json::{Map, Value};

/// The offline part of one configured rail.
pub trait Offline: Send + Sync {
    /// As [`super::Rail::facts`].
    fn facts(&self) -> &Facts;

    /// As [`super::Rail::destination`].
    ///
    /// # Errors
    /// Every field that is wrong.
    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>>;

    /// What the person gets for `net`, as far as the counterpart does not decide it.
    ///
    /// # Errors
    /// When no payment of this amount can exist.
    fn quote(&self, net: Cents, destination: &str) -> Result<Quote, Closed>;

    /// What a person can choose from, where not every amount can be paid.
    fn choices(&self) -> Vec<Choice> {
        Vec::new()
    }

    /// The public detail of a simulated payment, in the form that the live rail gives it. What the counterpart would add, such
    /// as a transaction's hash, is made up and well-formed.
    fn detail(&self, payment: &Payment) -> String;

    /// The code that a simulated payment leaves, where the kind has codes.
    fn code(&self, _book: BookId, _withdrawal: &Withdrawal) -> Option<Revealed> {
        None
    }
}
