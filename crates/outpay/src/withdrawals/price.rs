//! The price of a withdrawal, and everything that can be known to refuse it before money is held. Not here: asking for it
//! (counter/withdrawals.rs).

use super::offer::{is_paused, rail, terms};
use crate::platform::Platform;
use crate::rails::{Closed, Field, FieldProblem, Quote, RailText};
use crate::stopped::Stopped;
use crate::unknown_name::{self, sentence};
use ledger::{BookId, Cents, Refusal};
use serde_json::{Map, Value};

/// What a recipient asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The method's name.
    pub method: String,
    /// Gross, cents.
    pub amount: Cents,
    /// As the recipient gave it.
    pub destination: Map<String, Value>,
}

/// What it would cost.
#[derive(Clone, Debug)]
pub struct Price {
    /// Gross, cents.
    pub amount: Cents,
    /// Cents the business keeps.
    pub fees: Cents,
    /// Cents that the rail pays.
    pub net: Cents,
    /// For people.
    pub expected_time: RailText,
    /// The destination in canonical form.
    pub destination: String,
    /// The rail's quote.
    pub quote: Quote,
}

/// The price of a wish.
///
/// # Errors
/// [`Stopped`]: everything that can be known to refuse it without holding money.
pub async fn quote(platform: &Platform, book: BookId, wish: &Wish) -> Result<Price, Stopped> {
    let mounted = rail(platform, book, &wish.method)?;
    let terms = terms(platform, book, &wish.method).await?;
    if is_paused(platform, book, &wish.method).await? {
        return Err(Refusal::MethodIsPaused.into());
    }
    if !terms.enabled {
        return Err(Refusal::MethodIsClosed.into());
    }
    let unknown = unknown_fields(&mounted.facts().fields, &wish.destination);
    if !unknown.is_empty() {
        return Err(Stopped::Destination(unknown));
    }
    let destination = mounted.rail.destination(&wish.destination).map_err(Stopped::Destination)?;
    if wish.amount < terms.minimum {
        return Err(Refusal::AmountIsBelowTheMinimum.into());
    }
    if wish.amount > terms.maximum {
        return Err(Refusal::AmountIsAboveTheMaximum.into());
    }
    let fees = terms.fee.fee(wish.amount);
    let net = wish.amount.minus(fees).filter(|net| *net > Cents::ZERO);
    let net = net.ok_or(Refusal::AmountDoesNotCoverTheFee)?;
    // It would wait for ever.
    if !mounted.limits.ceiling().covers(net) {
        return Err(Stopped::Closed(Closed::AmountNotPossible));
    }
    mounted.check_health(platform.clock.monotonic()).map_err(Stopped::Closed)?;
    let quote = mounted.rail.quote(book, net, &destination).await.map_err(Stopped::Closed)?;
    let expected_time = mounted.facts().expected_time.clone();
    Ok(Price { amount: wish.amount, fees, net, expected_time, destination, quote })
}

/// Fields of a destination that the rail does not read: a misspelt optional one would be missing from the payment.
fn unknown_fields(fields: &[Field], sent: &Map<String, Value>) -> Vec<FieldProblem> {
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let strange = sent.keys().filter(|name| !known.contains(&name.as_str()));
    // A form of the claim page sends no such field, so the sentence has no translation.
    let problem = |name: &String| {
        FieldProblem::new(&unknown_name::shown(name), RailText::Own(sentence("field", name, &known)))
    };
    strange.map(problem).collect()
}
