//! Amounts in the currency in which people pay by hand: a rate per US dollar as a decimal, and conversion from cents. Not here:
//! where a rate comes from (a rail's configuration as an estimate, the maker of a batch).
//!
//! Invariant: whole numbers only. A rate has at most nine decimals; an amount is rounded once, to the smallest unit of its
//! currency, half a unit up.

use ledger::Cents;
use std::fmt;

/// Parts of a rate's unit: nine decimals.
const BILLION: i64 = 1_000_000_000;
const DECIMALS: usize = 9;

/// Units of a currency per US dollar, in billionths; above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(i64);

impl Rate {
    /// A US dollar is a US dollar.
    pub const ONE: Self = Self(BILLION);

    /// From a decimal as in `0.9215`: digits, and at most nine after one point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let billionths = decimal(text, DECIMALS)?;
        (billionths > 0).then_some(Self(billionths))
    }

    /// As it is stored.
    #[must_use]
    pub fn billionths(self) -> i64 {
        self.0
    }

    /// From what is stored.
    #[must_use]
    pub fn of_billionths(billionths: i64) -> Option<Self> {
        (billionths > 0).then_some(Self(billionths))
    }

    /// An amount in the smallest unit of `currency`; `None` where it is less than one unit or more than there are numbers.
    #[must_use]
    pub fn convert(self, cents: Cents, currency: &str) -> Option<i64> {
        let per_unit = 10_i128.checked_pow(decimals(currency))?;
        let parts = i128::from(cents.0).checked_mul(i128::from(self.0))?.checked_mul(per_unit)?;
        let whole = i128::from(BILLION) * 100;
        let rounded = parts.checked_add(whole / 2)? / whole;
        i64::try_from(rounded).ok().filter(|amount| *amount > 0)
    }
}

impl fmt::Display for Rate {
    /// Without zeros at the end: `0.9215`, `1`.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / BILLION, self.0 % BILLION);
        if part == 0 {
            return write!(to, "{whole}");
        }
        let part = format!("{part:09}");
        write!(to, "{whole}.{}", part.trim_end_matches('0'))
    }
}

/// Decimals of a currency's smallest unit (ISO 4217).
#[must_use]
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Is it a currency's code: three capital letters?
#[must_use]
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// An amount in the smallest unit, as a decimal: `92.15`.
#[must_use]
pub fn amount_text(amount: i64, currency: &str) -> String {
    let places = decimals(currency) as usize;
    let digits = format!("{:0width$}", amount.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let sign = if amount < 0 { "-" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// The amount of a text as [`amount_text`] writes it; a spreadsheet may have dropped zeros at the end.
#[must_use]
pub fn amount_of(text: &str, currency: &str) -> Option<i64> {
    let places = decimals(currency) as usize;
    match text.split_once('.') {
        // `100.00` of a currency without decimals, as spreadsheets may write it.
        Some((whole, part)) if places == 0 && part.bytes().all(|byte| byte == b'0') && !part.is_empty() => {
            decimal(whole, 0)
        }
        _ => decimal(text, places),
    }
}

/// A decimal of at most so many places, as a whole number of its smallest part.
fn decimal(text: &str, places: usize) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_part = text.contains('.');
    if !digits(whole) || !digits(part) || (has_part && part.len() > places) {
        return None;
    }
    let part = if has_part { format!("{part:0<places$}") } else { "0".repeat(places) };
    let scale = 10_i64.checked_pow(u32::try_from(places).ok()?)?;
    let part: i64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_decimal_of_nine_places_above_zero() {
        for (text, again) in
            [("0.9215", "0.9215"), ("1", "1"), ("1.500", "1.5"), ("25475.123456789", "25475.123456789")]
        {
            assert_eq!(Rate::parse(text).unwrap().to_string(), again);
        }
        for wrong in ["", "0", "0.0", "-1", "1,5", "1e3", ".5", "1.", "0.0000000001", "99999999999", " 1"] {
            assert_eq!(Rate::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Rate::of_billionths(Rate::ONE.billionths()), Some(Rate::ONE));
        assert_eq!(Rate::of_billionths(0), None);
    }

    #[test]
    fn an_amount_is_rounded_once_half_a_unit_up() {
        for (cents, rate, currency, expected) in [
            (10_000, "0.9215", "EUR", Some(9_215)),
            (1, "0.5", "EUR", Some(1)),
            (1, "0.499999999", "EUR", None),
            (3, "0.5", "EUR", Some(2)),
            (2_550, "1", "USD", Some(2_550)),
            (10_000, "149.505", "JPY", Some(14_951)),
            (10_000, "0.307", "KWD", Some(30_700)),
            (i64::MAX, "9223372036", "EUR", None),
        ] {
            let rate = Rate::parse(rate).unwrap();
            assert_eq!(rate.convert(Cents(cents), currency), expected, "{cents} at {rate}");
        }
    }

    #[test]
    fn amounts_are_written_and_read_in_their_currency() {
        for (amount, currency, text) in
            [(9_215, "EUR", "92.15"), (5, "EUR", "0.05"), (14_951, "JPY", "14951"), (30_700, "KWD", "30.700")]
        {
            assert_eq!(amount_text(amount, currency), text);
            assert_eq!(amount_of(text, currency), Some(amount));
        }
        for (text, currency, expected) in [
            ("25.5", "USD", Some(2_550)),
            ("25", "USD", Some(2_500)),
            ("25,50", "USD", None),
            ("25.505", "USD", None),
            ("2.55e1", "USD", None),
            ("-25.50", "USD", None),
            ("", "USD", None),
            (".50", "USD", None),
            ("100.00", "JPY", Some(100)),
            ("100.50", "JPY", None),
        ] {
            assert_eq!(amount_of(text, currency), expected, "{text:?} {currency}");
        }
    }
}
