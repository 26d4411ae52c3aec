//! What is true of a kind of rail, mounted here or not: one value per kind, stated in the kind's own file and listed in
//! [`super::KINDS`]. Code outside rails/ asks these facts and never which kind it is. Not here: what one configured rail says
//! of itself ([`super::Facts`]), and what the ledger and the store must know of a kind (ledger, provider.rs).

use super::mounted::{MountParts, Rails};
use super::{KINDS, RailText, manual};
use ledger::{Cents, Micros, Provider};
use serde_json::{Map, Value};

/// The facts of one kind.
pub struct Kind {
    /// Under which word, account and order prefix it is stored, and who drives it.
    pub provider: Provider,
    /// The names of its rails where every installation has them, with or without a configuration.
    pub fixed_names: &'static [&'static str],
    /// A payment that succeeded leaves a code or a link for the person ([`super::Rail::reveal`]).
    pub reveals_code: bool,
    /// It keeps books of its own, which a recovery has to read ([`super::Rail::sent_since`]).
    pub keeps_books: bool,
    /// A person of the business looks at each withdrawal first, unless the business has said otherwise.
    pub reviewed_by_default: bool,
    /// How long a payment usually takes at most, from when it is queued; the operator can set another time per method.
    pub expected_within: Micros,
    /// The fields of its public detail, in the documented order.
    pub detail_order: &'static [&'static str],
    /// The field of the public detail by which a person can look the payment up, for example a transaction's hash.
    pub transaction: Option<&'static str>,
    /// The public detail of a payment about which the rail has said nothing yet: what a webhook says of it.
    pub public_detail: fn(&Known<'_>) -> String,
    /// The fields of a destination by which the one who is paid is known: one account, wallet or address. Two people with the same are
    /// perhaps one. The first that a destination has counts; none where a destination names no account.
    pub payee: &'static [&'static str],
    /// Where an invented payment goes, as the rail would store it: a JSON text.
    pub sample_destination: &'static str,
    /// The public detail of an invented payment that succeeded, in its true shape.
    pub sample_paid: fn(&Known<'_>) -> String,
    /// What the person receives, in one sentence, of the destination as it is stored and the quote's detail. The page fills in
    /// `{amount}` (in US dollars), `{number}` (the same without a currency) and `{method}` (the method's title).
    pub receives: fn(&Map<String, Value>, &Value) -> RailText,
    /// The icon beside the method's title: the name of one in `web/ui.rs`.
    pub mark: &'static str,
    /// Mounts the rails of this kind that the configuration names.
    pub mount: fn(&mut Rails, &MountParts<'_>),
}

impl Kind {
    /// The account, wallet or address of a destination as it is stored.
    #[must_use]
    pub fn payee_of(&self, destination: &str) -> Option<String> {
        let fields: Map<String, Value> = serde_json::from_str(destination).ok()?;
        let value = self.payee.iter().find_map(|name| fields.get(*name).and_then(Value::as_str))?;
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// The facts of this kind.
///
/// # Panics
/// When a kind is not registered in [`KINDS`]; a test compares the two lists.
#[must_use]
pub fn kind(provider: Provider) -> &'static Kind {
    let found = KINDS.into_iter().find(|kind| kind.provider == provider);
    found.expect("every provider is registered in KINDS, which a test checks")
}

/// The provider of invented withdrawals that a person pays: test sends of webhooks and samples of pages.
pub const SAMPLE_BY_HAND: Provider = manual::KIND.provider;
/// The provider of invented withdrawals that a rail pays: samples of pages.
pub const SAMPLE_BY_RAIL: Provider = super::crypto::KIND.provider;

/// What is known of every payment from its beginning, whatever its rail says.
pub struct Known<'a> {
    /// Its public number at the rail.
    pub order_id: &'a str,
    /// The destination's fields.
    pub destination: Map<String, Value>,
    /// What left the person's balance.
    pub gross: Cents,
    /// What the rail pays.
    pub net: Cents,
}

impl Known<'_> {
    /// The order number and these fields, each written as `"name":value`, as one JSON object.
    pub(super) fn object(&self, fields: impl IntoIterator<Item = String>) -> String {
        let order_id = format!("\"order_id\":{}", Value::from(self.order_id));
        let fields: Vec<String> = std::iter::once(order_id).chain(fields).collect();
        format!("{{{}}}", fields.join(","))
    }

    /// A text of the destination under this name.
    pub(super) fn text(&self, name: &str, field: &str) -> Option<String> {
        let value = self.destination.get(field).and_then(Value::as_str)?;
        Some(format!("\"{name}\":{}", Value::from(value)))
    }
}

