//! Journal entries: everything that happened in a book, in order. An entry that moves money is a transfer: one debit
//! account, one credit account, one amount. Entries that move none (a status, a new hash) stand in the same sequence,
//! so that the chain covers them too and clients read one gap-free list of events.

use crate::{AccountId, Cents, Micros};

/// What an entry records. The numbers are stored and chained: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// world -> main, recorded by an operator.
    Deposited = 1,
    /// main -> payout.
    MovedToPayout = 2,
    /// payout -> main.
    MovedToMain = 3,
    /// payout -> user, which this entry created.
    UserCreated = 4,
    /// payout -> user.
    UserCredited = 5,
    /// user -> payout: unspent money taken back.
    UserDebited = 6,
    /// The user's hash stopped authenticating.
    UserDeactivated = 7,
    /// The user's hash authenticates again.
    UserActivated = 8,
    /// The user has a new hash; the old one is dead.
    HashRotated = 9,
}

impl EntryKind {
    /// All kinds, for tables and documentation.
    pub const ALL: [Self; 9] = [
        Self::Deposited,
        Self::MovedToPayout,
        Self::MovedToMain,
        Self::UserCreated,
        Self::UserCredited,
        Self::UserDebited,
        Self::UserDeactivated,
        Self::UserActivated,
        Self::HashRotated,
    ];

    /// The number that is stored and chained.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The event's name as clients see it.
    #[must_use]
    pub fn event_name(self) -> &'static str {
        match self {
            Self::Deposited => "balance.deposited",
            Self::MovedToPayout => "balance.moved_to_payout",
            Self::MovedToMain => "balance.moved_to_main",
            Self::UserCreated => "payout_user.created",
            Self::UserCredited => "payout_user.credited",
            Self::UserDebited => "payout_user.debited",
            Self::UserDeactivated => "payout_user.deactivated",
            Self::UserActivated => "payout_user.activated",
            Self::HashRotated => "payout_user.hash_rotated",
        }
    }
}

/// Money moved by one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Where it came from.
    pub debit: AccountId,
    /// Where it went.
    pub credit: AccountId,
    /// Cents, at least 1.
    pub amount: Cents,
    /// The entry that touched the debit account before this one; 0 for none.
    pub debit_previous: i64,
    /// The entry that touched the credit account before this one; 0 for none.
    pub credit_previous: i64,
}

/// One line of a book's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3, … inside the book, without a gap.
    pub sequence: i64,
    /// What happened.
    pub kind: EntryKind,
    /// When it was decided.
    pub at: Micros,
    /// The payout user it concerns; 0 for none.
    pub user: i64,
    /// The money, if any moved.
    pub movement: Option<Movement>,
    /// Reference or reason in the words of whoever gave the command; empty for none.
    pub note: String,
}
