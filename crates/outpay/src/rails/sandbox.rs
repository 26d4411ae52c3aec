//! The sandbox method of test mode: one field of any text. What its payments do is what those of every simulated rail do
//! (simulated.rs). Not here: the other methods of test mode, which are the live ones simulated.

use super::field::{Field, FieldProblem};
use super::kind::{Kind, by_method, order_only};
use super::offline::Offline;
use super::outcome::{Closed, Quote};
use super::simulated::Simulated;
use super::text::RailText;
use super::{Facts, Payment};
use ledger::{Cents, Mode, Provider};
use serde_json::{Map, Value};
use std::sync::Arc;

const LONGEST_ACCOUNT: usize = 100;
const NAME: &str = "sandbox";

/// What is true of the sandbox.
pub const KIND: Kind = Kind {
    provider: Provider::Sandbox,
    fixed_names: &[NAME],
    reveals_code: false,
    keeps_books: false,
    reviewed_by_default: false,
    expected_within: 5 * 60 * 1_000_000,
    detail_order: &["order_id"],
    transaction: None,
    public_detail: order_only,
    payee: &["account"],
    sample_destination: "{}",
    sample_paid: order_only,
    receives: by_method,
    mark: "flask",
    mount: |rails, _| rails.mount(Mode::Test, Arc::new(rail())),
};

/// The sandbox's rail.
#[must_use]
pub fn rail() -> Simulated<Sandbox> {
    Simulated::new(Sandbox::new())
}

/// What the sandbox says of itself.
pub struct Sandbox {
    facts: Facts,
}

impl Sandbox {
    fn new() -> Self {
        let account = Field::typed("account", RailText::code("any_text"));
        let facts = Facts {
            name: NAME.to_owned(),
            provider: Provider::Sandbox,
            title: RailText::code("sandbox"),
            expected_time: RailText::code("few_seconds"),
            fields: vec![account],
            line: None,
        };
        Self { facts }
    }
}

impl Offline for Sandbox {
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

    fn quote(&self, _: Cents, _: &str) -> Result<Quote, Closed> {
        Ok(Quote::default())
    }

    fn detail(&self, payment: &Payment) -> String {
        format!(r#"{{"order_id":"{}"}}"#, payment.order_id)
    }
}
