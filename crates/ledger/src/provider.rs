//! The kinds of rails as they are stored: one row per kind, with what the ledger and the store must know of it. Adding a
//! kind adds one variant and one row. Not here: how a rail pays, and what else is true of it (`crates/outpay/src/rails`).
//!
//! Invariant: word, account and order prefix are stored, covered by the hash chain or printed on receipts; the row of a kind
//! that has been released never changes.

use crate::{AccountId, Micros, Mode};
use serde::{Deserialize, Serialize};

/// Which kind of rail pays. Each has an account of its own in every book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Test mode: the outcome follows from the amount.
    Sandbox,
    /// Gift cards from the business's own stock.
    GiftCard,
    /// A stablecoin on a chain.
    Crypto,
    /// Anything a person does, for example a bank transfer.
    Manual,
    /// SEPA credit transfers in euro, by a file for the bank.
    Sepa,
    /// ACH credits in the United States, by a file for the bank.
    Ach,
    /// PayPal's payouts, into PayPal and Venmo accounts.
    Paypal,
    /// Gift cards, prepaid cards and transfers through Tremendous: the person is shown a link.
    Tremendous,
}

/// Who takes a withdrawal of this kind from `queued` to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A person pays by hand and settles with proof; no worker touches it.
    Person,
    /// A worker drives it. With a watch, it goes on asking after success, since the payment may come back.
    Worker(Option<Watch>),
}

/// For how long the rail is asked, after a payment succeeded, whether the money came back. It is asked less and less often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// From the success to the first question.
    pub first: Micros,
    /// From the success to the last question.
    pub length: Micros,
}

struct Row {
    word: &'static str,
    account: i64,
    order_prefix: &'static str,
    driver: Driver,
}

const fn row(word: &'static str, account: i64, order_prefix: &'static str, driver: Driver) -> Row {
    Row { word, account, order_prefix, driver }
}

const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3_600 * SECOND;
const DAY: Micros = 24 * HOUR;
const SHORT_WATCH: Watch = Watch { first: SECOND, length: 60 * SECOND };
/// A recipient can send a payment back, and an account holder can dispute one, for 180 days.
const PAYPAL_WATCH: Watch = Watch { first: HOUR, length: 181 * DAY };
/// A reward can be cancelled until it is redeemed.
const REWARD_WATCH: Watch = Watch { first: 60 * SECOND, length: 90 * DAY };
/// A chain can take a payment back that was confirmed; beyond this time it is watched only while the rail says that it is not final.
const CHAIN_WATCH: Watch = Watch { first: 10 * SECOND, length: 3_600 * SECOND };

impl Provider {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Sandbox,
        Self::GiftCard,
        Self::Crypto,
        Self::Manual,
        Self::Paypal,
        Self::Sepa,
        Self::Ach,
        Self::Tremendous,
    ];

    const fn row(self) -> Row {
        match self {
            Self::Sandbox => row("sandbox", -10, "SBX-", Driver::Worker(Some(SHORT_WATCH))),
            Self::GiftCard => row("gift_card", -11, "GC-", Driver::Worker(None)),
            Self::Crypto => row("crypto", -12, "CRX-", Driver::Worker(Some(CHAIN_WATCH))),
            Self::Manual => row("manual", -13, "MAN-", Driver::Person),
            Self::Sepa => row("sepa", -15, "SEPA-", Driver::Person),
            Self::Ach => row("ach", -16, "ACH-", Driver::Person),
            Self::Paypal => row("paypal", -14, "PP-", Driver::Worker(Some(PAYPAL_WATCH))),
            Self::Tremendous => row("tremendous", -17, "TRM-", Driver::Worker(Some(REWARD_WATCH))),
        }
    }

    /// The word in answers, webhooks and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The provider with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.word() == word)
    }

    /// The account that holds what this kind of rail has paid out.
    #[must_use]
    pub fn account(self) -> AccountId {
        AccountId(self.row().account)
    }

    /// The start of a payment's public number at this rail.
    #[must_use]
    pub fn order_prefix(self) -> &'static str {
        self.row().order_prefix
    }

    /// True where a person pays and settles, and no worker does.
    #[must_use]
    pub fn is_paid_by_hand(self) -> bool {
        self.row().driver == Driver::Person
    }

    /// How long a payment of a book of this mode is watched after it succeeded; `None` where it is not. In test mode every
    /// payment of a worker may come back within seconds, as its amount asks for.
    #[must_use]
    pub fn watch(self, mode: Mode) -> Option<Watch> {
        match (self.row().driver, mode) {
            (Driver::Person, _) => None,
            (Driver::Worker(_), Mode::Test) => Some(SHORT_WATCH),
            (Driver::Worker(watch), Mode::Live) => watch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Two kinds with one word, account or prefix would be mixed up in tables, balances or receipts.
    #[test]
    fn the_rows_of_two_kinds_share_nothing_that_is_stored() {
        let count = Provider::ALL.len();
        let words: BTreeSet<&str> = Provider::ALL.into_iter().map(Provider::word).collect();
        let accounts: BTreeSet<AccountId> = Provider::ALL.into_iter().map(Provider::account).collect();
        let prefixes: BTreeSet<&str> = Provider::ALL.into_iter().map(Provider::order_prefix).collect();
        assert_eq!([words.len(), accounts.len(), prefixes.len()], [count; 3]);
        for provider in Provider::ALL {
            assert_eq!(Provider::from_word(provider.word()), Some(provider));
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.word());
        }
    }
}
