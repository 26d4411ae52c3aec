//! Ranges of days in addresses of pages, and the ranges that charts show. Days are UTC, as in the sums of the books.

use crate::dashboard::door::day::{range, read, short};
use crate::dashboard::door::query::Query;
use std::ops::Range;

/// The most days that a range of one's own may have: two years.
const MOST: i64 = 731;

/// The days from `from` to `until` of an address.
///
/// # Errors
/// Says what is wrong with them.
pub fn between(query: &Query) -> Result<Range<i64>, String> {
    range(query.get("from"), query.get("until"))
}

/// The days that charts show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownDays {
    /// One of [`CHOICES`], or `custom`.
    pub choice: &'static str,
    pub days: Range<i64>,
    /// As in "8 % more than the 30 days before".
    pub words: String,
}

/// Name in the address, label, days.
pub const CHOICES: [(&str, &str, i64); 4] =
    [("7", "7 days", 7), ("30", "30 days", 30), ("90", "90 days", 90), ("12m", "12 months", 365)];
const STANDARD: usize = 1;
pub const CUSTOM: &str = "custom";

impl ShownDays {
    /// What the address asks for; 30 days if nothing that there is. Days after today are not shown.
    #[must_use]
    pub fn read(query: &Query, today: i64) -> Self {
        let (from, until) = (read(query.get("from")), read(query.get("until")));
        let chosen = CHOICES.iter().find(|choice| choice.0 == query.get("range"));
        if let (None, Some(from)) = (chosen, from) {
            let end = until.unwrap_or(today).min(today) + 1;
            let days = from.clamp(end - MOST, end - 1)..end;
            let length = days.end - days.start;
            let words = if length == 1 { "day".to_owned() } else { format!("{length} days") };
            return Self { choice: CUSTOM, days, words };
        }
        let (choice, words, length) = chosen.unwrap_or(&CHOICES[STANDARD]);
        Self { choice, days: today + 1 - length..today + 1, words: (*words).to_owned() }
    }

    /// Pieces of the days that one bar each stands for, oldest first: days, weeks that end with the last day, or months.
    #[must_use]
    pub fn pieces(&self) -> Vec<Range<i64>> {
        let Range { start, end } = self.days;
        match end - start {
            ..=31 => (start..end).map(|day| day..day + 1).collect(),
            32..=184 => {
                let mut weeks: Vec<_> = Vec::new();
                let mut until = end;
                while until > start {
                    weeks.push((until - 7).max(start)..until);
                    until -= 7;
                }
                weeks.reverse();
                weeks
            }
            _ => {
                let mut months = Vec::new();
                let mut from = start;
                while from < end {
                    let until = crate::month::Month::of_day(from).days().end.min(end);
                    months.push(from..until);
                    from = until;
                }
                months
            }
        }
    }
}

/// What a piece is called: a day, or its first and last.
#[must_use]
pub fn name(piece: &Range<i64>) -> String {
    let last = piece.end - 1;
    if piece.start == last { short(last) } else { format!("{} to {}", short(piece.start), short(last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(text)
    }

    #[test]
    fn ranges_have_pieces_that_follow_each_other() {
        let today = 20_782;
        let shown = |text: &str| ShownDays::read(&query(text), today);
        for (text, choice, length, pieces) in [
            ("", "30", 30, 30),
            ("range=7", "7", 7, 7),
            ("range=90", "90", 90, 13),
            ("range=12m", "12m", 365, 13),
            ("range=nothing", "30", 30, 30),
            ("from=2026-11-20&until=2026-11-24", "custom", 5, 5),
            ("from=2026-11-25&until=2030-01-01", "custom", 1, 1),
            ("from=1990-01-01", "custom", MOST, 25),
            ("from=2026-11-25&until=2026-11-01", "custom", 1, 1),
        ] {
            let shown = shown(text);
            let found = shown.pieces();
            assert_eq!((shown.choice, shown.days.end - shown.days.start), (choice, length), "{text}");
            assert_eq!(found.len(), pieces, "{text}");
            assert_eq!((found[0].start, found[found.len() - 1].end), (shown.days.start, shown.days.end));
            assert!(found.windows(2).all(|two| two[0].end == two[1].start), "{text}");
        }
        assert_eq!(shown("range=12m").words, "12 months");
        assert_eq!(name(&(20_776..20_783)), "19 Nov to 25 Nov");
    }
}
