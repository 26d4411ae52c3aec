//! The sandbox rail of test mode: the last two digits of the gross amount in cents decide what happens (the table is
//! [`SCRIPT`], and in docs/API.md). Not here: any real payment.
//!
//! Invariant: it keeps no state. Answers follow from the amount and the time since the first attempt, so they are the same
//! after any crash.

use super::field::{Field, FieldProblem};
use super::kind::{Kind, flat, order_only};
use super::outcome::{Closed, Finding, Funds, Outcome, Prepared, Quote};
use super::text::RailText;
use super::{Facts, Payment, Rail};
use crate::clock::Clock;
use crate::store::Attempt;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Micros, Mode, Provider};
use serde_json::{Map, Value};
use std::sync::Arc;

const SECOND: Micros = 1_000_000;
const LONGEST_ACCOUNT: usize = 100;
const NAME: &str = "sandbox";

/// What a payment of the sandbox does.
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

/// What is true of the sandbox.
pub const KIND: Kind = Kind {
    provider: Provider::Sandbox,
    fixed_names: &[NAME],
    reveals_code: false,
    keeps_books: false,
    detail_order: &["order_id"],
    transaction: None,
    public_detail: order_only,
    summary: flat,
    mount: |rails, parts| rails.mount(Mode::Test, Arc::new(Sandbox::new(parts.clock.clone()))),
};

/// The rail over a clock.
pub struct Sandbox {
    facts: Facts,
    clock: Clock,
}

impl Sandbox {
    /// With this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let account = Field::typed("account", RailText::code("any_text"));
        let facts = Facts {
            name: NAME.to_owned(),
            provider: Provider::Sandbox,
            title: RailText::code("sandbox"),
            expected_time: RailText::code("few_seconds"),
            fields: vec![account],
            line: None,
        };
        Self { facts, clock }
    }

    fn age(&self, attempts: &[Attempt]) -> Micros {
        // An attempt dated in the future was made under a wrong clock and counts as old: its payment must not wait.
        let age = |first: &Attempt| self.clock.now() - first.created_at;
        attempts.first().map(age).map_or(0, |age| if age < 0 { Micros::MAX } else { age })
    }
}

fn detail(payment: &Payment) -> String {
    format!(r#"{{"order_id":"{}"}}"#, payment.order_id)
}

fn refused() -> Outcome {
    let text = "The sandbox refused this payment, as its amount asks for. Please try another destination.";
    Outcome::Refused { code: "refused_by_rail".to_owned(), text: text.to_owned() }
}

fn unknown(text: &str) -> Outcome {
    Outcome::unknown(text)
}

impl Rail for Sandbox {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let problem =
            |sentence: RailText| Err(vec![FieldProblem::new("account", sentence.with("name", "account"))]);
        match fields.get("account") {
            Some(Value::String(text)) if text.trim().is_empty() => problem(RailText::code("field_required")),
            Some(Value::String(text)) if text.chars().count() > LONGEST_ACCOUNT => {
                problem(RailText::code("field_long").with("most", LONGEST_ACCOUNT))
            }
            Some(Value::String(text)) => Ok(serde_json::json!({ "account": text.trim() }).to_string()),
            Some(_) => problem(RailText::code("field_string")),
            None => problem(RailText::code("field_required")),
        }
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
        let detail = detail(payment);
        let answer = match story(payment.withdrawal.amount) {
            Story::Succeeds | Story::SucceedsThenIsReturned => Outcome::Succeeded { detail },
            Story::IsRefused => refused(),
            Story::SucceedsLater | Story::IsRefusedLater => Outcome::Accepted { detail },
            Story::SucceedsThenReportsAnError => unknown("500 Internal Server Error"),
            Story::TimesOutThenSucceeds | Story::StaysUnknown | Story::IsNotFoundThenSucceeds => {
                unknown("no answer within 30 seconds")
            }
        };
        ready(answer).boxed()
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        let detail = detail(payment);
        let age = self.age(attempts);
        let finding = match story(payment.withdrawal.amount) {
            Story::SucceedsThenIsReturned if age >= 3 * SECOND => Finding::Returned {
                code: "returned_by_rail".to_owned(),
                text: "The payment came back. Please check the destination and try again.".to_owned(),
            },
            Story::Succeeds | Story::SucceedsThenIsReturned | Story::SucceedsThenReportsAnError => {
                Finding::Outcome(Outcome::Succeeded { detail })
            }
            Story::IsRefused => Finding::Outcome(refused()),
            Story::IsRefusedLater if age >= 2 * SECOND => Finding::Outcome(refused()),
            Story::SucceedsLater if age >= 5 * SECOND => Finding::Outcome(Outcome::Succeeded { detail }),
            Story::SucceedsLater | Story::IsRefusedLater => Finding::Outcome(Outcome::Accepted { detail }),
            Story::TimesOutThenSucceeds | Story::IsNotFoundThenSucceeds if age >= 2 * SECOND => {
                Finding::Outcome(Outcome::Succeeded { detail })
            }
            Story::IsNotFoundThenSucceeds => Finding::NotFound,
            Story::TimesOutThenSucceeds | Story::StaysUnknown => {
                Finding::Outcome(unknown("no answer within 30 seconds"))
            }
        };
        ready(finding).boxed()
    }
}
