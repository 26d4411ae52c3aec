//! The comparison of two books: payments that a rail has booked, and our withdrawals. Pure: no store, rail or clock. Not here: reading
//! either (mod.rs), what follows from a difference (found.rs).

use crate::rails::{Booked, Standing};
use crate::store::{MismatchKind, NewMismatch};
use ledger::{BookId, Cents, Micros, Withdrawal, WithdrawalState};
use std::collections::BTreeMap;

/// A withdrawal may be on its way for this long, and a rail's books may lag behind.
pub(super) const GRACE: Micros = 3_600_000_000;

/// A payment in the rail's books, and the withdrawal that ordered it.
pub(super) struct Traced {
    pub booked: Booked,
    pub owner: Traceable,
}

/// Whether a payment can be traced to a withdrawal.
pub(super) enum Traceable {
    /// To this one.
    Ordered(BookId, Box<Withdrawal>),
    /// A person has said whose it is, after a recovery, and it is no withdrawal's.
    Assigned,
    /// To none.
    Unknown,
}

/// What is compared.
pub(super) struct Books {
    /// From, until: what was booked, and what succeeded, in this time.
    pub period: (Micros, Micros),
    pub now: Micros,
    /// The rail's books, also from shortly before and after the period.
    pub there: Vec<Traced>,
    /// Our withdrawals that succeeded in the period.
    pub succeeded: Vec<(BookId, Withdrawal)>,
}

/// What a comparison gives.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Payments that the rail booked in the period.
    pub booked: i64,
    /// Those of them that agree.
    pub matched: i64,
    pub mismatches: Vec<NewMismatch>,
}

/// A withdrawal and all that the rail has booked for it.
struct Pair {
    owner: BookId,
    withdrawal: Withdrawal,
    booked: Vec<Booked>,
}

impl Books {
    fn is_in_period(&self, at: Micros) -> bool {
        (self.period.0..self.period.1).contains(&at)
    }
}

/// Compares. `expected_fee`: what the rail should charge for a payment of so many cents, where that is known.
pub(super) fn compare(books: Books, expected_fee: impl Fn(Cents) -> Option<Cents>) -> Comparison {
    let (period, now) = (books.period, books.now);
    let mut comparison = Comparison::default();
    let mut pairs: BTreeMap<(i64, i64), Pair> = BTreeMap::new();
    let mut in_period: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for (owner, withdrawal) in &books.succeeded {
        let pair = Pair { owner: *owner, withdrawal: withdrawal.clone(), booked: Vec::new() };
        pairs.insert((owner.0, withdrawal.number), pair);
    }
    for traced in &books.there {
        let is_in_period = books.is_in_period(traced.booked.at);
        comparison.booked += i64::from(is_in_period);
        match &traced.owner {
            Traceable::Ordered(owner, withdrawal) => {
                let key = (owner.0, withdrawal.number);
                let new = || Pair { owner: *owner, withdrawal: (**withdrawal).clone(), booked: Vec::new() };
                let pair = pairs.entry(key).or_insert_with(new);
                // Read after the rail's books, so newer than the list of what succeeded.
                pair.withdrawal = (**withdrawal).clone();
                pair.booked.push(traced.booked.clone());
                *in_period.entry(key).or_default() += i64::from(is_in_period);
            }
            Traceable::Assigned => comparison.matched += i64::from(is_in_period),
            Traceable::Unknown if is_in_period => comparison.mismatches.push(not_ordered(&traced.booked)),
            Traceable::Unknown => {}
        }
    }
    for (key, pair) in &pairs {
        let booked = in_period.get(key).copied().unwrap_or(0);
        // A pair at the edge is compared with the period that it is in, where all of it is seen.
        let is_of_this = booked > 0 || (period.0..period.1).contains(&pair.withdrawal.changed_at);
        let found = if is_of_this { differences(pair, now, &expected_fee) } else { Vec::new() };
        if found.is_empty() {
            comparison.matched += booked;
        }
        comparison.mismatches.extend(found);
    }
    comparison
}

/// A payment that no withdrawal ordered. One that was never paid is a difference too: the order was not ours.
fn not_ordered(booked: &Booked) -> NewMismatch {
    let name = if booked.rail_number.is_empty() { &booked.reference } else { &booked.rail_number };
    NewMismatch {
        kind: MismatchKind::MissingHere,
        subject: name.clone(),
        owner: None,
        reference: booked.reference.clone(),
        rail_number: booked.rail_number.clone(),
        here: None,
        there: Some(booked.amount),
        here_standing: None,
        there_standing: Some(booked.standing),
        is_alarm: booked.standing != Standing::NotPaid,
        at: booked.at,
    }
}

