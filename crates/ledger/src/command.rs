//! Commands a business (or its operator) can give, and what each answers with. Not here: whether it may (decide.rs).

use crate::change::given;
use crate::correction::Confirmed;
use crate::{
    AccountId, Actor, Cents, Email, HashSalt, Lease, Metadata, Micros, Once, OnceKey, Origin, Provider, Step,
    Terms, UserSnapshot, UserStatus, Withdrawal,
};
use serde::{Deserialize, Serialize};

/// One payout to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPayout {
    pub email: Email,
    pub amount: Cents,
    /// The business's own name for this payout: unique per book for ever; a repeat does not pay again.
    pub reference: Option<String>,
    /// A memo for the recipient; empty for none.
    pub memo: String,
    /// The business's own notes.
    pub metadata: Metadata,
}

/// Between which of the business's own balances money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// main -> payout.
    ToPayout,
    /// payout -> main.
    ToMain,
}

impl Direction {
    /// Debit and credit account.
    #[must_use]
    pub fn accounts(self) -> (AccountId, AccountId) {
        match self {
            Self::ToPayout => (AccountId::MAIN, AccountId::PAYOUT),
            Self::ToMain => (AccountId::PAYOUT, AccountId::MAIN),
        }
    }
}

/// A withdrawal that a recipient asks for, under the business's terms at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The user's number.
    pub user: i64,
    /// The method's name.
    pub method: String,
    /// The kind of rail behind it.
    pub provider: Provider,
    /// Gross, cents.
    pub amount: Cents,
    /// As the rail wrote it after checking it: one JSON object in a canonical form.
    pub destination: String,
    /// The business's conditions.
    pub terms: Terms,
    /// It waits for review, whatever the terms say.
    pub is_held: bool,
    /// The beginning of this UTC day, for sums per day.
    pub day: Micros,
}

/// A step of a withdrawal, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The withdrawal's number.
    pub withdrawal: i64,
    pub step: Step,
    /// The user it must belong to: a recipient may cancel only its own withdrawals.
    pub only_of: Option<i64>,
    /// The lease under which it is made; `None` where no worker is involved. Without it the step is refused.
    pub under: Option<Lease>,
    /// What is still queued is taken to `sending` with it, as one command: by hand, no time lies between the two.
    pub by_hand: bool,
    /// Why, for steps that end it without a payment.
    pub reason: Option<Reason>,
    /// Proof, or anything else for the journal that the recipient does not read. Without it the journal has the reason's text.
    pub note: Option<String>,
    /// What the rail made public at this moment, as a JSON object.
    pub detail: Option<String>,
}

/// Why a withdrawal ended without a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// A stable word for programs.
    pub code: String,
    /// In words that the recipient may read.
    pub text: String,
}

impl Progress {
    /// A step with nothing said about it.
    #[must_use]
    pub fn new(withdrawal: i64, step: Step) -> Self {
        Self {
            withdrawal,
            step,
            only_of: None,
            under: None,
            by_hand: false,
            reason: None,
            note: None,
            detail: None,
        }
    }

    /// Made under a lease: see [`Self::under`].
    #[must_use]
    pub fn under(self, lease: Lease) -> Self {
        Self { under: Some(lease), ..self }
    }

    /// Made by a person instead of a rail: see [`Self::by_hand`].
    #[must_use]
    pub fn made_by_hand(self) -> Self {
        Self { by_hand: true, ..self }
    }

    /// With a reason: a stable word and a text.
    #[must_use]
    pub fn because(self, code: &str, text: &str) -> Self {
        Self { reason: Some(Reason { code: code.to_owned(), text: text.to_owned() }), ..self }
    }

    /// With something for the journal alone; an empty text is none.
    #[must_use]
    pub fn with_note(self, note: &str) -> Self {
        Self { note: given(note), ..self }
    }

    /// With what the rail made public; an empty text is none.
    #[must_use]
    pub fn with_detail(self, detail: String) -> Self {
        Self { detail: Some(detail).filter(|detail| !detail.is_empty()), ..self }
    }
}

/// Things worth an entry that change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// A delivered gift card's code is about to be shown.
    GiftCardRevealed,
    /// Few gift cards of one brand and value are left.
    GiftCardStockLow,
    /// A user's money will soon go back unclaimed.
    UserMoneyExpiring,
    /// The business's settings are about to change.
    SettingsChanged,
    /// Nothing leaves for now.
    PaymentsPaused,
    /// It leaves again.
    PaymentsResumed,
    /// All lines of an imported file are done.
    ImportCompleted,
    /// A method was switched on, or its pause ended.
    MethodOpened,
    /// A method was switched off or paused.
    MethodClosed,
    /// A rail's own books say something else of a withdrawal than this book.
    ReconciliationMismatch,
    /// A withdrawal takes longer than expected.
    WithdrawalDelayed,
}

