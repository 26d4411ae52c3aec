//! What happened before, as far as the rules look back: what was asked for today, where to, and how often a code was shown.
//! The store loads it; what a batch does is added, so that each command sees those before it. Not here: the rules.

use crate::correction::Deposited;
use crate::{Book, BookId, Cents, Micros, Withdrawal};
use std::collections::{HashMap, HashSet};

/// How often a gift card's code may be shown within [`LOOKS_PERIOD`].
pub const MOST_LOOKS: usize = 10;
/// An hour.
pub const LOOKS_PERIOD: Micros = 3_600_000_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct LookBack {
    /// Today, by method, over all users; what was given back does not count.
    by_method: HashMap<String, Cents>,
    /// Today, by user, over all methods; what was given back does not count.
    by_user: HashMap<i64, Cents>,
    /// User, method and destination of withdrawals that succeeded.
    destinations: HashSet<(i64, String, String)>,
    /// When a withdrawal's code was shown, the newest times.
    looks: HashMap<i64, Vec<Micros>>,
    /// Deposits that are about to be reversed, by the sequence of their entry.
    pub(crate) deposits: HashMap<i64, Deposited>,
    /// Deposits of other businesses, by their reference.
    elsewhere: HashMap<String, DepositedElsewhere>,
}

/// Where a deposit's reference was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositedElsewhere {
    /// In this book.
    pub book: BookId,
    /// When.
    pub at: Micros,
}

impl LookBack {
    pub(crate) fn ask(&mut self, withdrawal: &Withdrawal) {
        let by_method = self.by_method.entry(withdrawal.method.clone()).or_default();
        *by_method = by_method.plus(withdrawal.amount).expect("a decided change fits");
        let by_user = self.by_user.entry(withdrawal.user).or_default();
        *by_user = by_user.plus(withdrawal.amount).expect("a person holds less than there is money");
    }

    pub(crate) fn look(&mut self, withdrawal: i64, at: Micros) {
        self.looks.entry(withdrawal).or_default().push(at);
    }
}

impl Book {
    /// Adds what was asked for today by a method, over all users.
    pub fn put_asked_by_method(&mut self, method: &str, sum: Cents) {
        self.before.by_method.insert(method.to_owned(), sum);
    }

    /// Adds what a user asked for today, over all methods.
    pub fn put_asked_by_user(&mut self, user: i64, sum: Cents) {
        self.before.by_user.insert(user, sum);
    }

    /// Adds a destination that a user has successfully used.
    pub fn put_destination(&mut self, user: i64, method: &str, destination: &str) {
        self.before.destinations.insert((user, method.to_owned(), destination.to_owned()));
    }

    /// Adds that a deposit of another business has this reference.
    pub fn put_deposited_elsewhere(&mut self, reference: &str, other: DepositedElsewhere) {
        self.before.elsewhere.entry(reference.to_owned()).or_insert(other);
    }

    /// The deposit of another business that has this reference.
    #[must_use]
    pub fn deposited_elsewhere(&self, reference: &str) -> Option<DepositedElsewhere> {
        self.before.elsewhere.get(reference).copied()
    }

    /// Adds a moment at which a withdrawal's code was shown; the newest [`MOST_LOOKS`] are enough.
    pub fn put_look(&mut self, withdrawal: i64, at: Micros) {
        self.before.look(withdrawal, at);
    }

    /// What was asked for today by this method.
    #[must_use]
    pub fn asked_by_method(&self, method: &str) -> Cents {
        self.before.by_method.get(method).copied().unwrap_or_default()
    }

    /// What this user asked for today.
    #[must_use]
    pub fn asked_by_user(&self, user: i64) -> Cents {
        self.before.by_user.get(&user).copied().unwrap_or_default()
    }

    /// Has this user successfully used this destination?
    #[must_use]
    pub fn knows_destination(&self, user: i64, method: &str, destination: &str) -> bool {
        self.before.destinations.contains(&(user, method.to_owned(), destination.to_owned()))
    }

    /// How often a withdrawal's code was shown less than `period` ago. What lies further in the future than that was written by a
    /// clock that was ahead, and would keep the code shut until then.
    #[must_use]
    pub fn looks_within(&self, withdrawal: i64, now: Micros, period: Micros) -> usize {
        let looks = self.before.looks.get(&withdrawal);
        let counts = |at: &&Micros| **at > now.saturating_sub(period) && **at <= now.saturating_add(period);
        looks.map_or(0, |looks| looks.iter().filter(counts).count())
    }
}
