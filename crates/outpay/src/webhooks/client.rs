//! The HTTP client for deliveries: one POST, one response, with limits on time and size. Every connection goes to an
//! address that the guard allows at that moment; redirects are not followed, and proxies from the environment are
//! ignored. Not here: what is sent (body.rs, sign.rs), when (worker.rs).

use super::connecting;
use super::guard::Guard;
use crate::clock::Clock;
use ledger::Micros;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// From the DNS look-up to the response's status (contract, 1.5).
pub const LONGEST_EXCHANGE: Duration = Duration::from_secs(30);
const LONGEST_LOOKUP: Duration = Duration::from_secs(5);
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// For reading the response's body, once its status is known.
const LONGEST_BODY: Duration = Duration::from_secs(5);
/// Bytes of a response's body that are kept.
pub const KEPT_BODY: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// The connection ended before there was a response.
const ADDRESS_REFUSED: &str = "address_refused";
const CLIENT_UNUSABLE: &str = "client_unusable";
const CONNECT_FAILED: &str = "connect_failed";
const CONNECTION_LOST: &str = "connection_lost";
const NAME_NOT_FOUND: &str = "name_not_found";
const TIMEOUT: &str = "timeout";
const TLS_FAILED: &str = "tls_failed";

/// All words for a receiver that gave no answer.
pub const ATTEMPT_ERRORS: [&str; 7] =
    [ADDRESS_REFUSED, CLIENT_UNUSABLE, CONNECT_FAILED, CONNECTION_LOST, NAME_NOT_FOUND, TIMEOUT, TLS_FAILED];

/// Why there is no response.
struct Unanswered {
    error: &'static str,
    /// The request went over a connection that had carried others.
    on_used_connection: bool,
}

type LookingUp = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves a name to addresses. Default: the system's resolver; tests inject their own.
pub type Lookup = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;

/// Sends deliveries; cheap to clone.
#[derive(Clone)]
pub struct WebhookClient {
    guard: Guard,
    lookup: Lookup,
    clock: Clock,
    /// Built on first use: loading the system's certificates is slow, and most commands send nothing.
    http: Arc<OnceLock<Result<reqwest::Client, String>>>,
    /// The same without a pool: a connection of its own for each request.
    without_pool: Arc<OnceLock<Result<reqwest::Client, String>>>,
}

/// The result of one POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSent {
    /// Status of the response, if there was one.
    pub status: Option<u16>,
    /// Why there was no response, as one word; empty if there was one.
    pub error: &'static str,
    /// The beginning of the response's body.
    pub body: Vec<u8>,
    /// Duration of the exchange.
    pub micros: Micros,
}

impl WebhookSent {
    /// Contract, 1.5: status 200 and nothing else.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.status == Some(200)
    }

    fn failed(error: &'static str) -> Self {
        Self { status: None, error, body: Vec::new(), micros: 0 }
    }
}

impl WebhookClient {
    /// Uses the system's resolver.
    #[must_use]
    pub fn new(guard: Guard, clock: Clock) -> Self {
        Self::with_lookup(guard, clock, Arc::new(|name| Box::pin(system_lookup(name))))
    }

