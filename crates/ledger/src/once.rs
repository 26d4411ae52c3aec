//! Idempotency: the keys under which replies are remembered for ever, and how a repeat is distinguished from another request. Not
//! here: deciding whether it is one (decide.rs).

use crate::Reply;
use sha2::{Digest, Sha256};

/// The name under which an answer is remembered for ever: a digest, so that all keys are short and of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnceKey(pub [u8; 16]);

/// A digest of what was asked; the same key with another fingerprint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl OnceKey {
    /// For an `Idempotency-Key` header.
    #[must_use]
    pub fn of_request(key: &str) -> Self {
        Self(short_digest(b"request", &[key.as_bytes()]))
    }

    /// For an `Idempotency-Key` header of a payout user: every person has names of their own.
    #[must_use]
    pub fn of_recipient_request(user: i64, key: &str) -> Self {
        Self(short_digest(b"recipient request", &[&user.to_be_bytes(), key.as_bytes()]))
    }

    /// For the token of a form that a member was shown: a form that is sent twice takes effect once.
    #[must_use]
    pub fn of_form(token: &str) -> Self {
        Self(short_digest(b"form", &[token.as_bytes()]))
    }

    /// For a batch row's `reference`.
    #[must_use]
    pub fn of_payout_reference(reference: &str) -> Self {
        Self(short_digest(b"payout reference", &[reference.as_bytes()]))
    }

    /// For a deposit's reference.
    #[must_use]
    pub fn of_deposit_reference(reference: &str) -> Self {
        Self(short_digest(b"deposit reference", &[reference.as_bytes()]))
    }

    /// For a proposal: it takes effect once, however often it is confirmed.
    #[must_use]
    pub fn of_proposal(number: i64) -> Self {
        Self(short_digest(b"proposal", &[&number.to_be_bytes()]))
    }

    /// For what is told of the so many-eth delay of the book's withdrawal of this number.
    #[must_use]
    pub fn of_delay(withdrawal: i64, delays: i64) -> Self {
        Self(short_digest(b"delay", &[&withdrawal.to_be_bytes(), &delays.to_be_bytes()]))
    }

    /// For a line of a bank's answer about a withdrawal: it takes effect once, however often its file is brought. `parts` tell
    /// it from all other lines.
    #[must_use]
    pub fn of_bank_answer(withdrawal: i64, parts: [&str; 2]) -> Self {
        let [verdict, reference] = parts.map(str::as_bytes);
        Self(short_digest(b"bank answer", &[&withdrawal.to_be_bytes(), verdict, reference]))
    }

    /// For what is told of the end of the book's import of this number.
    #[must_use]
    pub fn of_import(number: i64) -> Self {
        Self(short_digest(b"import", &[&number.to_be_bytes()]))
    }

    /// For a line (from 1) of an imported file with this digest.
    #[must_use]
    pub fn of_import_line(file_digest: &[u8], line: u64) -> Self {
        Self(short_digest(b"import line", &[file_digest, &line.to_be_bytes()]))
    }
}

/// Key and fingerprint of a request that must take effect once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// The name.
    pub key: OnceKey,
    /// What was asked.
    pub fingerprint: Fingerprint,
}

/// A remembered answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Of the request that was answered.
    pub fingerprint: Fingerprint,
    /// The first answer.
    pub reply: Reply,
}

/// The first 16 bytes of SHA-256 over the parts, each led by its length, so that no two lists of parts collide.
pub(crate) fn short_digest(purpose: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for part in std::iter::once(&purpose).chain(parts) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let full: [u8; 32] = digest.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}
