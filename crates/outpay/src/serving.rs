//! A serving process: opens the doors over a platform, starts the background tasks, and keeps both running until it is
//! told to stop. Doors do not depend on each other; this module knows all of them, and lists the tasks. Not here: the
//! command line (cli/), requests (http/), supervision (background/).

use crate::background::{Supervised, Supervisor, Task, presence};
use crate::claim;
use crate::dashboard;
use crate::delays;
use crate::due;
use crate::failing_webhooks;
use crate::funds;
use crate::heads;
use crate::http::{self, Server};
use crate::imports;
use crate::key_rotation;
use crate::mail;
use crate::members::demo::DemoDoor;
use crate::overview;
use crate::payment_worker;
use crate::platform::Platform;
use crate::reconciliation::night;
use crate::search;
use crate::store::Failure;
use crate::unclaimed;
use crate::web::assets;
use crate::webhooks::{self, WebhookOptions};
use anyhow::Context;
use axum::Router;
use tokio::sync::watch;

pub use crate::http::{ConnectionLimits, ServeConfig, TrustedProxies, certificate_life, connections_in_all};

/// Doors with bound addresses, not serving yet.
pub struct Serving {
    api: Server,
    platform: Platform,
}

/// The numbers under which the tasks of a process hold leases. They stay where a task is started again.
struct Workers {
    withdrawals: i64,
    webhooks: i64,
    mail: i64,
    imports: i64,
    keys: i64,
    reconciliation: i64,
}

/// Binds the addresses.
///
/// # Errors
/// When an address is taken, the certificate cannot be used, or a configured rail lacks its secrets.
pub async fn open(config: ServeConfig, platform: Platform) -> Result<Serving, Failure> {
    let faces = faces(platform.clone());
    bind(config, platform, faces).await
}

/// The same for a demo on this machine, whose owner enters by a link.
///
/// # Errors
/// As [`open`].
pub async fn open_demo(config: ServeConfig, platform: Platform, door: DemoDoor) -> Result<Serving, Failure> {
    let faces = faces(platform.clone()).merge(dashboard::demo_router(platform.clone(), door));
    bind(config, platform, faces).await
}

async fn bind(config: ServeConfig, platform: Platform, faces: Router) -> Result<Serving, Failure> {
    let locked = &platform.rails.locked;
    anyhow::ensure!(locked.is_empty(), "{}", locked.join("; "));
    let screening = platform.screening.locked();
    anyhow::ensure!(screening.is_none(), "{}", screening.unwrap_or_default());
    platform.mail.check()?;
    if let Some(url) = &platform.post_heads_to {
        platform.webhooks.client().guard().check_url(url).context("`post_to` in [heads]")?;
    }
    Ok(Serving { api: http::bind(config, platform.clone(), faces).await?, platform })
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

    /// What a SIGHUP asks for: reads the certificate again.
    pub fn read_again(&self) -> impl Fn() + Send + use<> {
        let certificate = self.api.certificate();
        move || match &certificate {
            Some(certificate) => certificate.read_again(),
            None => tracing::info!("SIGHUP: there is no certificate to read again"),
        }
    }

    /// Serves until `shutdown` resolves, then finishes accepted requests.
    ///
    /// # Errors
    /// When a durable write failed, or a background task panicked while it stopped: the process must end with an error.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        let Self { api, platform } = self;
        let draw = || presence::number(&platform.entropy);
        let workers = Workers {
            withdrawals: draw(),
            webhooks: draw(),
            mail: draw(),
            imports: draw(),
            keys: draw(),
            reconciliation: draw(),
        };
        let numbers = [workers.withdrawals, workers.webhooks, workers.mail, workers.imports];
        key_rotation::beat(&platform, workers.keys).await?;
        // Kept until all tasks have ended.
        let _present = presence::announce(&platform.data, &platform.store, &numbers).await;
        let supervisor = Supervisor::new(api.background(), platform.clock.clone(), platform.entropy.clone());
        let webhooks = supervisor.start(vec![webhooks_task(&platform, workers.webhooks)]);
        let mut tasks = tasks(&platform, &workers);
        tasks.push(api.chores());
        let tasks = supervisor.start(tasks);
        // The server waits for the teller, which ends with the last handle to it: this one and those of the tasks.
        drop(platform);
        let shutdown = async {
            shutdown.await;
            tasks.ask_to_stop();
        };
        let ended = api.run(shutdown).await;
        // Also when the server ended by itself: background tasks must not delay the end of a broken process.
        tasks.stop().await?;
        stop_webhooks(webhooks).await;
        ended
    }
}

