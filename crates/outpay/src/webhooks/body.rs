//! The body of a delivery, byte for byte as the contract (1.5) says: fields in the documented order; an absent field
//! is left out, never null. Not here: when and where it is sent. Invariant: a body holds no secret; it is built from
//! the journal, and from the metadata that stand beside it.

use crate::clock::Entropy;
use crate::ids::{IdKind, PublicIds};
use crate::rails::{self, Known};
use crate::store::PayoutEvent;
use ledger::{BookId, Cents, EntryKind, Metadata, Mode, Provider};
use serde_json::{Map, Value};

/// An event with public ids in place of row numbers: the input of a body, whether the event came from the store or
/// over the API.
pub struct PublicEvent<'a> {
    /// Name of the event.
    pub kind: &'a str,
    /// `ord_…`
    pub order_id: &'a str,
    /// `usr_…`
    pub payout_user_id: &'a str,
    /// Address of the recipient.
    pub email: &'a str,
    /// `crypto`, `gift_card`, …
    pub provider: &'a str,
    pub amount: i64,
    pub fees: i64,
    /// The rail's object, as JSON text.
    pub detail: &'a str,
    /// The operator's note beside a rejection; empty if there is none.
    pub reason: &'a str,
    /// Why a payout failed: for programs and for people; empty otherwise.
    pub failure: (&'a str, &'a str),
    /// The business's own notes; absent where there are none.
    pub custom: &'a Metadata,
    /// Adds `test_mode`: a test send, or an event of a test book.
    pub is_test: bool,
}

/// The bytes to sign and send.
#[must_use]
pub fn body(ids: &PublicIds, book: BookId, event: &PayoutEvent) -> Vec<u8> {
    write(ids, book, event, book.mode() == Mode::Test)
}

fn write(ids: &PublicIds, book: BookId, event: &PayoutEvent, is_test: bool) -> Vec<u8> {
    // For a step about which the rail itself says nothing.
    let known = Known {
        order_id: &ids.order_id(event.provider, book, event.withdrawal),
        destination: serde_json::from_str(&event.destination).unwrap_or_default(),
        gross: event.amount,
        net: event.amount.minus(event.fees).unwrap_or(Cents::ZERO),
    };
    let own = (rails::kind(event.provider).public_detail)(&known);
    let is_object = serde_json::from_str::<Map<String, Value>>(&event.detail).is_ok();
    let told = PublicEvent {
        kind: event.kind.event_name(),
        order_id: &ids.seal(IdKind::Withdrawal, book, event.withdrawal),
        payout_user_id: &ids.seal(IdKind::PayoutUser, book, event.user),
        email: &event.email,
        provider: event.provider.word(),
        amount: event.amount.0,
        fees: event.fees.0,
        detail: if is_object { &event.detail } else { &own },
        reason: if event.kind == EntryKind::WithdrawalRejected { &event.note } else { "" },
        failure: if event.kind == EntryKind::WithdrawalFailed {
            (&event.reason_code, &event.reason)
        } else {
            ("", "")
        },
        custom: &event.custom,
        is_test,
    };
    told.write().into_bytes()
}

impl PublicEvent<'_> {
    /// The body as JSON text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut fields = vec![format!("\"amount\":{}", self.amount), "\"currency\":\"USD\"".to_owned()];
        if self.fees != 0 {
            fields.push(format!("\"fees\":{}", self.fees));
            fields.push(format!("\"net_amount\":{}", self.amount - self.fees));
        }
        let custom = serde_json::to_string(self.custom.pairs()).expect("texts can be written as JSON");
        let custom = if self.custom.is_empty() { String::new() } else { format!(",\"custom\":{custom}") };
        let user = quoted(self.payout_user_id);
        fields.push(format!("\"metadata\":{{\"payout_user_id\":{user}{custom}}}"));
        fields.push(format!("\"type\":{}", quoted(self.kind)));
        fields.push(format!("\"provider\":{}", quoted(self.provider)));
        fields.push(format!("\"order_id\":{}", quoted(self.order_id)));
        fields.push(format!("\"recipient\":{{\"email\":{}}}", quoted(self.email)));
        fields.push(format!("{}:{}", quoted(self.provider), self.detail));
        if !self.reason.is_empty() {
            fields.push(format!("\"reason\":{}", quoted(self.reason)));
        }
        if self.is_test {
            fields.push("\"test_mode\":true".to_owned());
        }
        // Not documented, and so after everything that is.
        let (code, why) = self.failure;
        for (name, text) in [("reason", why), ("code", code)] {
            if !text.is_empty() {
                fields.push(format!("\"{name}\":{}", quoted(text)));
            }
        }
        format!("{{{}}}", fields.join(","))
    }
}

