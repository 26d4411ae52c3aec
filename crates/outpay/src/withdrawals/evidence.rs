//! The evidence of a withdrawal, for every door that shows it: every entry of the journal, every attempt with the digest of
//! its exact request, and what the rail said.

use crate::platform::Platform;
use crate::store::{Attempt, Failure, StoredEntry};
use data_encoding::HEXLOWER;
use ledger::{BookId, Withdrawal};
use sha2::{Digest, Sha256};

/// See the module.
#[derive(Debug)]
pub struct Evidence {
    /// As it stands.
    pub withdrawal: Withdrawal,
    /// In sequence.
    pub entries: Vec<StoredEntry>,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
}

/// All there is to see of a withdrawal; `None` where there is none of this number.
pub async fn of(platform: &Platform, book: BookId, number: i64) -> Result<Option<Evidence>, Failure> {
    let Some(withdrawal) = platform.store.withdrawal(book, number).await? else { return Ok(None) };
    let entries = platform.store.entries_of_withdrawal(book, number).await?;
    let attempts = platform.store.attempts(book, number).await?;
    Ok(Some(Evidence { withdrawal, entries, attempts }))
}

/// SHA-256 of the exact bytes that were committed before they were sent.
#[must_use]
pub fn digest(attempt: &Attempt) -> String {
    HEXLOWER.encode(&Sha256::digest(&attempt.request))
}
