//! Access tokens of PayPal's API (OAuth 2.0 client credentials, RFC 6749, 4.4): one is kept, and renewed before it ends.
//!
//! Invariant: only one request for a token runs at a time; callers wait for it, and no other call is made meanwhile.

use super::api::ApiError;
use crate::clock::Clock;
use crate::rails::client::RailClient;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use ledger::Micros;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::sync::Mutex;

const SECOND: Micros = 1_000_000;
/// A token is renewed so long before its end: longer than the slowest call with it.
const MARGIN: Micros = 60 * SECOND;

pub(super) struct Tokens {
    client: RailClient,
    url: String,
    id: String,
    secret: SecretString,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: SecretString,
    /// By the monotonic clock.
    until: Micros,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    /// Seconds.
    expires_in: i64,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

impl Tokens {
    pub(super) fn new(
        client: RailClient,
        base: &str,
        id: String,
        secret: SecretString,
        clock: Clock,
    ) -> Self {
        Self { client, url: format!("{base}/v1/oauth2/token"), id, secret, clock, kept: Mutex::new(None) }
    }

    /// A token that is valid for the next minute.
    pub(super) async fn get(&self) -> Result<SecretString, ApiError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| self.clock.monotonic() < kept.until) {
            return Ok(kept.token.clone());
        }
        *kept = None;
        let asked_at = self.clock.monotonic();
        let Granted { access_token, expires_in } = self.ask().await?;
        let life = expires_in.saturating_mul(SECOND);
        let until = asked_at.saturating_add(life - MARGIN.min(life / 2));
        *kept = Some(Kept { token: access_token.clone(), until });
        Ok(access_token)
    }

    /// Forgets a token that PayPal does not accept, unless another one has taken its place.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token.expose_secret() == refused.expose_secret()) {
            *kept = None;
        }
    }

    async fn ask(&self) -> Result<Granted, ApiError> {
        let pair = BASE64.encode(format!("{}:{}", self.id, self.secret.expose_secret()).as_bytes());
        let mut basic = HeaderValue::from_str(&format!("Basic {pair}")).map_err(|_| ApiError::NoToken(0))?;
        basic.set_sensitive(true);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, basic), (CONTENT_TYPE, form)]);
        let body = b"grant_type=client_credentials".to_vec();
        let (status, body) = self.client.call(Method::POST, &self.url, headers, body).await?;
        if status != 200 {
            return Err(ApiError::NoToken(status));
        }
        let granted: Granted = serde_json::from_slice(&body).map_err(|_| ApiError::NoToken(status))?;
        if granted.access_token.expose_secret().is_empty() || granted.expires_in <= 0 {
            return Err(ApiError::NoToken(status));
        }
        Ok(granted)
    }
}
