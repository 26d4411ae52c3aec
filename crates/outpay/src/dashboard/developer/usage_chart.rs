//! The usage of a key per day: a chart that needs no colours (bars and outlines, with numbers), and its table. Not here:
//! counting (requests/usage.rs).

use crate::clock::rfc3339;
use crate::store::{KeyUsage, UsageCounts};
use ledger::Micros;

const DAY: Micros = 86_400_000_000;
/// Days that are shown.
pub const DAYS: i64 = 14;
const HEIGHT: i64 = 120;
const STEP: i64 = 44;

/// The picture and its numbers.
pub struct UsageChart {
    pub(crate) days: Vec<UsageDay>,
    pub(crate) total: Numbers,
    /// The number at the top line.
    pub(crate) top: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
}

/// One day's place in the picture, and its row.
pub struct UsageDay {
    pub(crate) date: String,
    /// Month and day.
    pub(crate) label: String,
    pub(crate) numbers: Numbers,
    pub(crate) x: i64,
    pub(crate) middle: i64,
    pub(crate) bar: i64,
    pub(crate) bar_y: i64,
    pub(crate) errors_bar: i64,
    pub(crate) errors_y: i64,
}

/// Counts as people read them.
pub struct Numbers {
    pub(crate) requests: i64,
    pub(crate) errors: i64,
    pub(crate) failures: i64,
    pub(crate) typical: String,
    pub(crate) slow: String,
    pub(crate) mean: String,
    pub(crate) moved: i64,
}

impl Numbers {
    /// Of these counts.
    #[must_use]
    pub fn of(counts: &UsageCounts) -> Self {
        let within = |thousandths| match counts.quantile(thousandths) {
            None => "–".to_owned(),
            Some(Some(milliseconds)) => format!("≤ {milliseconds} ms"),
            Some(None) => "> 1 s".to_owned(),
        };
        let mean = counts.micros.checked_div(counts.requests);
        Self {
            requests: counts.requests,
            errors: counts.client_errors,
            failures: counts.server_errors,
            typical: within(500),
            slow: within(990),
            mean: mean
                .map_or_else(|| "–".to_owned(), |mean| format!("{}.{} ms", mean / 1000, mean / 100 % 10)),
            moved: counts.moved,
        }
    }
}

/// Where the days begin that are shown at `now`.
#[must_use]
pub fn beginning(now: Micros) -> Micros {
    crate::clock::start_of_day(now) - (DAYS - 1) * DAY
}

impl UsageChart {
    /// Of these hours.
    #[must_use]
    pub fn new(hours: &[KeyUsage], now: Micros) -> Self {
        let first = beginning(now);
        let mut days = vec![UsageCounts::default(); usize::try_from(DAYS).unwrap_or_default()];
        let mut total = UsageCounts::default();
        for hour in hours {
            let place = usize::try_from((hour.hour - first).div_euclid(DAY)).ok();
            if let Some(day) = place.and_then(|place| days.get_mut(place)) {
                day.add(&hour.counts);
                total.add(&hour.counts);
            }
        }
        let top = days.iter().map(|day| day.requests).max().unwrap_or_default().max(1);
        let day = |(place, counts): (i64, &UsageCounts)| {
            let date = rfc3339(first + place * DAY)[..10].to_owned();
            let errors = counts.client_errors + counts.server_errors;
            let bar = tall(counts.requests, top);
            let errors_bar = tall(errors, top);
            UsageDay {
                label: date[5..].to_owned(),
                date,
                numbers: Numbers::of(counts),
                x: place * STEP + 8,
                middle: place * STEP + STEP / 2,
                bar,
                bar_y: HEIGHT - bar,
                errors_bar,
                errors_y: HEIGHT - errors_bar,
            }
        };
        Self {
            days: (0..).zip(&days).map(day).collect(),
            total: Numbers::of(&total),
            top,
            width: DAYS * STEP,
            height: HEIGHT,
        }
    }
}

/// At least 2 pixels for any count above zero, so that it can be seen.
fn tall(count: i64, top: i64) -> i64 {
    if count == 0 { 0 } else { (count.saturating_mul(HEIGHT - 20) / top).max(2) }
}
