//! Money: whole US cents in an `i64`, checked at every step. No float, no rounding, no formatting.

use serde::{Deserialize, Serialize};

/// An amount or a balance in cents. Negative only as the balance of the `world` account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

/// The largest single payout: 100,000,000 cents (contract, 1.2).
pub const MAX_PAYOUT: Cents = Cents(100_000_000);

/// The largest single deposit or transfer between a business's own balances: ten trillion dollars. Far above any
/// real one, far enough below `i64::MAX` that no run of them can overflow unnoticed.
pub const MAX_TRANSFER: Cents = Cents(1_000_000_000_000_000);

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` where it does not fit. May be negative.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}
