//! The search index without a database: which three-byte pieces (grams) a text has, sets of row numbers as they are stored, and how
//! the sets of several grams become the rows that may match. Not here: tables (search_index.rs). Bytes, not characters: the index then
//! works for every language, and a part of a text in UTF-8 is also a part of its bytes.

use super::Failure;
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Consecutive row numbers whose sets are stored together.
pub(super) const SEGMENT: i64 = 8_192;
const WORDS: usize = 128;
/// A bitmap; what is shorter is a list of two-byte positions.
const BITMAP_BYTES: usize = WORDS * 8;
/// A query with more grams than this uses some of them: the rest would not exclude much.
const MOST_GRAMS: usize = 16;
/// Follows every text, so that its last two bytes begin a gram too.
const END: u8 = 0;

/// Which grams a query needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of these.
    Grams(Vec<i64>),
    /// One between these: those that begin with the query's two bytes.
    Beginning(RangeInclusive<i64>),
}

impl Wanted {
    /// `None` for a query of fewer than two bytes, which nearly every text has.
    pub(super) fn by(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [] | [_] => None,
            [first, second] => Some(Self::Beginning(gram([first, second, 0])..=gram([first, second, 255]))),
            ref bytes => {
                let all: BTreeSet<i64> =
                    bytes.windows(3).map(|three| gram([three[0], three[1], three[2]])).collect();
                let all: Vec<i64> = all.into_iter().collect();
                let step = all.len().div_ceil(MOST_GRAMS);
                Some(Self::Grams(all.into_iter().step_by(step).collect()))
            }
        }
    }

    /// Does each row that has them match, without a look at its text?
    pub(super) fn is_exact(text: &str) -> bool {
        matches!(text.len(), 2 | 3)
    }
}

fn gram(bytes: [u8; 3]) -> i64 {
    i64::from(bytes[0]) << 16 | i64::from(bytes[1]) << 8 | i64::from(bytes[2])
}

/// All grams of a text.
pub(super) fn grams(text: &str) -> BTreeSet<i64> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(END);
    bytes.windows(3).map(|three| gram([three[0], three[1], three[2]])).collect()
}

pub(super) fn segment_of(number: i64) -> i64 {
    number.div_euclid(SEGMENT)
}

/// Numbers of one segment, by their position in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Positions([u64; WORDS]);

impl Positions {
    pub(super) fn none() -> Self {
        Self([0; WORDS])
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let mut read = Self::none();
        if bytes.len() == BITMAP_BYTES {
            for (word, eight) in read.0.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = u64::from_le_bytes(eight.try_into().context("eight bytes")?);
            }
            return Ok(read);
        }
        anyhow::ensure!(
            bytes.len() < BITMAP_BYTES && bytes.len().is_multiple_of(2),
            "a set of the search index is damaged"
        );
        for two in bytes.chunks_exact(2) {
            read.put(i64::from(u16::from_le_bytes([two[0], two[1]])));
        }
        Ok(read)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        if self.count() * 2 >= BITMAP_BYTES {
            return self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        }
        let two = |position: i64| u16::try_from(position).expect("a position is below 8,192").to_le_bytes();
        self.ascending().flat_map(two).collect()
    }

    pub(super) fn put(&mut self, number: i64) {
        let (word, bit) = place(number);
        self.0[word] |= bit;
    }

    pub(super) fn remove(&mut self, number: i64) {
        let (word, bit) = place(number);
        self.0[word] &= !bit;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    fn ascending(&self) -> impl DoubleEndedIterator<Item = i64> {
        let in_word = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at as i64 * 64 + bit)
        };
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(in_word)
    }
}

fn place(number: i64) -> (usize, u64) {
    let position = number.rem_euclid(SEGMENT) as usize;
    (position / 64, 1 << (position % 64))
}

/// Rows that may match, over all segments.
#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<(i64, Positions)>);

