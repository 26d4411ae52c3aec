//! What rails say, in a form that leaves no doubt about what is known.

use ledger::Cents;

/// What a rail said to a request. Whoever is not sure says [`Answer::Unknown`]: it costs a question, and everything else,
/// when wrong, costs money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The rail has it and is at work on it.
    Accepted {
        /// What may be published of it, as a JSON object in the order of the contract.
        detail: String,
    },
    /// Paid.
    Succeeded {
        /// As above.
        detail: String,
    },
    /// The rail has proved that it did nothing and will do nothing.
    Refused {
        /// A stable word for programs.
        code: String,
        /// For the person, in plain words: what is wrong, and what to do.
        text: String,
    },
    /// A time-out, a reset, a 5xx, an unreadable answer, an unknown status: nobody knows.
    Unknown {
        /// For the operator.
        text: String,
        /// The rail itself is in trouble: there was no connection, no answer in time, or a status of 5xx.
        is_down: bool,
    },
}

impl Answer {
    /// It is not known what became of it, and the rail did answer.
    #[must_use]
    pub fn unknown(text: impl Into<String>) -> Self {
        Self::Unknown { text: text.into(), is_down: false }
    }

    /// It is not known what became of it, since the rail did not answer, or with an error of its own.
    #[must_use]
    pub fn down(text: impl Into<String>) -> Self {
        Self::Unknown { text: text.into(), is_down: true }
    }

    /// In a word and in the rail's own, for the attempt's row.
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

/// What a rail says when it is asked what became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It knows.
    Answer(Answer),
    /// It knows nothing of any attempt. That proves nothing: it may still come to know. The last attempt is sent again, as
    /// it was and under its key.
    NotFound,
    /// It knows the payment, which does not move on: an attempt that takes the place of the earlier ones, so that only one
    /// of them can ever pay, may help.
    Stuck,
    /// It had paid, and the money came back.
    Returned {
        /// A stable word for programs.
        code: String,
        /// For the person.
        text: String,
    },
}

/// What stands in a rail's own books: money that left by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What the rail knows it by, as it knows attempts by their keys.
    pub transfer: String,
    /// Which of several under that name.
    pub place: i64,
    /// To whom, in the rail's way of writing it.
    pub destination: String,
    /// How much, in the rail's smallest units.
    pub units: String,
    /// The same in cents, where it is a whole number of them.
    pub cents: Option<Cents>,
    /// Where in its books.
    pub block: i64,
}

/// What a rail's own books say of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentSince {
    /// Money that left, in order.
    pub outgoing: Vec<Outgoing>,
    /// How many slots of its line are taken, with what waits there.
    pub slots: i64,
}

/// An attempt to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What the rail will know it by: unique per rail.
    pub key: String,
    /// The exact bytes to send.
    pub request: Vec<u8>,
    /// The slot it takes, where the rail has a line; 0 elsewhere.
    pub slot: i64,
}

/// What a person would get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Beside the net amount in cents, what may be shown of it (for example the amount in tokens), as a JSON object, or
    /// nothing.
    pub detail: String,
}

/// What a rail could pay now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Cents; `None` where there is no limit that the rail knows of.
    pub available: Option<Cents>,
    /// What a person can choose from, where not every amount can be paid.
    pub choices: Vec<Choice>,
}

/// One thing that a rail has to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// For example a gift card's brand.
    pub name: String,
    /// Cents it is worth.
    pub net: Cents,
}

/// Why a method cannot be used now. The words for people stand beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The rail has not enough money, or not this card.
    OutOfFunds,
    /// The rail does not answer, or answers with errors.
    Unhealthy,
    /// The rail cannot pay this amount.
    AmountNotPossible,
}

impl Closed {
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

/// A field of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key in the JSON object.
    pub name: String,
    /// For people.
    pub label: String,
    /// Must it be there?
    pub required: bool,
}

/// What is wrong with a field of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which.
    pub name: String,
    /// A sentence for people.
    pub sentence: String,
}
