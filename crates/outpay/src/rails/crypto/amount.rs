//! Cents and a token's smallest units: exact integers, no float, no rounding up.

use alloy_primitives::U256;
use ledger::Cents;

/// Cents in the token's smallest units; `None` for a negative amount, fewer than 2 decimals, or one too large.
#[must_use]
pub fn to_units(amount: Cents, decimals: u8) -> Option<U256> {
    let scale = U256::from(10).checked_pow(U256::from(decimals.checked_sub(2)?))?;
    U256::from(u64::try_from(amount.0).ok()?).checked_mul(scale)
}

/// The whole cents in an amount of the token's smallest units, no more than `i64` holds.
#[must_use]
pub fn to_cents(units: U256, decimals: u8) -> Cents {
    let power = decimals.checked_sub(2).and_then(|zeros| U256::from(10).checked_pow(U256::from(zeros)));
    let cents = power.map_or(U256::ZERO, |scale| units / scale);
    Cents(i64::try_from(cents).unwrap_or(i64::MAX))
}

/// `value` × 10^-`decimals` as a JSON number, exact and without zeros at the end.
#[must_use]
pub fn decimal(value: U256, decimals: usize) -> String {
    let digits = format!("{value:0>width$}", value = value.to_string(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_become_units() {
        let table: &[(i64, u8, &str)] = &[
            (0, 6, "0"),
            (1, 2, "1"),
            (2_500, 2, "2500"),
            (1, 6, "10000"),
            (2_500, 6, "25000000"),
            (100_000_000, 6, "1000000000000"),
            (1, 18, "10000000000000000"),
            (2_499, 18, "24990000000000000000"),
            (i64::MAX, 18, "92233720368547758070000000000000000"),
            (1, 50, "1000000000000000000000000000000000000000000000000"),
        ];
        for (cents, decimals, units) in table {
            let expected: U256 = units.parse().unwrap();
            assert_eq!(to_units(Cents(*cents), *decimals), Some(expected), "{cents} with {decimals}");
            assert_eq!(to_cents(expected, *decimals), Cents(*cents), "{units} with {decimals}");
        }
    }

    #[test]
    fn what_is_no_whole_amount_is_refused() {
        assert_eq!(to_units(Cents(1), 0), None);
        assert_eq!(to_units(Cents(1), 1), None);
        assert_eq!(to_units(Cents(-1), 6), None);
        assert_eq!(to_units(Cents(i64::MAX), 79), None);
    }

    #[test]
    fn less_than_a_cent_does_not_count() {
        assert_eq!(to_cents(U256::from(19_999), 6), Cents(1));
        assert_eq!(to_cents(U256::from(9_999), 6), Cents(0));
        assert_eq!(to_cents(U256::MAX, 2), Cents(i64::MAX));
    }

    #[test]
    fn numbers_are_printed_exactly() {
        let table = [
            (0, 6, "0"),
            (1, 6, "0.000001"),
            (25_000_000, 6, "25"),
            (24_990_000, 6, "24.99"),
            (2_500, 2, "25"),
        ];
        for (value, decimals, text) in table {
            assert_eq!(decimal(U256::from(value), decimals), text);
        }
        assert_eq!(decimal(U256::from(7), 0), "7");
    }
}
