//! Verifies and reads webhooks. Not here: receiving them; give [`Verifier::verify`] the raw body, before any parsing.

use crate::schema::{EventWebhook, PayoutWebhook};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A webhook that was verified.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum WebhookEvent {
    /// A step of a recipient's withdrawal. Deduplicate on `order_id` and `type_`.
    Payout(Box<PayoutWebhook>),
    /// Any other event. Deduplicate on `id`.
    Book(Box<EventWebhook>),
}

/// Why a webhook is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A secret or token that cannot be one.
    #[error(
        "a secret is whsec_ and the base64 of 24 to 64 bytes, a token is not empty, and one at least is needed"
    )]
    Key,
    /// A header is missing, or cannot be read.
    #[error("the header {0} is missing, or cannot be read")]
    Header(&'static str),
    /// No signature fits the body.
    #[error("no signature fits the body")]
    Signature,
    /// It is too old, or from the future.
    #[error("the webhook is too old, or from the future: check this machine's clock")]
    Time,
    /// It is authentic, and not what this version of the client knows.
    #[error("the body cannot be read")]
    Body(#[source] serde_json::Error),
}

/// Verifies webhooks, with one of the two kinds of keys: accepting both would let a replay choose.
#[derive(Clone)]
pub struct Verifier {
    kind: Kind,
    keys: Vec<Vec<u8>>,
    tolerance: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Standard,
    Documented,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} ({} keys)", self.kind, self.keys.len())
    }
}

impl Verifier {
    /// For the signatures of Standard Webhooks, which also protect against replay, with `whsec_…` secrets. During a roll give
    /// both; any of them will do.
    ///
    /// # Errors
    /// [`WebhookError::Key`]
    pub fn standard<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, WebhookError> {
        let keys = secrets.into_iter().map(|secret| {
            let text = secret.as_ref().strip_prefix("whsec_").ok_or(WebhookError::Key)?;
            let key = BASE64.decode(text.as_bytes()).map_err(|_| WebhookError::Key)?;
            if (24..=64).contains(&key.len()) { Ok(key) } else { Err(WebhookError::Key) }
        });
        Self::new(Kind::Standard, keys)
    }

