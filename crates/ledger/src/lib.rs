//! The money rules of Outpay, and nothing else.
//!
//! Here: cents, accounts, journal entries and their hash chain, the commands a business can give, the one
//! ladder of checks that decides them ([`decide`]) and the refusals it ends in. Not here: any input or output,
//! clock, randomness, database or network. Invariants kept: debits equal credits in every entry, no account but
//! `world` goes below zero, a refused command leaves no trace, a book's entries form one gap-free chained sequence.

mod account;
mod book;
mod chain;
mod command;
mod decide;
mod decide_withdrawal;
mod email;
mod entry;
mod money;
mod refusal;
mod terms;
mod user;
mod withdrawal;

pub use account::{Account, AccountId};
pub use book::{Book, BookHead, BookId, Changes, Mode};
pub use chain::{ChainDigest, GENESIS, link};
pub use command::{
    BatchPayout, Command, Direction, Fingerprint, Occurrence, Once, OnceKey, Order, Outcome, Progress,
    Remembered, Request, RowOutcome, RowRefusal,
};
pub use decide::{Answer, Change, Plan, decide, settle};
pub use email::{Email, EmailProblem};
pub use entry::{Actor, Entry, EntryKind, Movement};
pub use money::{Cents, MAX_PAYOUT, MAX_TRANSFER};
pub use refusal::Refusal;
pub use terms::{FeeRule, ReviewRule, Terms};
pub use user::{PayoutUser, UserSnapshot, UserStatus};
pub use withdrawal::{Provider, Step, TRANSITIONS, Withdrawal, WithdrawalState};

/// Microseconds since 1970-01-01T00:00:00Z; always passed in, never read from a clock here.
pub type Micros = i64;
