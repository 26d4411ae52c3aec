//! Gift cards of test mode: any brand and any value, from no stock, with codes that no shop accepts.

use super::{CardDestination, CardDetail, Payment, facts, quote_detail, read_destination};
use crate::rails::offline::Offline;
use crate::rails::{Choice, Closed, Facts, FieldProblem, Quote, Revealed};
use data_encoding::BASE32;
use ledger::{BookId, Cents, Withdrawal};
use secrecy::SecretString;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The brand that forms offer; others can be asked for.
const BRAND: &str = "Test card";
const VALUES: [Cents; 5] = [Cents(500), Cents(1_000), Cents(2_500), Cents(5_000), Cents(10_000)];

/// The offline part of the gift card rail.
pub(super) struct TestCards {
    facts: Facts,
}

impl TestCards {
    pub(super) fn new() -> Self {
        Self { facts: facts() }
    }
}

fn brand(destination: &str) -> Option<String> {
    serde_json::from_str(destination).ok().map(|wanted: CardDestination| wanted.brand)
}

/// One code per withdrawal, the same at every look.
fn code(book: BookId, withdrawal: i64) -> String {
    let digest = Sha256::digest(format!("outpay test gift card\n{}\n{withdrawal}", book.0));
    let text = BASE32.encode(&digest[..10]);
    format!("TEST-{}-{}-{}", &text[..4], &text[4..8], &text[8..12])
}

impl Offline for TestCards {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        read_destination(fields)
    }

    fn quote(&self, net: Cents, destination: &str) -> Result<Quote, Closed> {
        let brand = brand(destination).ok_or(Closed::AmountNotPossible)?;
        Ok(Quote { detail: quote_detail(&brand, net) })
    }

    fn choices(&self) -> Vec<Choice> {
        VALUES.map(|net| Choice { name: BRAND.to_owned(), net, most: None }).into()
    }

    fn detail(&self, payment: &Payment) -> String {
        let brand = brand(&payment.withdrawal.destination).unwrap_or_default();
        CardDetail::new(&payment.order_id, &brand, payment.withdrawal.net()).json()
    }

    fn code(&self, book: BookId, withdrawal: &Withdrawal) -> Option<Revealed> {
        Some(Revealed {
            number: Some(withdrawal.number),
            brand: brand(&withdrawal.destination)?,
            face_value: withdrawal.net(),
            expires_at: None,
            code: SecretString::from(code(book, withdrawal.number)),
            is_link: false,
            pin: Some(SecretString::from("0000")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_that_it_is_a_test_and_belongs_to_one_withdrawal() {
        let codes = [(3, 1), (3, 2), (5, 1)].map(|(book, number)| code(BookId(book), number));
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len());
        assert!(codes.iter().all(|code| code.starts_with("TEST-") && code.len() == 19), "{codes:?}");
        assert_eq!(code(BookId(3), 1), codes[0]);
    }
}
