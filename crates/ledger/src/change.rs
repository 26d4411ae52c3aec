//! The steps a plan is made of. Deciding (decide.rs, decide_withdrawal.rs) makes them; the book carries them out (book.rs).

use crate::budget::Spent;
use crate::{
    AccountId, Cents, Email, EntryKind, HashBasis, HashSalt, Metadata, OnceKey, Remembered, UserStatus,
    Withdrawal,
};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new payout user.
    NewUser {
        /// The next number.
        number: i64,
        /// Unique in the book.
        email: Email,
        /// Of its first hash.
        basis: HashBasis,
    },
    /// A transfer and its entry.
    Move {
        /// The entry that records it.
        entry: NewEntry,
        /// The account that gives.
        debit: AccountId,
        /// The account that receives.
        credit: AccountId,
        /// Cents, at least 1.
        amount: Cents,
    },
    /// A new withdrawal; the entry that holds its money follows.
    NewWithdrawal(Box<Withdrawal>),
    /// A withdrawal as it is from now on; its entry follows.
    SetWithdrawal(Box<Withdrawal>),
    /// An entry that moves no money.
    Note(NewEntry),
    /// A user's new status and its entry.
    SetStatus {
        /// The kind of its entry.
        kind: EntryKind,
        /// The user's number.
        user: i64,
        /// The new status.
        status: UserStatus,
    },
    /// A user's new hash and its entry.
    SetGeneration {
        /// The kind of its entry.
        kind: EntryKind,
        /// The user's number.
        user: i64,
        /// The new generation.
        generation: i64,
        /// Of the new hash.
        salt: HashSalt,
    },
    /// From now on all numbers of the book are of this epoch.
    RaiseNumbers {
        /// Later than that of the book's newest entry.
        epoch: i64,
        /// Names the sequence before it.
        note: String,
    },
    /// A deposit of which more is reversed from now on; the transfer that takes it out follows.
    ReverseDeposit {
        /// The sequence of its entry.
        deposit: i64,
        amount: Cents,
    },
    /// What was paid out of a budget from now on.
    Spend {
        budget: i64,
        /// The recipient's number; 0 for all together.
        user: i64,
        spent: Spent,
    },
    /// A reply to give again whenever the key comes again.
    Remember {
        /// The key's digest.
        key: OnceKey,
        /// Fingerprint and reply.
        remembered: Remembered,
    },
}

/// The entry that a change writes, apart from the money that it moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What it records.
    pub kind: EntryKind,
    /// The payout user it concerns.
    pub user: Option<i64>,
    /// The withdrawal it concerns.
    pub withdrawal: Option<i64>,
    /// Reference, reason or proof.
    pub note: Option<String>,
    /// What the rail made public, a memo for the recipient, or a correction's detail.
    pub detail: Option<String>,
    /// Stored beside the entry, not in it.
    pub metadata: Metadata,
}

impl NewEntry {
    /// An entry of this kind with nothing else in it.
    pub(crate) fn new(kind: EntryKind) -> Self {
        Self { kind, user: None, withdrawal: None, note: None, detail: None, metadata: Metadata::default() }
    }

    pub(crate) fn of_user(self, user: i64) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Of a withdrawal and its user.
    pub(crate) fn of_withdrawal(self, withdrawal: &Withdrawal) -> Self {
        Self { user: Some(withdrawal.user), withdrawal: Some(withdrawal.number), ..self }
    }

    /// An empty note is none.
    pub(crate) fn with_note(self, note: &str) -> Self {
        Self { note: given(note), ..self }
    }

    /// An empty detail is none.
    pub(crate) fn with_detail(self, detail: &str) -> Self {
        Self { detail: given(detail), ..self }
    }
}

/// The text, unless it is empty.
pub(crate) fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