/// A public detail that holds the order number alone.
pub(super) fn order_only(known: &Known<'_>) -> String {
    known.object([])
}

/// [`Kind::receives`] where nothing but the method is known.
pub(super) fn by_method(_: &Map<String, Value>, _: &Value) -> RailText {
    RailText::code("receive_by")
}

/// [`Kind::receives`] of a bank account, which the end of its number names.
pub(super) fn in_bank_account(account: Option<&Value>) -> RailText {
    let account: Vec<char> = text_of(account).chars().filter(|sign| !sign.is_whitespace()).collect();
    let end: String = account[account.len().saturating_sub(4)..].iter().collect();
    RailText::code("receive_bank").with("account", format!("•••• {end}"))
}

/// A text of a destination or of a quote's detail; empty where it has none.
pub(super) fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rails::{gift_card, sandbox};

    #[test]
    fn every_provider_is_registered_once() {
        let mut registered = KINDS.map(|kind| kind.provider);
        registered.sort();
        let mut all = Provider::ALL;
        all.sort();
        assert_eq!(registered, all);
    }

    #[test]
    fn details_known_from_the_beginning_keep_the_documented_order() {
        let known = |text: &str| Known {
            order_id: "X-1",
            destination: serde_json::from_str(text).unwrap(),
            gross: Cents(2_500),
            net: Cents(2_450),
        };
        for (kind, destination, rest) in [
            (
                &super::super::crypto::KIND,
                r#"{"address":"0xAb","network":"Base"}"#,
                r#","usd_amount":25,"to_address":"0xAb""#,
            ),
            (
                &gift_card::KIND,
                r#"{"brand":"Acme"}"#,
                r#","brand":"Acme","currency":"USD","face_value":2450"#,
            ),
            (&manual::KIND, r#"{"iban":"secret"}"#, ""),
            (&sandbox::KIND, r#"{"account":"secret"}"#, ""),
        ] {
            let detail = (kind.public_detail)(&known(destination));
            assert_eq!(detail, format!(r#"{{"order_id":"X-1"{rest}}}"#));
            let places = detail.match_indices("\":").map(|(at, _)| {
                let name = detail[..at].rsplit('"').next().unwrap();
                kind.detail_order.iter().position(|known| *known == name).unwrap()
            });
            assert!(places.is_sorted(), "{detail}");
        }
    }

    #[test]
    fn an_invented_payment_has_its_documented_fields_in_order() {
        for kind in KINDS {
            let destination = serde_json::from_str(kind.sample_destination).unwrap();
            let known = Known { order_id: "X-1", destination, gross: Cents(2_500), net: Cents(2_450) };
            let paid = (kind.sample_paid)(&known);
            let fields = paid.match_indices("\":").map(|(at, _)| paid[..at].rsplit('"').next().unwrap());
            assert_eq!(fields.collect::<Vec<_>>(), kind.detail_order, "{paid}");
        }
    }

    #[test]
    fn what_a_person_receives_is_said_in_words() {
        let said = |provider: Provider, quote: Value| {
            let kind = kind(provider);
            (kind.receives)(&serde_json::from_str(kind.sample_destination).unwrap(), &quote).english()
        };
        let none = || Value::Null;
        assert_eq!(said(Provider::GiftCard, none()), "You receive a {amount} Acme card");
        assert_eq!(
            said(Provider::Crypto, serde_json::json!({ "currency": "USDC", "chain": "Base" })),
            "You receive {number} USDC on Base to 0x0000…00Aa"
        );
        let wallet = "You receive {amount} in your {method} account paypal@example.com";
        assert_eq!(said(Provider::Paypal, none()), wallet);
        assert_eq!(said(Provider::Sepa, none()), "You receive {amount} in the bank account •••• 3000");
        assert_eq!(said(Provider::Ach, none()), "You receive {amount} in the bank account •••• 6789");
        assert_eq!(said(Provider::Tremendous, none()), "You receive {amount} as PayPal International");
        assert_eq!(said(Provider::Manual, none()), "You receive {amount} by {method}");
    }
}
