//! A rail that people pay by hand in euros, with a file format and bank answers of its own, each a line per payment with fields
//! separated by semicolons.

use futures_util::future::BoxFuture;
use ledger::{BookId, Cents};
use outpay::testing::rails::manual::{Manual, ManualConfig};
use outpay::testing::rails::{
    AnswerLine, BankVerdict, BatchFile, BatchToWrite, Closed, Facts, FieldProblem, Finding, Funds, Outcome,
    Payment, Prepared, Quote, Rail, RailText,
};
use outpay::testing::store::{Attempt, Failure};
use serde_json::{Map, Value};

pub struct Wire(Manual);

impl Wire {
    pub fn new() -> Self {
        let config: ManualConfig =
            serde_json::from_str(r#"{"title":"Wire","currency":"EUR","estimated_rate":"0.9"}"#).unwrap();
        Self(Manual::new("wire".to_owned(), config))
    }
}

/// A line of a bank's answer: order, reference, amount, currency, word.
pub fn answer(order_id: &str, reference: &str, amount: i64, currency: &str, word: &str) -> String {
    format!("{order_id};{reference};{amount};{currency};{word}\n")
}

/// The same with the message id of the batch whose file it answers.
pub fn answer_of(batch: &str, order_id: &str, reference: &str, amount: i64, word: &str) -> String {
    format!("{order_id};{reference};{amount};EUR;{word};{batch}\n")
}

fn line(text: &str) -> Result<AnswerLine, String> {
    let fields: Vec<&str> = text.split(';').collect();
    let ([order_id, reference, amount, currency, word], batch) = match fields[..] {
        [a, b, c, d, e] => ([a, b, c, d, e], None),
        [a, b, c, d, e, batch] => ([a, b, c, d, e], Some(batch.to_owned())),
        _ => return Err(format!("{text:?} has not five fields")),
    };
    let text = || RailText::code("bank_transfer");
    let verdict = match word {
        "accepted" => BankVerdict::Accepted,
        "booked" => BankVerdict::Booked,
        "rejected" => BankVerdict::Rejected { code: "AC01".to_owned(), text: text() },
        "returned" => BankVerdict::Returned { code: "AC04".to_owned(), text: text() },
        "noted" => BankVerdict::Noted { code: "C01".to_owned(), text: text() },
        other => return Err(format!("{other:?} is no word of the bank")),
    };
    Ok(AnswerLine {
        order_id: order_id.to_owned(),
        batch,
        reference: reference.to_owned(),
        amount: amount.parse().ok(),
        currency: Some(currency.to_owned()).filter(|currency| !currency.is_empty()),
        verdict,
    })
}

impl Rail for Wire {
    fn facts(&self) -> &Facts {
        self.0.facts()
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.0.destination(fields)
    }

    fn quote<'a>(
        &'a self,
        book: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>> {
        self.0.quote(book, net, destination)
    }

    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        self.0.balance(book)
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        self.0.prepare(payment, earlier, slot)
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        self.0.submit(payment, attempt)
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        self.0.query(payment, attempts)
    }

    fn currency(&self) -> &str {
        self.0.currency()
    }

    fn batch_file(&self, batch: &BatchToWrite<'_>) -> Result<Option<BatchFile>, Failure> {
        let mut text = String::new();
        for payment in batch.payments {
            anyhow::ensure!(
                !payment.destination.contains("unwritable"),
                "a name has characters that the bank has not"
            );
            text += &format!("{};{};{}\n", payment.order_id, payment.amount, payment.destination);
        }
        let name = format!("wire-{}.txt", batch.number);
        Ok(Some(BatchFile { name, media_type: "text/plain", bytes: text.into_bytes() }))
    }

    fn bank_answer(&self, file: &[u8]) -> Result<Option<Vec<AnswerLine>>, String> {
        let text = std::str::from_utf8(file).map_err(|_| "it is not text".to_owned())?;
        if text.starts_with("id,") || text.starts_with('\u{feff}') {
            return Ok(None);
        }
        text.lines().map(line).collect::<Result<Vec<_>, _>>().map(Some)
    }
}
