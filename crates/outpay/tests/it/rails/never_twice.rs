//! The never-twice matrix: every fault of a counterpart x every moment at which the worker may be killed. The counterpart's own
//! books are the oracle: one payment for each withdrawal, none for one that was refunded.
//!
//! A rail's test makes its counterpart a [`Counterpart`] and calls [`matrix`]. `xtask never-twice` asks for longer runs by a variable,
//! which [`repeats`] reads.

use crate::rails::platform::{assert_books_are_clean, balance, top_up, withdrawal};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{Actor, BookId, Cents, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::platform::Platform;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longer than a lease.
const LATER: i64 = 700_000_000;
const DAY: i64 = 86_400_000_000;
/// Rounds until a payment must have ended.
const ROUNDS: u32 = 60;
/// How many rounds a fault of the connection lasts.
const FAULTY_ROUNDS: u32 = 3;

/// How many payments each matrix makes at least. Without it each makes as many as fit into a run of all tests.
const PAYMENTS: &str = "OUTPAY_NEVER_TWICE_PAYMENTS";

/// How often a matrix of so many payments is repeated: `usual` times, or as [`PAYMENTS`] says.
pub fn repeats(usual: u32, payments: usize) -> u32 {
    let Ok(wanted) = std::env::var(PAYMENTS) else { return usual };
    let wanted: u32 = wanted.parse().expect("OUTPAY_NEVER_TWICE_PAYMENTS is a number");
    wanted.div_ceil(u32::try_from(payments).unwrap()).max(1)
}

/// What a counterpart does wrong with one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// All is well.
    Nothing,
    /// Requests do not arrive, until the fault is lifted.
    LostBeforeExecution,
    /// It pays and closes the connection without an answer, until the fault is lifted.
    TimeoutAfterExecution,
    /// It pays and answers with a status of 5xx, until the fault is lifted.
    Status500AfterExecution,
    /// All is well, and each notice of it is posted twice.
    DuplicateCallback,
    /// It accepts the payment and pays some time later.
    LateSuccess,
    /// It takes the request without an answer, knows nothing of it while the fault lasts, and has paid when it is lifted.
    NotFoundThenSettled,
    /// It pays, and the money comes back later.
    ReturnedAfterSuccess,
    /// It pays and gives no answer. When it answers again, the time in which it recognizes the key is over: a request with it would
    /// be a new payment.
    KeyWindowOver,
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::Nothing,
        Self::LostBeforeExecution,
        Self::TimeoutAfterExecution,
        Self::Status500AfterExecution,
        Self::DuplicateCallback,
        Self::LateSuccess,
        Self::NotFoundThenSettled,
        Self::ReturnedAfterSuccess,
        Self::KeyWindowOver,
    ];
}

/// A counterpart with books of its own.
pub trait Counterpart: Send + Sync {
    /// The faults that it can have.
    fn faults(&self) -> Vec<Fault> {
        Fault::ALL.to_vec()
    }

    /// Where the payment with this number is to go.
    fn destination(&self, number: i64) -> Map<String, Value>;

    /// Requests of this payment meet this fault from now on.
    fn arm(&self, order_id: &str, fault: Fault);

    /// The connection works again. What follows from the fault later (a late success, a return) still does.
    fn lift(&self, order_id: &str);

    /// The cents of each payment that its books have for this order, whether or not it came back.
    fn executed(&self, order_id: &str) -> Vec<i64>;

    /// What it does by itself between two rounds: it settles, makes blocks, posts notices.
    fn pass_time<'a>(&'a self, _platform: &'a Platform) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }
}

/// A platform with one funded person, and the counterpart of the method that pays.
pub struct Matrix<'a> {
    pub platform: &'a Platform,
    pub clock: &'a Clock,
    pub book: BookId,
    pub method: &'a str,
    /// Gross cents of each payment. The business keeps 50 of them.
    pub gross: i64,
    pub counterpart: &'a dyn Counterpart,
}

impl Matrix<'_> {
    /// How often it is repeated, see [`repeats`].
    pub fn repeats(&self, usual: u32) -> u32 {
        repeats(usual, self.counterpart.faults().len() * (Moment::ALL.len() + 1))
    }
}