/// What a test send tells of: an invented withdrawal.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub kind: EntryKind,
    /// The kind of rail whose shape it has.
    pub provider: Provider,
}

/// Row numbers from here on belong to invented things. Every id of a thing that exists is below: its number would need tens of
/// thousands of recoveries.
const INVENTED: i64 = 1 << 55;

/// The body of a test send, with ids that no other has.
#[must_use]
pub fn sample(ids: &PublicIds, book: BookId, sample: Sample, entropy: &Entropy) -> Vec<u8> {
    let Sample { kind, provider } = sample;
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let number = INVENTED | (i64::from_be_bytes(random) & (INVENTED - 1));
    let (amount, net, rail) = (Cents(2500), Cents(2450), rails::kind(provider));
    let known = Known {
        order_id: &ids.order_id(provider, book, number),
        destination: serde_json::from_str(rail.sample_destination).unwrap_or_default(),
        gross: amount,
        net,
    };
    let is_paid = kind == EntryKind::WithdrawalSucceeded;
    let event = PayoutEvent {
        sequence: 0,
        kind,
        withdrawal: number,
        user: number,
        email: "user@example.com".to_owned(),
        provider,
        amount,
        fees: Cents(50),
        detail: if is_paid { (rail.sample_paid)(&known) } else { String::new() },
        note: "This is a test.".to_owned(),
        reason_code: "test".to_owned(),
        reason: "This is a test.".to_owned(),
        destination: rail.sample_destination.to_owned(),
        custom: Metadata::default(),
    };
    write(ids, book, &event, true)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("any text can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secrets;

    const BOOK: BookId = BookId(4);

    fn event(kind: EntryKind) -> PayoutEvent {
        PayoutEvent {
            sequence: 9,
            kind,
            withdrawal: 3,
            user: 7,
            email: "user@example.com".to_owned(),
            provider: Provider::Crypto,
            amount: Cents(2500),
            fees: Cents(50),
            detail: r#"{"order_id":"CRX-1","currency":"USDC","chain":"base","crypto_amount":24.5,"usd_amount":24.50}"#
                .to_owned(),
            note: String::new(),
            reason_code: String::new(),
            reason: String::new(),
            destination: r#"{"address":"0xAb","network":"Base"}"#.to_owned(),
            custom: Metadata::default(),
        }
    }

    fn text(event: &PayoutEvent) -> String {
        let secrets = Secrets::derive(&[7; 32]);
        String::from_utf8(body(secrets.ids(), BOOK, event)).unwrap()
    }

    fn id(kind: IdKind, number: i64) -> String {
        Secrets::derive(&[7; 32]).ids().seal(kind, BOOK, number)
    }

    #[test]
    fn every_field_in_its_place() {
        let (order, user) = (id(IdKind::Withdrawal, 3), id(IdKind::PayoutUser, 7));
        let expected = format!(
            "{{\"amount\":2500,\"currency\":\"USD\",\"fees\":50,\"net_amount\":2450,\
             \"metadata\":{{\"payout_user_id\":\"{user}\"}},\"type\":\"payout.succeeded\",\"provider\":\"crypto\",\
             \"order_id\":\"{order}\",\"recipient\":{{\"email\":\"user@example.com\"}},\
             \"crypto\":{{\"order_id\":\"CRX-1\",\"currency\":\"USDC\",\"chain\":\"base\",\"crypto_amount\":24.5,\"usd_amount\":24.50}}}}"
        );
        assert_eq!(text(&event(EntryKind::WithdrawalSucceeded)), expected);
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let free = PayoutEvent { fees: Cents(0), ..event(EntryKind::WithdrawalCreated) };
        let free = text(&free);
        assert!(free.starts_with("{\"amount\":2500,\"currency\":\"USD\",\"metadata\":"), "{free}");
        for absent in ["fees", "net_amount", "reason", "test_mode", "null"] {
            assert!(!free.contains(absent), "{absent} in {free}");
        }
    }

    #[test]
    fn a_reason_only_beside_a_rejection_with_a_note() {
        let noted = |kind| PayoutEvent { note: "Not \"this\" month".to_owned(), ..event(kind) };
        let rejected = text(&noted(EntryKind::WithdrawalRejected));
        assert!(rejected.ends_with(",\"reason\":\"Not \\\"this\\\" month\"}"), "{rejected}");
        for kind in
            [EntryKind::WithdrawalFailed, EntryKind::WithdrawalSucceeded, EntryKind::WithdrawalCreated]
        {
            assert!(!text(&noted(kind)).contains("reason"), "{kind:?}");
        }
        assert!(!text(&event(EntryKind::WithdrawalRejected)).contains("reason"));
    }

    #[test]
    fn a_failure_says_why_after_the_documented_fields() {
        let failed = |kind| PayoutEvent {
            reason_code: "out_of_stock".to_owned(),
            reason: "It is \"out\".".to_owned(),
            ..event(kind)
        };
        let secrets = Secrets::derive(&[7; 32]);
        let book = BookId::new(2, Mode::Test);
        let told = body(secrets.ids(), book, &failed(EntryKind::WithdrawalFailed));
        let told = String::from_utf8(told).unwrap();
        let end = r#","test_mode":true,"reason":"It is \"out\".","code":"out_of_stock"}"#;
        assert!(told.ends_with(end), "{told}");
        let told = text(&failed(EntryKind::WithdrawalSucceeded));
        assert!(!told.contains("out_of_stock"), "only beside the failure itself: {told}");
    }

    #[test]
    fn a_rail_that_says_nothing_yet_leaves_what_is_known() {
        for detail in ["", "no JSON", "[]", "null"] {
            let plain = PayoutEvent { detail: detail.to_owned(), ..event(EntryKind::WithdrawalSending) };
            let of = |provider, destination: &str| {
                let event = PayoutEvent { provider, destination: destination.to_owned(), ..plain.clone() };
                let text = text(&event);
                let (_, rest) = text.split_once(&format!("\"{}\":{{", provider.word())).unwrap();
                let (order, rest) = rest.strip_prefix("\"order_id\":\"").unwrap().split_once('"').unwrap();
                (order.split('-').next().unwrap().to_owned(), rest.split_once('}').unwrap().0.to_owned())
            };
            let crypto = r#","usd_amount":25,"to_address":"0xAb""#;
            assert_eq!(of(Provider::Crypto, &plain.destination), ("CRX".to_owned(), crypto.to_owned()));
            let card = r#","brand":"Acme","currency":"USD","face_value":2450"#;
            assert_eq!(of(Provider::GiftCard, r#"{"brand":"Acme"}"#), ("GC".to_owned(), card.to_owned()));
            assert_eq!(of(Provider::Manual, r#"{"iban":"secret"}"#).1, "");
        }
    }

    #[test]
    fn an_event_of_a_test_book_says_so_after_the_documented_fields() {
        let secrets = Secrets::derive(&[7; 32]);
        for name in crate::webhook_event::names() {
            let event = PayoutEvent {
                note: "Not this month".to_owned(),
                ..event(crate::webhook_event::from_name(name).unwrap())
            };
            let of = |book| String::from_utf8(body(secrets.ids(), book, &event)).unwrap();
            let told = of(BookId::new(2, Mode::Test));
            assert!(told.ends_with(",\"test_mode\":true}"), "{told}");
            assert!(!of(BookId::new(2, Mode::Live)).contains("test_mode"));
        }
    }

    #[test]
    fn a_test_send_says_so_and_has_the_shape_of_its_provider() {
        let (secrets, entropy) = (Secrets::derive(&[7; 32]), Entropy::seeded(1));
        let mut orders = std::collections::BTreeSet::new();
        for (name, provider) in
            crate::webhook_event::names().into_iter().flat_map(|name| Provider::ALL.map(|one| (name, one)))
        {
            let kind = crate::webhook_event::from_name(name).unwrap();
            let sample = sample(secrets.ids(), BOOK, Sample { kind, provider }, &entropy);
            let read: Value = serde_json::from_slice(&sample).unwrap();
            assert_eq!((&read["type"], &read["test_mode"]), (&Value::from(name), &Value::from(true)));
            assert_eq!(read.get("reason").is_some(), ["payout.rejected", "payout.failed"].contains(&name));
            assert_eq!(read.get("code").is_some(), name == "payout.failed");
            let detail = read[provider.word()].as_object().unwrap();
            assert!(detail["order_id"].as_str().unwrap().starts_with(provider.order_prefix()));
            let is_whole = detail.len() == rails::kind(provider).detail_order.len();
            assert!(is_whole || name != "payout.succeeded", "{read}");
            orders.insert(read["order_id"].to_string());
        }
        assert_eq!(orders.len(), 5 * Provider::ALL.len(), "each is another order");
    }
}
