//! Money and moments as the dashboard writes them, in English. Not here: the claim page's languages.

use ledger::Micros;

/// `$1,234.56`, `-$5.00`
#[must_use]
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (dollars, cents) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    format!("{sign}${}.{cents:02}", grouped(dollars, ","))
}

/// The number with this sign between groups of three digits.
#[must_use]
pub fn grouped(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

/// `2026-11-25 16:04 UTC`
#[must_use]
pub fn moment(at: Micros) -> String {
    let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_at_every_size() {
        for (cents, text) in [
            (0, "$0.00"),
            (5, "$0.05"),
            (-500, "-$5.00"),
            (100_000, "$1,000.00"),
            (123_456, "$1,234.56"),
            (99_999_999, "$999,999.99"),
            (100_000_000, "$1,000,000.00"),
            (i64::MAX, "$92,233,720,368,547,758.07"),
            (i64::MIN, "-$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(money(cents), text);
        }
    }

    #[test]
    fn moments_are_utc_to_the_minute() {
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        let time: jiff::Timestamp = "2026-11-25T16:04:59.999999Z".parse().unwrap();
        assert_eq!(moment(time.as_microsecond()), "2026-11-25 16:04 UTC");
        assert_eq!(moment(i64::MAX), "1970-01-01 00:00 UTC", "no such time");
    }
}
