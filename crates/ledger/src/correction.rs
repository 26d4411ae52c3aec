//! Corrections of a business's own money: what an operator recorded wrongly or has to take out. Each is asked for by one
//! person and confirmed by another; the entry names both. Not here: who may confirm (outpay), the checks
//! (decide_correction.rs).

use crate::{AccountId, Actor, Book, Cents, EntryKind};
use serde::{Deserialize, Serialize};

/// What is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// main -> world: a deposit that was recorded wrongly, or a part of it.
    ReverseDeposit {
        /// The sequence of the deposit's entry.
        deposit: i64,
    },
    /// main -> world: money that leaves the platform for the business.
    PayOut,
    /// fees -> main: earned fees that the business may use.
    SweepFeesToMain,
    /// fees -> world: earned fees that leave the platform.
    SweepFeesOut,
}

impl Correction {
    /// Debit and credit account.
    #[must_use]
    pub fn accounts(self) -> (AccountId, AccountId) {
        match self {
            Self::ReverseDeposit { .. } | Self::PayOut => (AccountId::MAIN, AccountId::WORLD),
            Self::SweepFeesToMain => (AccountId::FEES, AccountId::MAIN),
            Self::SweepFeesOut => (AccountId::FEES, AccountId::WORLD),
        }
    }

    /// The entry that it writes.
    #[must_use]
    pub fn kind(self) -> EntryKind {
        match self {
            Self::ReverseDeposit { .. } => EntryKind::DepositReversed,
            Self::PayOut => EntryKind::PaidOut,
            Self::SweepFeesToMain => EntryKind::FeesSweptToMain,
            Self::SweepFeesOut => EntryKind::FeesPaidOut,
        }
    }

    /// The deposit that it reverses; 0 for none.
    #[must_use]
    pub fn deposit(self) -> i64 {
        match self {
            Self::ReverseDeposit { deposit } => deposit,
            Self::PayOut | Self::SweepFeesToMain | Self::SweepFeesOut => 0,
        }
    }
}

/// A correction that a second person has confirmed. Who confirmed it gives the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The proposal's number.
    pub proposal: i64,
    /// What is put right.
    pub correction: Correction,
    pub amount: Cents,
    /// Why, in the words of the person who proposed it.
    pub reason: String,
    /// Who that was.
    pub proposed_by: Actor,
}

/// What the entry of a correction says beside its money: kept as its detail, and so covered by the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionDetail {
    /// The deposit's sequence; 0 where none is reversed.
    pub deposit: i64,
    /// The proposal's number.
    pub proposal: i64,
    /// The number of the actor who proposed it.
    pub proposed_by: i64,
}

impl CorrectionDetail {
    /// As an entry's detail.
    #[must_use]
    pub fn text(self) -> String {
        let Self { deposit, proposal, proposed_by } = self;
        format!(r#"{{"deposit":{deposit},"proposal":{proposal},"proposed_by":{proposed_by}}}"#)
    }

    /// What such an entry's detail says.
    #[must_use]
    pub fn of(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }
}

/// What the entry of a deposit says beside its money, where its recorder said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositDetail {
    /// The day on which the money came, as `2026-11-03`.
    pub received_on: String,
}

impl DepositDetail {
    /// As an entry's detail.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a text can be written as JSON")
    }

    /// What such an entry's detail says.
    #[must_use]
    pub fn of(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }
}

/// A deposit, and how much of it was reversed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deposited {
    pub amount: Cents,
    /// Cents, at most `amount`.
    pub reversed: Cents,
}

impl Book {
    /// Adds a deposit by the sequence of its entry, as it is stored.
    pub fn put_deposit(&mut self, sequence: i64, deposit: Deposited) {
        self.before.deposits.insert(sequence, deposit);
    }

    /// The loaded deposit whose entry has this sequence.
    #[must_use]
    pub fn deposit(&self, sequence: i64) -> Option<Deposited> {
        self.before.deposits.get(&sequence).copied()
    }

    pub(crate) fn reverse_deposit(&mut self, sequence: i64, amount: Cents) {
        let deposit =
            self.before.deposits.get_mut(&sequence).expect("a decided change names a loaded deposit");
        deposit.reversed = deposit.reversed.plus(amount).expect("a decided change fits");
        assert!(deposit.reversed <= deposit.amount, "no more is reversed than was deposited");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_can_be_read_again() {
        let day = DepositDetail { received_on: "2026-11-03".to_owned() };
        assert_eq!(
            (day.text().as_str(), DepositDetail::of(&day.text())),
            (r#"{"received_on":"2026-11-03"}"#, Some(day))
        );
        let detail = CorrectionDetail { deposit: 17, proposal: 3, proposed_by: -1_002 };
        assert_eq!(CorrectionDetail::of(&detail.text()), Some(detail));
        for other in ["", "{}", "null", r#"{"deposit":"17","proposal":3,"proposed_by":1}"#] {
            assert_eq!(CorrectionDetail::of(other), None, "{other}");
        }
    }
}
