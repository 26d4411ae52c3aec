//! PayPal's webhooks. PayPal itself says whether one is genuine: `POST /v1/notifications/verify-webhook-signature`, with the body as
//! it came, since writing it anew would break its signature. That takes no certificates here; as anybody can post, the calls are
//! limited, and PayPal repeats for days what found no room.

use super::{Notice, NoticeRefused, PaypalRail};
use crate::clock::{Clock, ForLimits};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use url::{Host, Url};

const VERIFY: &str = "/v1/notifications/verify-webhook-signature";
/// Calls a second that verify notices, and as many at once.
const CALLS: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");
/// Characters of a header.
const LONGEST: usize = 1000;

/// How often PayPal is asked whether a notice is genuine.
pub(super) struct NoticeLimit(RateLimiter<NotKeyed, InMemoryState, ForLimits, NoOpMiddleware<Nanos>>);

impl NoticeLimit {
    pub(super) fn new(clock: &Clock) -> Self {
        Self(RateLimiter::direct_with_clock(Quota::per_second(CALLS), ForLimits(clock.clone())))
    }
}

#[derive(Deserialize)]
struct PaypalEvent {
    id: String,
    resource: Option<EventResource>,
}

#[derive(Default, Deserialize)]
struct EventResource {
    payout_item: Option<NamedItem>,
}

#[derive(Deserialize)]
struct NamedItem {
    sender_item_id: Option<String>,
}

/// The headers of a notice, as PayPal wants them back.
#[derive(Serialize)]
struct SignedNotice<'a> {
    auth_algo: &'a str,
    cert_url: &'a str,
    transmission_id: &'a str,
    transmission_sig: &'a str,
    transmission_time: &'a str,
    webhook_id: &'a str,
}

#[derive(Deserialize)]
struct SignatureVerdict {
    verification_status: String,
}

impl<'a> SignedNotice<'a> {
    fn read(headers: &'a HeaderMap, webhook_id: &'a str) -> Option<Self> {
        let one = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?.to_str().ok()?;
            let is_one = values.next().is_none() && (1..=LONGEST).contains(&value.len());
            is_one.then_some(value)
        };
        Some(Self {
            auth_algo: one("paypal-auth-algo")?,
            cert_url: one("paypal-cert-url").filter(|url| is_paypals(url))?,
            transmission_id: one("paypal-transmission-id")?,
            transmission_sig: one("paypal-transmission-sig")?,
            transmission_time: one("paypal-transmission-time")?,
            webhook_id,
        })
    }

    /// The request that asks PayPal. `body` is one JSON object, and stands in it to the byte.
    fn request(&self, body: &[u8]) -> Vec<u8> {
        let mut request = serde_json::to_vec(self).expect("texts can be written as JSON");
        request.pop();
        request.extend_from_slice(b",\"webhook_event\":");
        request.extend_from_slice(body);
        request.push(b'}');
        request
    }
}

/// Is it an address of PayPal's? A certificate or a payout elsewhere is not.
pub(super) fn is_paypals(url: &str) -> bool {
    let Ok(url) = url.parse::<Url>() else { return false };
    let host = match url.host() {
        Some(Host::Domain(host)) => host,
        _ => return false,
    };
    url.scheme() == "https" && host.ends_with(".paypal.com")
}

impl PaypalRail {
    pub(super) async fn read_notice(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Notice, NoticeRefused> {
        let webhook_id = self.config.webhook_id.as_deref().ok_or(NoticeRefused::Unexpected)?;
        let signed = SignedNotice::read(headers, webhook_id).ok_or(NoticeRefused::Forged)?;
        let event: PaypalEvent = serde_json::from_slice(body).map_err(|_| NoticeRefused::Forged)?;
        if self.notices.0.check().is_err() {
            tracing::warn!(rail = self.facts.name, "too many notices to verify; PayPal sends them again");
            return Err(NoticeRefused::Unverifiable);
        }
        let unverifiable = |error: String| {
            tracing::warn!(
                rail = self.facts.name,
                error,
                "a notice could not be verified; PayPal sends it again"
            );
            NoticeRefused::Unverifiable
        };
        let answer = self.api.post(VERIFY, signed.request(body)).await;
        let answer = answer.map_err(|error| unverifiable(format!("{error:#}")))?;
        // 400: a header is not in the form that PayPal's have.
        if answer.status == 400 {
            return Err(NoticeRefused::Forged);
        }
        let verified: SignatureVerdict = match serde_json::from_slice(&answer.body) {
            Ok(verified) if answer.status == 200 => verified,
            _ => return Err(unverifiable(format!("status {}", answer.status))),
        };
        match verified.verification_status.as_str() {
            "SUCCESS" => {
                let item = event.resource.unwrap_or_default().payout_item;
                let orders = item.and_then(|item| item.sender_item_id).into_iter().collect();
                Ok(Notice { id: event.id, orders })
            }
            "FAILURE" => Err(NoticeRefused::Forged),
            other => Err(unverifiable(format!("verification status {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_on_hosts_of_paypal() {
        for url in ["https://api.paypal.com/v1/notifications/certs/C", "https://api.sandbox.paypal.com/c"] {
            assert!(is_paypals(url), "{url}");
        }
        for url in [
            "http://api.paypal.com/c",
            "https://paypal.com.example/c",
            "https://evilpaypal.com/c",
            "https://api.paypal.com@example.com/c",
            "https://127.0.0.1/c",
            "c",
        ] {
            assert!(!is_paypals(url), "{url}");
        }
    }

    #[test]
    fn the_body_stands_in_the_request_to_the_byte() {
        let signed = SignedNotice {
            auth_algo: "SHA256withRSA",
            cert_url: "https://api.paypal.com/c",
            transmission_id: "t",
            transmission_sig: "s\"",
            transmission_time: "2026-01-01T00:00:00Z",
            webhook_id: "W",
        };
        let body = r#"{ "id" : "WH-1","b":1.0,"a":1e2 }"#;
        let request = String::from_utf8(signed.request(body.as_bytes())).unwrap();
        assert!(request.ends_with(&format!(r#""webhook_id":"W","webhook_event":{body}}}"#)), "{request}");
        let read: serde_json::Value = serde_json::from_str(&request).unwrap();
        assert_eq!(
            (read["transmission_sig"].as_str(), read["webhook_event"]["id"].as_str()),
            (Some("s\""), Some("WH-1"))
        );
    }
}
