//! Rewards of test mode: a few products, and links under a reserved domain, which lead nowhere (RFC 2606).

use super::destination::{self, RewardDestination};
use super::funds::quote_detail;
use super::{TremendousConfig, detail, facts};
use crate::rails::offline::Offline;
use crate::rails::{Choice, Closed, Facts, FieldProblem, Payment, Quote, Revealed};
use data_encoding::BASE32_NOPAD;
use ledger::{BookId, Cents, Withdrawal};
use secrecy::SecretString;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Name, from, to; where both are the same, one amount.
const PRODUCTS: [(&str, i64, i64); 4] = [
    ("PayPal International", 100, 200_000),
    ("Bank transfer", 100, 200_000),
    ("Prepaid Visa", 500, 100_000),
    ("Test gift card", 2_500, 2_500),
];

/// The offline part of a Tremendous rail.
pub(super) struct TestRewards {
    facts: Facts,
}

impl TestRewards {
    pub(super) fn new(name: &str, config: &TremendousConfig) -> Self {
        Self { facts: facts(name, config) }
    }
}

/// One token per withdrawal, the same at every look.
fn token(kind: &str, book: BookId, withdrawal: i64) -> String {
    let digest = Sha256::digest(format!("outpay test reward {kind}\n{}\n{withdrawal}", book.0));
    BASE32_NOPAD.encode(&digest[..10])
}

impl Offline for TestRewards {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        destination::read(fields)
    }

    fn quote(&self, net: Cents, destination: &str) -> Result<Quote, Closed> {
        let wanted: RewardDestination =
            serde_json::from_str(destination).map_err(|_| Closed::AmountNotPossible)?;
        let mut known = PRODUCTS.iter().filter(|(name, ..)| *name == wanted.product).peekable();
        if known.peek().is_none() {
            return Err(Closed::OutOfFunds);
        }
        let takes = known.any(|(_, least, most)| (*least..=*most).contains(&net.0));
        if takes {
            Ok(Quote { detail: quote_detail(&wanted.product) })
        } else {
            Err(Closed::AmountNotPossible)
        }
    }

    fn choices(&self) -> Vec<Choice> {
        let choice = |(name, least, most): (&str, i64, i64)| Choice {
            name: name.to_owned(),
            net: Cents(least),
            most: (most > least).then_some(Cents(most)),
        };
        PRODUCTS.map(choice).into()
    }

    fn detail(&self, payment: &Payment) -> String {
        let reward = token("number", payment.book, payment.withdrawal.number);
        detail::of(payment, Some(&reward))
    }

    fn code(&self, book: BookId, withdrawal: &Withdrawal) -> Option<Revealed> {
        let wanted: RewardDestination = serde_json::from_str(&withdrawal.destination).ok()?;
        let token = token("link", book, withdrawal.number).to_lowercase();
        let link = SecretString::from(format!("https://rewards.example/test/{token}"));
        Some(Revealed::link(wanted.product, withdrawal.net(), link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_one_withdrawal() {
        let tokens = [("link", 3, 1), ("link", 3, 2), ("link", 5, 1), ("number", 3, 1)]
            .map(|(kind, book, number)| token(kind, BookId(book), number));
        let distinct: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(distinct.len(), tokens.len());
        assert!(tokens.iter().all(|token| super::super::config::is_id(token)), "{tokens:?}");
    }
}
