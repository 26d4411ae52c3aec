//! Days in addresses of pages and in forms, as `2026-11-03`: UTC, numbered from 1970-01-01.

use crate::store::ALL_DAYS;
use jiff::civil::Date;
use std::ops::Range;

/// The day since 1970-01-01 that a text names.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    let is_date = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: Date = is_date.then(|| text.parse().ok())??;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second().div_euclid(86_400))
}

/// The days from one to another, both included; an empty text sets no limit.
pub fn range(from: &str, until: &str) -> Result<Range<i64>, String> {
    let one = |text: &str, or: i64, later: i64| {
        if text.is_empty() {
            return Ok(or);
        }
        let day = read(text).ok_or_else(|| "Enter dates such as 2026-01-31.".to_owned())?;
        Ok::<i64, String>(day + later)
    };
    let days = one(from, ALL_DAYS.start, 0)?..one(until, ALL_DAYS.end, 1)?;
    if days.is_empty() {
        return Err("The first day is after the last.".to_owned());
    }
    Ok(days)
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

    #[test]
    fn a_day_that_is_missing_sets_no_limit() {
        assert_eq!(range("1970-01-02", "1970-01-02"), Ok(1..2));
        assert_eq!(range("", ""), Ok(ALL_DAYS));
        assert!(range("no", "").unwrap_err().contains("2026-01-31"));
        assert!(range("1970-01-03", "1970-01-02").unwrap_err().contains("after"));
    }
}
