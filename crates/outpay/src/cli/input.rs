//! Parsers of typed values: cents, durations, rates, references. Each error says what to type instead.

pub(super) use crate::line::typed_reference as reference;
use crate::networks::Networks;
use ledger::{Cents, MAX_TRANSFER, Micros};
use std::time::Duration;

/// Whole cents, 1 to the largest transfer.
pub(super) fn cents(text: &str) -> Result<Cents, String> {
    let most = MAX_TRANSFER.0;
    let cents: Option<i64> = text.parse().ok().filter(|cents| (1..=most).contains(cents));
    cents.map(Cents).ok_or_else(|| format!("give whole cents from 1 to {most}, as in 10050 for 100.50"))
}

/// `90s`, `15m`, `24h`, `30d`.
pub(super) fn span(text: &str) -> Result<Micros, String> {
    let hint = || "give a number and a unit, as in 90s, 15m, 24h or 30d".to_owned();
    let last = text.char_indices().next_back().ok_or_else(hint)?;
    let seconds: i64 = match last.1 {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(hint()),
    };
    let number: u32 = text[..last.0].parse().map_err(|_| hint())?;
    i64::from(number).checked_mul(seconds * 1_000_000).ok_or_else(hint)
}

/// A limit; `None` for `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitOrOff(pub(super) Option<u32>);

pub(super) fn limit_or_off(text: &str) -> Result<LimitOrOff, String> {
    if text == "off" {
        return Ok(LimitOrOff(None));
    }
    let limit: Option<u32> = text.parse().ok().filter(|limit| *limit > 0);
    limit.map(|limit| LimitOrOff(Some(limit))).ok_or_else(|| "give a number from 1, or off".to_owned())
}

/// A duration that is not zero, for limits of time.
pub(super) fn time_limit(text: &str) -> Result<Duration, String> {
    let micros = span(text)?.unsigned_abs();
    if micros == 0 { Err("give at least 1s".to_owned()) } else { Ok(Duration::from_micros(micros)) }
}

/// One address or network, or several separated by commas.
pub(super) fn networks(text: &str) -> Result<Networks, String> {
    let list = Networks::parse(text).map_err(|problem| problem.to_string())?;
    list.ok_or_else(|| "give an address or a network, as in 203.0.113.7 or 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_whole_and_positive() {
        assert_eq!(cents("10050"), Ok(Cents(10_050)));
        assert_eq!(cents(&MAX_TRANSFER.0.to_string()), Ok(MAX_TRANSFER));
        let too_much = (MAX_TRANSFER.0 + 1).to_string();
        for wrong in ["", "0", "-1", "100.50", "1e3", "1_000", &too_much, "99999999999999999999"] {
            assert!(cents(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("0s"), Ok(0));
        assert_eq!(span("90s"), Ok(90_000_000));
        assert_eq!(span("15m"), Ok(900_000_000));
        assert_eq!(span("24h"), Ok(86_400_000_000));
        assert_eq!(span("30d"), Ok(2_592_000_000_000));
        for wrong in ["", "1", "d", "-1d", "1.5h", "1 h", "1w", "1é", "99999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_off() {
        assert_eq!(limit_or_off("off"), Ok(LimitOrOff(None)));
        assert_eq!(limit_or_off("50000"), Ok(LimitOrOff(Some(50_000))));
        for wrong in ["0", "-1", "no", ""] {
            assert!(limit_or_off(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_limit_is_not_zero() {
        assert_eq!(time_limit("75s"), Ok(Duration::from_secs(75)));
        assert!(time_limit("0s").is_err() && time_limit("75").is_err());
    }
}
