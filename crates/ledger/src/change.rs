//! The steps a plan is made of. Deciding (decide.rs, decide_withdrawal.rs) makes them; the book carries them out (book.rs).

use crate::{AccountId, Cents, Email, EntryKind, HashSalt, OnceKey, Remembered, UserStatus, Withdrawal};

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
        salt: HashSalt,
    },
    /// A transfer and its entry.
    Move {
        /// What it is.
        kind: EntryKind,
        /// Whom it concerns; 0 for nobody.
        user: i64,
        /// From.
        debit: AccountId,
        /// To.
        credit: AccountId,
        /// How much.
        amount: Cents,
        /// Reference or reason.
        note: String,
        /// Which withdrawal; 0 for none.
        withdrawal: i64,
        /// What the rail made public.
        detail: String,
    },
    /// A new withdrawal; the entry that holds its money follows.
    NewWithdrawal(Box<Withdrawal>),
    /// A withdrawal as it is from now on; its entry follows.
    SetWithdrawal(Box<Withdrawal>),
    /// An entry that moves no money.
    Note {
        /// What it is.
        kind: EntryKind,
        /// Whom it concerns; 0 for nobody.
        user: i64,
        /// Which withdrawal; 0 for none.
        withdrawal: i64,
        /// Reason or proof.
        note: String,
        /// What the rail made public.
        detail: String,
    },
    /// A user's new status and its entry.
    SetStatus {
        /// What it is.
        kind: EntryKind,
        /// Whose.
        user: i64,
        /// From now on.
        status: UserStatus,
    },
    /// A user's new hash and its entry.
    SetGeneration {
        /// What it is.
        kind: EntryKind,
        /// Whose.
        user: i64,
        /// From now on.
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
        /// How much.
        amount: Cents,
    },
    /// An answer to give again whenever the key comes again.
    Remember {
        /// The name.
        key: OnceKey,
        /// The answer.
        remembered: Remembered,
    },
}

impl Change {
    /// A transfer, from the first account to the second, that concerns no withdrawal.
    pub(crate) fn plain_move(
        kind: EntryKind,
        user: i64,
        (debit, credit): (AccountId, AccountId),
        amount: Cents,
        note: &str,
    ) -> Self {
        let (note, detail) = (note.to_owned(), String::new());
        Self::Move { kind, user, debit, credit, amount, note, withdrawal: 0, detail }
    }
}