    #[must_use]
    pub fn with_lookup(guard: Guard, clock: Clock, lookup: Lookup) -> Self {
        Self { guard, lookup, clock, http: Arc::default(), without_pool: Arc::default() }
    }

    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// Posts `body` to `url`. Infallible: every error is part of the result.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> WebhookSent {
        let started = self.clock.monotonic();
        let mut sent = self.exchange(url, headers, body).await;
        sent.micros = self.clock.monotonic() - started;
        sent
    }

    async fn exchange(&self, url: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> WebhookSent {
        let Ok(url) = self.guard.check_url(url) else { return WebhookSent::failed(ADDRESS_REFUSED) };
        let sending = async {
            let first = self.send(&self.http, usize::MAX, (&url, headers), body.clone()).await;
            // The receiver may have closed the connection while it was idle, which says nothing about its state.
            if matches!(first, Err(Unanswered { error: CONNECTION_LOST, on_used_connection: true })) {
                return self.send(&self.without_pool, 0, (&url, headers), body).await;
            }
            first
        };
        // The status decides. A body that arrives slowly must not turn a 200 into a failure.
        match tokio::time::timeout(LONGEST_EXCHANGE, sending).await {
            Ok(Ok(response)) => {
                let status = Some(response.status().as_u16());
                WebhookSent { status, error: "", body: beginning(response).await, micros: 0 }
            }
            Ok(Err(unanswered)) => WebhookSent::failed(unanswered.error),
            Err(_) => WebhookSent::failed(TIMEOUT),
        }
    }

    /// Sends one request by the client of this place, which keeps so many connections per receiver.
    async fn send(
        &self,
        place: &OnceLock<Result<reqwest::Client, String>>,
        kept: usize,
        (url, headers): (&Url, &[(&'static str, String)]),
        body: Vec<u8>,
    ) -> Result<reqwest::Response, Unanswered> {
        let client = match place.get_or_init(|| self.build(kept)) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(error, "webhooks cannot be sent");
                return Err(Unanswered { error: CLIENT_UNUSABLE, on_used_connection: false });
            }
        };
        let mut request = client.post(url.clone()).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let (sent, connected) = connecting::watched(request.send()).await;
        sent.map_err(|error| {
            let on_used_connection = !connected && !is_unreadable(&error);
            Unanswered { error: word(&error), on_used_connection }
        })
    }

    fn build(&self, kept: usize) -> Result<reqwest::Client, String> {
        // rustls has one provider per process. An error means that it is installed already, and it is always this
        // one.
        let _installed_before = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedResolver { guard: self.guard, lookup: Arc::clone(&self.lookup) }))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(LONGEST_CONNECT)
            .connector_layer(connecting::layer())
            .pool_max_idle_per_host(kept)
            .pool_idle_timeout(Duration::from_secs(60))
            .http1_max_headers(MOST_HEADERS)
            // The documentation writes `Signature`, and some receivers look for exactly that.
            .http1_title_case_headers()
            .user_agent(concat!("Outpay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }
}

/// Reads up to [`KEPT_BODY`] bytes; the rest of a longer body is not read.
async fn beginning(mut response: reqwest::Response) -> Vec<u8> {
    let mut kept = Vec::new();
    let read = async {
        while kept.len() < KEPT_BODY {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            let wanted = chunk.len().min(KEPT_BODY - kept.len());
            kept.extend_from_slice(&chunk[..wanted]);
        }
    };
    // A timeout is fine: the status is known.
    let _in_time = tokio::time::timeout(LONGEST_BODY, read).await;
    kept
}

/// Was there an answer that is no HTTP? Then the receiver is there, and has the event.
fn is_unreadable(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if current.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        cause = current.source();
    }
    false
}

/// Names the error with a fixed word, so that no text of the receiver's gets into logs or rows.
fn word(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if let Some(refusal) = current.downcast_ref::<NoAddress>() {
            return refusal.word();
        }
        if current.is::<tokio_rustls::rustls::Error>() {
            return TLS_FAILED;
        }
        // `io::Error::source` skips the wrapped error itself; `get_ref` gives it.
        let wrapped = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    if error.is_timeout() {
        TIMEOUT
    } else if error.is_connect() {
        CONNECT_FAILED
    } else if error.is_builder() {
        CLIENT_UNUSABLE
    } else {
        CONNECTION_LOST
    }
}

/// Why resolving a name gave no usable address.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum NoAddress {
    #[error("the name has no address")]
    NotFound,
    #[error("the name was not resolved in time")]
    TooSlow,
    #[error("the name leads to no public address")]
    Refused,
}

impl NoAddress {
    fn word(self) -> &'static str {
        match self {
            Self::NotFound => NAME_NOT_FOUND,
            Self::TooSlow => TIMEOUT,
            Self::Refused => ADDRESS_REFUSED,
        }
    }
}

/// Returns only addresses that the guard allows. reqwest connects to exactly these, so a name cannot change between
/// check and connection (DNS rebinding).
struct GuardedResolver {
    guard: Guard,
    lookup: Lookup,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, looking) = (self.guard, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let found =
                tokio::time::timeout(LONGEST_LOOKUP, looking).await.map_err(|_| NoAddress::TooSlow)?;
            let found = found.map_err(|_| NoAddress::NotFound)?;
            if found.is_empty() {
                return Err(NoAddress::NotFound.into());
            }
            let open: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| guard.allows(*address))
                // reqwest replaces port 0 by the URL's port.
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if open.is_empty() {
                return Err(NoAddress::Refused.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

async fn system_lookup(name: String) -> std::io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}
