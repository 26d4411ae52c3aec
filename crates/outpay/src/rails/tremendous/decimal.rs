//! Amounts on the wire: Tremendous writes them as JSON numbers of dollars. They are written from cents and read back as text, so
//! that no arithmetic is done on a float.

use anyhow::{Context, ensure};
use ledger::Cents;
use serde_json::Number;

/// Cents as a number with two decimals, as in `24.50`.
pub(super) fn dollars(cents: Cents) -> String {
    format!("{}.{:02}", cents.0 / 100, cents.0 % 100)
}

/// A number of at most two decimals as cents. `None`: it has more, is below zero, or is out of range.
pub(super) fn cents(number: &Number) -> Option<Cents> {
    // The shortest text that stands for the number: for up to 15 digits that is the one that was sent.
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(fraction).map(Cents)
}

/// The same, for a field that must be there.
///
/// # Errors
/// When it is not, or is no amount. The error does not hold the value.
pub(super) fn require(number: Option<&Number>, name: &str) -> anyhow::Result<Cents> {
    let number = number.with_context(|| format!("no `{name}`"))?;
    let found = cents(number).with_context(|| format!("`{name}` is no amount in cents"))?;
    ensure!(found >= Cents::ZERO, "`{name}` is below zero");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_read_back_as_it_was_written() {
        for amount in [1, 9, 10, 99, 100, 105, 2_450, 999_999, 100_000_000, 1_234_567_890_123] {
            let written = dollars(Cents(amount));
            let number: Number = serde_json::from_str(&written).unwrap();
            assert_eq!(cents(&number), Some(Cents(amount)), "{written}");
        }
        assert_eq!([dollars(Cents(5)), dollars(Cents(2_450))], ["0.05", "24.50"]);
    }

    #[test]
    fn other_numbers_are_no_amounts() {
        for text in ["-1", "-0.01", "0.001", "24.555", "1e300", "1e-7", "99999999999999999999"] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(cents(&number), None, "{text}");
        }
        for (text, amount) in [("24", 2_400), ("24.5", 2_450), ("24.50", 2_450), ("0.1", 10)] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(cents(&number), Some(Cents(amount)), "{text}");
        }
    }
}
