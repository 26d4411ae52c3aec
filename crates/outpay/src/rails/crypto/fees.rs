//! Fees of a transaction (EIP-1559): the market's price, and the higher one that a replacement needs.

use alloy_primitives::U256;

/// Both in the chain's smallest unit per unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fees {
    /// The most that is paid, the block's own fee included.
    pub max: u128,
    /// Of it, the most that goes to the block's producer.
    pub tip: u128,
}

impl Fees {
    /// Covers a base fee that doubles before the payment is included. `None` on overflow.
    pub fn market(block: u128, tip: u128) -> Option<Self> {
        Some(Self { max: block.checked_mul(2)?.checked_add(tip)?, tip })
    }

    /// What at least `agree` of these nodes say or undercut, field by field: one node alone cannot raise a fee.
    pub fn agreed(markets: &[Self], agree: usize) -> Option<Self> {
        let least = |of: fn(&Self) -> u128| {
            let mut fees: Vec<u128> = markets.iter().map(of).collect();
            fees.sort_unstable();
            fees.get(agree.checked_sub(1)?).copied()
        };
        let max = least(|fees| fees.max)?;
        Some(Self { max, tip: least(|fees| fees.tip)?.min(max) })
    }

    /// The fees of a replacement: both fields at least an eighth higher, rounded up, as nodes require, and at least the
    /// market's price. `None` on overflow.
    pub fn replacement(self, market: Self) -> Option<Self> {
        let tip = an_eighth_more(self.tip)?.max(market.tip);
        let max = an_eighth_more(self.max)?.max(market.max).max(tip);
        Some(Self { max, tip })
    }

    /// The most that a transaction with this much gas can cost.
    pub fn cost(self, gas: u64) -> U256 {
        // 192 bits at most.
        U256::from(self.max) * U256::from(gas)
    }

    /// The higher of both, field by field.
    pub fn highest(self, other: Self) -> Self {
        Self { max: self.max.max(other.max), tip: self.tip.max(other.tip) }
    }
}

/// Always a higher value, also for 0: nodes refuse an equal fee.
fn an_eighth_more(fee: u128) -> Option<u128> {
    fee.checked_add(fee.div_ceil(8).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_offers_an_eighth_more_rounded_up() {
        let nothing = Fees { max: 0, tip: 0 };
        let table = [
            // (before, after)
            ((8, 8), (9, 9)),
            ((9, 1), (11, 2)),
            ((1, 0), (2, 1)),
            ((1_000, 100), (1_125, 113)),
            ((1_001, 101), (1_127, 114)),
        ];
        for ((max, tip), (new_max, new_tip)) in table {
            let replacement = Fees { max, tip }.replacement(nothing).unwrap();
            assert_eq!(replacement, Fees { max: new_max, tip: new_tip });
            assert!(replacement.max * 1000 >= max * 1125 && replacement.tip * 1000 >= tip * 1125);
        }
    }

    #[test]
    fn a_replacement_follows_the_market() {
        let old = Fees { max: 100, tip: 10 };
        assert_eq!(old.replacement(Fees { max: 500, tip: 5 }), Some(Fees { max: 500, tip: 12 }));
        assert_eq!(old.replacement(Fees { max: 50, tip: 300 }), Some(Fees { max: 300, tip: 300 }));
    }

    #[test]
    fn one_node_of_three_cannot_move_the_price() {
        let fees = |max, tip| Fees { max, tip };
        let honest = [fees(100, 10), fees(110, 11)];
        for liar in [fees(u128::MAX, u128::MAX), fees(0, 0)] {
            let agreed = Fees::agreed(&[liar, honest[0], honest[1]], 2).unwrap();
            assert!((100..=110).contains(&agreed.max) && (10..=11).contains(&agreed.tip), "{agreed:?}");
        }
        assert_eq!(Fees::agreed(&honest, 3), None);
    }

    #[test]
    fn the_market_leaves_room_for_dearer_blocks() {
        assert_eq!(Fees::market(100, 3), Some(Fees { max: 203, tip: 3 }));
        assert_eq!(Fees::market(u128::MAX, 0), None);
    }
}
