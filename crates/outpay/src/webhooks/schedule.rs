//! Retry schedules of a delivery. The documented one: at once, then 30 seconds, 5 minutes and 30 minutes after each failure
//! (contract, 1.5); then it has failed for good. The extended one goes on for up to 3 days.

use crate::clock::Entropy;
use ledger::Micros;

const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3600 * SECOND;

/// Delay from a failure to the next try.
const PAUSES: [Micros; 3] = [30 * SECOND, 300 * SECOND, 1800 * SECOND];

/// What follows in the extended schedule: 70 hours, so that with the documented tries, and some time for each, it is less than
/// 3 days.
const FURTHER_PAUSES: [Micros; 6] = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR];

/// A further pause is shorter by a random part of up to this percentage, so that a receiver that was down does not get everything
/// at one moment.
const JITTER: i64 = 10;

/// The longest delay between two tries.
pub(super) const LONGEST: Micros = FURTHER_PAUSES[FURTHER_PAUSES.len() - 1];

/// How often a delivery is tried. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Schedule {
    /// The documented four tries.
    #[default]
    Standard = 1,
    /// Up to 3 days.
    Extended = 2,
}

impl Schedule {
    pub const ALL: [Self; 2] = [Self::Standard, Self::Extended];

    /// The word clients use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Extended => "extended",
        }
    }

    /// The schedule of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.word() == word)
    }

    /// The stored number.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    #[must_use]
    pub(super) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.code() == code)
    }

    /// When to try again after try number `tries` failed at `at`; `None` when the schedule is exhausted.
    pub(super) fn next(self, tries: i64, at: Micros, entropy: &Entropy) -> Option<Micros> {
        let place = usize::try_from(tries).ok()?.checked_sub(1)?;
        if let Some(pause) = PAUSES.get(place) {
            return Some(at + pause);
        }
        let further = FURTHER_PAUSES.get(place - PAUSES.len()).filter(|_| self == Self::Extended)?;
        let mut random = [0; 2];
        entropy.fill(&mut random);
        let part = i64::from(u16::from_be_bytes(random));
        let shorter = further / 100 * JITTER / i64::from(u16::MAX) * part;
        Some(at + further - shorter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(schedule: Schedule, seed: u64) -> Vec<Option<Micros>> {
        let entropy = Entropy::seeded(seed);
        (0..12).map(|tries| schedule.next(tries, 7, &entropy).map(|at| at - 7)).collect()
    }

    #[test]
    fn four_tries_in_all() {
        let at = |seconds: i64| Some(seconds * SECOND);
        let mut expected = vec![None, at(30), at(300), at(1800)];
        expected.resize(12, None);
        assert_eq!(pauses(Schedule::Standard, 1), expected);
    }

    #[test]
    fn the_extended_schedule_goes_on_for_up_to_three_days() {
        let (one, other) = (pauses(Schedule::Extended, 1), pauses(Schedule::Extended, 2));
        assert_eq!(one[..4], pauses(Schedule::Standard, 1)[..4], "it begins with the documented tries");
        assert_ne!(one, other, "the further pauses are random");
        for found in [&one, &other] {
            assert!(found[4..10].iter().all(Option::is_some) && found[10..].iter().all(Option::is_none));
            let all: Micros = found.iter().flatten().sum();
            assert!((60 * HOUR..72 * HOUR).contains(&all), "{all}");
            for (pause, most) in found[4..10].iter().flatten().zip(FURTHER_PAUSES) {
                assert!((most - most / 10..=most).contains(pause), "{pause} of {most}");
            }
        }
    }

    #[test]
    fn a_schedule_is_stored_by_number_and_named_by_word() {
        for schedule in Schedule::ALL {
            assert_eq!(Schedule::from_code(schedule.code()), Some(schedule));
            assert_eq!(Schedule::from_word(schedule.word()), Some(schedule));
        }
        assert_eq!((Schedule::from_code(0), Schedule::from_word("long")), (None, None));
    }
}
