//! The control: the same cut with all syncs disabled. Acknowledged creates must be lost, and the loss must be
//! detected.
//!
//! Invariant: only the process that makes the log durable (the server on SQLite, otherwise PostgreSQL) runs without
//! syncs; the initial state is on the disk, and losses are counted by the same comparison as everywhere.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Tally;
use super::client::Client;
use super::disk::FileSystem;
use super::machine::Machine;
use crate::outpay::Engine;

pub async fn cycle(
    program: &Path,
    folder: &Path,
    kind: FileSystem,
    engine: Engine,
    seed: u64,
    tally: &mut Tally,
) -> Result<String> {
    let mut machine = Machine::create(program, folder, kind, engine).await?;
    let mut client = Client::set_up(&mut machine, &folder.join("journal"), seed).await?;
    let mut server = machine.server.take().context("no server runs")?;
    server.stop(Duration::from_secs(60)).await?;
    set_careless(&mut machine, true).await?;
    machine.disk.settle().await?;

    machine.server = Some(match engine {
        Engine::Sqlite => machine.outpay.careless().serve().await?,
        Engine::Postgres => machine.outpay.serve().await?,
    });
    let load = client.start_load(machine.server()?);
    tokio::time::sleep(Duration::from_millis(client.random.u64(200..=1000))).await;
    machine.lose_power().await?;
    load.finish().await?;
    if let Some(cluster) = &mut machine.cluster {
        cluster.be_careless(false);
    }
    let acknowledged = client.acknowledged().len() as u64;
    let found = after_the_cut(&mut machine, &client).await?;
    let lost = found.lost.unwrap_or(acknowledged);
    tally.cycles += 1;
    tally.cuts += 1;
    tally.acknowledged += acknowledged;
    tally.lost += lost;
    Ok(format!("{acknowledged} acknowledged, {lost} lost{}", found.noticed))
}

async fn set_careless(machine: &mut Machine, careless: bool) -> Result<()> {
    let Some(cluster) = &mut machine.cluster else { return Ok(()) };
    cluster.stop_now()?;
    cluster.be_careless(careless);
    cluster.start_again().await
}

struct Found {
    /// Lost acknowledged creates; `None` if nothing could be read any more.
    lost: Option<u64>,
    noticed: &'static str,
}

async fn after_the_cut(machine: &mut Machine, client: &Client) -> Result<Found> {
    if let Err(error) = machine.regain_power().await {
        eprintln!("powercut: {error:#}");
        return Ok(Found { lost: None, noticed: "; the database does not start any more" });
    }
    let mut noticed = "";
    if machine.serve().await.is_err() {
        // The witness, if it survived the cut, knows more than the database. Without it the loss can be counted.
        noticed = "; the witness noticed it and the server refused to start";
        for file in std::fs::read_dir(machine.outpay.data())? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("witness-") {
                std::fs::remove_file(file.path())?;
            }
        }
        if let Err(error) = machine.serve().await {
            eprintln!("powercut: {error:#}");
            return Ok(Found { lost: None, noticed: "; the server does not start any more" });
        }
    }
    match client.count_lost(machine.server()?).await {
        Ok(lost) => Ok(Found { lost: Some(lost), noticed }),
        Err(error) => {
            eprintln!("powercut: {error:#}");
            Ok(Found { lost: None, noticed: "; the books cannot be read any more" })
        }
    }
}
