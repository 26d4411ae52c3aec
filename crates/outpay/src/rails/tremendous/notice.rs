//! Tremendous's webhooks: signed with the webhook's private key (`Tremendous-Webhook-Signature: sha256=` and the HMAC-SHA256 of the
//! raw body in hexadecimal). They name an order or a reward by the provider's number, so the provider is asked which payment that is.
//!
//! Invariant: a notice is believed to be from the provider only if its signature fits, compared in constant time; it decides nothing.

use super::TremendousRail;
use super::api::TremendousError;
use super::config::is_id;
use crate::rails::{Notice, NoticeRefused};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use ledger::Provider;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

const SIGNATURE: &str = "tremendous-webhook-signature";
const LONGEST_ID: usize = 100;

#[derive(Deserialize)]
struct PostedNotice {
    uuid: String,
    payload: NoticePayload,
}

#[derive(Deserialize)]
struct NoticePayload {
    resource: NoticeResource,
}

#[derive(Deserialize)]
struct NoticeResource {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The answer of `GET /rewards/{id}`.
#[derive(Deserialize)]
struct RewardAnswer {
    reward: RewardOfOrder,
}

#[derive(Deserialize)]
struct RewardOfOrder {
    order_id: String,
}

/// Does the header hold the HMAC of these bytes under this key?
fn is_signed(key: &SecretString, headers: &HeaderMap, body: &[u8]) -> bool {
    let mut all = headers.get_all(SIGNATURE).iter();
    let (Some(header), None) = (all.next(), all.next()) else { return false };
    let Some(hexadecimal) = header.to_str().ok().and_then(|text| text.strip_prefix("sha256=")) else {
        return false;
    };
    let Ok(signature) = HEXLOWER.decode(hexadecimal.as_bytes()) else { return false };
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

/// The payment's number, from the key of its attempt.
fn payment_of(external_id: &str) -> Option<String> {
    let (payment, attempt) = external_id.rsplit_once('-')?;
    let is_ours = payment.starts_with(Provider::Tremendous.order_prefix());
    (is_ours && attempt.bytes().all(|byte| byte.is_ascii_digit())).then(|| payment.to_owned())
}

impl TremendousRail {
    pub(super) async fn read_notice(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Notice, NoticeRefused> {
        let key = self.webhook_key.as_ref().ok_or(NoticeRefused::Unexpected)?;
        if !is_signed(key, headers, body) {
            return Err(NoticeRefused::Forged);
        }
        let posted: PostedNotice = serde_json::from_slice(body).map_err(|_| NoticeRefused::Forged)?;
        let is_plain = posted.uuid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_plain || posted.uuid.is_empty() || posted.uuid.len() > LONGEST_ID {
            return Err(NoticeRefused::Forged);
        }
        let NoticeResource { id, kind } = posted.payload.resource;
        let found = match kind.as_str() {
            // The number becomes part of an address.
            "orders" | "rewards" if !is_id(&id) => return Err(NoticeRefused::Forged),
            "orders" => self.payment_of_order(&id).await,
            "rewards" => self.payment_of_reward(&id).await,
            // About an invoice, a member, the catalogue.
            _ => Ok(None),
        };
        match found {
            Ok(order) => Ok(Notice { id: posted.uuid, orders: order.into_iter().collect() }),
            Err(TremendousError::NotFound) => Ok(Notice { id: posted.uuid, orders: Vec::new() }),
            Err(error) => {
                let error = format!("{:#}", error.failure());
                tracing::warn!(
                    rail = self.facts.name,
                    error,
                    "which payment a notice is about cannot be asked"
                );
                Err(NoticeRefused::Unverifiable)
            }
        }
    }

    async fn payment_of_order(&self, id: &str) -> Result<Option<String>, TremendousError> {
        Ok(self.order(id).await?.external_id.as_deref().and_then(payment_of))
    }

    async fn payment_of_reward(&self, id: &str) -> Result<Option<String>, TremendousError> {
        let RewardAnswer { reward } = self.api.get(&format!("/rewards/{id}")).await?;
        if is_id(&reward.order_id) { self.payment_of_order(&reward.order_id).await } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    #[test]
    fn only_the_hmac_of_the_raw_body_is_a_signature() {
        let (key, body) = (SecretString::from("private key"), br#"{"uuid":"1"}"#);
        let good = format!("sha256={}", signed("private key", body));
        let check = |values: &[&str], body: &[u8]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(SIGNATURE, value.parse().unwrap());
            }
            is_signed(&key, &headers, body)
        };
        assert!(check(&[&good], body));
        assert!(!check(&[&good], br#"{"uuid":"2"}"#), "another body");
        assert!(!check(&[&format!("sha256={}", signed("other", body))], body), "another key");
        for value in ["", "sha256=", &good[7..], &good[..good.len() - 2], &good.to_uppercase(), "sha256=xy"] {
            assert!(!check(&[value], body), "{value}");
        }
        assert!(!check(&[], body) && !check(&[&good, &good], body), "one signature");
    }

    /// An independent value: RFC 4231, test case 2.
    #[test]
    fn the_hmac_is_that_of_the_standard() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, format!("sha256={expected}").parse().unwrap());
        assert!(is_signed(&SecretString::from("Jefe"), &headers, b"what do ya want for nothing?"));
    }

    #[test]
    fn an_order_names_its_payment() {
        assert_eq!(payment_of("TRM-AB12-1").as_deref(), Some("TRM-AB12"));
        for other in ["", "TRM", "PP-AB12-1", "TRM-AB12-x", "marketing-1"] {
            assert_eq!(payment_of(other), None, "{other}");
        }
    }
}
