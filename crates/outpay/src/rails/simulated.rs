//! The simulated rail of test mode, over the offline part of any rail: the last two digits of the gross amount in cents decide what
//! happens (the table is [`SCRIPT`], and in docs/API.md). Not here: what a rail says of itself and of a payment (offline.rs).
//!
//! Invariants: it has no client, key or stock, so it reaches no counterpart. It keeps no state: answers follow from the amount and
//! from the time of the book since the first attempt, so they are the same after any crash.

use super::offline::Offline;
use super::outcome::{Closed, Finding, Funds, Outcome, Prepared, Quote, Revealed};
use super::{Facts, FieldProblem, Payment, Rail};
use crate::store::{Attempt, Failure};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Micros, Withdrawal};
use serde_json::{Map, Value};

const SECOND: Micros = 1_000_000;

/// What a simulated payment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Succeeds at once.
    Succeeds,
    /// Is refused at once.
    IsRefused,
    /// The request times out; two seconds later the rail says that it had paid.
    TimesOutThenSucceeds,
    /// The rail pays and answers with an error; asked again, it says that it had paid.
    SucceedsThenReportsAnError,
    /// The outcome stays unknown for ever.
    StaysUnknown,
    /// Succeeds, and comes back three seconds later.
    SucceedsThenIsReturned,
    /// Is accepted, and succeeds five seconds later.
    SucceedsLater,
    /// Is accepted, and is refused two seconds later.
    IsRefusedLater,
    /// The request times out, the rail knows nothing of it for two seconds, then it has paid.
    IsNotFoundThenSucceeds,
}

/// Last two digits of the gross amount, story, in words. Every other amount succeeds.
pub const SCRIPT: &[(i64, Story, &str)] = &[
    (11, Story::IsRefused, "refused at once"),
    (12, Story::TimesOutThenSucceeds, "times out, then succeeds"),
    (13, Story::SucceedsThenReportsAnError, "succeeds, then reports an error"),
    (14, Story::StaysUnknown, "stays unknown"),
    (15, Story::SucceedsThenIsReturned, "succeeds, returned three seconds later"),
    (16, Story::SucceedsLater, "pending for five seconds, then succeeds"),
    (17, Story::IsRefusedLater, "pending for two seconds, then refused"),
    (18, Story::IsNotFoundThenSucceeds, "times out, not found for two seconds, then succeeded"),
];

/// The story of a gross amount.
#[must_use]
pub fn story(amount: Cents) -> Story {
    let digits = amount.0 % 100;
    SCRIPT.iter().find(|(of, ..)| *of == digits).map_or(Story::Succeeds, |(_, story, _)| *story)
}

/// A rail that pays nothing.
pub struct Simulated<P> {
    part: P,
}

impl<P: Offline> Simulated<P> {
    /// Over this part of a rail.
    #[must_use]
    pub fn new(part: P) -> Self {
        Self { part }
    }

    fn succeeded(&self, payment: &Payment) -> Outcome {
        Outcome::Succeeded { detail: self.part.detail(payment) }
    }

    fn accepted(&self, payment: &Payment) -> Outcome {
        Outcome::Accepted { detail: self.part.detail(payment) }
    }
}

/// Time of the book since the first attempt.
fn age(payment: &Payment, attempts: &[Attempt]) -> Micros {
    // An attempt dated in the future was made under a wrong clock and counts as old: its payment must not wait.
    let age = |first: &Attempt| payment.now - first.created_at;
    attempts.first().map(age).map_or(0, |age| if age < 0 { Micros::MAX } else { age })
}

fn refused() -> Outcome {
    let text = "The sandbox refused this payment, as its amount asks for. Please try another destination.";
    Outcome::Refused { code: "refused_by_rail".to_owned(), text: text.to_owned() }
}

fn no_answer() -> Outcome {
    Outcome::unknown("no answer within 30 seconds")
}

impl<P: Offline> Rail for Simulated<P> {
    fn facts(&self) -> &Facts {
        self.part.facts()
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.part.destination(fields)
    }

    fn quote<'a>(
        &'a self,
        _: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(self.part.quote(net, destination)).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds { available: None, choices: self.part.choices() })).boxed()
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        let key = format!("{}-{}", payment.order_id, earlier.len() + 1);
        let withdrawal = &payment.withdrawal;
        let request = serde_json::json!({
            "order_id": payment.order_id,
            "amount": withdrawal.net().0,
            "destination": withdrawal.destination,
        });
        ready(Ok(Prepared { key, request: request.to_string().into_bytes(), slot: 0 })).boxed()
    }

    fn submit<'a>(&'a self, payment: &'a Payment, _: &'a Attempt) -> BoxFuture<'a, Outcome> {
        let answer = match story(payment.withdrawal.amount) {
            Story::Succeeds | Story::SucceedsThenIsReturned => self.succeeded(payment),
            Story::IsRefused => refused(),
            Story::SucceedsLater | Story::IsRefusedLater => self.accepted(payment),
            Story::SucceedsThenReportsAnError => Outcome::unknown("500 Internal Server Error"),
            Story::TimesOutThenSucceeds | Story::StaysUnknown | Story::IsNotFoundThenSucceeds => no_answer(),
        };
        ready(answer).boxed()
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        let age = age(payment, attempts);
        let finding = match story(payment.withdrawal.amount) {
            Story::SucceedsThenIsReturned if age >= 3 * SECOND => Finding::Returned {
                code: "returned_by_rail".to_owned(),
                text: "The payment came back. Please check the destination and try again.".to_owned(),
            },
            Story::Succeeds | Story::SucceedsThenIsReturned | Story::SucceedsThenReportsAnError => {
                Finding::Outcome(self.succeeded(payment))
            }
            Story::IsRefused => Finding::Outcome(refused()),
            Story::IsRefusedLater if age >= 2 * SECOND => Finding::Outcome(refused()),
            Story::SucceedsLater if age >= 5 * SECOND => Finding::Outcome(self.succeeded(payment)),
            Story::SucceedsLater | Story::IsRefusedLater => Finding::Outcome(self.accepted(payment)),
            Story::TimesOutThenSucceeds | Story::IsNotFoundThenSucceeds if age >= 2 * SECOND => {
                Finding::Outcome(self.succeeded(payment))
            }
            Story::IsNotFoundThenSucceeds => Finding::NotFound,
            Story::TimesOutThenSucceeds | Story::StaysUnknown => Finding::Outcome(no_answer()),
        };
        ready(finding).boxed()
    }

    fn reveal<'a>(
        &'a self,
        book: BookId,
        withdrawal: &'a Withdrawal,
    ) -> BoxFuture<'a, Result<Option<Revealed>, Failure>> {
        ready(Ok(self.part.code(book, withdrawal))).boxed()
    }
}
