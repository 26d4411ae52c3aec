//! What an audit says: how much it compared, and each difference with its exact place.

use ledger::{AccountId, BookId};
use std::fmt;

/// Differences that are kept; one broken row can make many others look wrong.
const MOST_KEPT: usize = 100;

/// What an audit has found.
#[derive(Clone, Debug, Default)]
pub struct AuditReport {
    /// Books compared.
    pub books: u64,
    /// Entries recomputed.
    pub entries: u64,
    /// Accounts compared.
    pub accounts: u64,
    /// Users compared.
    pub users: u64,
    /// Withdrawals compared.
    pub withdrawals: u64,
    /// Credentials of users' hashes compared.
    pub credentials: u64,
    /// The first differences, in the order in which they were found.
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub found: u64,
}

/// Something stored that is not what the entries say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which book.
    pub book: BookId,
    /// Whose book that is.
    pub business: String,
    /// Where in the book.
    pub place: Place,
    /// A sentence.
    pub what: String,
}

/// A place in a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The book's own row.
    Book,
    /// The entry with this sequence.
    Entry(i64),
    /// This account.
    Account(AccountId),
    /// The user with this number.
    User(i64),
    /// The withdrawal with this number.
    Withdrawal(i64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book => f.write_str("book"),
            Self::Entry(sequence) => write!(f, "entry {sequence}"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::User(number) => write!(f, "user {number}"),
            Self::Withdrawal(number) => write!(f, "withdrawal {number}"),
        }
    }
}

impl AuditReport {
    /// Is everything as it should be?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found == 0
    }
}

/// Collects differences for the book that is being looked at.
#[derive(Default)]
pub(super) struct Findings {
    book: Option<(BookId, String)>,
    pub(super) kept: Vec<Difference>,
    pub(super) found: u64,
}

impl Findings {
    /// What is added from now on is about this book.
    pub(super) fn enter(&mut self, book: BookId, business: &str) {
        if self.book.as_ref().is_none_or(|(at, _)| *at != book) {
            self.book = Some((book, business.to_owned()));
        }
    }

    pub(super) fn add(&mut self, place: Place, what: String) {
        self.found += 1;
        if self.kept.len() < MOST_KEPT
            && let Some((book, business)) = &self.book
        {
            self.kept.push(Difference { book: *book, business: business.clone(), place, what });
        }
    }
}
