//! The server: takes its addresses, answers until it is to end, and stops gracefully: what was accepted is finished, then the
//! teller ends. Not here: connections (connections/).

use super::connections::{self, ConnectionLimits, ConnectionPlaces, Site};
use super::door::Door;
use super::metrics::{self, Metrics};
use super::proxies::TrustedProxies;
use super::rate_limit::RateLimit;
use super::router;
use super::tls::Certificate;
use crate::background::{BackgroundStatus, Task, asked_to_stop, look_again};
use crate::clock::ClockSteps;
use crate::commit::State;
use crate::platform::Platform;
use crate::store::Failure;
use crate::traces::TracedShare;
use anyhow::Context;
use axum::Router;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    /// How many connections, and for how long.
    pub connections: ConnectionLimits,
    /// How many requests are traced, where there is a collector (traces.rs).
    pub traced: TracedShare,
}

impl ServeConfig {
    /// The API at this address over plain HTTP, without a limit of requests, and nothing else.
    #[must_use]
    pub fn on(listen: SocketAddr) -> Self {
        let (trusted_proxies, connections) = (TrustedProxies::default(), ConnectionLimits::default());
        Self {
            listen,
            metrics_listen: None,
            tls: None,
            requests_per_second: None,
            trusted_proxies,
            connections,
            traced: TracedShare::default(),
        }
    }
}

/// A server whose addresses are taken, not yet answering.
pub struct Server {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    tls: Option<Arc<Certificate>>,
    door: Arc<Door>,
    faces: Router,
    proxies: TrustedProxies,
    limits: ConnectionLimits,
}

/// Takes the addresses. `faces` are the pages that are served beside the API, observed like it.
///
/// # Errors
/// When an address is taken or the certificate cannot be used.
pub async fn bind(config: ServeConfig, platform: Platform, faces: Router) -> Result<Server, Failure> {
    let listen =
        |address| connections::listen(address).with_context(|| format!("cannot listen on {address}"));
    let listener = listen(config.listen)?;
    let metrics = config.metrics_listen.map(listen).transpose()?;
    let tls = config.tls.map(|(certificate, key)| Certificate::read(certificate, key)).transpose()?;
    let tls = tls.map(Arc::new);
    let limit = config.requests_per_second.and_then(NonZeroU32::new);
    let background = BackgroundStatus::default();
    let door = Arc::new(Door {
        metrics: Metrics::new(&platform, &background),
        rate_limit: limit.map(|limit| RateLimit::new(limit, platform.clock.clone())),
        platform,
        background,
        traced: config.traced,
    });
    let (proxies, limits) = (config.trusted_proxies, config.connections);
    Ok(Server { listener, metrics, tls, door, faces, proxies, limits })
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

    /// The certificate, if the API speaks HTTPS.
    #[must_use]
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.tls.clone()
    }

    /// What is done every few seconds beside answering. It holds the door weakly, so that the server can end.
    #[must_use]
    pub fn chores(&self) -> Task {
        let (door, tls) = (Arc::downgrade(&self.door), self.tls.clone());
        Task::new("chores", move |stop| chores(Weak::clone(&door), tls.clone(), stop))
    }

    /// Answers until `shutdown` comes, then finishes what was accepted.
    ///
    /// # Errors
    /// When a durable write failed: the process must end with an error.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        let Self { listener, metrics, tls, door, faces, proxies, limits } = self;
        let (mut teller, store) = (door.platform.teller.end(), door.platform.store.clone());
        let (auth, requests) = (door.platform.auth.clone(), door.platform.requests.clone());
        let attacks = Arc::clone(&door.platform.attacks);
        let (stop, stopping) = watch::channel(false);
        let metrics = metrics.map(|listener| ServedMetrics::start(listener, &door, &limits));
        let places =
            Arc::new(ConnectionPlaces::new(&limits, proxies.clone(), door.metrics.connections.clone()));
        let site =
            Site { router: router(Arc::clone(&door), faces), proxies, door, tls, limits, places, stopping };
        // Comes when the last connection has ended.
        let finished = async {
            stop.send_replace(true);
            stop.closed().await;
        };
        let broken = async {
            tokio::select! {
                state = teller.wait_for(|state| *state == State::Broken) => state.is_ok(),
                // By another part of the process: the teller refuses to write after it.
                () = store.broken() => true,
            }
        };
        let is_broken = tokio::select! {
            () = connections::accept(listener, site) => false,
            () = shutdown => false,
            broken = broken => broken,
        };
        if is_broken {
            // Waiting callers get 504 (outcome unknown) instead of a closed connection.
            let _in_time = tokio::time::timeout(LAST_ANSWERS, finished).await;
            anyhow::bail!("a durable write failed");
        }
        tracing::info!("finishing what was accepted");
        if tokio::time::timeout(FAREWELL, finished).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        drop(metrics);
        auth.record_uses().await?;
        if let Err(failure) = attacks.write(&store).await {
            tracing::warn!(error = format!("{failure:#}"), "the last signs of attacks are in this log alone");
        }
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

/// The metrics' address while it answers. Its connections are asked to end when it is dropped, and not waited for.
struct ServedMetrics {
    accepting: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl ServedMetrics {
    fn start(listener: TcpListener, door: &Arc<Door>, limits: &ConnectionLimits) -> Self {
        let (stop, stopping) = watch::channel(false);
        let site = Site {
            router: metrics::router(Arc::clone(door)),
            proxies: TrustedProxies::default(),
            door: Arc::clone(door),
            tls: None,
            places: Arc::new(ConnectionPlaces::unlimited()),
            limits: limits.clone(),
            stopping,
        };
        Self { accepting: tokio::spawn(connections::accept(listener, site)), stop }
    }
}

impl Drop for ServedMetrics {
    fn drop(&mut self) {
        self.accepting.abort();
        self.stop.send_replace(true);
    }
}

/// Records last uses of keys and the request log, forgets quiet clients, notices that the clock was set or a certificate changed.
async fn chores(door: Weak<Door>, tls: Option<Arc<Certificate>>, mut stop: watch::Receiver<bool>) {
    let mut steps = None;
    while look_again(&mut stop, None, BETWEEN_CHORES).await {
        let Some(door) = door.upgrade() else { return asked_to_stop(&mut stop).await };
        if let Some(limit) = &door.rate_limit {
            limit.forget_quiet();
        }
        if let Some(tls) = &tls {
            tls.read_if_changed();
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
        if let Err(failure) = door.platform.attacks.write(&door.platform.store).await {
            tracing::warn!(
                error = format!("{failure:#}"),
                "signs of attacks could not be written into the audit log; they will be"
            );
        }
        if let Err(failure) = door.platform.requests.write().await {
            tracing::warn!(error = format!("{failure:#}"), "lines of the request log could not be written");
        }
    }
}
