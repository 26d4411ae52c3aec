//! The client that delivers: one POST, one answer, all of it bounded. Every connection goes to an address that the guard
//! lets through at that moment; redirects are answers like any other, and no proxy from the environment is used. Not here:
//! what is sent (body.rs, sign.rs), when (worker.rs).

use super::guard::Guard;
use crate::clock::Clock;
use ledger::Micros;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// From the first look-up to the status (contract, 1.5).
pub const LONGEST_EXCHANGE: Duration = Duration::from_secs(30);
const LONGEST_LOOKUP: Duration = Duration::from_secs(5);
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// For the answer's body, once its status is known.
const LONGEST_BODY: Duration = Duration::from_secs(5);
/// How much of an answer's body is kept.
pub const KEPT_BODY: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

type LookingUp = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// From a name to addresses. The system's by default; tests bring their own.
pub type Lookup = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;

/// Sends deliveries; cheap to clone.
#[derive(Clone)]
pub struct Client {
    guard: Guard,
    lookup: Lookup,
    clock: Clock,
    /// Made at the first use, because reading the system's certificates takes a while and most commands send nothing.
    http: Arc<OnceLock<Result<reqwest::Client, String>>>,
}

/// What became of one POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The answer's status.
    pub status: Option<u16>,
    /// Why there was no answer, in one word; empty where there was one.
    pub error: &'static str,
    /// The first bytes of the answer's body.
    pub body: Vec<u8>,
    /// How long it took.
    pub micros: Micros,
}

impl Sent {
    /// Contract, 1.5: status 200 and nothing else.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.status == Some(200)
    }

    fn failed(error: &'static str) -> Self {
        Self { status: None, error, body: Vec::new(), micros: 0 }
    }
}

impl Client {
    /// With this guard and the system's resolver.
    #[must_use]
    pub fn new(guard: Guard, clock: Clock) -> Self {
        Self::with_lookup(guard, clock, Arc::new(|name| Box::pin(system_lookup(name))))
    }

    /// With a resolver of the caller's.
    #[must_use]
    pub fn with_lookup(guard: Guard, clock: Clock, lookup: Lookup) -> Self {
        Self { guard, lookup, clock, http: Arc::default() }
    }

    /// What it lets through.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// Posts `body` to `url`. Never fails: whatever goes wrong is what became of it.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> Sent {
        let started = self.clock.monotonic();
        let mut sent = self.exchange(url, headers, body).await;
        sent.micros = self.clock.monotonic() - started;
        sent
    }

    async fn exchange(&self, url: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> Sent {
        let Ok(url) = self.guard.check_url(url) else { return Sent::failed("address_refused") };
        let client = match self.http.get_or_init(|| self.build()) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(error, "webhooks cannot be sent");
                return Sent::failed("client_unusable");
            }
        };
        let mut request = client.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // The status is the answer. A body that dribbles in behind it must not make a failure of a 200.
        match tokio::time::timeout(LONGEST_EXCHANGE, request.send()).await {
            Ok(Ok(response)) => {
                let status = Some(response.status().as_u16());
                Sent { status, error: "", body: beginning(response).await, micros: 0 }
            }
            Ok(Err(error)) => Sent::failed(word(&error)),
            Err(_) => Sent::failed("timeout"),
        }
    }

    fn build(&self) -> Result<reqwest::Client, String> {
        // The TLS library wants one provider per process; another part of the program may have been first, with the same.
        let _installed_before = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedResolver { guard: self.guard, lookup: Arc::clone(&self.lookup) }))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(LONGEST_CONNECT)
            .pool_idle_timeout(Duration::from_secs(60))
            .http1_max_headers(MOST_HEADERS)
            .user_agent(concat!("Outpay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }
}

/// As much of the body as is kept; a body that does not end is left where it is.
async fn beginning(mut response: reqwest::Response) -> Vec<u8> {
    let mut kept = Vec::new();
    let read = async {
        while kept.len() < KEPT_BODY {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            let wanted = chunk.len().min(KEPT_BODY - kept.len());
            kept.extend_from_slice(&chunk[..wanted]);
        }
    };
    // The status is what counts, and it is here.
    let _in_time = tokio::time::timeout(LONGEST_BODY, read).await;
    kept
}

/// Why there was no answer, without a word that the receiver chose.
fn word(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if let Some(refusal) = current.downcast_ref::<NoAddress>() {
            return refusal.word();
        }
        if current.is::<tokio_rustls::rustls::Error>() {
            return "tls_failed";
        }
        // What an `io::Error` wraps is not its source but itself.
        let wrapped = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect_failed"
    } else if error.is_builder() {
        "client_unusable"
    } else {
        "connection_lost"
    }
}

/// Why a name leads nowhere.
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
            Self::NotFound => "name_not_found",
            Self::TooSlow => "timeout",
            Self::Refused => "address_refused",
        }
    }
}

/// Gives only addresses that the guard lets through, so there is no moment between the check and the connection.
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
                // Port 0 stands for the URL's.
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
