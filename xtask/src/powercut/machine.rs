//! The machine that loses its power: a disk with a data folder and optionally a PostgreSQL cluster, and the server.
//!
//! Not here: load, checks. Invariant: logs are kept off the disk, so that they cover the time up to the cut and after
//! it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Child;

use super::disk::{Disk, FileSystem};
use crate::outpay::{Engine, Outpay, Server};
use crate::postgres::Cluster;

/// With a request in progress, a server on SQLite must end by itself within this time after the cut.
const NOTICE_LIMIT: Duration = Duration::from_secs(20);

/// Fields drop in this order: what runs on the disk before the disk.
pub struct Machine {
    pub server: Option<Server>,
    /// `outpay init` at work.
    pub maker: Option<Child>,
    pub cluster: Option<Cluster>,
    pub outpay: Outpay,
    pub disk: Disk,
    program: PathBuf,
    logs: PathBuf,
}

impl Machine {
    /// A machine with an empty installation that has never been started.
    pub async fn create(program: &Path, folder: &Path, kind: FileSystem, engine: Engine) -> Result<Self> {
        let disk = Disk::create(folder, kind).await?;
        let data = disk.root().join("data");
        std::fs::create_dir(&data)?;
        let cluster = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let home = disk.root().join("postgres");
                std::fs::create_dir(&home)?;
                Some(Cluster::start_in(&home, &folder.join("postgres.log")).await?)
            }
        };
        let outpay = Outpay::new(program, &data, cluster.as_ref().map(Cluster::url));
        let outpay = outpay.logging_to(&folder.join("outpay.log"));
        Ok(Self {
            server: None,
            maker: None,
            cluster,
            outpay,
            disk,
            program: program.into(),
            logs: folder.into(),
        })
    }

    /// Another installation on the same disk, with an empty folder and its own database. It survives a cut.
    pub async fn another(&self, name: &str) -> Result<Outpay> {
        let data = self.disk.root().join(name);
        std::fs::create_dir(&data)?;
        let database = match &self.cluster {
            None => None,
            Some(cluster) => {
                cluster.execute(&format!("CREATE DATABASE {name}")).await?;
                Some(cluster.url_of(name))
            }
        };
        self.disk.settle().await?;
        Ok(Outpay::new(&self.program, &data, database).logging_to(&self.logs.join(format!("{name}.log"))))
    }

    /// Removes what [`Machine::another`] created.
    pub async fn remove(&self, name: &str) -> Result<()> {
        std::fs::remove_dir_all(self.disk.root().join(name))?;
        if let Some(cluster) = &self.cluster {
            cluster.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }

    pub fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("no server runs")
    }

    pub async fn serve(&mut self) -> Result<()> {
        self.server = Some(self.outpay.serve().await?);
        Ok(())
    }

    /// Cuts the power: the disk accepts nothing more, then all processes are killed.
    pub async fn lose_power(&mut self) -> Result<()> {
        self.disk.cut().await?;
        self.end().await
    }

    /// Cuts the disk alone: a server on SQLite that is asked to write must notice and end with an error, not respond
    /// as if it had written. Then the rest of the machine goes.
    pub async fn lose_disk(&mut self) -> Result<()> {
        self.disk.cut().await?;
        if let Some(mut server) = self.server.take() {
            let ended = server.wait(NOTICE_LIMIT).await;
            self.end().await?;
            let status = ended.context("its disk is gone, but it goes on")?;
            ensure!(!status.success(), "its disk is gone, but it ended with success");
            return Ok(());
        }
        self.end().await
    }

    async fn end(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill().await?;
        }
        if let Some(mut maker) = self.maker.take() {
            maker.kill().await?;
        }
        if let Some(cluster) = &mut self.cluster {
            cluster.kill().await?;
        }
        self.disk.unmount().await.context("unmounting the disk after the cut")
    }

    /// Restores the power: the disk as the cut left it, and the database on it.
    pub async fn regain_power(&mut self) -> Result<()> {
        self.disk.mount().await.context("mounting the disk after the cut")?;
        match &mut self.cluster {
            Some(cluster) => cluster.start_again().await.context("starting PostgreSQL after the cut"),
            None => Ok(()),
        }
    }
}
