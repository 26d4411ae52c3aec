//! Webhooks of the fake PayPal: posted when a payment's state changes, signed over the bytes of the body, and verified as PayPal does.

use super::fake::{Books, State, error};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub const WEBHOOK_ID: &str = "5GP028458E2496506";
const CERTIFICATE: &str = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1";
const TIME: &str = "2026-01-02T03:04:05Z";

/// A notice as it is posted.
#[derive(Clone)]
pub struct Posted {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// In place of a certificate's key: the signature covers id, time, webhook and the checksum of the body's bytes.
fn sign(id: &str, time: &str, webhook: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"the key of the fake PayPal").unwrap();
    mac.update(format!("{id}|{time}|{webhook}|{}", crc32fast::hash(body)).as_bytes());
    data_encoding::BASE64.encode(&mac.finalize().into_bytes())
}

impl Books {
    /// One notice for each payment whose state has changed since the last one.
    pub fn notices(&self) -> Vec<Posted> {
        let mut state = self.state.lock();
        let base = state.base.clone();
        let changed = state.payouts.iter_mut().filter(|payout| payout.was_told != payout.state);
        let told: Vec<(String, String, Value)> = changed
            .map(|payout| {
                payout.was_told = payout.state;
                let kind = match payout.state {
                    "SUCCESS" => "SUCCEEDED",
                    "ONHOLD" => "HELD",
                    other => other,
                };
                (format!("WH-{}-{}", payout.batch, payout.state), kind.to_owned(), payout.item_shown(&base))
            })
            .collect();
        told.into_iter().map(|(id, kind, item)| state.post(&id, &kind, &item)).collect()
    }
}

impl State {
    /// Written in a form that no library would write it in: verification must use the bytes.
    fn post(&mut self, id: &str, kind: &str, item: &Value) -> Posted {
        let body = format!(
            "{{ \"resource\" : {item} ,\n \"id\":\"{id}\", \"event_type\":\"PAYMENT.PAYOUTS-ITEM.{kind}\",\"n\":1.0 }}"
        );
        let transmission = format!("t-{id}");
        let signature = sign(&transmission, TIME, WEBHOOK_ID, body.as_bytes());
        self.transmissions.insert(transmission.clone());
        let headers = [
            ("PAYPAL-AUTH-ALGO", "SHA256withRSA"),
            ("PAYPAL-CERT-URL", CERTIFICATE),
            ("PAYPAL-TRANSMISSION-ID", &transmission),
            ("PAYPAL-TRANSMISSION-SIG", &signature),
            ("PAYPAL-TRANSMISSION-TIME", TIME),
            ("Content-Type", "application/json"),
        ];
        Posted { headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), body }
    }
}

/// `POST /v1/notifications/verify-webhook-signature`: the event's bytes are those behind its name in the request.
pub fn verify(state: &mut State, request: &[u8]) -> (u16, Value) {
    if !state.verifying {
        return error(503, "SERVICE_UNAVAILABLE", &[]);
    }
    let (Ok(read), Ok(text)) = (serde_json::from_slice::<Value>(request), std::str::from_utf8(request))
    else {
        return error(400, "MALFORMED_REQUEST", &[]);
    };
    let raw = text.split_once("\"webhook_event\":").and_then(|(_, rest)| rest.strip_suffix('}'));
    let field = |name: &str| read[name].as_str().unwrap_or_default();
    let expected = sign(
        field("transmission_id"),
        field("transmission_time"),
        field("webhook_id"),
        raw.unwrap_or_default().as_bytes(),
    );
    let is_genuine = field("transmission_sig") == expected
        && field("webhook_id") == WEBHOOK_ID
        && field("cert_url") == CERTIFICATE
        && state.transmissions.contains(field("transmission_id"));
    (200, json!({ "verification_status": if is_genuine { "SUCCESS" } else { "FAILURE" } }))
}
