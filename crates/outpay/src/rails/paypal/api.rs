//! Calls to PayPal's API, each with an access token. Not here: what an answer means.

use super::tokens::Tokens;
use crate::clock::Clock;
use crate::rails::client::{PostError, RailClient};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};

pub(super) const PAYOUTS: &str = "/v1/payments/payouts";
const UNAUTHORIZED: u16 = 401;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("PayPal does not answer")]
    Down(#[from] PostError),
    #[error("PayPal gives no access token (status {0}); look at `client_id` and its secret")]
    NoToken(u16),
}

/// An answer, whatever its status is.
pub(super) struct ApiAnswer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

pub(super) struct Api {
    client: RailClient,
    pub(super) base: String,
    tokens: Tokens,
}

impl Api {
    pub(super) fn new(
        client: RailClient,
        base: String,
        (id, secret): (String, SecretString),
        clock: Clock,
    ) -> Self {
        let tokens = Tokens::new(client.clone(), &base, id, secret, clock);
        Self { client, base, tokens }
    }

    pub(super) async fn get(&self, path: &str) -> Result<ApiAnswer, ApiError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<ApiAnswer, ApiError> {
        self.call(Method::POST, path, body).await
    }

    /// Whether the account's credentials are accepted.
    pub(super) async fn sign_in(&self) -> Result<(), ApiError> {
        self.tokens.get().await.map(drop)
    }

    /// A token that was revoked is renewed once; 401 proves that nothing was done.
    async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<ApiAnswer, ApiError> {
        let token = self.tokens.get().await?;
        let answer = self.call_with(&token, method.clone(), path, body.clone()).await?;
        if answer.status != UNAUTHORIZED {
            return Ok(answer);
        }
        self.tokens.forget(&token).await;
        let token = self.tokens.get().await?;
        self.call_with(&token, method, path, body).await
    }

    async fn call_with(
        &self,
        token: &SecretString,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<ApiAnswer, ApiError> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut bearer = bearer.map_err(|_| ApiError::NoToken(200))?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let url = format!("{}{path}", self.base);
        let (status, body) = self.client.call(method, &url, headers, body).await?;
        Ok(ApiAnswer { status, body })
    }
}
