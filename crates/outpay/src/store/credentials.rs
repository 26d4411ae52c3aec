//! Credentials: everything that authenticates, looked up by the keyed digest of its text in one table, so that every
//! kind and every outcome costs the same one look-up. Users' credentials are written by the teller, keys' in keys.rs.

use super::sql::sql;
use super::{Failure, Store};
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use anyhow::Context;
use ledger::CredentialDigest;
use ledger::{BookId, Cents, Micros};
use std::sync::Arc;

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// `sk_…`
    SecretKey,
    /// `pk_…`
    PublicKey,
    /// A payout user's hash.
    PayoutHash,
}

impl CredentialKind {
    /// The number that is stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::SecretKey => 1,
            Self::PublicKey => 2,
            Self::PayoutHash => 3,
        }
    }

    pub(super) fn from_code(code: i64) -> Result<Self, Failure> {
        let all = [Self::SecretKey, Self::PublicKey, Self::PayoutHash];
        let found = all.into_iter().find(|kind| kind.code() == code);
        found.ok_or_else(|| anyhow::anyhow!("there is no credential kind {code}"))
    }
}

/// A stored credential; whether it authenticates now is for `auth` to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub kind: CredentialKind,
    pub book: BookId,
    /// The key's number, or the user's.
    pub subject: i64,
    /// Neither revoked nor deactivated.
    pub active: bool,
    pub expires_at: Option<Micros>,
    /// What narrows a key; none for a hash.
    pub limits: KeyLimits,
}

/// The two columns that narrow a key.
pub(super) fn limits(allowed: Option<&str>, max_amount: Option<i64>) -> Result<KeyLimits, Failure> {
    let allowed = match allowed {
        None => None,
        // A list that cannot be read must not lift the key's limit.
        Some(text) => Some(Arc::new(Networks::parse(text)?.context("a key's list of addresses is empty")?)),
    };
    Ok(KeyLimits { allowed, max_amount: max_amount.map(Cents) })
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "kind, book, subject, active, expires_at, allowed, max_amount";

impl Store {
    /// The credential with this digest.
    pub async fn credential(&self, digest: &CredentialDigest) -> Result<Option<Credential>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM credential WHERE digest = $1");
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        row.map(|row| {
            Ok(Credential {
                kind: CredentialKind::from_code(row.int(0)?)?,
                book: BookId(row.int(1)?),
                subject: row.int(2)?,
                active: row.int(3)? == 1,
                expires_at: row.maybe_int(4)?,
                limits: limits(row.maybe_text(5)?, row.maybe_int(6)?)?,
            })
        })
        .transpose()
    }
}
