//! A configured rail whose secrets are missing: known by name, closed, and unable to answer about payments. Commands that
//! only need the rails' names work with it; a server refuses to start.

use super::{Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, RailText};
use crate::store::{Attempt, Failure};
use anyhow::anyhow;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents};
use serde_json::{Map, Value};

/// Takes the place of the rail.
pub struct Locked {
    facts: Facts,
    reason: String,
}

impl Locked {
    /// In the place of a rail that could not be opened for `reason`.
    #[must_use]
    pub fn new(facts: Facts, reason: String) -> Self {
        Self { facts, reason }
    }

    fn unknown(&self) -> Outcome {
        Outcome::unknown(self.reason.clone())
    }
}

impl Rail for Locked {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, _: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let first = self.facts.fields.first().map_or("", |field| field.name.as_str());
        Err(vec![FieldProblem::new(first, RailText::code("unhealthy"))])
    }

    fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        Box::pin(ready(Err(Closed::Unhealthy)))
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        Box::pin(ready(Err(Closed::Unhealthy)))
    }

    fn prepare<'a>(
        &'a self,
        _: &'a Payment,
        _: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        Box::pin(ready(Err(self.unknown())))
    }

    fn submit<'a>(&'a self, _: &'a Payment, _: &'a Attempt) -> BoxFuture<'a, Outcome> {
        Box::pin(ready(self.unknown()))
    }

    fn query<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        Box::pin(ready(Finding::Outcome(self.unknown())))
    }

    fn prepare_stop<'a>(
        &'a self,
        _: &'a Payment,
        _: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(ready(Err(anyhow!(self.reason.clone()))))
    }

    fn is_spent<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(ready(Err(anyhow!(self.reason.clone()))))
    }
}
