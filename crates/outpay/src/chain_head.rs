//! The head of a chain: which entry is its newest, and that entry's digest. Chains are the books' journals and the audit log.
//! Not here: reading heads (store/chains.rs), signing them (heads/).

use anyhow::Context;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use std::fmt;
use std::str::FromStr;

/// The audit log, in place of a book's number; no book has number 0.
pub const AUDIT_LOG: i64 = 0;

/// The newest entry of a chain at some time. As text: `BOOK:SEQUENCE:DIGEST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The book's number, or [`AUDIT_LOG`].
    pub book: i64,
    /// Sequence of the newest entry, or number of the newest audit log row.
    pub sequence: i64,
    /// Digest of that entry or row.
    pub digest: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.book, self.sequence, HEXLOWER.encode(&self.digest))
    }
}

impl FromStr for Head {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let mut parts = text.split(':');
            let (book, sequence) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let digest = digest_from_hex(parts.next()?)?;
            let fits = book >= AUDIT_LOG && sequence > 0 && parts.next().is_none();
            fits.then_some(Self { book, sequence, digest })
        };
        read()
            .context("a head is BOOK:SEQUENCE:DIGEST as `outpay audit` prints it, with 64 hexadecimal digits")
    }
}

/// A digest written as 64 hexadecimal digits of either case.
#[must_use]
pub fn digest_from_hex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}
