//! Credentials: everything that authenticates, looked up by the keyed digest of its text in one table, so that every
//! kind and every outcome costs the same one look-up. Users' credentials are written by the teller, keys' in keys.rs.

use super::driver::Row;
use super::sql::sql;
use super::{Failure, Store};
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use crate::scopes::Scopes;
use anyhow::Context;
use ledger::CredentialDigest;
use ledger::{BookId, Ceilings, Cents, Micros};

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
    /// The number of the key under which the sums of a day are kept; 0 for a hash.
    pub budget: i64,
}

/// The columns that narrow a key, in the order in which [`limits`] reads them.
pub(super) const LIMITS: &str =
    "c.allowed, c.max_amount, c.max_request, c.max_day, c.max_recipient_day, c.scopes";

/// Reads [`LIMITS`], which begin at this column.
pub(super) fn limits(row: &Row, first: usize) -> Result<KeyLimits, Failure> {
    let allowed = match row.maybe_text(first)? {
        None => None,
        // A list that cannot be read must not lift the key's limit.
        Some(text) => Some(Networks::parse_stored(text)?.context("a key's list of addresses is empty")?),
    };
    let cents = |column| Ok::<_, Failure>(row.maybe_int(first + column)?.map(Cents));
    let ceilings = Ceilings { per_request: cents(2)?, per_day: cents(3)?, per_recipient_day: cents(4)? };
    // The same for scopes.
    let scopes = Scopes::from_code(row.maybe_int(first + 5)?).context("a key's scopes cannot be read")?;
    Ok(KeyLimits { allowed, max_amount: cents(1)?, ceilings, scopes })
}

impl Store {
    /// The credential with this digest. Every look-up gives a row and reads it, so that one without a credential takes as long.
    pub async fn credential(&self, digest: &CredentialDigest) -> Result<Option<Credential>, Failure> {
        let sql = sql!(
            "SELECT c.kind, c.book, c.subject, c.active, c.expires_at, c.budget, {LIMITS} \
             FROM (SELECT 1 AS one) asked LEFT JOIN credential c ON c.digest = $1"
        );
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        let row = row.context("a look-up of a credential gave no row")?;
        let kind = row.maybe_int(0)?;
        let credential = Credential {
            kind: CredentialKind::from_code(kind.unwrap_or(CredentialKind::SecretKey.code()))?,
            book: BookId(row.maybe_int(1)?.unwrap_or_default()),
            subject: row.maybe_int(2)?.unwrap_or_default(),
            active: row.maybe_int(3)? == Some(1),
            expires_at: row.maybe_int(4)?,
            budget: row.maybe_int(5)?.unwrap_or_default(),
            limits: limits(&row, 6)?,
        };
        Ok(kind.map(|_| credential))
    }
}
