//! A rail with the failures of real ones, and books of its own. What it does with a payment follows from the seed and
//! the payment's number alone.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Provider};
use outpay::testing::rails::{
    Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, RailText,
};
use outpay::testing::store::Attempt;
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::dice::Dice;

pub struct FickleRail {
    facts: Facts,
    seed: u64,
    orders: Mutex<BTreeMap<String, Entry>>,
}

/// The rail's own record of an order.
#[derive(Clone, Copy, Default)]
pub struct Paid {
    pub payments: u64,
    pub amount: i64,
    pub returned: bool,
}

#[derive(Default)]
struct Entry {
    paid: Paid,
    /// Keys under which it was paid: a repeat under one of them pays nothing.
    keys: BTreeSet<String>,
    refused: bool,
    sent: u64,
    asked: u64,
    /// The withdrawal's number, where the rail never says what became of it.
    silent: Option<i64>,
}

#[derive(Clone, Copy)]
enum Story {
    Pays,
    Refuses,
    PaysAndTimesOut,
    LosesTheRequest,
    PaysLate,
    Accepts,
    AcceptsAndRefuses,
    PaysAndAnswersWithErrors,
    PaysAndReturns,
    ForgetsForAWhile,
    /// It pays or does not, and never says which: the time in which it can be asked is over.
    NeverSays,
}

impl FickleRail {
    pub fn new(seed: u64) -> Self {
        let facts = Facts {
            name: "sandbox".to_owned(),
            provider: Provider::Sandbox,
            title: RailText::Own("Fickle".to_owned()),
            expected_time: RailText::Own(String::new()),
            fields: Vec::new(),
            line: None,
        };
        Self { facts, seed, orders: Mutex::default() }
    }

    pub fn books(&self, order_id: &str) -> Paid {
        self.orders.lock().get(order_id).map_or_else(Paid::default, |entry| entry.paid)
    }

    pub fn payments(&self) -> u64 {
        self.orders.lock().values().map(|entry| entry.paid.payments).sum()
    }

    /// The withdrawals that only a person can end, and whether the rail's books have them as paid.
    pub fn silent(&self) -> Vec<(i64, bool)> {
        let orders = self.orders.lock();
        orders.values().filter_map(|entry| Some((entry.silent?, entry.paid.payments > 0))).collect()
    }

    /// The story of an order, and after how many questions it ends.
    fn story(&self, payment: &Payment) -> (Story, u64) {
        let number = u64::try_from(payment.withdrawal.number).expect("counted from 1");
        let mut dice = Dice::new(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let story = dice.weighted(&[
            (30, Story::Pays),
            (10, Story::Refuses),
            (10, Story::PaysAndTimesOut),
            (10, Story::LosesTheRequest),
            (8, Story::PaysLate),
            (8, Story::Accepts),
            (6, Story::AcceptsAndRefuses),
            (6, Story::PaysAndAnswersWithErrors),
            (6, Story::PaysAndReturns),
            (6, Story::ForgetsForAWhile),
            (4, Story::NeverSays),
        ]);
        (story, 1 + dice.below(4))
    }
}

impl Entry {
    fn pay(&mut self, payment: &Payment, key: &str) {
        if self.keys.insert(key.to_owned()) {
            self.paid.payments += 1;
            self.paid.amount = payment.withdrawal.net().0;
        }
    }
}

fn succeeded(payment: &Payment) -> Outcome {
    Outcome::Succeeded { detail: format!(r#"{{"order_id":"{}"}}"#, payment.order_id) }
}

fn accepted() -> Outcome {
    Outcome::Accepted { detail: String::new() }
}

fn refused() -> Outcome {
    Outcome::Refused { code: "refused_by_rail".to_owned(), text: "No.".to_owned() }
}

fn unknown(text: &str) -> Outcome {
    Outcome::down(text)
}

impl Rail for FickleRail {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        Ok(Value::Object(fields.clone()).to_string())
    }

    fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(Ok(Quote::default())).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds::default())).boxed()
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        let key = format!("{}/{}", payment.order_id, earlier.len() + 1);
        ready(Ok(Prepared { request: key.clone().into_bytes(), key, slot: 0 })).boxed()
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        let (story, patience) = self.story(payment);
        let mut orders = self.orders.lock();
        let entry = orders.entry(payment.order_id.clone()).or_default();
        entry.sent += 1;
        // It recognises a repeat by its key and says so, which is neither yes nor no.
        let is_repeat = entry.keys.contains(&attempt.key);
        let answer = match story {
            _ if is_repeat => unknown("409 duplicate key"),
            Story::Pays | Story::PaysAndReturns => {
                entry.pay(payment, &attempt.key);
                succeeded(payment)
            }
            Story::Refuses => {
                entry.refused = true;
                refused()
            }
            Story::PaysAndTimesOut | Story::ForgetsForAWhile => {
                entry.pay(payment, &attempt.key);
                unknown("time-out")
            }
            Story::PaysAndAnswersWithErrors => {
                entry.pay(payment, &attempt.key);
                unknown("500")
            }
            // The first request is lost in transit.
            Story::LosesTheRequest if entry.sent == 1 => unknown("connection reset"),
            Story::LosesTheRequest => {
                entry.pay(payment, &attempt.key);
                unknown("time-out")
            }
            Story::PaysLate => unknown("time-out"),
            Story::NeverSays => {
                entry.silent = Some(payment.withdrawal.number);
                if patience % 2 == 0 {
                    entry.pay(payment, &attempt.key);
                }
                unknown("time-out")
            }
            Story::Accepts | Story::AcceptsAndRefuses => accepted(),
        };
        ready(answer).boxed()
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        let (story, patience) = self.story(payment);
        let mut orders = self.orders.lock();
        let entry = orders.entry(payment.order_id.clone()).or_default();
        entry.asked += 1;
        let is_late = entry.asked > patience;
        let key = attempts.last().map_or("", |last| last.key.as_str());
        // Committed and never sent: the rail cannot know it.
        if entry.sent == 0 {
            return ready(Finding::NotFound).boxed();
        }
        let finding = match story {
            Story::PaysAndReturns if entry.paid.payments > 0 && is_late => {
                entry.paid.returned = true;
                Finding::Returned { code: "returned_by_rail".to_owned(), text: "It came back.".to_owned() }
            }
            Story::NeverSays => Finding::Outcome(unknown("time-out")),
            Story::PaysAndAnswersWithErrors if !is_late => Finding::Outcome(unknown("502")),
            Story::ForgetsForAWhile | Story::PaysLate if !is_late => Finding::NotFound,
            Story::PaysLate => {
                entry.pay(payment, key);
                Finding::Outcome(succeeded(payment))
            }
            Story::Accepts | Story::AcceptsAndRefuses if !is_late => Finding::Outcome(accepted()),
            Story::Accepts => {
                entry.pay(payment, key);
                Finding::Outcome(succeeded(payment))
            }
            Story::AcceptsAndRefuses => {
                entry.refused = true;
                Finding::Outcome(refused())
            }
            _ if entry.refused => Finding::Outcome(refused()),
            _ if entry.paid.payments > 0 => Finding::Outcome(succeeded(payment)),
            _ => Finding::NotFound,
        };
        ready(finding).boxed()
    }
}