/// Everything that can change a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Create a payout user or add to the balance of one.
    Create {
        email: Email,
        amount: Cents,
        /// A memo for the recipient; empty for none.
        memo: String,
        /// The business's own notes.
        metadata: Metadata,
    },
    /// Many creates at once.
    CreateMany {
        /// In the order they are paid.
        payouts: Vec<BatchPayout>,
        /// Pay in order while the money lasts instead of all or nothing.
        partial: bool,
    },
    /// Move money between main and payout balance.
    Transfer { direction: Direction, amount: Cents },
    /// Record money that reached the business from outside.
    Deposit {
        amount: Cents,
        /// The operator's proof, for example a bank statement's line; one deposit per reference.
        reference: String,
        /// It is right that a deposit of another business has the same reference. No part of what is asked for.
        used_elsewhere: bool,
        /// The day on which the money came, as `2026-11-03`; empty where it is not said. No part of what is asked for either.
        received_on: String,
    },
    /// Take unspent money back from a user.
    Debit {
        /// The user's number.
        user: i64,
        amount: Cents,
        /// In the business's words.
        reason: String,
    },
    /// Let a user's hash authenticate, or not.
    SetStatus {
        /// The user's number.
        user: i64,
        status: UserStatus,
    },
    /// Give a user a new hash.
    RotateHash {
        /// The user's number.
        user: i64,
    },
    /// A recipient asks for a withdrawal.
    Withdraw(Box<Order>),
    /// A withdrawal goes a step further.
    Advance(Box<Progress>),
    /// Write down that something happened.
    Record {
        occurrence: Occurrence,
        /// The number of the user it concerns.
        user: Option<i64>,
        /// The number of the withdrawal it concerns.
        withdrawal: Option<i64>,
        /// Never a secret.
        note: String,
    },
    /// Keep the answer of something that is done outside the books, to give it again whenever its key comes again.
    Remember {
        /// Everything the request says.
        request: String,
        /// The answer; no secret.
        answer: String,
    },
    /// Take back what a user has not claimed.
    Expire {
        /// The user's number.
        user: i64,
        /// The newest entry of the user's account when it was found unclaimed: with a newer one it is not.
        head: i64,
    },
    /// The database had lost its end: number everything from here on in a new epoch, so that nothing that was lost can have
    /// the number of something that is made from now on.
    Recover {
        /// The installation's new epoch.
        epoch: i64,
    },
    /// Put the business's own money right, as two people agreed.
    Correct(Box<Confirmed>),
}

/// What a carried-out command answers with. Stored as the answer of an idempotency key, so variants and fields are
/// only ever added. Hashes are not in it: they are computed from user and salt when the answer is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Create: whose hash to answer with.
    Paid {
        /// The user's number.
        user: i64,
        /// The hash generation at that moment.
        generation: i64,
        /// Of that hash.
        salt: HashSalt,
    },
    /// CreateMany: one row each, in order.
    PaidMany {
        rows: Vec<RowReply>,
        /// Cents of all rows that are paid, now or before under the same reference.
        total: Cents,
    },
    /// Transfer, Deposit and Correct: the balances afterwards.
    Balances { main: Cents, payout: Cents },
    /// Debit, activate, deactivate: the user afterwards.
    User(UserSnapshot),
    /// RotateHash: whose new hash to answer with.
    HashRotated {
        /// The user's number.
        user: i64,
        /// The new generation.
        generation: i64,
        /// Of the new hash.
        salt: HashSalt,
    },
    /// Withdraw and Advance: the withdrawal afterwards.
    Withdrawal(Box<Withdrawal>),
    /// Record: it is written down.
    Recorded,
    /// Remember: the answer.
    Said(String),
}

/// One row of a batch's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowReply {
    /// Paid: user, generation and salt of the hash.
    Paid(i64, i64, HashSalt),
    /// Not paid (only with `partial`).
    Unpaid(RowRefusal),
}

/// Why one row of a partial batch was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowRefusal {
    /// The payout balance ended before this row.
    PayoutBalanceIsTooLow,
    /// The reference paid another person or amount before.
    ReferenceWasUsedForAnotherPayout,
    /// The user's balance would pass the largest number of cents there is.
    BalanceWouldBeTooLarge,
}

impl RowRefusal {
    pub const ALL: [Self; 3] =
        [Self::PayoutBalanceIsTooLow, Self::ReferenceWasUsedForAnotherPayout, Self::BalanceWouldBeTooLarge];

    /// The stable word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PayoutBalanceIsTooLow => "insufficient_payout_balance",
            Self::ReferenceWasUsedForAnotherPayout => "reference_reused",
            Self::BalanceWouldBeTooLarge => "balance_too_large",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PayoutBalanceIsTooLow => "Insufficient payout balance",
            Self::ReferenceWasUsedForAnotherPayout => {
                "This reference was already used for another email or amount."
            }
            Self::BalanceWouldBeTooLarge => "The balance would become too large.",
        }
    }
}

/// A command's idempotency: under which key, if any, its answer is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub command: Command,
    /// Do it once.
    pub once: Option<Once>,
    /// Who gives the command, and with which credential.
    pub origin: Origin,
}

impl Request {
    /// A request without an idempotency key.
    #[must_use]
    pub fn plain(command: Command) -> Self {
        Self::maybe_once(command, None)
    }

    /// A request that takes effect once under `key`. A deposit always takes effect once under its reference, whatever
    /// the key: one line of a bank statement is one deposit. So does a correction under its proposal's number.
    #[must_use]
    pub fn maybe_once(command: Command, key: Option<OnceKey>) -> Self {
        let key = match &command {
            Command::Deposit { reference, .. } => Some(OnceKey::of_deposit_reference(reference)),
            Command::Correct(confirmed) => Some(OnceKey::of_proposal(confirmed.proposal)),
            _ => key,
        };
        let once = key.map(|key| Once { key, fingerprint: command.fingerprint() });
        Self { command, once, origin: Actor::NONE.into() }
    }

    /// Given by this actor, or with this credential.
    #[must_use]
    pub fn by(self, origin: impl Into<Origin>) -> Self {
        Self { origin: origin.into(), ..self }
    }
}