/// The background tasks that stop before the server has finished what it accepted, since they hold handles to the teller.
fn tasks(platform: &Platform, workers: &Workers) -> Vec<Task> {
    let Workers { withdrawals, mail, imports, keys, reconciliation, .. } = *workers;
    let mut tasks = vec![
        over(platform, "withdrawals", move |platform, stop| async move {
            presence::take_back_own(&platform.store, withdrawals).await;
            payment_worker::PaymentWorker::new(platform).numbered(withdrawals).run(stop).await;
        }),
        over(platform, "imports", move |platform, stop| async move {
            presence::take_back_own(&platform.store, imports).await;
            imports::run::run(platform, imports, stop).await;
        }),
        over(platform, "keys", move |platform, stop| key_rotation::run(platform, keys, stop)),
        over(platform, "overview", overview::run),
        over(platform, "search", search::run),
        over(platform, "reconciliation", move |platform, stop| night::run(platform, reconciliation, stop)),
        over(platform, "failing_webhooks", failing_webhooks::run),
        over(platform, "heads", heads::run),
        over(platform, "due", due::run),
        over(platform, "delays", delays::run),
        over(platform, "funds", funds::run),
        over(platform, "expiry", unclaimed::run),
    ];
    if platform.mail.is_configured() {
        tasks.push(over(platform, "mail", move |platform, stop| async move {
            presence::take_back_own(&platform.store, mail).await;
            mail::MailWorker::new(platform.mail).numbered(mail).run(stop).await;
        }));
    }
    tasks
}

/// Stops last, so that what the last requests changed is sent. It holds no handle to the teller.
fn webhooks_task(platform: &Platform, number: i64) -> Task {
    let (webhooks, store) = (platform.webhooks.clone(), platform.store.clone());
    Task::new("webhooks", move |stop| {
        let (webhooks, store) = (webhooks.clone(), store.clone());
        async move {
            presence::take_back_own(&store, number).await;
            webhooks::WebhookWorker::new(webhooks, WebhookOptions::default())
                .numbered(number)
                .run(stop)
                .await;
        }
    })
}

async fn stop_webhooks(webhooks: Supervised) {
    if let Err(failure) = webhooks.stop().await {
        tracing::error!(error = format!("{failure:#}"), "the webhook worker panicked while it stopped");
    }
}

/// A task whose runs each get the platform.
fn over<Run>(
    platform: &Platform,
    name: &'static str,
    run: impl Fn(Platform, watch::Receiver<bool>) -> Run + Send + Sync + 'static,
) -> Task
where
    Run: Future<Output = ()> + Send + 'static,
{
    let platform = platform.clone();
    Task::new(name, move |stop| run(platform.clone(), stop))
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

/// The process's SIGHUPs. Once this is made, they do not end it any more.
pub struct Hangups(#[cfg(unix)] tokio::signal::unix::Signal);

impl Hangups {
    /// # Errors
    /// When the operating system refuses to register a signal handler.
    pub fn heard() -> Result<Self, Failure> {
        #[cfg(unix)]
        return Ok(Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?));
        #[cfg(not(unix))]
        Ok(Self())
    }

    /// Does this at each of them, for ever.
    pub async fn each(mut self, what: impl Fn() + Send) {
        #[cfg(unix)]
        while self.0.recv().await.is_some() {
            what();
        }
        std::future::pending().await
    }
}

#[cfg(not(unix))]
struct NeverSent;

#[cfg(not(unix))]
impl NeverSent {
    async fn recv(&mut self) -> Option<()> {
        std::future::pending().await
    }
}
