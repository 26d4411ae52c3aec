//! One book pays with a key that has ceilings. The auditor adds up the entries of that book: no day has more than the key may
//! pay, and no person. When the clock is set back, the later day goes on.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rusqlite::Connection;

/// The book, and the number of the key's budget.
pub const BOOK: i64 = 3;
pub const BUDGET: i64 = 9;
/// Cents per day, and per person and day.
pub const MOST_PER_DAY: i64 = 6_000_000_000;
pub const MOST_PER_PERSON: i64 = 250_000_000;

const DAY: i64 = 86_400_000_000;

pub fn hold(connection: &Connection) -> Result<()> {
    let sql = "SELECT sequence, at, payout_user, amount FROM journal WHERE book = ?1 AND kind IN (4, 5) ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([BOOK])?;
    let mut all = (i64::MIN, 0);
    let mut by_person: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (sequence, at, person, amount): (i64, i64, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let day = at.div_euclid(DAY);
        let sum = add(&mut all, day, amount);
        ensure!(sum <= MOST_PER_DAY, "entry {sequence}: {sum} cents were paid on one day");
        let sum = add(by_person.entry(person).or_insert((i64::MIN, 0)), day, amount);
        ensure!(
            sum <= MOST_PER_PERSON,
            "entry {sequence}: {sum} cents were paid to user {person} on one day"
        );
    }
    Ok(())
}

fn add((last, sum): &mut (i64, i64), day: i64, amount: i64) -> i64 {
    if day > *last {
        (*last, *sum) = (day, 0);
    }
    *sum += amount;
    *sum
}
