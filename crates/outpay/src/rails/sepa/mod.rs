//! SEPA credit transfers: a person brings the bank one file per batch (pain001.rs), and the bank's answers back (answer.rs). Not here:
//! payment batches, and what follows from an answer.
//!
//! Invariant: nothing is sent from here. So test mode has the same rail, as payments by hand have (manual.rs): a file of a test book is
//! a file like any other, and must not be given to a bank.

mod answer;
mod camt053;
mod config;
mod destination;
mod pain001;
mod pain002;
mod xml;

pub use config::SepaConfig;

use super::bank::{by_hand, last_digits};
use super::batch_file::{AnswerLine, BatchFile, BatchToWrite};
use super::exchange::{Rate, amount_text};
use super::kind::{Kind, in_bank_account};
use super::outcome::{Closed, Finding, Funds, Outcome, Prepared, Quote};
use super::{Diagnosis, Facts, Field, FieldProblem, Payment, Rail, RailText};
use crate::store::{Attempt, Failure};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use iban::{Iban, IbanLike};
use ledger::{BookId, Cents, Mode, Provider};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const CURRENCY: &str = "EUR";

/// What is true of SEPA transfers.
pub const KIND: Kind = Kind {
    provider: Provider::Sepa,
    fixed_names: &[],
    reviewed_by_default: false,
    expected_within: 7 * 24 * 60 * 60 * 1_000_000,
    reveals_code: false,
    keeps_books: false,
    detail_order: &["order_id", "last4"],
    transaction: None,
    public_detail: |known| known.object(last_digits(known, "iban")),
    payee: &["iban"],
    sample_destination: r#"{"name":"Account Holder","iban":"DE89370400440532013000"}"#,
    sample_paid: |known| known.object(last_digits(known, "iban")),
    receives: |to, _| in_bank_account(to.get("iban")),
    mark: "bank",
    mount: |rails, parts| {
        for (name, config) in &parts.config.sepa {
            match Sepa::new(name.clone(), config) {
                Ok(sepa) => {
                    let sepa = Arc::new(sepa);
                    for mode in [Mode::Live, Mode::Test] {
                        rails.mount(mode, Arc::clone(&sepa) as Arc<dyn Rail>);
                    }
                }
                Err(failure) => rails.locked.push(format!("{name}: {failure:#}")),
            }
        }
    },
};

/// One account that SEPA transfers are made from.
pub struct Sepa {
    facts: Facts,
    debtor: Debtor,
    estimated_rate: Option<Rate>,
}

/// Who pays, as the files say it.
struct Debtor {
    /// In the letters of banks.
    name: String,
    iban: Iban,
    bic: Option<String>,
    /// From the batch to the day on which the bank should pay.
    execution_days: u8,
    /// What the recipient's statement says before the payment's number.
    remittance: String,
}

impl Sepa {
    /// With this name and configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(name: String, config: &SepaConfig) -> Result<Self, Failure> {
        let bic = Field { required: false, ..Field::typed("bic", RailText::code("bic")) };
        let facts = Facts {
            name,
            provider: Provider::Sepa,
            title: RailText::configured(&config.title),
            expected_time: RailText::configured(&config.expected_time),
            fields: vec![
                Field::typed("name", RailText::code("holder")),
                Field::typed("iban", RailText::code("iban_only")),
                bic,
            ],
            line: None,
        };
        Ok(Self { facts, debtor: config.debtor()?, estimated_rate: config.rate()? })
    }

    /// What the person gets in euros, marked as an estimate.
    fn estimate(&self, net: Cents) -> Result<Quote, Closed> {
        let Some(rate) = self.estimated_rate else { return Ok(Quote::default()) };
        let amount = rate.convert(net, CURRENCY).ok_or(Closed::AmountNotPossible)?;
        let estimate = format!("{} {CURRENCY}", amount_text(amount, CURRENCY));
        let detail = json!({ "estimated_amount": estimate, "estimated_rate": rate.to_string() });
        Ok(Quote { detail: detail.to_string() })
    }
}

impl Rail for Sepa {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        destination::read(fields, &self.debtor.iban)
    }

    fn quote<'a>(&'a self, _: BookId, net: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(self.estimate(net)).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds::default())).boxed()
    }

    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        let (iban, days) = (self.debtor.iban.electronic_str(), self.debtor.execution_days);
        let last = &iban[iban.len() - 4..];
        let fact = format!("pays from the account that ends in {last}, {days} days after a batch is made");
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

    fn currency(&self) -> &str {
        CURRENCY
    }

    fn batch_file(&self, batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        pain001::write(&self.debtor, batch).map(Some)
    }

    fn bank_answer(&self, file: &[u8]) -> Result<Option<Vec<AnswerLine>>, String> {
        answer::read(file, &self.debtor.iban).map(Some)
    }
}

/// What a payment is called in files: its order number without the prefix, because `SEPA-` and 32 digits are longer than the 35
/// characters of an `EndToEndId`.
fn end_to_end_id(order_id: &str) -> Option<&str> {
    let digits = order_id.strip_prefix(Provider::Sepa.order_prefix())?;
    is_digits(digits).then_some(digits)
}

/// The order number of a payment that is called so in a file; `None`: it is not one of ours.
fn order_id(end_to_end_id: &str) -> Option<String> {
    let digits = end_to_end_id.to_ascii_uppercase();
    is_digits(&digits).then(|| format!("{}{digits}", Provider::Sepa.order_prefix()))
}

/// The digits of a UUID. Batches are called so too.
fn is_digits(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
