//! Bodies with what they need; the rest is set by name: `CreateBody { memo, ..CreateBody::new(email, amount) }`.

use crate::schema::{BatchBody, BatchRow, CreateBody, DebitBody, RejectBody, SettleBody, WithdrawBody};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl CreateBody {
    /// A payout of so many cents.
    #[must_use]
    pub fn new(email: impl Into<String>, cents: i64) -> Self {
        Self { email: email.into(), amount: cents, currency: None, memo: None, metadata: BTreeMap::new() }
    }
}

impl BatchRow {
    /// A payout of so many cents, which is made once, ever, for this reference of yours.
    #[must_use]
    pub fn new(email: impl Into<String>, cents: i64, reference: impl Into<String>) -> Self {
        let reference = Some(reference.into());
        Self { email: email.into(), amount: cents, reference, memo: None, metadata: BTreeMap::new() }
    }
}

impl BatchBody {
    /// All of them, or none.
    #[must_use]
    pub fn new(payouts: Vec<BatchRow>) -> Self {
        Self { payouts, partial: None }
    }
}

impl WithdrawBody {
    /// A withdrawal of so many cents, gross, by a method, with the fields that the method asks for.
    #[must_use]
    pub fn new<'a>(
        method: impl Into<String>,
        cents: i64,
        destination: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let fields = destination.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self {
            method: method.into(),
            amount: cents,
            destination: fields.collect::<Map<_, _>>(),
            payout_hash: None,
        }
    }
}

impl DebitBody {
    /// Takes so many cents back.
    #[must_use]
    pub fn new(cents: i64, reason: impl Into<String>) -> Self {
        Self { amount: cents, reason: reason.into() }
    }
}

impl RejectBody {
    /// With a reason that the recipient reads.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl SettleBody {
    /// With the proof that it was paid, such as the number of a bank statement.
    #[must_use]
    pub fn new(proof: impl Into<String>) -> Self {
        Self { proof: proof.into() }
    }
}
