//! `outpay health`: asks a server whether it answers, for a container's health check: an image without a shell has no other client.
//! Not here: the answer (http/health.rs). A server with `--tls-cert` cannot be asked this way, since no certificate is for 127.0.0.1.

use super::cli_error::CliError;
use super::output;
use anyhow::Context;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `/readyz` gives up after 10 seconds itself, and says why.
const LONGEST: Duration = Duration::from_secs(12);
/// Of an answer.
const MOST_READ: u64 = 64 << 10;

#[derive(Args)]
pub(super) struct HealthArguments {
    /// Address that the server listens on
    #[arg(long, value_name = "ADDR", env = "OUTPAY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Ask whether it is ready for requests (database, teller, background tasks), not only whether it answers
    #[arg(long)]
    ready: bool,
}

pub(super) async fn run(arguments: HealthArguments) -> Result<ExitCode, CliError> {
    let address = reachable(arguments.listen);
    let path = if arguments.ready { "/readyz" } else { "/healthz" };
    let asked = tokio::time::timeout(LONGEST, ask(address, path)).await;
    let answer =
        asked.map_err(|_| CliError::Refused(format!("{address} has not answered within {LONGEST:?}")))?;
    let answer = answer.with_context(|| format!("asking http://{address}{path}"))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
    match answer.split(' ').nth(1) {
        Some("200") if answer.starts_with("HTTP/1.1 ") => {
            output::line(body)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(status) if answer.starts_with("HTTP/1.1 ") => {
            Err(CliError::Refused(format!("http://{address}{path} answered {status}: {body}")))
        }
        _ => Err(CliError::Refused(format!("{address} does not speak HTTP without TLS"))),
    }
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST_READ).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a server that listens on all addresses of a machine is found from inside it.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let here = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(here, listen.port())
}
