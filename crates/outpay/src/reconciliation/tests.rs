//! The comparison as a table: what each side says, and what differs.

use super::compare::{Books, Comparison, GRACE, Traceable, Traced, compare};
use crate::rails::{Booked, SAMPLE_BY_RAIL, Standing};
use crate::store::{MismatchKind, NewMismatch};
use ledger::{BookId, Cents, Micros, Mode, Withdrawal, WithdrawalState};

const NOW: Micros = 1_800_000_000_000_000;
const HOUR: Micros = 3_600_000_000;
/// When everything happened that is not said otherwise.
const THEN: Micros = NOW - 5 * HOUR;

fn book() -> BookId {
    BookId::new(1, Mode::Live)
}

/// A withdrawal of 25.00 with a fee of 0.50.
fn withdrawal(number: i64, state: WithdrawalState, changed_at: Micros) -> Withdrawal {
    Withdrawal {
        number,
        user: 1,
        method: "usdc".to_owned(),
        provider: SAMPLE_BY_RAIL,
        amount: Cents(2_500),
        fees: Cents(50),
        destination: String::new(),
        state,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: changed_at - HOUR,
        changed_at,
    }
}

fn booked(reference: &str, amount: i64, standing: Standing) -> Booked {
    Booked {
        reference: reference.to_owned(),
        rail_number: format!("no {reference}"),
        amount: Cents(amount),
        fee: Some(Cents(25)),
        at: THEN,
        standing,
    }
}

fn ordered(booked: Booked, withdrawal: Withdrawal) -> Traced {
    Traced { booked, owner: Traceable::Ordered(book(), Box::new(withdrawal)) }
}

fn of(there: Vec<Traced>, succeeded: Vec<Withdrawal>) -> Comparison {
    let succeeded = succeeded.into_iter().map(|one| (book(), one)).collect();
    let books = Books { period: (NOW - 24 * HOUR, NOW), now: NOW, there, succeeded };
    compare(books, |_| Some(Cents(25)))
}

fn one(comparison: &Comparison) -> &NewMismatch {
    assert_eq!(comparison.mismatches.len(), 1, "{comparison:?}");
    &comparison.mismatches[0]
}

#[test]
fn books_that_agree_have_no_difference() {
    use WithdrawalState::{Failed, Returned, Sending, Succeeded};
    let pairs = [
        (Succeeded, Standing::Paid),
        (Returned, Standing::Returned),
        (Failed, Standing::NotPaid),
        (Sending, Standing::Open),
    ];
    let there = (1..).zip(pairs).map(|(number, (state, standing))| {
        ordered(booked("a", 2_450, standing), withdrawal(number, state, THEN))
    });
    let comparison = of(there.collect(), vec![withdrawal(1, Succeeded, THEN)]);
    assert_eq!((comparison.booked, comparison.matched), (4, 4));
    assert_eq!(comparison.mismatches, []);
}

#[test]
fn each_difference_is_found_and_named() {
    let paid = || withdrawal(7, WithdrawalState::Succeeded, THEN);
    let with_fee = |fee| Booked { fee: Some(Cents(fee)), ..booked("a", 2_450, Standing::Paid) };
    let cases = [
        (vec![], MismatchKind::MissingThere, false),
        (vec![booked("a", 2_400, Standing::Paid)], MismatchKind::Amount, false),
        (vec![booked("a", 2_500, Standing::Paid)], MismatchKind::Amount, true),
        (vec![with_fee(30)], MismatchKind::Fee, false),
        (vec![booked("a", 2_450, Standing::Returned)], MismatchKind::Standing, false),
        (vec![booked("a", 2_450, Standing::NotPaid)], MismatchKind::Standing, false),
        (vec![booked("a", 2_450, Standing::Open)], MismatchKind::Standing, false),
    ];
    for (there, kind, is_alarm) in cases {
        let said = format!("{there:?}");
        let there = there.into_iter().map(|one| ordered(one, paid())).collect();
        let comparison = of(there, vec![paid()]);
        let found = one(&comparison);
        assert_eq!((found.kind, found.is_alarm), (kind, is_alarm), "{said}");
        assert_eq!((found.subject.as_str(), found.owner), ("2/7", Some((book(), 7))), "{said}");
        assert_eq!(comparison.matched, 0, "{said}");
    }
}

#[test]
fn what_was_not_ordered_is_an_alarm_unless_it_was_not_paid() {
    for (standing, is_alarm) in [
        (Standing::Paid, true),
        (Standing::Open, true),
        (Standing::Returned, true),
        (Standing::NotPaid, false),
    ] {
        let stranger = Traced { booked: booked("x", 900, standing), owner: Traceable::Unknown };
        let comparison = of(vec![stranger], vec![]);
        let found = one(&comparison);
        assert_eq!((found.kind, found.is_alarm), (MismatchKind::MissingHere, is_alarm));
        assert_eq!((found.subject.as_str(), found.owner, found.there), ("no x", None, Some(Cents(900))));
    }
    let assigned = Traced { booked: booked("x", 900, Standing::Paid), owner: Traceable::Assigned };
    assert_eq!(of(vec![assigned], vec![]).mismatches, []);
}

