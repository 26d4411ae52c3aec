//! What rails reply: outcomes, findings, quotes and funds. Not here: what follows from an outcome (payment_worker/turn.rs).

use ledger::{Cents, Micros};
use secrecy::SecretString;

/// What a rail says became of a request. In doubt it is [`Outcome::Unknown`]: that costs one more query, and any other outcome,
/// when wrong, costs money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rail has the payment and works on it.
    Accepted {
        /// What may be published of it, as a JSON object in the order of the contract.
        detail: String,
    },
    /// Paid.
    Succeeded {
        /// As in `Accepted`.
        detail: String,
    },
    /// The rail has proved that it did nothing and will do nothing.
    Refused {
        /// A stable word for programs.
        code: String,
        /// For the person, in plain words: what is wrong, and what to do.
        text: String,
    },
    /// A time-out, a reset, a 5xx, an unreadable answer, an unknown status: the payment may have been made.
    Unknown {
        /// For the operator.
        text: String,
        /// The rail itself fails: there was no connection, no answer in time, or a status of 5xx.
        is_down: bool,
    },
}

impl Outcome {
    /// The outcome is unknown, though the rail answered.
    #[must_use]
    pub fn unknown(text: impl Into<String>) -> Self {
        Self::Unknown { text: text.into(), is_down: false }
    }

    /// The outcome is unknown, since the rail did not answer, or answered with a server error.
    #[must_use]
    pub fn down(text: impl Into<String>) -> Self {
        Self::Unknown { text: text.into(), is_down: true }
    }

    /// A word for the kind of outcome, and the rail's own text, for the attempt's row.
    #[must_use]
    pub fn in_words(&self) -> (&'static str, &str) {
        match self {
            Self::Accepted { detail } => ("accepted", detail),
            Self::Succeeded { detail } => ("succeeded", detail),
            Self::Refused { code, .. } => ("refused", code),
            Self::Unknown { text, .. } => ("unknown", text),
        }
    }
}

/// A rail's answer to a query about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It knows the payment.
    Outcome(Outcome),
    /// It knows none of the attempts. That proves nothing, since one may still arrive. The last attempt is sent again, unchanged
    /// and under its key.
    NotFound,
    /// It knows the payment, which makes no progress. A new attempt that replaces the earlier ones, so that only one of them
    /// can ever pay, may help.
    Stuck,
    /// It had paid, and the money came back.
    Returned {
        /// A stable word for programs.
        code: String,
        /// For the person.
        text: String,
    },
    /// It had paid, and its books do not say so any more, as after a reorganisation of a chain. That is no proof that it was
    /// not paid: the same request is sent again, and nothing is given back.
    Undone {
        /// The attempt that had paid.
        number: i64,
        /// For the operator.
        evidence: String,
    },
}

/// The code or the link of a payment that succeeded, for the person alone. Its texts are secrets.
#[derive(Clone)]
pub struct Revealed {
    /// The number of the gift card in the book's stock: 1, 2, …; `None` where it is from no stock.
    pub number: Option<i64>,
    /// For example a shop's name.
    pub brand: String,
    /// What the code is worth.
    pub face_value: Cents,
    /// When the code stops working.
    pub expires_at: Option<Micros>,
    /// The code, or the link.
    pub code: SecretString,
    /// `code` is an address that the person opens.
    pub is_link: bool,
    /// The pin, where the card has one.
    pub pin: Option<SecretString>,
}

impl Revealed {
    /// A link that is worth this much.
    #[must_use]
    pub fn link(brand: String, face_value: Cents, link: SecretString) -> Self {
        Self { number: None, brand, face_value, expires_at: None, code: link, is_link: true, pin: None }
    }
}

/// An attempt that is not committed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The idempotency key at the rail: unique per rail.
    pub key: String,
    /// The exact bytes to send.
    pub request: Vec<u8>,
    /// The slot it takes, where the rail has a line; 0 elsewhere.
    pub slot: i64,
}

/// What a person would receive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// What may be shown beside the net amount in cents (for example the amount in tokens), as a JSON object; empty for
    /// none.
    pub detail: String,
}

/// What a rail could pay now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Cents; `None` where the rail has no limit.
    pub available: Option<Cents>,
    /// The choices, where not every amount can be paid.
    pub choices: Vec<Choice>,
}

/// One thing that a person can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// For example a gift card's brand.
    pub name: String,
    /// Its value in cents; the least one where there is a range.
    pub net: Cents,
    /// The largest value, where any value from `net` on can be chosen.
    pub most: Option<Cents>,
}

/// Why a method cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The rail lacks the money, or the gift card.
    OutOfFunds,
    /// The rail does not answer, or answers with errors.
    Unhealthy,
    /// The rail cannot pay this amount.
    AmountNotPossible,
}

impl Closed {
    pub const ALL: [Self; 3] = [Self::OutOfFunds, Self::Unhealthy, Self::AmountNotPossible];

    /// The stable word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OutOfFunds => "out_of_funds",
            Self::Unhealthy => "unhealthy",
            Self::AmountNotPossible => "amount_not_possible",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutOfFunds => {
                "This method has not enough funds at the moment. Please try again later or choose another one."
            }
            Self::Unhealthy => "This method does not work at the moment. Please try again later.",
            Self::AmountNotPossible => {
                "This method cannot pay exactly this amount. Please choose another amount."
            }
        }
    }
}
