//! The manual rail: anything a person does by hand, for example a bank transfer. Payments wait in a queue, a person exports
//! them, pays, and settles each with proof. Not here: that work (withdrawals/).
//!
//! Invariant: nothing is sent from here, and no worker touches these payments. So test mode has the same rail: a person settles test
//! payments as real ones, in a book of their own.

use super::exchange::{Rate, amount_text, is_currency};
use super::field::{Field, FieldProblem, FieldRole};
use super::kind::{Kind, by_method, order_only};
use super::outcome::{Closed, Finding, Funds, Outcome, Prepared, Quote};
use super::text::RailText;
use super::{Facts, Payment, Rail};
use crate::line::{Line, LineProblem};
use crate::store::{Attempt, Failure};
use anyhow::ensure;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Mode, Provider};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const LONGEST_FIELD: usize = 200;

/// `[rails.manual.<name>]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualConfig {
    /// For people, for example `Bank transfer`.
    pub title: String,
    /// For people, for example `two working days`.
    #[serde(default = "some_days")]
    pub expected_time: String,
    /// The fields of a destination.
    #[serde(default = "bank_fields")]
    pub fields: Vec<FieldConfig>,
    /// In what it is paid, as in `EUR`.
    #[serde(default = "dollars")]
    pub currency: String,
    /// The currency per US dollar as people are told before they ask: an estimate, since each batch has a rate of its own.
    #[serde(default)]
    pub estimated_rate: Option<String>,
}

impl ManualConfig {
    /// Checks what the parser cannot.
    ///
    /// # Errors
    /// What is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        let currency = &self.currency;
        ensure!(
            is_currency(currency),
            "currency {currency:?} is not a code of three capital letters, as EUR is"
        );
        let Some(rate) = &self.estimated_rate else { return Ok(()) };
        ensure!(currency != DOLLARS, "estimated_rate is for a currency other than {DOLLARS}");
        ensure!(
            Rate::parse(rate).is_some(),
            "estimated_rate {rate:?} is not a decimal above 0 with at most nine places"
        );
        Ok(())
    }
}

/// One field of a destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldConfig {
    /// The key in the JSON object.
    pub name: String,
    /// For people.
    pub label: String,
    /// A destination without it is refused.
    #[serde(default = "yes")]
    pub required: bool,
}

const DOLLARS: &str = "USD";

fn dollars() -> String {
    DOLLARS.to_owned()
}

fn some_days() -> String {
    RailText::code("some_days").english()
}

fn yes() -> bool {
    true
}

fn bank_fields() -> Vec<FieldConfig> {
    let field = |name: &str, label: RailText| FieldConfig {
        name: name.to_owned(),
        label: label.english(),
        required: true,
    };
    vec![field("name", RailText::code("holder")), field("account", RailText::code("iban"))]
}

/// What is true of payments by hand.
pub const KIND: Kind = Kind {
    provider: Provider::Manual,
    fixed_names: &[],
    reveals_code: false,
    keeps_books: false,
    reviewed_by_default: false,
    expected_within: 7 * 24 * 60 * 60 * 1_000_000,
    detail_order: &["order_id"],
    transaction: None,
    public_detail: order_only,
    payee: &["iban", "account", "account_number", "address", "wallet", "email", "phone"],
    sample_destination: r#"{"iban":"XX00"}"#,
    sample_paid: order_only,
    receives: by_method,
    mark: "bank",
    mount: |rails, parts| {
        for (name, config) in &parts.config.manual {
            for mode in [Mode::Live, Mode::Test] {
                rails.mount(mode, Arc::new(Manual::new(name.clone(), config.clone())));
            }
        }
    },
};

/// One way to pay by hand.
pub struct Manual {
    facts: Facts,
    currency: String,
    estimated_rate: Option<Rate>,
}

impl Manual {
    /// With this name and configuration.
    #[must_use]
    pub fn new(name: String, config: ManualConfig) -> Self {
        let fields = config.fields.into_iter().map(|field| Field {
            name: field.name,
            label: RailText::configured(&field.label),
            required: field.required,
            role: FieldRole::Typed,
            hint: None,
        });
        let facts = Facts {
            name,
            provider: Provider::Manual,
            title: RailText::configured(&config.title),
            expected_time: RailText::configured(&config.expected_time),
            fields: fields.collect(),
            line: None,
        };
        let estimated_rate = config.estimated_rate.as_deref().and_then(Rate::parse);
        Self { facts, currency: config.currency, estimated_rate }
    }
}

impl Manual {
    /// What the person gets in the method's currency, marked as an estimate.
    fn estimate(&self, net: Cents) -> Result<Quote, Closed> {
        let Some(rate) = self.estimated_rate else { return Ok(Quote::default()) };
        let amount = rate.convert(net, &self.currency).ok_or(Closed::AmountNotPossible)?;
        let estimate = format!("{} {}", amount_text(amount, &self.currency), self.currency);
        let detail = json!({ "estimated_amount": estimate, "estimated_rate": rate.to_string() });
        Ok(Quote { detail: detail.to_string() })
    }
}

fn by_hand() -> Outcome {
    Outcome::unknown("a person settles this by hand")
}

impl Rail for Manual {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let mut written = Map::new();
        let mut problems = Vec::new();
        for field in &self.facts.fields {
            let name = field.name.as_str();
            let mut problem =
                |sentence: RailText| problems.push(FieldProblem::new(name, sentence.with("name", name)));
            match fields.get(name) {
                Some(Value::String(text)) => match Line::parse(text, LONGEST_FIELD) {
                    Ok(text) => drop(written.insert(name.to_owned(), Value::String(text.into()))),
                    Err(LineProblem::Empty) if !field.required => {}
                    Err(LineProblem::Empty) => problem(RailText::code("field_required")),
                    Err(LineProblem::TooLong) => {
                        problem(RailText::code("field_long").with("most", LONGEST_FIELD));
                    }
                    Err(LineProblem::Control) => problem(RailText::code("field_control")),
                    Err(LineProblem::Invisible) => problem(RailText::code("field_invisible")),
                },
                None if !field.required => {}
                None => problem(RailText::code("field_required")),
                Some(_) => problem(RailText::code("field_string")),
            }
        }
        if problems.is_empty() { Ok(Value::Object(written).to_string()) } else { Err(problems) }
    }

    fn quote<'a>(&'a self, _: BookId, net: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(self.estimate(net)).boxed()
    }

    fn currency(&self) -> &str {
        &self.currency
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        ready(Ok(Funds::default())).boxed()
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
}
