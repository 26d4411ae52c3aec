//! `[rails.limits.<method>]`: what the operator allows a method in live mode, all books together, and how long its payments are
//! expected to take. Not here: keeping count (`store/rail_spending.rs`), the limits that a business sets for its own people
//! (terms).

use crate::store::{Ceiling, Failure};
use anyhow::ensure;
use ledger::{Cents, Micros};
use serde::Deserialize;

const MINUTE: Micros = 60_000_000;
/// A year.
const LONGEST: u32 = 366 * 24 * 60;

/// The limits of one method. What is not set is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Cents that may begin to leave in 60 minutes.
    pub per_hour: Option<Cents>,
    /// The same in 24 hours.
    pub per_day: Option<Cents>,
    /// Cents above which the rail's funds raise an alarm.
    pub most_funds: Option<Cents>,
    /// Cents below which they do.
    pub least_funds: Option<Cents>,
    /// How long a payment is expected to take at most, in minutes.
    pub expected_minutes: Option<u32>,
}

/// What is wrong with a rail's funds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundsAlarm {
    /// More than the rail should hold.
    TooMuch,
    /// Less than it should.
    TooLittle,
}

impl Limits {
    /// How much may begin to leave.
    #[must_use]
    pub fn ceiling(&self) -> Ceiling {
        Ceiling { per_hour: self.per_hour, per_day: self.per_day }
    }

    /// The configured time, if any.
    #[must_use]
    pub fn expected_within(&self) -> Option<Micros> {
        self.expected_minutes.map(|minutes| Micros::from(minutes) * MINUTE)
    }

    /// Has the operator set how much it should hold?
    #[must_use]
    pub fn watches_funds(&self) -> bool {
        self.most_funds.is_some() || self.least_funds.is_some()
    }

    /// Are these funds outside of what the operator wants the rail to hold?
    #[must_use]
    pub fn alarm(&self, available: Cents) -> Option<FundsAlarm> {
        if self.most_funds.is_some_and(|most| available > most) {
            return Some(FundsAlarm::TooMuch);
        }
        self.least_funds.is_some_and(|least| available < least).then_some(FundsAlarm::TooLittle)
    }

    /// Checks what the parser cannot.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (name, cents) in [("per_hour", self.per_hour), ("per_day", self.per_day)] {
            ensure!(
                cents.is_none_or(|cents| cents > Cents::ZERO),
                "`{name}` must be at least 1 cent; to stop all payments: outpay pause --rail"
            );
        }
        let funds = [self.most_funds, self.least_funds];
        ensure!(funds.iter().flatten().all(|cents| *cents >= Cents::ZERO), "funds are not below 0");
        if let [Some(most), Some(least)] = funds {
            ensure!(least < most, "`least_funds` must be below `most_funds`");
        }
        ensure!(
            self.expected_minutes.is_none_or(|minutes| (1..=LONGEST).contains(&minutes)),
            "`expected_minutes` must be from 1 to {LONGEST}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn funds_between_the_marks_raise_no_alarm() {
        let limits =
            Limits { most_funds: Some(Cents(100)), least_funds: Some(Cents(10)), ..Limits::default() };
        for (available, alarm) in
            [(9, Some(FundsAlarm::TooLittle)), (10, None), (100, None), (101, Some(FundsAlarm::TooMuch))]
        {
            assert_eq!(limits.alarm(Cents(available)), alarm, "{available}");
        }
        assert_eq!(Limits::default().alarm(Cents(i64::MAX)), None);
    }

    #[test]
    fn limits_that_cannot_be_meant_are_refused() {
        let zero = Some(Cents::ZERO);
        for wrong in [
            Limits { per_hour: zero, ..Limits::default() },
            Limits { per_day: Some(Cents(-1)), ..Limits::default() },
            Limits { most_funds: Some(Cents(5)), least_funds: Some(Cents(5)), ..Limits::default() },
            Limits { expected_minutes: Some(0), ..Limits::default() },
            Limits { expected_minutes: Some(LONGEST + 1), ..Limits::default() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
        Limits { most_funds: zero, expected_minutes: Some(30), ..Limits::default() }.check().unwrap();
    }
}
