//! A month of the calendar, UTC, as the days since 1970-01-01 that it has.

use jiff::civil::Date;
use std::ops::Range;

/// A month of the calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// `2026-11`
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return None;
        }
        Some(Self { first: Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()? })
    }

    /// The month of this day since 1970-01-01.
    #[must_use]
    pub fn of_day(day: i64) -> Self {
        let at = jiff::Timestamp::from_second(day.saturating_mul(86_400));
        let date = at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jiff::tz::TimeZone::UTC).date();
        Self { first: date.first_of_month() }
    }

    /// The month before, where the calendar has one.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        self.first.yesterday().ok().map(|day| Self { first: day.first_of_month() })
    }

    /// The month after.
    #[must_use]
    pub fn after(self) -> Option<Self> {
        self.first.last_of_month().tomorrow().ok().map(|first| Self { first })
    }

    /// Its days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> Range<i64> {
        let first = day_of(self.first);
        first..first + i64::from(self.first.days_in_month())
    }

    /// `2026-11`
    #[must_use]
    pub fn text(self) -> String {
        self.first.strftime("%Y-%m").to_string()
    }

    /// `November 2026`
    #[must_use]
    pub fn title(self) -> String {
        self.first.strftime("%B %Y").to_string()
    }
}

/// Days since 1970-01-01.
fn day_of(date: Date) -> i64 {
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
    midnight.map_or(0, |midnight| midnight.timestamp().as_second().div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_know_their_days() {
        let february = Month::parse("2028-02").unwrap();
        assert_eq!(february.days().end - february.days().start, 29);
        assert_eq!((february.text(), february.title()), ("2028-02".to_owned(), "February 2028".to_owned()));
        assert_eq!(february.before().unwrap().text(), "2028-01");
        assert_eq!(february.after().unwrap().text(), "2028-03");
        assert_eq!(Month::of_day(february.days().start), february);
        assert_eq!(Month::of_day(february.days().end - 1), february);
        assert_eq!(Month::of_day(0).days(), 0..31);
        for wrong in ["", "2026", "2026-13", "2026-1", "26-01", "2026-00", "+026-01", "2026-11-01"] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }
}
