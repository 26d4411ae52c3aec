//! Calls of the Tremendous API (`/api/v2`). Not here: what the answers mean.
//!
//! Invariant: no error holds a body, since the answer to an order contains the link, which is as good as money.

use crate::rails::client::{PostError, RailClient};
use crate::rails::outcome::Outcome;
use crate::store::Failure;
use anyhow::anyhow;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The provider.
pub(super) struct TremendousApi {
    client: RailClient,
    base: String,
    /// `Authorization`, marked as a secret so that it is not printed.
    bearer: HeaderValue,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum TremendousError {
    /// No connection, no answer in time, or a status of 5xx.
    Down(Failure),
    /// The provider says that there is no such thing.
    NotFound,
    /// The provider says that the request is wrong (400, 402, 409, 422), with its message.
    Declined { status: u16, message: String },
    /// Any other answer.
    Unclear(Failure),
}

#[derive(Deserialize)]
struct SpokenFault {
    errors: SpokenFaults,
}

#[derive(Deserialize)]
struct SpokenFaults {
    #[serde(default)]
    message: String,
}

impl TremendousApi {
    /// # Errors
    /// When the key cannot stand in a header.
    pub fn new(client: RailClient, base: &str, key: &SecretString) -> Result<Self, Failure> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()));
        let mut bearer = bearer.map_err(|_| anyhow!("the API key holds characters that no key has"))?;
        bearer.set_sensitive(true);
        Ok(Self { client, base: format!("{base}/api/v2"), bearer })
    }

    /// Does what is sent travel in clear to another machine?
    pub fn is_open(&self) -> bool {
        let Ok(url) = url::Url::parse(&self.base) else { return false };
        let is_here = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        url.scheme() == "http" && !is_here
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TremendousError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, TremendousError> {
        self.call(Method::POST, path, body).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, TremendousError> {
        let url = format!("{}{path}", self.base);
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, self.bearer.clone())]);
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let answer = self.client.call(method, &url, headers, body).await;
        let (status, body) = answer.map_err(|error| match error {
            PostError::Down(_) => TremendousError::Down(error.into()),
            PostError::TooLarge(_) => TremendousError::Unclear(error.into()),
        })?;
        // Only an answer in the provider's own words is its word: a proxy on the way answers 404 too.
        let spoken = || serde_json::from_slice::<SpokenFault>(&body).ok();
        match status {
            200 | 201 => serde_json::from_slice(&body).map_err(|_| {
                TremendousError::Unclear(anyhow!("an answer that cannot be read, of {} bytes", body.len()))
            }),
            404 if spoken().is_some() => Err(TremendousError::NotFound),
            400 | 402 | 409 | 422 => match spoken() {
                Some(spoken) => {
                    Err(TremendousError::Declined { status, message: capped(&spoken.errors.message) })
                }
                None => Err(TremendousError::Unclear(anyhow!("status {status} without a reason"))),
            },
            500.. => Err(TremendousError::Down(anyhow!("status {status}"))),
            _ => Err(TremendousError::Unclear(anyhow!("status {status}"))),
        }
    }
}

impl TremendousError {
    /// The same for the operator.
    pub fn failure(self) -> Failure {
        match self {
            Self::Down(failure) | Self::Unclear(failure) => failure,
            Self::NotFound => anyhow!("not found"),
            Self::Declined { status, message } => anyhow!("status {status}: {message}"),
        }
    }

    /// After it, nothing is known of a payment.
    pub fn unknown(self) -> Outcome {
        match self {
            Self::Down(failure) => Outcome::down(format!("{failure:#}")),
            other => Outcome::unknown(format!("{:#}", other.failure())),
        }
    }
}

/// One line of bounded length, for the operator.
fn capped(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(300).collect()
}
