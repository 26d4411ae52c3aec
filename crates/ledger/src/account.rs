//! Accounts of one book: who can hold money. Every account but `world` stays at zero or above.

use crate::{Cents, Provider};
use std::fmt;

/// An account's number inside its book. A payout user's account has the user's number (1, 2, …); the book's own
/// accounts are negative, so the two can never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

impl AccountId {
    /// Everything outside the book; its balance is minus what came in. The one account that may be negative.
    pub const WORLD: Self = Self(-1);
    /// The business's main balance.
    pub const MAIN: Self = Self(-2);
    /// The business's payout balance: what it can give to people.
    pub const PAYOUT: Self = Self(-3);
    /// Money reserved by withdrawals on their way.
    pub const HELD: Self = Self(-4);
    /// Fees earned.
    pub const FEES: Self = Self(-5);

    /// The account of the payout user with this number.
    #[must_use]
    pub fn user(number: i64) -> Self {
        Self(number)
    }

    /// The payout user whose account this is, if it is a user's.
    #[must_use]
    pub fn as_user(self) -> Option<i64> {
        (self.0 > 0).then_some(self.0)
    }

    /// True for the one account that may go below zero.
    #[must_use]
    pub fn may_be_negative(self) -> bool {
        self == Self::WORLD
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WORLD => f.write_str("world"),
            Self::MAIN => f.write_str("main"),
            Self::PAYOUT => f.write_str("payout"),
            Self::HELD => f.write_str("held"),
            Self::FEES => f.write_str("fees"),
            Self(number) if number > 0 => write!(f, "user {number}"),
            Self(number) => match Provider::ALL.into_iter().find(|provider| provider.account() == *self) {
                Some(provider) => write!(f, "rail {}", provider.word()),
                None => write!(f, "account {number}"),
            },
        }
    }
}

/// What is kept of an account: its balance and the last entry that touched it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub balance: Cents,
    /// Sequence of the newest entry that moved money in or out; 0 before the first. The entry names the one
    /// before it, so an account's history is a linked list and needs no index.
    pub head: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are stored and covered by the chain; a positive one is a person's.
    #[test]
    fn accounts_keep_their_numbers_and_their_names() {
        let own = [AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT, AccountId::HELD, AccountId::FEES];
        assert_eq!(own.map(|account| account.0), [-1, -2, -3, -4, -5]);
        let names = own.map(|account| account.to_string());
        assert_eq!(names, ["world", "main", "payout", "held", "fees"]);
        assert!(own.iter().all(|account| account.as_user().is_none()));
        assert_eq!((AccountId::user(1).as_user(), AccountId(0).as_user()), (Some(1), None));
        assert_eq!(AccountId::user(1).to_string(), "user 1");
        assert_eq!(AccountId(0).to_string(), "account 0");
        for provider in Provider::ALL {
            let account = provider.account();
            assert!(account.0 < -5 && account.as_user().is_none(), "{account}");
            assert_eq!(account.to_string(), format!("rail {}", provider.word()));
        }
    }
}
