//! Terms: under which conditions a business lets people use a method: fee, limits, review, caps. Set by the business,
//! stored as JSON, so fields are only ever added. Not here: whether the rail can pay at all (rails/).

use crate::Cents;
use serde::{Deserialize, Serialize};

/// A business's conditions for one method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// May people use it?
    pub enabled: bool,
    /// What the business keeps.
    pub fee: FeeRule,
    /// The least gross amount, cents.
    pub minimum: Cents,
    /// The largest gross amount, cents.
    pub maximum: Cents,
    /// When a person of the business has to look first.
    pub review: ReviewRule,
    /// The most that all recipients together may withdraw by this method on one UTC day, cents.
    pub daily_cap: Option<Cents>,
}

/// Fixed part and share of the amount, between a floor and a cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeeRule {
    /// Cents, whatever the amount.
    pub fixed: Cents,
    /// Hundredths of a percent of the amount; fractions of a cent are dropped in the person's favour.
    pub basis_points: i64,
    /// At least this much, cents.
    pub floor: Cents,
    /// At most this much, cents.
    pub cap: Option<Cents>,
}

/// Which withdrawals wait for a person. All that apply count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewRule {
    /// Every one.
    pub always: bool,
    /// Those above this gross amount, cents.
    pub above: Option<Cents>,
    /// Those with which a person passes this sum on one UTC day over all methods, cents.
    pub above_per_day: Option<Cents>,
    /// The first to a destination that this person has not successfully used before.
    pub new_destination: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            enabled: false,
            fee: FeeRule::default(),
            minimum: Cents(1),
            maximum: crate::MAX_PAYOUT,
            review: ReviewRule::default(),
            daily_cap: None,
        }
    }
}

impl FeeRule {
    /// The fee for a gross amount. May be larger than the amount; then the amount does not cover it.
    #[must_use]
    pub fn fee(&self, amount: Cents) -> Cents {
        let share = i128::from(amount.0) * i128::from(self.basis_points) / 10_000;
        let fee = (share + i128::from(self.fixed.0)).max(i128::from(self.floor.0));
        let fee = self.cap.map_or(fee, |cap| fee.min(i128::from(cap.0)));
        Cents(i64::try_from(fee).unwrap_or(i64::MAX))
    }

    /// The least gross amount that leaves exactly `net` after the fee, if there is one.
    #[must_use]
    pub fn gross_for(&self, net: Cents) -> Option<Cents> {
        let gross = self.gross_for_at_least(net)?;
        (gross.0 - self.fee(gross).0 == net.0).then_some(gross)
    }

    /// The least gross amount that leaves `net` or more after the fee.
    #[must_use]
    pub fn gross_for_at_least(&self, net: Cents) -> Option<Cents> {
        let mut low = net.0;
        // Enough where the share is the fee, and where the floor is.
        let left_of_10_000 = 10_000 - i128::from(self.basis_points);
        if left_of_10_000 <= 0 {
            return None;
        }
        let above_share = (i128::from(net.0) + i128::from(self.fixed.0) + 1) * 10_000;
        let high = above_share.checked_div(left_of_10_000)?.checked_add(1)?;
        let high = high.max(i128::from(net.0) + i128::from(self.floor.0));
        let mut high = i64::try_from(high).ok()?;
        // The net amount never falls as the gross amount rises (a share is below the whole), so halving finds it.
        while low < high {
            let middle = low + (high - low) / 2;
            let left = middle - self.fee(Cents(middle)).0;
            if left < net.0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(Cents(low))
    }
}

impl Terms {
    /// What is wrong with these terms, in a sentence; `None` where nothing is.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let fee = &self.fee;
        let negative = |cents: Option<Cents>| cents.is_some_and(|cents| cents < Cents::ZERO);
        let above = [self.review.above, self.review.above_per_day, self.daily_cap, fee.cap];
        if fee.fixed < Cents::ZERO || fee.floor < Cents::ZERO || above.into_iter().any(negative) {
            return Some("Amounts may not be below zero.");
        }
        if !(0..10_000).contains(&fee.basis_points) {
            return Some("The basis points of a fee must be from 0 to 9999.");
        }
        if fee.cap.is_some_and(|cap| cap < fee.floor) {
            return Some("A fee's cap may not be below its floor.");
        }
        if self.minimum < Cents(1) || self.maximum > crate::MAX_PAYOUT || self.minimum > self.maximum {
            return Some("The minimum must be at least 1 and the maximum from the minimum to 100000000.");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_has_a_fixed_part_a_share_a_floor_and_a_cap() {
        let rule = FeeRule { fixed: Cents(25), basis_points: 150, floor: Cents(50), cap: Some(Cents(1_000)) };
        let cases =
            [(1, 50), (1_000, 50), (2_500, 62), (10_000, 175), (100_000, 1_000), (100_000_000, 1_000)];
        for (amount, fee) in cases {
            assert_eq!(rule.fee(Cents(amount)), Cents(fee), "{amount}");
        }
        assert_eq!(FeeRule::default().fee(Cents(i64::MAX)), Cents::ZERO);
    }

    #[test]
    fn the_gross_amount_for_a_net_one_is_found_where_there_is_one() {
        let rules = [
            FeeRule::default(),
            FeeRule { fixed: Cents(25), ..FeeRule::default() },
            FeeRule { basis_points: 250, ..FeeRule::default() },
            FeeRule { fixed: Cents(1), basis_points: 9_000, floor: Cents(10), cap: Some(Cents(5_000)) },
        ];
        for rule in rules {
            for net in [1, 99, 100, 2_500, 99_999] {
                let gross = rule.gross_for(Cents(net)).expect("steps of a cent leave no gap");
                assert_eq!(gross.0 - rule.fee(gross).0, net, "{rule:?}");
            }
        }
    }

    #[test]
    fn the_least_gross_amount_for_a_net_one_leaves_no_smaller_one() {
        let rule = FeeRule { fixed: Cents(25), basis_points: 9_999, ..FeeRule::default() };
        for net in [1, 2, 99, 2_500] {
            let gross = rule.gross_for_at_least(Cents(net)).expect("the fee never takes all");
            let left = |gross: i64| gross - rule.fee(Cents(gross)).0;
            assert!(left(gross.0) >= net && left(gross.0 - 1) < net, "{net}: {gross:?}");
        }
    }

    #[test]
    fn impossible_terms_are_named() {
        let good = Terms::default();
        assert_eq!(good.problem(), None);
        let bad = [
            Terms { minimum: Cents(0), ..good.clone() },
            Terms { minimum: Cents(10), maximum: Cents(9), ..good.clone() },
            Terms { maximum: Cents(100_000_001), ..good.clone() },
            Terms { daily_cap: Some(Cents(-1)), ..good.clone() },
            Terms { fee: FeeRule { basis_points: 10_000, ..good.fee }, ..good.clone() },
            Terms { fee: FeeRule { floor: Cents(2), cap: Some(Cents(1)), ..good.fee }, ..good.clone() },
            Terms { fee: FeeRule { fixed: Cents(-1), ..good.fee }, ..good },
        ];
        for terms in bad {
            assert!(terms.problem().is_some(), "{terms:?}");
        }
    }
}
