//! The only source of chance in a simulation: the same seed gives the same numbers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The second generator is for salts alone, so that they do not influence what happens.
pub struct Dice(ChaCha8Rng, ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed), ChaCha8Rng::seed_from_u64(!seed))
    }

    pub fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// For the salts of a batch.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.1.fill_bytes(&mut seed);
        seed
    }

    /// From 0 to `end`, exclusive. The tiny bias of the remainder does not matter here.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any() % end.max(1)
    }

    /// From `first` to `last`, inclusive.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = last.abs_diff(first) + 1;
        first + i64::try_from(self.below(span)).expect("a span of small numbers")
    }

    /// True once in `times` on average.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// True in this many of a thousand cases.
    pub fn per_mille(&mut self, cases: u64) -> bool {
        self.below(1000) < cases
    }

    /// An index into something of this length; `None` if it is empty.
    pub fn index(&mut self, length: usize) -> Option<usize> {
        let end = u64::try_from(length).expect("a length in memory");
        (length > 0).then(|| usize::try_from(self.below(end)).expect("below a length"))
    }

    /// One of these, by their weights.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        choices[choices.len() - 1].1
    }
}
