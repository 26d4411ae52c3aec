//! Amounts as PayPal writes them: decimal texts. Never a float on the way.

use ledger::Cents;
use serde::{Deserialize, Serialize};

/// An amount of a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Money {
    pub(super) value: String,
    /// The reports say `currency_code`.
    #[serde(alias = "currency_code")]
    pub(super) currency: String,
}

impl Money {
    /// This amount of US dollars.
    pub(super) fn dollars(cents: Cents) -> Self {
        Self { value: decimal(cents), currency: "USD".to_owned() }
    }

    /// The cents, if it is US dollars in whole cents.
    pub(super) fn cents(&self) -> Option<Cents> {
        if self.currency == "USD" { cents(&self.value) } else { None }
    }
}

/// `24.50`
fn decimal(Cents(cents): Cents) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// The reverse. Zeros beyond the second place are read, as some reports write them; other digits there are not.
fn cents(text: &str) -> Option<Cents> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    let (near, far) = part.split_at(part.len().min(2));
    if far.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let part: i64 = format!("{near:0<2}").parse().ok()?;
    let cents = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)?;
    Some(Cents(if is_negative { -cents } else { cents }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_both_ways() {
        for (value, text) in [
            (0, "0.00"),
            (1, "0.01"),
            (10, "0.10"),
            (2_450, "24.50"),
            (100_000_000, "1000000.00"),
            (-25, "-0.25"),
        ] {
            assert_eq!(decimal(Cents(value)), text);
            assert_eq!(cents(text), Some(Cents(value)), "{text}");
        }
        assert_eq!(cents(&decimal(Cents(i64::MAX))), Some(Cents(i64::MAX)));
        assert_eq!(
            [cents("7"), cents("7.5"), cents("7.500")],
            [700, 750, 750].map(|cents| Some(Cents(cents)))
        );
        for text in ["", ".5", "1.001", "1,00", "1e3", "--1", "+1", "1.-1", "92233720368547758.08"] {
            assert_eq!(cents(text), None, "{text}");
        }
        let euros = Money { value: "1.00".to_owned(), currency: "EUR".to_owned() };
        assert_eq!((Money::dollars(Cents(100)).cents(), euros.cents()), (Some(Cents(100)), None));
    }
}
