//! Runs this tool again as another process: the load generator and the baselines.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::{clock, scratch};

const START_LIMIT: Duration = Duration::from_secs(20);

/// This very binary, even if cargo has replaced its file in the meantime.
pub fn of_this_tool(subcommand: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(subcommand).kill_on_drop(true);
    command
}

/// A baseline server that runs until it is dropped.
pub struct Baseline {
    _child: Child,
    pub address: SocketAddr,
}

impl Baseline {
    /// (a)
    pub async fn empty() -> Result<Self> {
        Self::start(&mut of_this_tool("baseline-empty")).await
    }

    /// (b)
    pub async fn per_request(postgres: &str) -> Result<Self> {
        Self::start(of_this_tool("baseline-per-request").args(["--database", postgres])).await
    }

    async fn start(command: &mut Command) -> Result<Self> {
        let address = scratch::free_address()?;
        let mut child = command.args(["--listen", &address.to_string()]).spawn().context("a baseline")?;
        let deadline = clock::now() + START_LIMIT;
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("a baseline ended with {status} while starting");
            }
            ensure!(clock::now() < deadline, "a baseline does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Self { _child: child, address })
    }
}
