//! Reads a server's events over its API, for `outpay listen`: an ordinary client with a secret key. Not here: what is
//! done with the events (forward.rs). Invariant: no error contains the key.

use crate::store::Failure;
use anyhow::{Context, bail, ensure};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

const LONGEST_CALL: Duration = Duration::from_secs(30);
/// The page size limit of the API.
const PAGE: i64 = 100;

/// A client of one server.
pub struct Puller {
    http: reqwest::Client,
    server: Url,
    key: SecretString,
}

impl Puller {
    /// # Errors
    /// When `server` is not a URL, or the system has no trusted certificates.
    pub fn new(server: &str, key: SecretString) -> Result<Self, Failure> {
        let server = Url::parse(server).context("--server takes a URL such as http://127.0.0.1:8080")?;
        ensure!(matches!(server.scheme(), "http" | "https"), "--server takes a URL that begins with http");
        let _installed_before = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST_CALL)
            .build()
            .context("setting up the HTTP client")?;
        Ok(Self { http, server, key })
    }

    /// Are the events those of a test book? The key's prefix names its book.
    #[must_use]
    pub fn is_of_test_mode(&self) -> bool {
        self.key.expose_secret().starts_with("sk_test_")
    }

    /// Up to one page of events after this sequence, oldest first.
    ///
    /// # Errors
    /// When the server does not answer, or not with events.
    pub async fn events(&self, after: i64) -> Result<Vec<Value>, Failure> {
        self.page(after, PAGE).await
    }

    /// The sequence of the newest event; 0 if there is none. Sequences have no gap, so a binary search finds it.
    ///
    /// # Errors
    /// When the server does not answer, or not with events.
    pub async fn newest(&self) -> Result<i64, Failure> {
        let (mut known, mut beyond) = (0, 1);
        while !self.page(beyond - 1, 1).await?.is_empty() {
            known = beyond;
            beyond = beyond.checked_mul(2).context("too many events")?;
        }
        while known + 1 < beyond {
            let middle = known + (beyond - known) / 2;
            if self.page(middle - 1, 1).await?.is_empty() {
                beyond = middle;
            } else {
                known = middle;
            }
        }
        Ok(known)
    }

    /// Gets a path of the API.
    ///
    /// # Errors
    /// When the server does not answer with 200 and JSON.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        let url = self.server.join(path).context("a path of the API")?;
        let call = self.http.get(url).bearer_auth(self.key.expose_secret());
        let answer = call.send().await.map_err(reqwest::Error::without_url);
        let answer = answer.with_context(|| format!("the server {} does not answer", self.server))?;
        let status = answer.status().as_u16();
        if status == 401 {
            bail!("the server does not accept the key; give a secret key of the business with --key");
        }
        let body = answer.bytes().await.map_err(reqwest::Error::without_url)?;
        ensure!(status == 200, "the server answered with {status}");
        serde_json::from_slice(&body).context("the server's answer is not JSON")
    }

    async fn page(&self, after: i64, limit: i64) -> Result<Vec<Value>, Failure> {
        let mut page = self.get(&format!("/payout/events?after={after}&limit={limit}")).await?;
        match page.get_mut("data").map(Value::take) {
            Some(Value::Array(events)) => Ok(events),
            _ => bail!("the server's answer is not a page of events"),
        }
    }
}
