//! The never-twice matrix is itself tested: a rail that keeps to the rules passes it, and one that breaks a rule is caught.

use crate::rails::never_twice::{Counterpart, Fault, Matrix, matrix};
use crate::rails::platform::{Installation, book_with};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Micros};
use outpay::testing::clock::Clock;
use outpay::testing::rails::{
    Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, sandbox,
};
use outpay::testing::store::Attempt;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

const NOW: i64 = 1_800_000_000_000_000;
const DAY: Micros = 86_400_000_000;
/// How long the bank recognizes a key.
const WINDOW: Micros = 30 * DAY;

/// What the rail does against the rules.
#[derive(Clone, Copy, PartialEq)]
enum Breach {
    Nothing,
    /// It sends again after the window.
    ForgetsTheWindow,
    /// It makes a new attempt where the outcome is unknown.
    TakesANewKey,
    /// It takes a lost answer for a refusal.
    TakesSilenceForNo,
}

#[derive(Default)]
struct Account {
    fault: Option<Fault>,
    /// When each key was first seen.
    keys: HashMap<String, Micros>,
    payments: Vec<i64>,
    asked: u32,
}

/// A bank and the rail that uses it.
struct Bank {
    inner: Arc<dyn Rail>,
    clock: Clock,
    breaks: Breach,
    accounts: Mutex<HashMap<String, Account>>,
}

impl Account {
    fn pay(&mut self, key: &str, amount: Cents, now: Micros) {
        let is_new = self.keys.get(key).is_none_or(|first| now - first > WINDOW);
        if is_new {
            self.keys.insert(key.to_owned(), now);
            self.payments.push(amount.0);
        }
    }
}

fn succeeded(payment: &Payment) -> Outcome {
    Outcome::Succeeded { detail: format!(r#"{{"order_id":"{}"}}"#, payment.order_id) }
}

impl Counterpart for Bank {
    fn destination(&self, _: i64) -> Map<String, Value> {
        json!({ "account": "a" }).as_object().unwrap().clone()
    }

    fn arm(&self, order_id: &str, fault: Fault) {
        let account = Account { fault: Some(fault), ..Account::default() };
        self.accounts.lock().insert(order_id.to_owned(), account);
    }

    fn lift(&self, order_id: &str) {
        let mut accounts = self.accounts.lock();
        let account = accounts.get_mut(order_id).unwrap();
        let stays = [Fault::LateSuccess, Fault::ReturnedAfterSuccess];
        account.fault = account.fault.filter(|fault| stays.contains(fault));
    }

    fn executed(&self, order_id: &str) -> Vec<i64> {
        self.accounts.lock()[order_id].payments.clone()
    }
}

impl Bank {
    fn open(clock: &Clock, breaks: Breach) -> Arc<Self> {
        let (inner, accounts) = (Arc::new(sandbox::rail()), Mutex::default());
        Arc::new(Self { inner, clock: clock.clone(), breaks, accounts })
    }

    fn take(&self, payment: &Payment, key: &str) -> Outcome {
        let mut accounts = self.accounts.lock();
        let account = accounts.get_mut(&payment.order_id).unwrap();
        let (net, now) = (payment.withdrawal.net(), self.clock.now());
        let silence = || match self.breaks {
            Breach::TakesSilenceForNo => {
                Outcome::Refused { code: "no".to_owned(), text: "No answer.".to_owned() }
            }
            _ => Outcome::down("no answer"),
        };
        match account.fault {
            Some(Fault::LostBeforeExecution) => silence(),
            Some(
                Fault::TimeoutAfterExecution
                | Fault::Status500AfterExecution
                | Fault::NotFoundThenSettled
                | Fault::KeyWindowOver,
            ) => {
                account.pay(key, net, now);
                silence()
            }
            Some(Fault::LateSuccess) if account.payments.is_empty() => {
                account.keys.insert(key.to_owned(), now);
                Outcome::Accepted { detail: String::new() }
            }
            _ => {
                account.pay(key, net, now);
                succeeded(payment)
            }
        }
    }

    fn look(&self, payment: &Payment, attempts: &[Attempt]) -> Finding {
        let mut accounts = self.accounts.lock();
        let account = accounts.get_mut(&payment.order_id).unwrap();
        account.asked += 1;
        let last = attempts.last().unwrap();
        match account.fault {
            Some(Fault::NotFoundThenSettled) => return Finding::NotFound,
            Some(
                Fault::LostBeforeExecution
                | Fault::TimeoutAfterExecution
                | Fault::Status500AfterExecution
                | Fault::KeyWindowOver,
            ) if self.breaks == Breach::TakesANewKey => return Finding::Stuck,
            Some(
                Fault::LostBeforeExecution
                | Fault::TimeoutAfterExecution
                | Fault::Status500AfterExecution
                | Fault::KeyWindowOver,
            ) => return Finding::Outcome(Outcome::down("no answer")),
            _ => {}
        }
        let is_over = payment.now - last.created_at > WINDOW - DAY;
        if is_over && self.breaks == Breach::ForgetsTheWindow {
            return Finding::NotFound;
        }
        if is_over {
            return Finding::Outcome(Outcome::unknown("the key is too old: a person decides"));
        }
        if account.fault == Some(Fault::LateSuccess) && account.asked > 2 && account.payments.is_empty() {
            account.payments.push(payment.withdrawal.net().0);
        }
        if account.payments.is_empty() {
            return match account.keys.contains_key(&last.key) {
                true => Finding::Outcome(Outcome::Accepted { detail: String::new() }),
                false => Finding::NotFound,
            };
        }
        if account.fault == Some(Fault::ReturnedAfterSuccess) {
            return Finding::Returned {
                code: "returned_by_rail".to_owned(),
                text: "It came back.".to_owned(),
            };
        }
        Finding::Outcome(succeeded(payment))
    }
}

impl Rail for Bank {
    fn facts(&self) -> &Facts {
        self.inner.facts()
    }
    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.inner.destination(fields)
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
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        self.inner.prepare(payment, earlier, slot)
    }
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        ready(self.take(payment, &attempt.key)).boxed()
    }
    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        ready(self.look(payment, attempts)).boxed()
    }
}

