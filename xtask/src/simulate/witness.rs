//! What the clients know: every movement of money that they wanted, whether they were told that it happened, and
//! whether it is in the journal. The two must agree: told, then in the journal exactly once; never told, then in the
//! journal at most once and only if the reply was lost; refused, then nowhere.
//!
//! A wish's number can be read off its entry, from the note if it has one, otherwise from the amount, so every entry
//! is traced to exactly one wish.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result, bail, ensure};

use super::auditor::Line;

/// A prime just below the largest payout: multiplying by [`SPREAD`] modulo it makes numbers look like amounts.
const PRIME: i64 = 99_999_989;
const SPREAD: i64 = 48_271;
/// Transfers are a multiple of this plus the wish's number.
const BIG: i64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Deposit,
    ToPayout,
    ToMain,
    /// To this address.
    Pay(u32),
    /// From the user with this number.
    Debit(i64),
}

#[derive(Debug)]
pub struct Wish {
    pub book: i64,
    pub what: What,
    pub amount: i64,
    /// Does its entry carry the number in its note?
    pub noted: bool,
    told: bool,
    lost: bool,
    seen: bool,
}

/// Entries without money cannot be traced one by one, so they are counted.
#[derive(Clone, Copy, Default)]
struct Turns {
    seen: i64,
    told: i64,
    lost: i64,
}

#[derive(Default)]
pub struct Witness {
    wishes: Vec<Wish>,
    /// Told, and not yet found in the journal.
    owed: BTreeSet<u32>,
    /// Balances after a wish, from the journal or the reply, whichever came first.
    balances: HashMap<u32, (i64, i64)>,
    /// By book and user.
    rotations: HashMap<(i64, i64), Turns>,
    statuses: HashMap<(i64, i64), Turns>,
    generations: HashSet<(i64, i64, i64)>,
}

/// An entry without money that a client asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Status,
    Rotation,
}

impl Witness {
    /// A new wish; `size` chooses among its possible amounts.
    pub fn wish(&mut self, book: i64, what: What, noted: bool, size: i64) -> u32 {
        let number = u32::try_from(self.wishes.len()).expect("a simulation has fewer wishes");
        let plain = i64::from(number);
        let amount = match what {
            What::Pay(_) => 1 + plain % PRIME * SPREAD % PRIME,
            What::ToPayout | What::ToMain => plain + 1 + size * BIG,
            What::Deposit | What::Debit(_) => size,
        };
        self.wishes.push(Wish { book, what, amount, noted, told: false, lost: false, seen: false });
        number
    }

    pub fn get(&self, number: u32) -> &Wish {
        &self.wishes[number as usize]
    }

    /// The note of its entry.
    pub fn note(number: u32) -> String {
        format!("Nº {number}")
    }

    /// A client was told that it happened.
    pub fn told(&mut self, number: u32) {
        let wish = &mut self.wishes[number as usize];
        wish.told = true;
        if !wish.seen {
            self.owed.insert(number);
        }
    }

    /// A client cannot know whether it happened, unless it asks again.
    pub fn lost(&mut self, number: u32) {
        self.wishes[number as usize].lost = true;
    }

    /// A client has learned that it has not happened so far.
    pub fn refused(&mut self, number: u32) -> Result<()> {
        let wish = &mut self.wishes[number as usize];
        ensure!(!wish.seen, "refused, although it is in the journal: {wish:?}");
        wish.lost = false;
        Ok(())
    }

    /// Both sources of the balances after a wish must agree.
    pub fn balances(&mut self, number: u32, after: (i64, i64)) -> Result<()> {
        let first = *self.balances.entry(number).or_insert(after);
        ensure!(first == after, "the balances after it are {first:?} and {after:?}: {:?}", self.get(number));
        Ok(())
    }

    /// A client was told of a new status or hash; `was_lost` if it counted as lost before.
    pub fn turn_told(&mut self, turn: Turn, book: i64, user: i64, was_lost: bool) {
        let turns = self.turns(turn).entry((book, user)).or_default();
        turns.told += 1;
        turns.lost -= i64::from(was_lost);
    }

