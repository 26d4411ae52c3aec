//! What is known of PayPal payments without PayPal: facts, destinations, how a payment reads. Test mode simulates the rail over it.

use super::config::{PaypalConfig, Wallet};
use super::{Payment, detail};
use crate::rails::offline::Offline;
use crate::rails::{Closed, Facts, Field, FieldProblem, FieldRole, Quote, RailText};
use ledger::{Cents, Email, Provider};
use serde_json::{Map, Value};

/// PayPal's limit.
const LONGEST_EMAIL: usize = 127;
const EMAIL: &str = "email";

/// The offline part of one account.
pub(super) struct Account {
    facts: Facts,
}

impl Account {
    pub(super) fn new(name: &str, config: &PaypalConfig) -> Self {
        Self { facts: facts(name, config) }
    }
}

pub(super) fn facts(name: &str, config: &PaypalConfig) -> Facts {
    let (title, label) = match config.wallet {
        Wallet::Paypal => (RailText::code("paypal"), RailText::code("paypal_email")),
        Wallet::Venmo => (RailText::code("venmo"), RailText::code("venmo_email")),
    };
    Facts {
        name: name.to_owned(),
        provider: Provider::Paypal,
        title: config.title.as_deref().map_or(title, RailText::configured),
        expected_time: RailText::configured(&config.expected_time),
        fields: vec![Field { role: FieldRole::Email, ..Field::typed(EMAIL, label) }],
        line: None,
    }
}

/// The address in normal form.
pub(super) fn read_destination(fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
    let problem = |text: RailText| Err(vec![FieldProblem::new(EMAIL, text.with("name", EMAIL))]);
    let text = match fields.get(EMAIL) {
        Some(Value::String(text)) if text.trim().is_empty() => {
            return problem(RailText::code("field_required"));
        }
        Some(Value::String(text)) => text.trim(),
        Some(_) => return problem(RailText::code("field_string")),
        None => return problem(RailText::code("field_required")),
    };
    match Email::parse(text) {
        Ok(email) if email.as_str().len() > LONGEST_EMAIL => {
            problem(RailText::code("field_long").with("most", LONGEST_EMAIL))
        }
        Ok(email) => Ok(serde_json::json!({ EMAIL: email.as_str() }).to_string()),
        Err(_) => problem(RailText::code("paypal_email_form")),
    }
}

impl Offline for Account {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        read_destination(fields)
    }

    fn quote(&self, _: Cents, _: &str) -> Result<Quote, Closed> {
        Ok(Quote::default())
    }

    fn detail(&self, payment: &Payment) -> String {
        detail(payment)
    }
}
