//! Retry schedule of a delivery: at once, then 30 seconds, 5 minutes and 30 minutes after each failure (contract,
//! 1.5); then it has failed for good.

use ledger::Micros;

const SECOND: Micros = 1_000_000;

/// Delay from a failure to the next try.
const PAUSES: [Micros; 3] = [30 * SECOND, 300 * SECOND, 1800 * SECOND];

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
    fn four_tries_in_all() {
        let pauses: Vec<Option<Micros>> = (0..6).map(|tries| next(tries, 7)).collect();
        let at = |seconds: i64| Some(7 + seconds * SECOND);
        assert_eq!(pauses, [None, at(30), at(300), at(1800), None, None]);
    }
}