/// Every fault x every moment of a kill, and no kill, so many times; gives the number of kills.
///
/// # Panics
/// When anything was paid twice, refunded though paid, or does not end.
pub async fn matrix(of: &Matrix<'_>, times: u32) -> u32 {
    let (mut kills, mut spent) = (0, 0);
    let kinds: Vec<Option<Moment>> = Moment::ALL.into_iter().map(Some).chain([None]).collect();
    let faults = of.counterpart.faults();
    let payments = times * u32::try_from(faults.len() * kinds.len()).unwrap();
    top_up(of.platform, of.book, i64::from(payments) * of.gross).await;
    let begin = balance(of.platform, of.book).await;
    for _ in 0..times {
        for fault in &faults {
            for kill in &kinds {
                let state = one(of, *fault, *kill).await;
                kills += u32::from(kill.is_some());
                spent += if state.gave_money_back() { 0 } else { of.gross };
            }
        }
    }
    assert_eq!(balance(of.platform, of.book).await, Cents(begin.0 - spent));
    assert_books_are_clean(of.platform).await;
    println!("{}: {payments} payments, {} faults, {kills} kills, none paid twice", of.method, faults.len());
    kills
}

async fn one(of: &Matrix<'_>, fault: Fault, kill: Option<Moment>) -> WithdrawalState {
    let number = next_number(of).await;
    let destination = of.counterpart.destination(number);
    let wish = Wish { method: of.method.to_owned(), amount: Cents(of.gross), destination };
    let counter = of.platform.counter(of.book, Actor::NONE);
    let mut asked = counter.withdraw(1, &wish).await.unwrap().value;
    if asked.state == WithdrawalState::Review {
        asked = counter.approve(asked.number).await.unwrap().value;
    }
    assert_eq!((asked.number, asked.state), (number, WithdrawalState::Queued));
    let order = of.platform.secrets.ids().order_id(asked.provider, of.book, number);
    of.counterpart.arm(&order, fault);
    let case = format!("{fault:?}, killed at {kill:?}, {order}");
    let state = drive(of, (number, &order), fault, kill, &case).await;
    let executed = of.counterpart.executed(&order);
    let net = asked.net().0;
    let wanted = match fault {
        Fault::ReturnedAfterSuccess => (WithdrawalState::Returned, vec![net]),
        // Killed before it was sent, it may never have been: the person has found nothing in the counterpart's books.
        Fault::KeyWindowOver if executed.is_empty() => (WithdrawalState::Failed, vec![]),
        _ => (WithdrawalState::Succeeded, vec![net]),
    };
    assert_eq!((state, executed), wanted, "{case}");
    state
}

async fn next_number(of: &Matrix<'_>) -> i64 {
    let filter = outpay::testing::store::WithdrawalFilter::default();
    let newest = of.platform.store.withdrawals(of.book, &filter, 1).await.unwrap();
    newest.first().map_or(1, |newest| newest.number + 1)
}

/// Works in rounds until the withdrawal has ended for good. The kill comes once, when its moment is reached first.
async fn drive(
    of: &Matrix<'_>,
    (number, order): (i64, &str),
    fault: Fault,
    kill: Option<Moment>,
    case: &str,
) -> WithdrawalState {
    let armed = Arc::new(AtomicBool::new(kill.is_some()));
    for round in 0..ROUNDS {
        if round == FAULTY_ROUNDS {
            if fault == Fault::KeyWindowOver {
                of.clock.advance(31 * DAY);
            }
            of.counterpart.lift(order);
        }
        let kills = Arc::clone(&armed);
        let killer = move |moment| kill == Some(moment) && kills.swap(false, Ordering::SeqCst);
        let worker = PaymentWorker::new(of.platform.clone()).with_killer(Arc::new(killer));
        worker.round().await.unwrap();
        of.counterpart.pass_time(of.platform).await;
        of.clock.advance(LATER);
        let found = withdrawal(of.platform, of.book, number).await;
        let may_still_return =
            fault == Fault::ReturnedAfterSuccess && found.state == WithdrawalState::Succeeded;
        if !found.state.holds_money() && !may_still_return && round > FAULTY_ROUNDS {
            assert!(!armed.load(Ordering::SeqCst), "{case}: the moment was never reached");
            return found.state;
        }
        // Only a person ends what can no longer be asked under its key, after a look into the counterpart's books.
        if fault == Fault::KeyWindowOver && round == FAULTY_ROUNDS + 6 {
            assert!(!armed.load(Ordering::SeqCst), "{case}: the moment was never reached");
            assert!(found.outcome_unknown, "{case}: {found:?}");
            let counter = of.platform.counter(of.book, Actor::NONE);
            let is_paid = !of.counterpart.executed(order).is_empty();
            return counter.resolve(number, is_paid, "statement").await.unwrap().value.state;
        }
    }
    panic!("{case}: {:?}", withdrawal(of.platform, of.book, number).await);
}
