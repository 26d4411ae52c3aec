//! The result of an audit: counts of what was compared, and each difference with its exact place.

use crate::chain_head::Head;
use ledger::{AccountId, BookId};
use std::fmt;

/// Differences that are kept: one broken row can make many others look wrong.
const MOST_KEPT: usize = 100;

#[derive(Clone, Debug, Default)]
pub struct AuditReport {
    pub books: u64,
    /// Entries recomputed.
    pub entries: u64,
    pub accounts: u64,
    pub users: u64,
    pub withdrawals: u64,
    /// Credentials of payout hashes.
    pub credentials: u64,
    pub attempts: u64,
    /// Remembered replies of idempotency keys and references.
    pub remembered: u64,
    /// Audit log rows recomputed.
    pub log_rows: u64,
    /// Heads in the installation's own file.
    pub signed_heads: u64,
    /// Heads that were kept elsewhere.
    pub kept_heads: u64,
    /// Heads of entries that were lost before a recovery, which names what was lost.
    pub heads_before_recovery: u64,
    /// The newest head of each chain: keep them elsewhere and give them to a later audit.
    pub heads: Vec<Head>,
    /// The first differences, in the order of discovery.
    pub differences: Vec<Difference>,
    /// The number of all differences.
    pub found: u64,
}

/// Something stored that contradicts the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `None`: the installation as a whole.
    pub book: Option<BookId>,
    /// Name of the book's business; empty without a book.
    pub business: String,
    pub place: Place,
    /// One sentence.
    pub what: String,
}

/// A place in a book, or in the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Not in a book.
    Installation,
    /// Audit log row with this number.
    LogRow(i64),
    /// Line of the file of signed heads, from 1.
    HeadLine(i64),
    /// The book's own row.
    Book,
    /// Entry with this sequence.
    Entry(i64),
    Account(AccountId),
    User(i64),
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
    /// No differences?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found == 0
    }
}

/// Collects the differences of the current book, or of the installation.
#[derive(Default)]
pub(super) struct Findings {
    book: Option<(BookId, String)>,
    pub(super) kept: Vec<Difference>,
    pub(super) found: u64,
}

impl Findings {
    /// Differences added from now on belong to this book.
    pub(super) fn enter(&mut self, book: BookId, business: &str) {
        if self.book.as_ref().is_none_or(|(at, _)| *at != book) {
            self.book = Some((book, business.to_owned()));
        }
    }

    /// Differences added from now on belong to no book.
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
