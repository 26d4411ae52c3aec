//! The listening side: accepts connections, bounds headers and time, serves HTTP or HTTPS, and stops gracefully:
//! what was accepted is finished, then the teller ends.

use super::door::Door;
use super::metrics::{self, Metrics};
use super::proxies::TrustedProxies;
use super::rate_limit::{ClientAddress, RateLimit};
use super::{router, tls};
use crate::background::{BackgroundStatus, Task, asked_to_stop, look_again};
use crate::clock::ClockSteps;
use crate::commit::State;
use crate::platform::Platform;
use crate::store::Failure;
use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

const HEADER_TIME: Duration = Duration::from_secs(15);
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
const HEADER_BYTES: usize = 32 * 1024;
/// How long requests may take to finish after a shutdown was asked for.
const FAREWELL: Duration = Duration::from_secs(30);
/// For the answers of a process that can write no more.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
const BETWEEN_CHORES: Duration = Duration::from_secs(5);

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// The API's address.
    pub listen: SocketAddr,
    /// The metrics' address; nowhere if `None`.
    pub metrics_listen: Option<SocketAddr>,
    /// Certificate chain and private key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Per client address and per credential; unlimited if `None`.
    pub requests_per_second: Option<u32>,
    /// Whose word counts for where a request comes from.
    pub trusted_proxies: TrustedProxies,
}

impl ServeConfig {
    /// The API at this address over plain HTTP, without limits, and nothing else.
    #[must_use]
    pub fn on(listen: SocketAddr) -> Self {
        let trusted_proxies = TrustedProxies::default();
        Self { listen, metrics_listen: None, tls: None, requests_per_second: None, trusted_proxies }
    }
}

/// A server whose addresses are taken, not yet answering.
pub struct Server {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    tls: Option<TlsAcceptor>,
    door: Arc<Door>,
    faces: Router,
    proxies: TrustedProxies,
}

/// Takes the addresses. `faces` are the pages that are served beside the API, observed like it.
///
/// # Errors
/// When an address is taken or the certificate cannot be used.
pub async fn bind(config: ServeConfig, platform: Platform, faces: Router) -> Result<Server, Failure> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let metrics = match config.metrics_listen {
        Some(address) => {
            Some(TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?)
        }
        None => None,
    };
    let tls = config.tls.map(|(certificate, key)| tls::acceptor(&certificate, &key)).transpose()?;
    let limit = config.requests_per_second.and_then(NonZeroU32::new);
    let background = BackgroundStatus::default();
    let door = Arc::new(Door {
        metrics: Metrics::new(&platform, &background),
        rate_limit: limit.map(|limit| RateLimit::new(limit, platform.clock.clone())),
        platform,
        background,
    });
    Ok(Server { listener, metrics, tls, door, faces, proxies: config.trusted_proxies })
}

impl Server {
    /// The API's address, with the port that was really taken.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn address(&self) -> Result<SocketAddr, Failure> {
        Ok(self.listener.local_addr()?)
    }

    /// The metrics' address.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>, Failure> {
        Ok(self.metrics.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// How the process's background tasks fare, as `/readyz` and the metrics tell it.
    #[must_use]
    pub fn background(&self) -> BackgroundStatus {
        self.door.background.clone()
    }

    /// What is done every few seconds beside answering. It holds the door weakly, so that the server can end.
    #[must_use]
    pub fn chores(&self) -> Task {
        let door = Arc::downgrade(&self.door);
        Task::new("chores", move |stop| chores(Weak::clone(&door), stop))
    }

    /// Answers until `shutdown` comes, then finishes what was accepted.
    ///
    /// # Errors
    /// When a durable write failed: the process must end with an error.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        let Self { listener, metrics, tls, door, faces, proxies } = self;
        let (mut teller, store) = (door.platform.teller.end(), door.platform.store.clone());
        let (auth, requests) = (door.platform.auth.clone(), door.platform.requests.clone());
        let metrics = metrics.map(|listener| {
            let site =
                Site { router: metrics::router(Arc::clone(&door)), proxies: TrustedProxies::default() };
            tokio::spawn(accept(listener, None, site, None))
        });
        let site = Site { router: router(Arc::clone(&door), faces), proxies };
        drop(door);
        let graceful = GracefulShutdown::new();
        let broken = async {
            tokio::select! {
                state = teller.wait_for(|state| *state == State::Broken) => state.is_ok(),
                // By another part of the process: the teller refuses to write after it.
                () = store.broken() => true,
            }
        };
        let is_broken = tokio::select! {
            () = accept(listener, tls, site, Some(&graceful)) => false,
            () = shutdown => false,
            broken = broken => broken,
        };
        if is_broken {
            // Waiting callers get 504 (outcome unknown) instead of a closed connection.
            let _those_who_listen = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
            anyhow::bail!("a durable write failed");
        }
        tracing::info!("finishing what was accepted");
        if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        auth.record_uses().await?;
        if let Err(failure) = requests.write().await {
            tracing::warn!(error = format!("{failure:#}"), "the end of the request log could not be written");
        }
        // Dropping the last handle lets the teller finish its queue and merge its log.
        let ended = tokio::time::timeout(FAREWELL, teller.wait_for(|state| *state != State::Working)).await;
        let is_broken = matches!(ended, Ok(Ok(state)) if *state == State::Broken);
        anyhow::ensure!(!is_broken, "a durable write failed");
        Ok(())
    }
}

/// What answers on one address.
#[derive(Clone)]
struct Site {
    router: Router,
    proxies: TrustedProxies,
}

/// Accepts for ever. Metrics connections are not waited for at the end, so they take no `graceful`.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    site: Site,
    graceful: Option<&GracefulShutdown>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, for example: those in use will be given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _optional = stream.set_nodelay(true);
        let watcher = graceful.map(GracefulShutdown::watcher);
        tokio::spawn(connection(stream, peer, tls.clone(), site.clone(), watcher));
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    site: Site,
    watcher: Option<hyper_util::server::graceful::Watcher>,
) {
    let Some(tls) = tls else { return serve(stream, peer, site, watcher).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
        serve(stream, peer, site, watcher).await;
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    site: Site,
    watcher: Option<hyper_util::server::graceful::Watcher>,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        let client = site.proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        site.router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is a client that went away or spoke no HTTP; hyper has answered where there was anything to say.
    let _gone = match watcher {
        Some(watcher) => watcher.watch(connection).await,
        None => connection.await,
    };
}

/// Records last uses of keys and the request log, forgets quiet clients, notices that the clock was set.
async fn chores(door: Weak<Door>, mut stop: watch::Receiver<bool>) {
    let mut steps = None;
    while look_again(&mut stop, None, BETWEEN_CHORES).await {
        let Some(door) = door.upgrade() else { return asked_to_stop(&mut stop).await };
        if let Some(limit) = &door.rate_limit {
            limit.forget_quiet();
        }
        let clock = &door.platform.clock;
        let stepped = steps.get_or_insert_with(|| ClockSteps::new(clock)).look(clock);
        if let Some(by) = stepped {
            door.metrics.clock_steps.inc();
            tracing::warn!(
                milliseconds = by / 1000,
                "this machine's clock was set; look at its time synchronisation"
            );
        }
        if let Err(failure) = door.platform.auth.record_uses().await {
            tracing::warn!(
                error = format!("{failure:#}"),
                "last uses of keys could not be recorded; they will be"
            );
        }
        if let Err(failure) = door.platform.requests.write().await {
            tracing::warn!(error = format!("{failure:#}"), "lines of the request log could not be written");
        }
    }
}