    pub fn turn_lost(&mut self, turn: Turn, book: i64, user: i64) {
        self.turns(turn).entry((book, user)).or_default().lost += 1;
    }

    /// Every reported hash generation must be new.
    pub fn generation(&mut self, book: i64, user: i64, generation: i64) -> Result<()> {
        let new = self.generations.insert((book, user, generation));
        ensure!(new, "two rotations of user {user} of book {book} gave generation {generation}");
        Ok(())
    }

    fn turns(&mut self, turn: Turn) -> &mut HashMap<(i64, i64), Turns> {
        match turn {
            Turn::Status => &mut self.statuses,
            Turn::Rotation => &mut self.rotations,
        }
    }

    /// Traces an entry to its wish.
    pub fn see(&mut self, line: &Line) -> Result<()> {
        let place = (line.book, line.user);
        match line.kind {
            7 | 8 => {
                self.statuses.entry(place).or_default().seen += 1;
                return Ok(());
            }
            9 => {
                self.rotations.entry(place).or_default().seen += 1;
                return Ok(());
            }
            _ => {}
        }
        let number = number_of(line).context("no wish explains this entry")?;
        let wish = self.wishes.get_mut(number as usize).context("no wish explains this entry")?;
        let fits = wish.book == line.book
            && wish.amount == line.amount
            && wish.noted != line.note.is_empty()
            && match (line.kind, wish.what) {
                (1, What::Deposit) | (2, What::ToPayout) | (3, What::ToMain) => true,
                (4 | 5, What::Pay(address)) => line.email == normal_address(address),
                (6, What::Debit(user)) => line.user == user,
                _ => false,
            };
        ensure!(fits, "it is not what was wished for: {wish:?}");
        ensure!(!wish.seen, "it happened before: {wish:?}");
        ensure!(wish.told || wish.lost, "no client was told that it was carried out: {wish:?}");
        wish.seen = true;
        let after = match wish.what {
            What::Pay(_) => None,
            What::Debit(_) => Some((line.held_by_user, 0)),
            _ => Some((line.main, line.payout)),
        };
        self.owed.remove(&number);
        after.map_or(Ok(()), |after| self.balances(number, after))
    }

    /// After all entries: everything that was acknowledged is there.
    pub fn settle(&self) -> Result<()> {
        if let Some(number) = self.owed.first() {
            bail!("acknowledged, but not in the journal: {:?}", self.get(*number));
        }
        for ((book, user), turns) in &self.rotations {
            let Turns { seen, told, lost } = *turns;
            let fits = (told..=told + lost).contains(&seen);
            ensure!(fits, "user {user} of book {book}: {told} rotations told, {lost} lost, {seen} seen");
        }
        for ((book, user), turns) in &self.statuses {
            let Turns { seen, told, lost } = *turns;
            let fits = seen <= told + lost;
            ensure!(fits, "user {user} of book {book}: {told} statuses told, {lost} lost, {seen} seen");
        }
        Ok(())
    }
}

/// The number of the wish of an entry with money.
fn number_of(line: &Line) -> Option<u32> {
    if let Some(number) = line.note.strip_prefix("Nº ") {
        return number.parse().ok();
    }
    let number = match line.kind {
        2 | 3 => line.amount % BIG - 1,
        _ => (line.amount - 1) * UNSPREAD % PRIME,
    };
    u32::try_from(number).ok()
}

/// The inverse of multiplying by [`SPREAD`].
const UNSPREAD: i64 = inverse();

/// By Fermat: the power of `PRIME - 2`.
const fn inverse() -> i64 {
    let (mut power, mut factor, mut result) = (PRIME - 2, SPREAD, 1);
    while power > 0 {
        if power % 2 == 1 {
            result = result * factor % PRIME;
        }
        factor = factor * factor % PRIME;
        power /= 2;
    }
    result
}

