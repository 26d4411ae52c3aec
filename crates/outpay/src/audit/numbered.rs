//! A sequence of numbered items: without a gap inside an epoch, with a jump after each recovery
//! ([`ledger::floor_of_epoch`]).

/// One run of numbers per epoch, ascending. Never empty.
pub(super) struct Numbered<T> {
    runs: Vec<Run<T>>,
}

struct Run<T> {
    /// The number before the first.
    floor: i64,
    all: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { runs: vec![Run { floor: 0, all: Vec::new() }] }
    }
}

impl<T> Numbered<T> {
    /// The largest number so far; in an epoch without items, its floor.
    pub(super) fn last(&self) -> i64 {
        let run = self.runs.last().expect("there is a first run");
        run.floor + i64::try_from(run.all.len()).expect("memory holds fewer than there are numbers")
    }

    /// Begins an epoch: the next number is `floor + 1`. A floor that is not above all numbers so far is ignored.
    pub(super) fn raise(&mut self, floor: i64) {
        if floor > self.last() {
            self.runs.push(Run { floor, all: Vec::new() });
        }
    }

    /// Gives `item` the next number.
    pub(super) fn push(&mut self, item: T) {
        self.runs.last_mut().expect("there is a first run").all.push(item);
    }

    pub(super) fn get(&self, number: i64) -> Option<&T> {
        let run = self.runs.iter().rev().find(|run| number > run.floor)?;
        run.all.get(usize::try_from(number - run.floor - 1).ok()?)
    }

    pub(super) fn get_mut(&mut self, number: i64) -> Option<&mut T> {
        let run = self.runs.iter_mut().rev().find(|run| number > run.floor)?;
        run.all.get_mut(usize::try_from(number - run.floor - 1).ok()?)
    }

    /// All items, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &T)> {
        self.runs.iter().flat_map(|run| (run.floor + 1..).zip(&run.all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_from_a_floor() {
        let mut all = Numbered::default();
        all.push('a');
        all.push('b');
        all.raise(2);
        assert_eq!(all.last(), 2);
        all.raise(100);
        assert_eq!(all.last(), 100);
        all.push('c');
        assert_eq!(all.iter().collect::<Vec<_>>(), [(1, &'a'), (2, &'b'), (101, &'c')]);
        for (number, expected) in
            [(0, None), (2, Some('b')), (3, None), (100, None), (101, Some('c')), (102, None)]
        {
            assert_eq!(all.get(number).copied(), expected, "{number}");
            assert_eq!(all.get_mut(number).copied(), expected, "{number}");
        }
    }
}
