//! What an audit says: how much it compared, and each difference with its exact place.

use crate::heads::Head;
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
    /// Attempts to pay compared.
    pub attempts: u64,
    /// Remembered answers compared.
    pub remembered: u64,
    /// Rows of the audit log recomputed.
    pub log_rows: u64,
    /// Heads in the installation's own file compared.
    pub signed_heads: u64,
    /// Heads that were kept elsewhere compared.
    pub kept_heads: u64,
    /// Heads of entries that were lost before a recovery, which names what it lost.
    pub heads_before_recovery: u64,
    /// Where the chains stand: to be kept elsewhere, and given to a later audit.
    pub heads: Vec<Head>,
    /// The first differences, in the order in which they were found.
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub found: u64,
}

/// Something stored that is not what the entries say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which book; `None` for the installation as a whole.
    pub book: Option<BookId>,
    /// Whose book that is; empty for none.
    pub business: String,
    /// Where in it.
    pub place: Place,
    /// A sentence.
    pub what: String,
}

/// A place in a book, or in the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// No book's own.
    Installation,
    /// The row of the audit log with this number.
    LogRow(i64),
    /// The line, from 1, of the file of signed heads.
    HeadLine(i64),
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
            Self::Installation => f.write_str("installation"),
            Self::LogRow(number) => write!(f, "audit log {number}"),
            Self::HeadLine(number) => write!(f, "signed heads, line {number}"),
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

/// Collects differences for the book that is being looked at, or for the installation.
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

    /// What is added from now on is about no book.
    pub(super) fn leave(&mut self) {
        self.book = None;
    }

    pub(super) fn add(&mut self, place: Place, what: String) {
        self.found += 1;
        if self.kept.len() < MOST_KEPT {
            let (book, business) = self.book.clone().unzip();
            self.kept.push(Difference { book, business: business.unwrap_or_default(), place, what });
        }
    }
}
