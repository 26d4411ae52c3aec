//! The platform's own HTTP client for talking to rails: no proxy from the environment, no redirects, a limit on every
//! stage and on the answer's size. Not here: webhooks' client, which refuses private addresses.
//!
//! Invariant: no error of this file names the address that was called, as it may hold a secret.

use crate::store::Failure;
use anyhow::Context;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;

/// Limits of one call: time and size.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// From the first packet to an open connection.
    pub connect: Duration,
    /// From the call to the last byte of the answer.
    pub total: Duration,
    /// Bytes of an answer's body.
    pub answer: usize,
}

/// Can what is asked and answered at this address be read on the way, or changed?
#[must_use]
pub fn is_open(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    url.is_some_and(|url| url.scheme() == "http" && !url.host_str().is_some_and(is_this_machine))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why there is no complete answer. The counterpart may or may not have acted on the request.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// No connection, a broken one, or a time-out.
    #[error(transparent)]
    Down(#[from] reqwest::Error),
    /// The answer exceeds the limit.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
}

/// The client; cheap to clone.
#[derive(Clone)]
pub struct RailClient {
    http: reqwest::Client,
    answer: usize,
}

impl RailClient {
    /// A client with a connection pool of its own.
    ///
    /// # Errors
    /// When the machine has no list of trusted certificates.
    pub fn new(limits: ClientLimits) -> Result<Self, Failure> {
        // An error means that the provider is installed already; only one is compiled in.
        ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .build()
            .context("setting up the HTTP client")?;
        Ok(Self { http, answer: limits.answer })
    }

    /// Posts JSON and gives status and body, whatever the status is.
    ///
    /// # Errors
    /// When there is no complete answer within the limits.
    pub async fn post_json(&self, url: &str, body: Vec<u8>) -> Result<(u16, Bytes), PostError> {
        let json = HeaderValue::from_static("application/json");
        self.call(Method::POST, url, HeaderMap::from_iter([(CONTENT_TYPE, json)]), body).await
    }

    /// The same with a bearer token.
    ///
    /// # Errors
    /// As [`Self::post_json`].
    pub async fn post_json_as(
        &self,
        url: &str,
        token: Option<&SecretString>,
        body: Vec<u8>,
    ) -> Result<(u16, Bytes), PostError> {
        let mut request = self.http.post(url).header(CONTENT_TYPE, "application/json").body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose_secret());
        }
        self.send(request).await
    }

    /// Sends a request and gives status and body, whatever the status is.
    ///
    /// # Errors
    /// When there is no complete answer within the limits.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<(u16, Bytes), PostError> {
        self.send(self.http.request(method, url).headers(headers).body(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Bytes), PostError> {
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > self.answer {
                return Err(PostError::TooLarge(self.answer));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body.freeze()))
    }
}
