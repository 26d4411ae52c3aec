//! An operator's office for the never-twice test of bank files: each step of a batch is work of a process that may be killed in it, after which
//! another process opens the same database, and the operator looks and goes on.
//!
//! A process can end before it has begun a step, while it waits for its store or its teller, and once all is durable and the answer is not
//! given yet. What it asked for last is still carried out, so a step that is dropped at its first wait, or its second, and so on, leaves
//! every prefix of its durable effects.

use crate::rails::bank::{ach, sepa};
use crate::rails::bank_books::Format;
use crate::rails::platform::{Installation, book_with, withdrawal};
use ledger::{Actor, BookId, Cents, WithdrawalState};
use outpay::testing::batches::{self, Taken};
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rail;
use outpay::testing::rails::exchange::Rate;
use outpay::testing::stopped::Stopped;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

const OPERATOR: Actor = Actor::OPERATOR;
/// Cents of each payment. The business keeps 50 of them.
pub const GROSS: i64 = 1_050;

/// Does the work until it has waited so often, and drops it there. `None`: it was dropped.
async fn until_wait<T>(work: impl Future<Output = T>, waits: usize) -> Option<T> {
    let (mut work, mut left) = (pin!(work), waits);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Where in a step the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Before,
    /// At this wait for the store or the teller, from 0.
    AtWait(usize),
    /// The step is done; its answer is lost.
    After,
}

/// The operator's office: one process at a time, which is killed once at most in a scenario.
pub struct Office<'a> {
    pub installation: &'a Installation,
    pub format: Format,
    pub platform: Platform,
    pub book: BookId,
    processes: u64,
    /// The steps of the scenario so far.
    pub steps: usize,
    /// In which step the process ends, and where in it.
    pub kill: Option<(usize, End)>,
    pub kills: u32,
}

impl<'a> Office<'a> {
    /// With one person who has one payment's money.
    pub async fn open(installation: &'a Installation, format: Format) -> Self {
        let platform = installation.open(Self::rail(format), 1).await;
        let method = if format == Format::Sepa { "sepa" } else { "ach" };
        let book = book_with(&platform, method, GROSS).await;
        Self { installation, format, platform, book, processes: 1, steps: 0, kill: None, kills: 0 }
    }

    fn rail(format: Format) -> Arc<dyn Rail> {
        match format {
            Format::Sepa => Arc::new(sepa()),
            Format::Ach => Arc::new(ach()),
        }
    }

