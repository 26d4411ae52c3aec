//! Payout users: the people a business pays. A user's money is in its account, not here.

use crate::{Cents, Email, HashBasis, HashSalt, Micros};
use serde::{Deserialize, Serialize};

/// Whether a business lets a payout user use the hash. Expiry is a date beside it, not a status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// The hash authenticates.
    Active,
    /// The hash does not authenticate; credits are still accepted.
    Inactive,
}

impl UserStatus {
    /// The word that clients see where the user's end has passed, whatever the status is.
    pub const EXPIRED: &'static str = "expired";

    pub const ALL: [Self; 2] = [Self::Active, Self::Inactive];

    /// The word clients see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// One person of one book, identified by e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutUser {
    /// 1, 2, … in order of creation inside the book; also the number of the user's account.
    pub number: i64,
    /// Normal form; unique inside the book.
    pub email: Email,
    pub status: UserStatus,
    /// Of the hash: how often it was rotated, and with which version of the master key it is computed.
    pub generation: i64,
    /// Of the hash of this generation.
    pub salt: HashSalt,
    /// When the first credit came.
    pub created_at: Micros,
    /// From this moment on the hash does not authenticate.
    pub expires_at: Option<Micros>,
}

/// A user with its balance, as an answer shows it. Stored with idempotent answers, so fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSnapshot {
    /// The user's number in its book.
    pub number: i64,
    pub email: Email,
    pub status: UserStatus,
    pub balance: Cents,
    /// Cents held by withdrawals on their way.
    #[serde(default)]
    pub pending: Cents,
    /// When the first credit came.
    pub created_at: Micros,
    /// End of validity, if any.
    pub expires_at: Option<Micros>,
}

impl PayoutUser {
    /// What the user's hash is computed from.
    #[must_use]
    pub fn hash_basis(&self) -> HashBasis {
        HashBasis { generation: self.generation, salt: self.salt }
    }
}

impl UserSnapshot {
    /// The word that clients see at this time: `active`, `inactive` or `expired`.
    #[must_use]
    pub fn status_at(&self, now: Micros) -> &'static str {
        if self.expires_at.is_some_and(|end| end <= now) { UserStatus::EXPIRED } else { self.status.word() }
    }
}
