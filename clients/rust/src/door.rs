//! The one place from which requests leave: address, credential, retries. Not here: the operations.

use crate::call::{Answer, Call};
use crate::error::{Error, Refusal};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

const OWN_AGENT: &str = concat!("outpay-rust/", env!("CARGO_PKG_VERSION"));
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// For one try. Default: 30 seconds.
    pub timeout: Duration,
    /// How often a safe request is sent again. Default: 3.
    pub max_retries: u32,
    /// The longest `Retry-After` that is waited for; with a longer one the error is given at once. Default: one minute.
    pub max_retry_after: Duration,
    /// Before the first retry; it doubles with each, up to 8 seconds. Default: half a second.
    pub first_pause: Duration,
    /// In front of the library's own words in `User-Agent`.
    pub user_agent: Option<String>,
    /// Sends the requests, for example through a proxy. It should follow no redirects: one would take the credential along.
    pub http: Option<reqwest::Client>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_retries: 3,
            max_retry_after: Duration::from_secs(60),
            first_pause: Duration::from_millis(500),
            user_agent: None,
            http: None,
        }
    }
}

pub(crate) struct Door {
    base: Url,
    headers: HeaderMap,
    http: reqwest::Client,
    options: Options,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.base)
    }
}

impl Door {
    pub(crate) fn open(
        name: HeaderName,
        credential: &str,
        base: &str,
        options: Options,
    ) -> Result<Arc<Self>, Error> {
        let mut base = Url::parse(base).map_err(|_| Error::Call("The base URL is not a URL."))?;
        if base.cannot_be_a_base() || !base.username().is_empty() || base.password().is_some() {
            return Err(Error::Call("The base URL has to be http or https, without a user."));
        }
        base.set_query(None);
        base.set_fragment(None);
        let unusable = |_| Error::Call("The credential has characters that none has.");
        let mut value = HeaderValue::from_str(credential).map_err(unusable)?;
        value.set_sensitive(true);
        let agent = match &options.user_agent {
            Some(given) => format!("{given} {OWN_AGENT}"),
            None => OWN_AGENT.to_owned(),
        };
        let agent = HeaderValue::from_str(&agent);
        let agent = agent.map_err(|_| Error::Call("The user agent has characters that no header has."))?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(name, value), (ACCEPT, json), (USER_AGENT, agent)]);
        let http = match &options.http {
            Some(given) => given.clone(),
            None => http_client()?,
        };
        Ok(Arc::new(Self { base, headers, http, options }))
    }

    /// The address of a path; `None` if a segment is not one.
    pub(crate) fn url(&self, segments: &[&str]) -> Option<Url> {
        let mut url = self.base.clone();
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        Some(url)
    }

    /// Sends a call, again where that is safe: a GET, or a call under a key. All tries carry the same key.
    pub(crate) async fn send<T: DeserializeOwned>(&self, call: Call<T>) -> Result<Answer<T>, Error> {
        let Call { method, url, body, key, headers: own, .. } = call;
        let (url, key, body) = (url?, key.value()?, body.transpose()?);
        let mut headers = self.headers.clone();
        for (name, value) in own {
            let value = HeaderValue::from_str(&value);
            headers.insert(
                name,
                value.map_err(|_| Error::Call("A header's value has characters that none has."))?,
            );
        }
        if let Some(key) = &key {
            let value =
                HeaderValue::from_str(key).map_err(|_| Error::Call("The idempotency key cannot be sent."))?;
            headers.insert(IDEMPOTENCY_KEY, value);
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let retries = if method == Method::GET || key.is_some() { self.options.max_retries } else { 0 };
        let mut tries = 0;
        loop {
            let mut request = self.http.request(method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = &body {
                request = request.body(body.clone());
            }
            let tried = whole(request.timeout(self.options.timeout)).await;
            let wait = match &tried {
                Ok((status, headers, _)) if is_worth_another_try(*status) => {
                    self.pause(tries, retry_after(headers))
                }
                Ok(_) => None,
                Err(_) => self.pause(tries, None),
            };
            match wait.filter(|_| tries < retries) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return answer(tried, key),
            }
            tries += 1;
        }
    }

    /// How long to wait; `None` where it is too long.
    fn pause(&self, tries: u32, asked: Option<Duration>) -> Option<Duration> {
        let asked = asked.unwrap_or_default();
        let doubled = self.options.first_pause.saturating_mul(1 << tries.min(16));
        let half = doubled.min(LONGEST_PAUSE) / 2;
        // Half of it by chance, so that clients that failed together do not come back together.
        let chance = u32::from(random::<1>()[0]);
        let wait = half.saturating_add(half.saturating_mul(chance) / 255);
        (asked <= self.options.max_retry_after).then(|| wait.max(asked))
    }
}

type Tried = Result<(StatusCode, HeaderMap, Vec<u8>), reqwest::Error>;

/// With the body: losing the connection in the middle of it is an error of the try.
async fn whole(request: reqwest::RequestBuilder) -> Tried {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    Ok((status, headers, response.bytes().await?.to_vec()))
}

fn answer<T: DeserializeOwned>(tried: Tried, key: Option<String>) -> Result<Answer<T>, Error> {
    let (status, headers, body) = match tried {
        Ok(tried) => tried,
        Err(source) => {
            return Err(Error::Connection { source: source.without_url(), idempotency_key: key });
        }
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("outpay-request-id").or_else(|| header("x-request-id"));
    if !status.is_success() {
        let said = Refusal {
            status: status.as_u16(),
            request_id,
            retry_after: retry_after(&headers),
            idempotency_key: key,
            ..Refusal::default()
        };
        return Err(Error::of(said, &body));
    }
    let value = serde_json::from_slice(&body).map_err(Error::Unreadable)?;
    let is_replayed = header("idempotent-replayed").is_some();
    Ok(Answer { value, etag: header(ETAG.as_str()), request_id, is_replayed })
}

/// Nothing follows from these answers to a request under a key: the same request may be sent again.
fn is_worth_another_try(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// With a provider of its own, because a library should not choose that of the whole process.
fn http_client() -> Result<reqwest::Client, Error> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |_| Error::Call("TLS cannot be used: the machine has no list of trusted certificates.");
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(unusable)?
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build();
    client.map_err(|_| Error::Call("The HTTP client cannot be built."))
}

/// A key of 128 random bits.
pub(crate) fn random_key() -> String {
    data_encoding::HEXLOWER.encode(&random::<16>())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client's keys have to differ over all processes; nothing replays them"
)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}
