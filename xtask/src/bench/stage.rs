//! What is measured: a server on a fresh database on disk, with one funded business and optionally preloaded users.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::clock;
use crate::outpay::{Business, Engine, Outpay, Server};
use crate::postgres::{Cluster, Place};
use crate::scratch;

const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Half of it is moved to the payout balance, the rest is for the preloaded users.
const FUNDS: i64 = 1_000_000_000_000_000;

/// Fields drop in this order: the server before its database, the database before its folder.
pub struct Stage {
    server: Server,
    business: Business,
    cluster: Option<Cluster>,
    _folder: TempDir,
}

impl Stage {
    pub async fn set(engine: Engine, program: &Path, users: u64, settings: &[String]) -> Result<Self> {
        let folder = scratch::on_disk("bench")?;
        let cluster = match engine {
            Engine::Postgres => Some(Cluster::start(Place::Disk, settings).await?),
            Engine::Sqlite => None,
        };
        let outpay = Outpay::new(program, folder.path(), cluster.as_ref().map(Cluster::url));
        let business = outpay.create_business("bench", FUNDS).await?;
        let mut server = outpay.serve().await?;
        server.fund_payouts(&business, FUNDS / 2).await?;
        if users > 0 {
            // Preload without the server: the measured one starts with what is on disk, as after a restart.
            server.stop(STOP_LIMIT).await?;
            let started = clock::now();
            outpay.run(&["preload", &business.id, &users.to_string()]).await?;
            eprintln!("bench: preloaded {users} users in {:.0} s", started.elapsed().as_secs_f64());
            server = outpay.serve().await?;
        }
        Ok(Self { server, business, cluster, _folder: folder })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub fn secret_key(&self) -> &str {
        &self.business.secret_key
    }

    pub fn postgres(&self) -> Option<String> {
        self.cluster.as_ref().map(Cluster::url)
    }
}
