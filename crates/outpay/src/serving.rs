//! A serving process: opens the doors over a platform and keeps them open until it is told to stop. Doors do not
//! depend on each other; this module knows all of them. Not here: the command line (cli/), requests (http/).

use crate::claim;
use crate::dashboard;
use crate::due;
use crate::heads;
use crate::http::{self, Server};
use crate::imports;
use crate::mail;
use crate::overview;
use crate::platform::Platform;
use crate::presence;
use crate::rails::Worker;
use crate::store::Failure;
use crate::web::assets;
use crate::webhooks::{self, WebhookOptions};
use crate::withdrawals::expire;
use anyhow::Context;
use axum::Router;
use tokio::sync::watch;

pub use crate::http::{ServeConfig, TrustedProxies};

/// Doors with bound addresses, not serving yet.
pub struct Serving {
    api: Server,
    webhooks: webhooks::Worker,
    worker: Worker,
    sweeper: Platform,
    mail: mail::Worker,
}

/// Binds the addresses.
///
/// # Errors
/// When an address is taken, the certificate cannot be used, or a configured rail lacks its secrets.
pub async fn open(config: ServeConfig, platform: Platform) -> Result<Serving, Failure> {
    let locked = &platform.rails.locked;
    anyhow::ensure!(locked.is_empty(), "{}", locked.join("; "));
    platform.mail.check()?;
    if let Some(url) = &platform.post_heads_to {
        platform.webhooks.client().guard().check_url(url).context("`post_to` in [heads]")?;
    }
    let webhooks = webhooks::Worker::new(platform.webhooks.clone(), WebhookOptions::default());
    let mail = mail::Worker::new(platform.mail.clone());
    let (worker, sweeper) = (Worker::new(platform.clone()), platform.clone());
    let faces = faces(platform.clone());
    Ok(Serving { api: http::bind(config, platform, faces).await?, webhooks, worker, sweeper, mail })
}

/// The router of all pages and their assets.
pub fn faces(platform: Platform) -> Router {
    let (claim, dashboard) = (claim::router(platform.clone()), dashboard::router(platform.clone()));
    Router::new().merge(assets::router()).with_state(platform).merge(claim).merge(dashboard)
}

impl Serving {
    /// The API's address, with the actual port.
    pub fn address(&self) -> Result<std::net::SocketAddr, Failure> {
        self.api.address()
    }

    /// The metrics' address, if there is one.
    pub fn metrics_address(&self) -> Result<Option<std::net::SocketAddr>, Failure> {
        self.api.metrics_address()
    }

    /// Serves until `shutdown` resolves, then finishes accepted requests.
    ///
    /// # Errors
    /// When a durable write failed: the process must end with an error.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        // Held until all workers have ended.
        let importer = presence::number(&self.sweeper.entropy);
        let workers = [self.worker.number(), self.webhooks.number(), self.mail.number(), importer];
        let _present = presence::announce(&self.sweeper, &workers).await;
        let webhooks = webhooks::start(self.webhooks);
        // Stopped before the server: the server waits for the teller, which ends with the last handle to it, and
        // these tasks hold one.
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(self.worker.run(stopped.clone()));
        let importer = tokio::spawn(imports::run::run(self.sweeper.clone(), importer, stopped.clone()));
        let adder = tokio::spawn(overview::run(self.sweeper.clone(), stopped.clone()));
        let signer = tokio::spawn(heads::run(self.sweeper.clone(), stopped.clone()));
        let puller = tokio::spawn(due::run(self.sweeper.clone(), stopped.clone()));
        let sweeper = tokio::spawn(expire::run(self.sweeper, stopped.clone()));
        let mail = tokio::spawn(self.mail.run(stopped));
        let shutdown = async {
            shutdown.await;
            stop.send_replace(true);
        };
        let ended = self.api.run(shutdown).await;
        // Needed if the server ended by itself: background tasks must not delay the end of a broken process.
        stop.send_replace(true);
        worker.await?;
        sweeper.await?;
        puller.await?;
        importer.await?;
        adder.await?;
        signer.await?;
        mail.await?;
        webhooks.stop().await;
        ended
    }
}

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM from its supervisor.
///
/// # Errors
/// When the operating system refuses to register a signal handler.
pub fn asked_to_end() -> Result<impl Future<Output = ()> + Send, Failure> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(not(unix))]
    let mut terminate = NeverSent;
    Ok(async move {
        tokio::select! {
            // On an error Ctrl-C cannot be caught; its default action then ends the process.
            Ok(()) = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
struct NeverSent;

#[cfg(not(unix))]
impl NeverSent {
    async fn recv(&mut self) -> Option<()> {
        std::future::pending().await
    }
}