fn differences(pair: &Pair, now: Micros, expected_fee: &impl Fn(Cents) -> Option<Cents>) -> Vec<NewMismatch> {
    let withdrawal = &pair.withdrawal;
    let here = standing_here(withdrawal.state);
    let changed = pair.booked.iter().map(|booked| booked.at).chain([withdrawal.changed_at]).max();
    let is_settled = changed.is_none_or(|at| now.saturating_sub(at) >= GRACE);
    let Some(there) = standing_there(&pair.booked) else {
        let is_missing = is_settled && here == Standing::Paid;
        let missing = NewMismatch {
            here: Some(withdrawal.net()),
            here_standing: Some(here),
            ..of_pair(pair, MismatchKind::MissingThere)
        };
        return if is_missing { vec![missing] } else { Vec::new() };
    };
    let both = |kind, here_cents, there_cents, is_alarm| NewMismatch {
        here: Some(here_cents),
        there: Some(there_cents),
        here_standing: Some(here),
        there_standing: Some(there),
        is_alarm,
        ..of_pair(pair, kind)
    };
    let mut found = Vec::new();
    let (net, paid) = (withdrawal.net(), amount(&pair.booked, there));
    // More than was ordered: as serious as a payment that was not ordered at all.
    let is_too_much = matches!(there, Standing::Paid | Standing::Open) && paid > net;
    if here != there {
        let is_lost = there == Standing::Paid && matches!(here, Standing::NotPaid | Standing::Returned);
        if is_settled {
            found.push(both(MismatchKind::Standing, net, paid, is_lost || is_too_much));
        } else if is_too_much {
            found.push(both(MismatchKind::Amount, net, paid, true));
        }
        return found;
    }
    if paid != net && there != Standing::NotPaid {
        found.push(both(MismatchKind::Amount, net, paid, is_too_much));
    }
    // A payment that was made twice was charged for twice: one difference is enough.
    if there == Standing::Paid
        && paid == net
        && let (Some(expected), Some(fee)) = (expected_fee(net), fee(&pair.booked))
        && expected != fee
    {
        found.push(both(MismatchKind::Fee, expected, fee, false));
    }
    found
}

/// A difference that this withdrawal has, with nothing said of it yet.
fn of_pair(pair: &Pair, kind: MismatchKind) -> NewMismatch {
    let newest = pair.booked.iter().max_by_key(|booked| booked.at);
    NewMismatch {
        kind,
        subject: format!("{}/{}", pair.owner.0, pair.withdrawal.number),
        owner: Some((pair.owner, pair.withdrawal.number)),
        reference: newest.map_or_else(String::new, |booked| booked.reference.clone()),
        rail_number: newest.map_or_else(String::new, |booked| booked.rail_number.clone()),
        here: None,
        there: None,
        here_standing: None,
        there_standing: None,
        is_alarm: false,
        at: newest.map_or(pair.withdrawal.changed_at, |booked| booked.at),
    }
}

fn standing_here(state: WithdrawalState) -> Standing {
    use WithdrawalState as State;
    match state {
        State::Succeeded => Standing::Paid,
        State::Returned => Standing::Returned,
        State::Failed | State::Rejected | State::Cancelled => Standing::NotPaid,
        State::Created | State::Review | State::Queued | State::Sending => Standing::Open,
    }
}

/// Of several bookings for one withdrawal, as its attempts may have, the one that costs most decides.
fn standing_there(booked: &[Booked]) -> Option<Standing> {
    let by_cost = [Standing::Paid, Standing::Open, Standing::Returned, Standing::NotPaid];
    by_cost.into_iter().find(|standing| booked.iter().any(|one| one.standing == *standing))
}

/// What the bookings of this standing add up to. Beside a payment that was made, one that is still open may be made too.
fn amount(booked: &[Booked], standing: Standing) -> Cents {
    let counts = |one: &&Booked| {
        one.standing == standing || (standing == Standing::Paid && one.standing == Standing::Open)
    };
    booked.iter().filter(counts).fold(Cents::ZERO, |sum, one| Cents(sum.0.saturating_add(one.amount.0)))
}

/// What was charged for the payments that were made; `None` where the books do not say it of one.
fn fee(booked: &[Booked]) -> Option<Cents> {
    let fees = booked.iter().filter(|one| one.standing == Standing::Paid).map(|one| one.fee);
    fees.into_iter().try_fold(Cents::ZERO, |sum, fee| Some(Cents(sum.0.saturating_add(fee?.0))))
}
