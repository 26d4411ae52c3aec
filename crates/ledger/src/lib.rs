//! The money rules of Outpay, and nothing else.
//!
//! Here: cents, accounts, journal entries and their hash chain, the commands a business can give, the one
//! ladder of checks that decides them ([`decide`]) and the refusals it ends in. Not here: any input or output,
//! clock, randomness, database or network. Invariants kept: debits equal credits in every entry, no account but
//! `world` goes below zero, a refused command leaves no trace, a book's entries form one gap-free chained sequence.

mod account;
mod book;
mod book_clock;
mod book_id;
mod budget;
mod chain;
mod change;
mod command;
mod correction;
mod decide;
mod decide_correction;
mod decide_withdrawal;
mod email;
mod entry;
mod fingerprint;
mod look_back;
mod metadata;
mod money;
mod once;
mod origin;
mod provider;
mod recovery;
mod refusal;
mod review;
mod salt;
mod terms;
mod user;
mod withdrawal;

pub use account::{Account, AccountId};
pub use book::{Book, Changes};
pub use book_id::{BookHead, BookId, Mode, floor_of_epoch, is_from_before_a_recovery};
pub use budget::{Budget, Ceilings, Spent};
pub use chain::{ChainDigest, GENESIS, link};
pub use change::{Change, NewEntry};
pub use command::{
    BatchPayout, Command, Direction, Occurrence, Order, Progress, Reason, Reply, Request, RowRefusal,
    RowReply,
};
pub use correction::{Confirmed, Correction, CorrectionDetail, DepositDetail, Deposited};
pub use decide::{Applied, Plan, apply, decide};
pub use email::{Email, EmailProblem};
pub use entry::{Actor, Entry, EntryKind, Movement};
pub use look_back::{DepositedElsewhere, LOOKS_PERIOD, MOST_LOOKS};
pub use metadata::{Metadata, MetadataProblem, NewMetadata};
pub use money::{Cents, MAX_PAYOUT, MAX_TRANSFER};
pub use once::{Fingerprint, Once, OnceKey, Remembered};
pub use origin::{CredentialDigest, Origin, SessionStamp, StoredCredential};
pub use provider::{Driver, Provider, Watch};
pub use refusal::Refusal;
pub use review::{ReviewDetail, ReviewReason};
pub use salt::{HashBasis, HashSalt, Inputs, key_version_of, rotations_of};
pub use terms::{FeeRule, ReviewRule, Terms};
pub use user::{PayoutUser, UserSnapshot, UserStatus};
pub use withdrawal::{Lease, Pause, Step, TRANSITIONS, Withdrawal, WithdrawalState};

/// Microseconds since 1970-01-01T00:00:00Z; always passed in, never read from a clock here.
pub type Micros = i64;