/// The kills, or what the matrix says against the rail.
async fn judge(installation: &Installation, breaks: Breach, times: u32) -> Result<u32, String> {
    let clock = installation.clock.clone();
    let bank = Bank::open(&clock, breaks);
    let platform = installation.open(bank.clone(), 1).await;
    let book = book_with(&platform, "sandbox", 10_000_000).await;
    let (method, gross) = ("sandbox", 1_050);
    let of = Matrix { platform: &platform, clock: &clock, book, method, gross, counterpart: &*bank };
    let judged = AssertUnwindSafe(matrix(&of, times)).catch_unwind().await;
    judged.map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// The installation outlives the runtime: dropping a database blocks, which a runtime must not.
fn run(installation: &Installation, breaks: Breach, times: u32) -> Result<u32, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(judge(installation, breaks, times))
}

#[test]
fn a_rail_that_keeps_to_the_rules_pays_once_on_sqlite() {
    // 9 faults x 6 kills x 6 = 324.
    assert_eq!(run(&Installation::new(&Clock::manual(NOW)), Breach::Nothing, 6), Ok(324));
}

#[test]
fn a_rail_that_keeps_to_the_rules_pays_once_on_postgresql() {
    assert_eq!(run(&Installation::on_postgres(&Clock::manual(NOW)), Breach::Nothing, 1), Ok(54));
}

#[test]
fn rails_that_break_a_rule_are_caught() {
    for (breaks, fault) in [
        (Breach::ForgetsTheWindow, "KeyWindowOver"),
        (Breach::TakesANewKey, "TimeoutAfterExecution"),
        (Breach::TakesSilenceForNo, "LostBeforeExecution"),
    ] {
        let caught = run(&Installation::new(&Clock::manual(NOW)), breaks, 1).unwrap_err();
        assert!(caught.contains(fault), "{caught}");
    }
}
