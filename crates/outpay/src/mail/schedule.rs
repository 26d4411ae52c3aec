//! Retry schedule of a mail: at once, then 1 minute, 5 minutes, 30 minutes, 2 hours and 12 hours after each temporary
//! failure; then it has failed for good.

use ledger::Micros;

const MINUTE: Micros = 60_000_000;

/// Delay from a failure to the next try.
const PAUSES: [Micros; 5] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 120 * MINUTE, 720 * MINUTE];

/// The longest delay between two tries.
pub(super) const LONGEST: Micros = PAUSES[PAUSES.len() - 1];

/// When to try again after try number `tries` failed at `at`; `None` when the schedule is exhausted.
pub(super) fn next(tries: i64, at: Micros) -> Option<Micros> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    Some(at + PAUSES.get(place)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_tries_in_all() {
        let pauses: Vec<Option<Micros>> = (0..8).map(|tries| next(tries, 7)).collect();
        let at = |minutes: i64| Some(7 + minutes * MINUTE);
        assert_eq!(pauses, [None, at(1), at(5), at(30), at(120), at(720), None, None]);
    }
}
