//! Days in addresses of pages and in forms, as `2026-11-03`: UTC, numbered from 1970-01-01.

use jiff::civil::Date;

/// The day since 1970-01-01 that a text names.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    let is_date = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: Date = is_date.then(|| text.parse().ok())??;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second().div_euclid(86_400))
}

/// `2026-11-25`
#[must_use]
pub fn date(day: i64) -> String {
    at(day).strftime("%Y-%m-%d").to_string()
}

/// `25 Nov`
#[must_use]
pub fn short(day: i64) -> String {
    at(day).strftime("%-d %b").to_string()
}

fn at(day: i64) -> jiff::Timestamp {
    let at = jiff::Timestamp::from_second(day.saturating_mul(86_400));
    at.unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        assert_eq!((read("1970-01-01"), read("2026-11-25")), (Some(0), Some(20_782)));
        assert_eq!((date(20_782).as_str(), short(20_782).as_str()), ("2026-11-25", "25 Nov"));
        for wrong in ["", "2026-11-31", "2026-11-1", "25.11.2026", "2026-11-25T0", "+026-11-25"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