    pub fn method(&self) -> &'static str {
        if self.format == Format::Sepa { "sepa" } else { "ach" }
    }

    async fn another(&mut self) -> Platform {
        self.processes += 1;
        self.installation.open(Self::rail(self.format), self.processes).await
    }

    /// One step. `None`: the process ended in it, and another one has begun.
    async fn step<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let end = self.kill.filter(|(step, _)| *step == self.steps).map(|(_, end)| end);
        self.steps += 1;
        let done = match end {
            None => Some(work.await),
            Some(End::Before) => {
                drop(work);
                None
            }
            Some(End::AtWait(waits)) => until_wait(work, waits).await,
            Some(End::After) => {
                work.await;
                None
            }
        };
        if done.is_none() {
            self.kills += 1;
            let mut end = self.platform.teller.end();
            self.platform = self.another().await;
            // What the old process has asked of its teller is carried out.
            while end.changed().await.is_ok() {}
        }
        done
    }

    /// One step that changes a batch or a payment. What the killed process asked for may be carried out after the look that led here: such a
    /// step is refused, and the operator looks again.
    async fn change<T>(&mut self, work: impl Future<Output = Result<T, Stopped>>) {
        let is_after_kill = self.kill.is_some_and(|(step, _)| step < self.steps);
        match self.step(work).await {
            Some(Err(Stopped::Batch(_) | Stopped::Refused(_))) if is_after_kill => {}
            Some(done) => drop(done.unwrap()),
            None => {}
        }
        assert!(self.steps < 100, "the same step is refused again and again");
    }

    pub async fn asks(&self, number: i64, destination: Value) -> i64 {
        let destination = destination.as_object().unwrap().clone();
        let wish = Wish { method: self.method().to_owned(), amount: Cents(GROSS), destination };
        let counter = self.platform.counter(self.book, Actor::NONE);
        let asked = counter.withdraw(1, &wish).await.unwrap().value;
        assert_eq!(asked.number, number);
        number
    }

    /// A batch with these payments whose file was given out; its number and the file.
    pub async fn given_out(&mut self, payments: [i64; 2]) -> (i64, Vec<u8>) {
        let book = self.book;
        let number = loop {
            let of = async |payment| {
                self.platform.store.payment_batch_line_of(book, payment).await.unwrap().map(|line| line.batch)
            };
            if let Some(number) = of(payments[0]).await {
                assert_eq!(of(payments[1]).await, Some(number), "both or none");
                break number;
            }
            let rate = (self.format == Format::Sepa).then(|| Rate::parse("0.9").unwrap());
            let (platform, method) = (self.platform.clone(), self.method());
            self.change(async move { batches::make(&platform, book, method, rate, OPERATOR).await }).await;
        };
        while batches::find(&self.platform, book, number).await.unwrap().word() == "waiting" {
            let platform = self.platform.clone();
            self.change(async move { batches::approve(&platform, book, number, OPERATOR.into()).await })
                .await;
        }
        (number, self.file(number).await)
    }

    pub async fn file(&mut self, number: i64) -> Vec<u8> {
        let book = self.book;
        loop {
            let platform = self.platform.clone();
            let had = self.step(async move { batches::download(&platform, book, number, OPERATOR).await });
            match had.await {
                Some(Ok((file, _))) => return file.bytes,
                None => {}
                Some(Err(Stopped::Batch(refused))) if refused.code() == "batch_changed" => {}
                Some(Err(stopped)) => panic!("{stopped}"),
            }
        }
    }

    pub async fn dissolve(&mut self, number: i64) {
        let book = self.book;
        while batches::find(&self.platform, book, number).await.unwrap().word() != "dissolved" {
            let platform = self.platform.clone();
            self.change(async move {
                batches::dissolve(&platform, book, number, "the bank has no such file", OPERATOR.into()).await
            })
            .await;
        }
    }

    pub async fn bring_once(&mut self, file: &str) -> Option<Result<Taken, Stopped>> {
        let (platform, book, method) = (self.platform.clone(), self.book, self.method());
        let file = file.as_bytes().to_vec();
        self.step(async move { batches::bring(&platform, book, method, &file, OPERATOR).await }).await
    }

    /// Brings a file until it was taken.
    pub async fn bring(&mut self, file: &str) -> Taken {
        loop {
            if let Some(taken) = self.bring_once(file).await {
                return taken.unwrap();
            }
        }
    }

    /// Two processes bring it at once. The other one is not killed.
    pub async fn bring_with_another(&mut self, file: &str) {
        let (other, book, method) = (self.another().await, self.book, self.method());
        let whole = file.as_bytes().to_vec();
        let other =
            tokio::spawn(
                async move { batches::bring(&other, book, method, &whole, OPERATOR).await.unwrap() },
            );
        if let Some(taken) = self.bring_once(file).await {
            taken.unwrap();
        }
        other.await.unwrap();
    }

    pub async fn state(&self, number: i64) -> WithdrawalState {
        withdrawal(&self.platform, self.book, number).await.state
    }

    /// A person reads the bank's paper: these were paid.
    pub async fn settle(&mut self, payments: [i64; 2]) {
        let book = self.book;
        for number in payments {
            while self.state(number).await == WithdrawalState::Sending {
                let platform = self.platform.clone();
                let settled =
                    async move { platform.counter(book, OPERATOR).settle(number, "statement").await };
                self.change(settled).await;
            }
        }
    }
}

/// Where the payment with this number goes: the account as the bank reads it, and the destination.
pub fn destination(format: Format, number: i64) -> (String, Value) {
    match format {
        Format::Sepa => {
            let own = format!("370400440{number:09}");
            // ISO 13616: the letters as numbers behind the account, and what leaves 1 by 97.
            let check = 98 - format!("{own}131400").parse::<u128>().unwrap() % 97;
            let iban = format!("DE{check:02}{own}");
            (iban.clone(), json!({ "name": "Ann Example", "iban": iban }))
        }
        Format::Ach => {
            let account = format!("{number:010}");
            let to = json!({
                "name": "Ann Example", "routing_number": "021000021", "account_number": account,
                "account_type": "checking",
            });
            (account, to)
        }
    }
}
