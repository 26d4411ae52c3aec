//! ACH credits in the United States: a person brings the bank one NACHA file per batch (nacha.rs), and its return files back
//! (returns.rs). Not here: payment batches, and what follows from an answer.
//!
//! Invariant: nothing is sent from here. So test mode has the same rail, as payments by hand have (manual.rs): a file of a test book is
//! a file like any other, and must not be given to a bank.

mod config;
mod destination;
mod nacha;
mod record;
mod returns;

pub use config::AchConfig;

use super::bank::{by_hand, last_digits};
use super::batch_file::{AnswerLine, BatchFile, BatchToWrite};
use super::kind::{Kind, in_bank_account};
use super::outcome::{Closed, Finding, Funds, Outcome, Prepared, Quote};
use super::{Diagnosis, Facts, Field, FieldProblem, Payment, Rail, RailText};
use crate::ids::PublicIds;
use crate::short_ids::ShortIds;
use crate::store::{Attempt, Failure};
use anyhow::Context;
use config::Originator;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Mode, Provider};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What is true of ACH credits.
pub const KIND: Kind = Kind {
    provider: Provider::Ach,
    fixed_names: &[],
    reviewed_by_default: false,
    expected_within: 7 * 24 * 60 * 60 * 1_000_000,
    reveals_code: false,
    keeps_books: false,
    detail_order: &["order_id", "last4"],
    transaction: None,
    public_detail: |known| known.object(last_digits(known, "account_number")),
    payee: &["account_number"],
    sample_destination: r#"{"name":"Account Holder","routing_number":"021000021","account_number":"000123456789","account_type":"checking"}"#,
    sample_paid: |known| known.object(last_digits(known, "account_number")),
    receives: |to, _| in_bank_account(to.get("account_number")),
    mark: "bank",
    mount: |rails, parts| {
        for (name, config) in &parts.config.ach {
            let names = PaymentNames::new(parts.secrets.ids(), parts.secrets.short_ids());
            match Ach::new(name.clone(), config, names) {
                Ok(ach) => {
                    let ach = Arc::new(ach);
                    for mode in [Mode::Live, Mode::Test] {
                        rails.mount(mode, Arc::clone(&ach) as Arc<dyn Rail>);
                    }
                }
                Err(failure) => rails.locked.push(format!("{name}: {failure:#}")),
            }
        }
    },
};

/// How payments are called in files: an individual identification number has 15 characters, an order number 36.
#[derive(Clone)]
pub struct PaymentNames {
    ids: PublicIds,
    short: ShortIds,
}

impl PaymentNames {
    #[must_use]
    pub fn new(ids: &PublicIds, short: &ShortIds) -> Self {
        Self { ids: ids.clone(), short: short.clone() }
    }

    fn short(&self, order_id: &str) -> Result<String, Failure> {
        let (book, number) = self
            .ids
            .open_order(Provider::Ach, order_id)
            .with_context(|| format!("{order_id} is not a number of an ACH payment"))?;
        let short = self.short.seal(Provider::Ach, book, number);
        short.with_context(|| format!("the book of {order_id} is too large a number for this format"))
    }

    /// The order number of the payment that a file calls so. Every text of 15 such characters has one; most are of no payment.
    fn order_id(&self, short: &str) -> Option<String> {
        let (book, number) = self.short.open(Provider::Ach, short)?;
        Some(self.ids.order_id(Provider::Ach, book, number))
    }
}

/// One company that ACH credits are made by.
pub struct Ach {
    facts: Facts,
    originator: Originator,
    names: PaymentNames,
}

impl Ach {
    /// With this name and configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(name: String, config: &AchConfig, names: PaymentNames) -> Result<Self, Failure> {
        let facts = Facts {
            name,
            provider: Provider::Ach,
            title: RailText::configured(&config.title),
            expected_time: RailText::configured(&config.expected_time),
            fields: vec![
                Field::typed("name", RailText::code("holder")),
                Field::typed("routing_number", RailText::code("routing_number")),
                Field::typed("account_number", RailText::code("account_number")),
                Field::typed("account_type", RailText::code("account_type")),
            ],
            line: None,
        };
        Ok(Self { facts, originator: config.originator()?, names })
    }
}

impl Rail for Ach {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        destination::read(fields)
    }

    fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(Ok(Quote::default())).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds::default())).boxed()
    }

    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        let fact = format!(
            "pays as {} through the bank {}, {} days after a batch is made",
            self.originator.company_name, self.originator.odfi, self.originator.effective_days
        );
        ready(Diagnosis { facts: vec![fact], ..Diagnosis::default() }).boxed()
    }

    fn prepare<'a>(
        &'a self,
        _: &'a Payment,
        _: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        ready(Err(by_hand())).boxed()
    }

    fn submit<'a>(&'a self, _: &'a Payment, _: &'a Attempt) -> BoxFuture<'a, Outcome> {
        ready(by_hand()).boxed()
    }

    fn query<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        ready(Finding::Outcome(by_hand())).boxed()
    }

    fn batch_file(&self, batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        nacha::write(&self.originator, &self.names, batch, nacha::FilePurpose::Pay).map(Some)
    }

    fn trial_file(&self, batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        nacha::write(&self.originator, &self.names, batch, nacha::FilePurpose::Test).map(Some)
    }

    fn bank_answer(&self, file: &[u8]) -> Result<Option<Vec<AnswerLine>>, String> {
        returns::read(file, &self.names).map(Some)
    }
}
