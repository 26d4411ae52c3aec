//! Budgets of keys: what the keys of one budget may pay out by one request, on one UTC day, and to one recipient on one day.
//! They are judged here, under the book's lock, on what a plan would pay: a replay has no plan, and a row whose reference was
//! paid before moves nothing, so neither counts. Not here: which key has which budget (outpay).
//!
//! A sum is stored with its day, one per budget and recipient, and begins again on the next day. If the clock is set back, the
//! sum of the later day goes on: a clock must not lift a ceiling.

use crate::{AccountId, Book, Cents, Change, Micros, Refusal};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const DAY: Micros = 86_400_000_000;

/// The most that a key may pay out, in cents; `None` for no ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// By one request, all its rows together.
    pub per_request: Option<Cents>,
    /// On one UTC day.
    pub per_day: Option<Cents>,
    /// To one recipient on one UTC day.
    pub per_recipient_day: Option<Cents>,
}

/// Keys that share their sums per day, and the ceilings of the one that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub number: i64,
    pub ceilings: Ceilings,
}

/// What was paid out of a budget on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its first microsecond.
    pub day: Micros,
    pub amount: Cents,
}

/// The sums of the loaded part of a book, by budget and recipient; 0 is all recipients together.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpentSums {
    sums: HashMap<(i64, i64), Spent>,
    changed: BTreeSet<(i64, i64)>,
}

impl Ceilings {
    /// Does it limit anything?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Is each of these ceilings at least as low as that of `other`?
    #[must_use]
    pub fn are_within(&self, other: &Self) -> bool {
        let within = |own: Option<Cents>, of_other: Option<Cents>| {
            of_other.is_none_or(|most| own.is_some_and(|own| own <= most))
        };
        within(self.per_request, other.per_request)
            && within(self.per_day, other.per_day)
            && within(self.per_recipient_day, other.per_recipient_day)
    }
}

impl Spent {
    /// The sum with so much more on this day; `None` where it does not fit.
    fn plus(before: Option<Self>, day: Micros, more: Cents) -> Option<Self> {
        let same_day = before.filter(|before| before.day >= day);
        let Self { day, amount } = same_day.unwrap_or(Self { day, amount: Cents::ZERO });
        Some(Self { day, amount: amount.plus(more)? })
    }
}

impl Book {
    /// Adds what was paid out of a budget to one recipient, or to all together (0), as it is stored.
    pub fn put_spent(&mut self, budget: i64, user: i64, spent: Spent) {
        self.spent.sums.insert((budget, user), spent);
    }

    /// The sums that changed, by budget and recipient.
    pub(crate) fn changed_sums(&self) -> BTreeMap<(i64, i64), Spent> {
        let changed = self.spent.changed.iter();
        changed.filter_map(|of| self.spent.sums.get(of).map(|spent| (*of, *spent))).collect()
    }

    pub(crate) fn set_spent(&mut self, budget: i64, user: i64, spent: Spent) {
        self.spent.changed.insert((budget, user));
        self.put_spent(budget, user, spent);
    }
}

/// What a plan spends of a budget, as further changes of the plan.
///
/// # Errors
/// The first ceiling that it would pass.
pub(crate) fn spend(
    book: &Book,
    budget: &Budget,
    planned: &[Change],
    now: Micros,
) -> Result<Vec<Change>, Refusal> {
    let Budget { number, ceilings } = *budget;
    let day = now - now.rem_euclid(DAY);
    let mut total = Cents::ZERO;
    let mut by_user: BTreeMap<i64, Cents> = BTreeMap::new();
    for (user, amount) in planned.iter().filter_map(payout) {
        let sum = by_user.entry(user).or_default();
        *sum = sum.plus(amount).ok_or(Refusal::BalanceWouldBeTooLarge)?;
        total = total.plus(amount).ok_or(Refusal::BalanceWouldBeTooLarge)?;
    }
    if total == Cents::ZERO {
        return Ok(Vec::new());
    }
    if ceilings.per_request.is_some_and(|most| total > most) {
        return Err(Refusal::RequestCeilingOfKeyIsPassed);
    }
    let within = |user: i64, more: Cents, most: Cents, refusal: Refusal| {
        let after = Spent::plus(book.spent.sums.get(&(number, user)).copied(), day, more);
        let spent = after.filter(|after| after.amount <= most).ok_or(refusal)?;
        Ok::<_, Refusal>(Change::Spend { budget: number, user, spent })
    };
    let mut changes = Vec::new();
    if let Some(most) = ceilings.per_day {
        changes.push(within(0, total, most, Refusal::DayCeilingOfKeyIsPassed)?);
    }
    if let Some(most) = ceilings.per_recipient_day {
        for (user, amount) in by_user {
            changes.push(within(user, amount, most, Refusal::RecipientCeilingOfKeyIsPassed)?);
        }
    }
    Ok(changes)
}

/// The user and the amount, where a change pays one.
fn payout(change: &Change) -> Option<(i64, Cents)> {
    match change {
        Change::Move { entry, debit: AccountId::PAYOUT, amount, .. } => Some((entry.user?, *amount)),
        _ => None,
    }
}
