//! Forwards a server's events to a receiver on the developer's machine, for `outpay listen`. Bodies are those that
//! the server itself would send; the signing keys belong to this session. Not here: reading events (pull.rs).

use super::body::PublicEvent;
use super::client::{WebhookClient, WebhookSent};
use super::guard::Guard;
use super::pull::Puller;
use super::sign::{self, SigningKeys};
use crate::clock::Clock;
use crate::rails;
use crate::store::Failure;
use crate::webhook_event;
use anyhow::Context;
use ledger::{Metadata, Provider};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Forwards to one receiver.
pub struct Forwarder {
    puller: Puller,
    client: WebhookClient,
    to: String,
    keys: SigningKeys,
    clock: Clock,
    /// Addresses and metadata of payout users by id: a cache.
    people: HashMap<String, (String, Metadata)>,
}

/// The result of forwarding one event.
pub struct Forwarded {
    pub sequence: i64,
    /// Name of the event.
    pub kind: String,
    /// `ord_…`
    pub order_id: String,
    /// The receiver's response.
    pub sent: WebhookSent,
}

impl Forwarder {
    /// The receiver at `to` may be on this machine and without TLS.
    ///
    /// # Errors
    /// When `to` is not a URL.
    pub fn new(puller: Puller, to: &str, keys: SigningKeys, clock: Clock) -> Result<Self, Failure> {
        let guard = Guard { allow_http: true, allow_private: true };
        let to =
            guard.check_url(to).context("--forward-to takes a URL such as http://127.0.0.1:3000/webhooks")?;
        let client = WebhookClient::new(guard, clock.clone());
        Ok(Self { puller, client, to: to.into(), keys, clock, people: HashMap::new() })
    }

    /// Forwards an event, if it is one that receivers can subscribe to.
    ///
    /// # Errors
    /// When the server does not answer, or answers something other than its API promises.
    pub async fn forward(&mut self, event: &Value) -> Result<Option<Forwarded>, Failure> {
        let kind = text(&event["type"])?;
        if webhook_event::from_name(kind).is_none() {
            return Ok(None);
        }
        let data = &event["data"];
        let order_id = text(&data["withdrawal_id"])?;
        let withdrawal = self.puller.get(&format!("/payout/withdrawals/{order_id}")).await?;
        let user = text(&withdrawal["payout_user_id"])?;
        let (email, of_user) = self.person(user).await?;
        let custom = of_user.overlaid(&metadata(&withdrawal["metadata"])?);
        let provider = text(&withdrawal["provider"])?;
        let detail = detail(provider, &data["payment"], &withdrawal["order_id"]);
        let why =
            |name: &str| withdrawal[name].as_str().filter(|_| kind == "payout.failed").unwrap_or_default();
        let reason = data["reason"].as_str().filter(|_| kind == "payout.rejected").unwrap_or_default();
        let told = PublicEvent {
            kind,
            order_id,
            payout_user_id: user,
            email: &email,
            provider,
            amount: withdrawal["amount"].as_i64().context("a withdrawal without an amount")?,
            fees: withdrawal["fees"].as_i64().context("a withdrawal without fees")?,
            detail: &detail,
            reason,
            failure: (why("reason_code"), why("reason")),
            custom: &custom,
            is_test: self.puller.is_of_test_mode(),
        };
        let body = told.write().into_bytes();
        let headers = sign::headers(&self.keys, None, text(&event["id"])?, self.clock.now(), &body);
        let sent = self.client.post(&self.to, &headers, body).await;
        let sequence = event["sequence"].as_i64().context("an event without a sequence")?;
        Ok(Some(Forwarded { sequence, kind: kind.to_owned(), order_id: order_id.to_owned(), sent }))
    }

    #[must_use]
    pub fn puller(&self) -> &Puller {
        &self.puller
    }

    /// Address and metadata.
    async fn person(&mut self, user: &str) -> Result<(String, Metadata), Failure> {
        if let Some(known) = self.people.get(user) {
            return Ok(known.clone());
        }
        let found = self.puller.get(&format!("/payout/users/{user}")).await?;
        let person = (text(&found["email"])?.to_owned(), metadata(&found["metadata"])?);
        self.people.insert(user.to_owned(), person.clone());
        Ok(person)
    }
}

/// Absent where there are none.
fn metadata(value: &Value) -> Result<Metadata, Failure> {
    let pairs: Option<BTreeMap<String, String>> = serde_json::from_value(value.clone())?;
    Ok(Metadata::from_stored(pairs.unwrap_or_default()))
}

/// The rail's object in the documented order; before the rail has one, only its order number.
fn detail(provider: &str, payment: &Value, order_id: &Value) -> String {
    let alone: Map<String, Value> = [("order_id".to_owned(), order_id.clone())].into_iter().collect();
    let object = payment.as_object().unwrap_or(&alone);
    // A newer server may have rails that this program lacks; their fields keep the order in which they came.
    let order = Provider::from_word(provider).map_or(&[][..], |provider| rails::kind(provider).detail_order);
    let place = |name: &str| order.iter().position(|known| *known == name).unwrap_or(order.len());
    let mut fields: Vec<(&String, &Value)> = object.iter().collect();
    fields.sort_by_key(|(name, _)| place(name));
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
    format!("{{{}}}", fields.join(","))
}

fn text(value: &Value) -> Result<&str, Failure> {
    value.as_str().context("the server's answer is not as its API says")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rail_s_object_keeps_its_documented_order() {
        let payment = json!({ "tx_hash": "0xab", "chain": "base", "order_id": "CRX-1", "crypto_amount": 24.5, "new": [1] });
        let written = detail("crypto", &payment, &Value::Null);
        let expected =
            r#"{"order_id":"CRX-1","chain":"base","crypto_amount":24.5,"tx_hash":"0xab","new":[1]}"#;
        assert_eq!(written, expected);
        assert_eq!(detail("gift_card", &Value::Null, &json!("GC-1")), r#"{"order_id":"GC-1"}"#);
    }
}
