//! `outpay serve`: runs the server until Ctrl-C or SIGTERM. Here: its flags and its log. Not here: the doors.

use super::cli_error::CliError;
use super::input::{LimitOrOff, limit_or_off, networks, time_limit};
use super::installation::Installation;
use super::output::LOG_VARIABLE;
use super::webhook::GuardFlags;
use crate::networks::Networks;
use crate::open_files;
use crate::serving::{self, ConnectionLimits, ServeConfig, TrustedProxies};
use crate::traces::{self, TraceExport, TracedShare};
use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};
use url::Url;

/// How a server is reached; `outpay doctor` takes these flags and variables too, and checks them.
#[derive(Args)]
pub(super) struct DoorFlags {
    /// Address of the API
    #[arg(long, value_name = "ADDR", env = "OUTPAY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// Address of the Prometheus metrics [default: none]
    #[arg(long, value_name = "ADDR", env = "OUTPAY_METRICS_LISTEN")]
    pub(super) metrics_listen: Option<SocketAddr>,
    /// Certificate chain (PEM); with --tls-key the API speaks HTTPS
    #[arg(long, value_name = "FILE", env = "OUTPAY_TLS_CERT", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "OUTPAY_TLS_KEY", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Addresses and networks of your own proxies, whose X-Forwarded-For is trusted
    #[arg(long, value_name = "ADDRESS", env = "OUTPAY_TRUSTED_PROXIES", value_parser = networks)]
    pub(super) trusted_proxies: Option<Networks>,
}

#[derive(Args)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    doors: DoorFlags,
    /// Make the installation first if there is none, as `outpay init` does: for units and containers, whose folder is not typed
    #[arg(long)]
    init: bool,
    /// Limit of requests per second for each client address and for each credential, or off
    #[arg(long, value_name = "N|off", env = "OUTPAY_RATE_LIMIT", default_value = "50000", value_parser = limit_or_off)]
    rate_limit: LimitOrOff,
    /// Most open connections of one client address (IPv6: one /64; your own proxies are exempt), or off
    #[arg(long, value_name = "N|off", env = "OUTPAY_CONNECTIONS_PER_ADDRESS", default_value = "512", value_parser = limit_or_off)]
    connections_per_address: LimitOrOff,
    /// Most open connections of all clients [default: three quarters of the open files that the system allows, at most 20000]
    #[arg(long, value_name = "N", env = "OUTPAY_CONNECTIONS", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,
    /// How long a connection is kept after an answer; longer than your load balancer keeps it
    #[arg(long, value_name = "TIME", env = "OUTPAY_KEEP_ALIVE", default_value = "75s", value_parser = time_limit)]
    keep_alive: Duration,
    /// How long a client may take to read an answer
    #[arg(long, value_name = "TIME", env = "OUTPAY_WRITE_TIMEOUT", default_value = "30s", value_parser = time_limit)]
    write_timeout: Duration,
    /// Format of log lines; OUTPAY_LOG filters them [default: info]
    #[arg(long, value_enum, default_value_t = LogFormat::Compact)]
    log_format: LogFormat,
    /// Base address of an OpenTelemetry collector that gets traces by OTLP over HTTP, as http://127.0.0.1:4318 [default: none]
    #[arg(long, value_name = "URL", env = "OUTPAY_OTLP_ENDPOINT", hide_env_values = true)]
    otlp_endpoint: Option<Url>,
    /// Share of the requests that are traced, 0 to 1, where no proxy of yours decides by `traceparent`
    #[arg(long, value_name = "SHARE", env = "OUTPAY_TRACED_SHARE", default_value = "0.01", value_parser = traced_share)]
    traced_share: TracedShare,
    #[command(flatten)]
    webhooks: GuardFlags,
}

fn traced_share(text: &str) -> Result<TracedShare, String> {
    TracedShare::parse(text).ok_or_else(|| "write a number from 0 to 1, as 0.01".to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Lines of text
    Compact,
    /// One JSON object per line
    Json,
}

impl ServeArguments {
    fn connections(&self) -> ConnectionLimits {
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        let usual = ConnectionLimits::default();
        ConnectionLimits {
            per_address: self.connections_per_address.0.map(count),
            in_all: self.connections.map_or(usual.in_all, count),
            keep_alive: self.keep_alive,
            write: self.write_timeout,
            ..usual
        }
    }
}

pub(super) async fn run(
    arguments: ServeArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let traces = arguments.otlp_endpoint.as_ref().map(TraceExport::begin).transpose()?;
    let _flushed_at_the_end = log(arguments.log_format, traces.as_ref())?;
    let ended = serve(arguments, installation).await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    ended
}

async fn serve(arguments: ServeArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    // Registered first, so that an early signal ends the process in good order too.
    let (shutdown, hangups) = (serving::asked_to_end()?, serving::Hangups::heard()?);
    let files = open_files::raise();
    let connections = arguments.connections();
    let (most, each) = (connections.in_all, connections.per_address);
    tracing::info!(open_files = files.now, connections = most, per_address = each, "limits");
    let doors = arguments.doors;
    let config = ServeConfig {
        connections,
        listen: doors.listen,
        metrics_listen: doors.metrics_listen,
        tls: doors.tls_cert.zip(doors.tls_key),
        requests_per_second: arguments.rate_limit.0,
        trusted_proxies: TrustedProxies::new(doors.trusted_proxies),
        traced: arguments.traced_share,
    };
    let protocol = if config.tls.is_some() { "https" } else { "http" };
    let opened = if arguments.init {
        // The key is read once: a descriptor gives it once.
        installation.open_with(installation.make().await?.secrets).await?
    } else {
        installation.open().await?
    };
    let platform = arguments.webhooks.applied_to(opened);
    let engine = platform.store.engine();
    let serving = serving::open(config, platform).await?;
    tracing::info!(address = format!("{protocol}://{}", serving.address()?), engine, "listening");
    if let Some(address) = serving.metrics_address()? {
        tracing::info!(address = format!("http://{address}/metrics"), "metrics");
    }
    let read_again = serving.read_again();
    tokio::select! {
        ended = serving.run(shutdown) => ended?,
        () = hangups.each(read_again) => {}
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Log lines go to standard error through a thread of their own, so that a slow reader of the log never delays a
/// response; when more than 128,000 lines wait, new ones are dropped.
fn log(format: LogFormat, traces: Option<&TraceExport>) -> Result<WorkerGuard, CliError> {
    let filter = match std::env::var(LOG_VARIABLE) {
        Ok(text) => {
            EnvFilter::try_new(text).map_err(|error| CliError::Usage(format!("{LOG_VARIABLE}: {error}")))?
        }
        Err(_) => EnvFilter::new("info"),
    };
    let (writer, guard) = tracing_appender::non_blocking(std::io::BufWriter::new(std::io::stderr()));
    let colours = std::io::stderr().is_terminal();
    let log = fmt::layer().with_writer(writer).with_ansi(colours);
    let log = match format {
        LogFormat::Compact => log.compact().boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    match traces {
        None => tracing_subscriber::registry().with(filter).with(log).init(),
        // Spans are for the collector alone, whatever the filter says.
        Some(traces) => {
            let spans = format!("{}=info", traces::TARGET).parse().expect("a target and a level");
            let log = log.with_filter(filter_fn(|metadata| metadata.target() != traces::TARGET));
            let filter = filter.add_directive(spans);
            tracing_subscriber::registry().with(filter).with(log).with(traces.layer()).init();
        }
    }
    Ok(guard)
}