impl Candidates {
    /// From the stored sets: segment and numbers, of every gram that is wanted.
    pub(super) fn of(wanted: &Wanted, sets: impl IntoIterator<Item = (i64, Positions)>) -> Self {
        let mut found: BTreeMap<i64, (usize, Positions)> = BTreeMap::new();
        for (segment, set) in sets {
            let Some((seen, positions)) = found.get_mut(&segment) else {
                found.insert(segment, (1, set));
                continue;
            };
            *seen += 1;
            match wanted {
                Wanted::Grams(_) => positions.keep(&set),
                Wanted::Beginning(_) => positions.add(&set),
            }
        }
        if let Wanted::Grams(all) = wanted {
            found.retain(|_, (seen, _)| *seen == all.len());
        }
        let nonempty = found.into_iter().filter(|(_, (_, positions))| !positions.is_empty());
        Self(nonempty.map(|(segment, (_, positions))| (segment, positions)).collect())
    }

    pub(super) fn count(&self, between: &RangeInclusive<i64>) -> i64 {
        let inside = |(segment, positions): &(i64, Positions)| {
            let (first, last) = (segment * SEGMENT, segment * SEGMENT + SEGMENT - 1);
            if between.contains(&first) && between.contains(&last) {
                positions.count()
            } else {
                positions.ascending().filter(|position| between.contains(&(first + position))).count()
            }
        };
        self.0.iter().map(inside).sum::<usize>() as i64
    }

    /// Those between these numbers, in order.
    pub(super) fn ascending(&self, between: RangeInclusive<i64>) -> impl DoubleEndedIterator<Item = i64> {
        let segments = segment_of(*between.start())..=segment_of(*between.end());
        let here = self.0.iter().filter(move |(segment, _)| segments.contains(segment));
        here.flat_map(|(segment, positions)| {
            positions.ascending().map(move |position| segment * SEGMENT + position)
        })
        .filter(move |number| between.contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: RangeInclusive<i64> = 0..=i64::MAX;

    fn positions(numbers: impl IntoIterator<Item = i64>) -> Positions {
        let mut made = Positions::none();
        numbers.into_iter().for_each(|number| made.put(number));
        made
    }

    #[test]
    fn a_set_is_read_as_it_was_written() {
        for numbers in [
            vec![],
            vec![0],
            vec![5, 8_191],
            (0..511).collect(),
            (0..512).collect(),
            (0..8_192).collect::<Vec<i64>>(),
        ] {
            let written = positions(numbers.clone()).bytes();
            assert!(written.len() <= BITMAP_BYTES, "{}", written.len());
            assert_eq!(Positions::read(&written).unwrap().ascending().collect::<Vec<_>>(), numbers);
        }
        assert!(Positions::read(&[1]).is_err() && Positions::read(&[0; 1_026]).is_err());
    }

    #[test]
    fn a_removed_number_is_gone() {
        let mut set = positions([1, 2]);
        set.remove(8_192 + 1);
        assert_eq!(set, positions([2]));
        set.remove(2);
        assert!(set.is_empty());
    }

    #[test]
    fn rows_have_every_gram_or_one_with_the_beginning() {
        let both = Wanted::by("abcd").unwrap();
        assert_eq!(both, Wanted::Grams(vec![gram(*b"abc"), gram(*b"bcd")]));
        let sets = [(0, positions([1, 2, 3])), (0, positions([2, 3, 4])), (1, positions([7]))];
        let found = Candidates::of(&both, sets.clone());
        assert_eq!(found.ascending(ALL).collect::<Vec<_>>(), [2, 3], "segment 1 has one gram of two");
        let found = Candidates::of(&Wanted::by("ab").unwrap(), sets);
        assert_eq!(found.ascending(ALL).rev().collect::<Vec<_>>(), [8_192 + 7, 4, 3, 2, 1]);
        assert_eq!(found.ascending(3..=9_000).collect::<Vec<_>>(), [3, 4, 8_199]);
        assert_eq!((found.count(&ALL), found.count(&(3..=9_000)), found.count(&(5..=100))), (5, 3, 0));
        assert_eq!((Wanted::by("a"), Wanted::by("")), (None, None));
    }

    #[test]
    fn the_end_of_a_text_is_found_and_a_long_query_uses_some_grams() {
        let Some(Wanted::Beginning(range)) = Wanted::by("om") else { panic!() };
        assert!(grams("ada@example.com").iter().any(|gram| range.contains(gram)));
        let long: String = ('a'..='z').collect();
        let Some(Wanted::Grams(some)) = Wanted::by(&long) else { panic!() };
        assert!(some.len() <= MOST_GRAMS && some.iter().all(|gram| grams(&long).contains(gram)));
    }
}