    /// For the documented `Signature`, with tokens. During a roll give both; any of them will do.
    ///
    /// # Errors
    /// [`WebhookError::Key`]
    pub fn documented<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>) -> Result<Self, WebhookError> {
        let keys = tokens.into_iter().map(|token| match token.as_ref() {
            // An empty key would make a signature that anyone can make.
            "" => Err(WebhookError::Key),
            token => Ok(token.as_bytes().to_vec()),
        });
        Self::new(Kind::Documented, keys)
    }

    fn new(
        kind: Kind,
        keys: impl Iterator<Item = Result<Vec<u8>, WebhookError>>,
    ) -> Result<Self, WebhookError> {
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(WebhookError::Key);
        }
        Ok(Self { kind, keys, tolerance: Duration::from_secs(300) })
    }

    /// How old a webhook of Standard Webhooks may be. Default: five minutes.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The event, if it is authentic.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<WebhookEvent, WebhookError> {
        self.verify_at(now(), headers, body)
    }

    /// The same at a given time.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn verify_at(
        &self,
        now: SystemTime,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<WebhookEvent, WebhookError> {
        match self.kind {
            Kind::Standard => self.check_standard(now, headers, body)?,
            Kind::Documented => self.check_documented(headers, body)?,
        }
        serde_json::from_slice(body).map_err(WebhookError::Body)
    }

    fn check_standard(&self, now: SystemTime, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        let id = header(headers, "webhook-id")?;
        let timestamp = header(headers, "webhook-timestamp")?;
        let signatures = header(headers, "webhook-signature")?;
        let head = format!("{id}.{timestamp}.");
        let given: Vec<_> = signatures
            .split(' ')
            .filter_map(|one| BASE64.decode(one.strip_prefix("v1,")?.as_bytes()).ok())
            .collect();
        if !self.fits(&[head.as_bytes(), body], &given) {
            return Err(WebhookError::Signature);
        }
        let seconds = timestamp.parse().map_err(|_| WebhookError::Header("webhook-timestamp"))?;
        let at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(WebhookError::Time)?;
        let age = now.duration_since(at).unwrap_or_else(|early| early.duration());
        if age > self.tolerance { Err(WebhookError::Time) } else { Ok(()) }
    }

    fn check_documented(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        let given = ["signature", "signature-next"].map(|name| {
            let text = header(headers, name).ok()?;
            HEXLOWER.decode(text.as_bytes()).ok()
        });
        let given: Vec<_> = given.into_iter().flatten().collect();
        if self.fits(&[body], &given) { Ok(()) } else { Err(WebhookError::Signature) }
    }

    /// Does a key make one of these signatures? Each pair is compared in constant time.
    fn fits(&self, parts: &[&[u8]], given: &[Vec<u8>]) -> bool {
        let mut fits = false;
        for key in &self.keys {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
            parts.iter().for_each(|part| mac.update(part));
            for signature in given {
                fits |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        fits
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(WebhookError::Header(name))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of a webhook is measured by the receiver's clock; `verify_at` takes another"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderName;

    /// The example of the Standard Webhooks specification; its body is no event, so authentic means that it cannot be read.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: u64 = 1_614_265_330;
    const HEADERS: [(&str, &str); 3] = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn is_authentic(verifier: &Verifier, now: u64, headers: &[(&str, &str)], body: &[u8]) -> bool {
        match verifier.verify_at(at(now), &map(headers), body) {
            Ok(_) | Err(WebhookError::Body(_)) => true,
            Err(_) => false,
        }
    }

    #[test]
    fn the_example_of_standard_webhooks() {
        let verifier = Verifier::standard([SECRET]).unwrap();
        assert!(is_authentic(&verifier, AT, &HEADERS, BODY));
        assert!(!is_authentic(&verifier, AT, &HEADERS, b"{}"));
        assert!(!is_authentic(&Verifier::standard([OTHER]).unwrap(), AT, &HEADERS, BODY));
        for missing in 0..HEADERS.len() {
            let mut headers = HEADERS.to_vec();
            headers.remove(missing);
            assert!(!is_authentic(&verifier, AT, &headers, BODY));
            for value in ["", "1", "v1,", "v1,AAAA"] {
                let mut headers = HEADERS;
                headers[missing].1 = value;
                assert!(!is_authentic(&verifier, AT, &headers, BODY), "{headers:?}");
            }
        }
    }

    #[test]
    fn in_a_roll_any_secret_and_any_signature_will_do() {
        let mut headers = HEADERS;
        headers[2].1 = "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert!(is_authentic(&Verifier::standard([OTHER, SECRET]).unwrap(), AT, &headers, BODY));
        assert!(!is_authentic(&Verifier::standard([OTHER]).unwrap(), AT, &headers, BODY));
    }

    #[test]
    fn what_is_too_old_or_too_new_is_refused() {
        let verifier = Verifier::standard([SECRET]).unwrap();
        for (now, expected) in [(AT + 300, true), (AT - 300, true), (AT + 301, false), (AT - 301, false)] {
            assert_eq!(is_authentic(&verifier, now, &HEADERS, BODY), expected, "{now}");
        }
        assert!(is_authentic(&verifier.tolerance(Duration::from_secs(400)), AT + 301, &HEADERS, BODY));
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_documented_signature() {
        let body = b"what do ya want for nothing?";
        let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let verifier = Verifier::documented(["other", "Jefe"]).unwrap();
        assert!(is_authentic(&verifier, AT, &[("signature", signature)], body));
        assert!(is_authentic(&verifier, AT, &[("signature", "00"), ("signature-next", signature)], body));
        assert!(!is_authentic(&verifier, AT, &[("signature", &signature.to_uppercase())], body));
        assert!(!is_authentic(&verifier, AT, &[("signature", signature)], b"what"));
        assert!(!is_authentic(&verifier, AT, &[], body));
        assert!(!is_authentic(
            &Verifier::documented(["other"]).unwrap(),
            AT,
            &[("signature", signature)],
            body
        ));
    }

    #[test]
    fn keys_that_are_none_are_refused_and_keys_are_not_printed() {
        for secret in ["", "whsec_", "whsec_AAAA", "whsec_%%%%", "wht_a"] {
            assert!(Verifier::standard([secret]).is_err(), "{secret}");
        }
        assert!(Verifier::documented([""]).is_err() && Verifier::standard::<&str>([]).is_err());
        let printed = format!("{:?} {:?}", Verifier::standard([SECRET]), Verifier::documented(["wht_a"]));
        assert_eq!(printed, "Ok(Standard (1 keys)) Ok(Documented (1 keys))");
    }

    #[test]
    fn events_are_of_two_kinds() {
        let payout = r#"{"amount":2500,"currency":"USD","metadata":{"payout_user_id":"usr_1"},"type":"payout.succeeded",
            "provider":"sandbox","order_id":"ord_1","recipient":{"email":"a@example.com"},"sandbox":{"order_id":"SBX-1"},
            "something_new":{},"test_mode":true}"#;
        let book = r#"{"id":"evt_1","type":"something.new","created_at":"2026-01-02T03:04:05Z","data":{"amount":1}}"#;
        let (payout, book) = (serde_json::from_str(payout).unwrap(), serde_json::from_str(book).unwrap());
        assert!(matches!(payout, WebhookEvent::Payout(event) if event.order_id == "ord_1"));
        assert!(matches!(book, WebhookEvent::Book(event) if event.type_ == "something.new"));
    }
}