/// An address as the platform must store it.
pub fn normal_address(number: u32) -> String {
    if number % 10 == 7 {
        return format!("person.{number}@xn--bcher-kva.example");
    }
    format!("person.{number}@example.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(witness: &Witness, number: u32) -> Line {
        let wish = witness.get(number);
        let (kind, email) = match wish.what {
            What::Deposit => (1, String::new()),
            What::ToPayout => (2, String::new()),
            What::ToMain => (3, String::new()),
            What::Pay(address) => (5, normal_address(address)),
            What::Debit(_) => (6, String::new()),
        };
        Line {
            book: wish.book,
            kind,
            user: if let What::Debit(user) = wish.what { user } else { 0 },
            email,
            amount: wish.amount,
            note: if wish.noted { Witness::note(number) } else { String::new() },
            salt: Vec::new(),
            sequence: 1,
            at: 0,
            debit: 0,
            credit: 0,
            debit_previous: 0,
            credit_previous: 0,
            chain: Vec::new(),
            main: 5,
            payout: 6,
            held_by_user: 7,
        }
    }

    fn witness() -> (Witness, Vec<u32>) {
        let mut witness = Witness::default();
        let kinds = [
            (What::Deposit, true),
            (What::ToPayout, false),
            (What::ToMain, false),
            (What::Pay(3), false),
            (What::Pay(7), true),
            (What::Debit(4), true),
        ];
        let numbers =
            (0..50).flat_map(|_| kinds).map(|(what, noted)| witness.wish(2, what, noted, 3)).collect();
        (witness, numbers)
    }

    #[test]
    fn every_entry_is_traced_to_its_wish() {
        let (mut witness, numbers) = witness();
        for number in numbers {
            if number % 2 == 0 {
                witness.told(number)
            } else {
                witness.lost(number)
            }
            let line = line(&witness, number);
            witness.see(&line).unwrap();
            assert!(witness.see(&line).unwrap_err().to_string().contains("happened before"));
        }
        witness.settle().unwrap();
    }

    #[test]
    fn what_does_not_agree_is_noticed() {
        let (mut witness, numbers) = witness();
        for number in numbers {
            let fine = line(&witness, number);
            let error = witness.see(&fine).unwrap_err().to_string();
            assert!(error.contains("no client was told"), "{error}");
            witness.lost(number);
            witness.refused(number).unwrap();
            assert!(witness.see(&fine).is_err(), "refused in the end");
            witness.told(number);
            let other_book = Line { book: 3, ..line(&witness, number) };
            let other_email = Line { email: "x@example.com".to_owned(), ..line(&witness, number) };
            let other_user = Line { user: 9, ..line(&witness, number) };
            let paid = matches!(witness.get(number).what, What::Pay(_));
            let debited = matches!(witness.get(number).what, What::Debit(_));
            assert!(witness.see(&other_book).is_err());
            assert!(!paid || witness.see(&other_email).is_err());
            assert!(!debited || witness.see(&other_user).is_err());
            assert!(witness.settle().unwrap_err().to_string().contains("acknowledged"));
            witness.see(&fine).unwrap();
        }
        let strange = Line { note: "Nº 999999".to_owned(), ..line(&witness, 0) };
        assert!(witness.see(&strange).unwrap_err().to_string().contains("no wish explains"));
        witness.settle().unwrap();
    }

    #[test]
    fn turns_are_counted() {
        let rotated = Line { kind: 9, user: 1, note: String::new(), ..line(&witness().0, 0) };
        let mut witness = Witness::default();
        witness.turn_lost(Turn::Rotation, 2, 1);
        witness.settle().unwrap();
        witness.see(&rotated).unwrap();
        witness.settle().unwrap();
        witness.see(&rotated).unwrap();
        assert!(witness.settle().is_err(), "two, and one at most");
        witness.turn_told(Turn::Rotation, 2, 1, false);
        witness.settle().unwrap();
        witness.generation(2, 1, 1).unwrap();
        assert!(witness.generation(2, 1, 1).is_err());
    }
}