/// Both attempts at one withdrawal were paid, or one of them and the other still may be.
#[test]
fn a_payment_made_twice_is_an_alarm() {
    for second in [Standing::Paid, Standing::Open] {
        let paid = || withdrawal(7, WithdrawalState::Succeeded, THEN);
        let there = [booked("a", 2_450, Standing::Paid), booked("b", 2_450, second)];
        let comparison = of(there.map(|one| ordered(one, paid())).into(), vec![paid()]);
        let found = one(&comparison);
        assert_eq!((found.kind, found.is_alarm), (MismatchKind::Amount, true), "{second:?}");
        assert_eq!((found.here, found.there), (Some(Cents(2_450)), Some(Cents(4_900))), "{second:?}");
    }
    // One that was refused, and the one that replaced it.
    let paid = || withdrawal(7, WithdrawalState::Succeeded, THEN);
    let there = [booked("a", 2_450, Standing::NotPaid), booked("b", 2_450, Standing::Paid)];
    assert_eq!(of(there.map(|one| ordered(one, paid())).into(), vec![paid()]).mismatches, []);
}

#[test]
fn what_was_given_back_here_and_paid_there_is_an_alarm() {
    for state in [WithdrawalState::Failed, WithdrawalState::Returned, WithdrawalState::Cancelled] {
        let traced = ordered(booked("a", 2_450, Standing::Paid), withdrawal(7, state, THEN));
        let comparison = of(vec![traced], vec![]);
        let found = one(&comparison);
        assert_eq!((found.kind, found.is_alarm), (MismatchKind::Standing, true), "{state:?}");
        assert_eq!(found.words(), {
            let here = if state == WithdrawalState::Returned { "returned" } else { "not paid" };
            format!("here {here} $24.50, at the rail paid $24.50")
        });
    }
}

#[test]
fn what_is_on_its_way_has_time() {
    let just_now = NOW - GRACE + 1;
    let succeeded = withdrawal(7, WithdrawalState::Succeeded, just_now);
    assert_eq!(of(vec![], vec![succeeded]).mismatches, [], "its books may lag");
    let sending = withdrawal(7, WithdrawalState::Sending, just_now);
    let traced = ordered(booked("a", 2_450, Standing::Paid), sending.clone());
    assert_eq!(of(vec![traced], vec![]).mismatches, [], "the worker asks soon");
    let late = ordered(booked("a", 2_450, Standing::Paid), withdrawal(7, WithdrawalState::Sending, THEN));
    assert_eq!(one(&of(vec![late], vec![])).kind, MismatchKind::Standing);
    // Too much is too much at once.
    let traced = ordered(booked("a", 9_999, Standing::Paid), sending);
    let comparison = of(vec![traced], vec![]);
    assert_eq!((one(&comparison).kind, one(&comparison).is_alarm), (MismatchKind::Amount, true));
}

#[test]
fn only_the_period_is_judged() {
    let before = |booked: Booked| Booked { at: NOW - 25 * HOUR, ..booked };
    let stranger = before(booked("x", 900, Standing::Paid));
    let comparison = of(vec![Traced { booked: stranger, owner: Traceable::Unknown }], vec![]);
    assert_eq!((comparison.booked, comparison.mismatches.len()), (0, 0));
    // A payment booked just before the period, whose withdrawal succeeded in it, belongs to it.
    let paid = withdrawal(7, WithdrawalState::Succeeded, THEN);
    let traced = ordered(before(booked("a", 2_400, Standing::Paid)), paid.clone());
    assert_eq!(one(&of(vec![traced], vec![paid])).kind, MismatchKind::Amount);
    let old = withdrawal(7, WithdrawalState::Succeeded, NOW - 26 * HOUR);
    let traced = ordered(before(booked("a", 2_400, Standing::Paid)), old);
    assert_eq!(of(vec![traced], vec![]).mismatches, []);
}

#[test]
fn a_fee_that_is_not_known_is_not_compared() {
    let paid = || withdrawal(7, WithdrawalState::Succeeded, THEN);
    let silent = Booked { fee: None, ..booked("a", 2_450, Standing::Paid) };
    assert_eq!(of(vec![ordered(silent, paid())], vec![paid()]).mismatches, []);
    let books = Books {
        period: (0, NOW),
        now: NOW,
        there: vec![ordered(booked("a", 2_450, Standing::Paid), paid())],
        succeeded: vec![(book(), paid())],
    };
    assert_eq!(compare(books, |_| None).mismatches, []);
}
