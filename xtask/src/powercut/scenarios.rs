//! The moments at which the power is cut. Each leaves the machine running again, on what the cut has left.
//!
//! Not here: the comparison. Invariant: whatever the server or a command has promised before the cut is looked for
//! after it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Tally;
use super::client::Client;
use super::machine::Machine;
use crate::clock;
use crate::outpay::{Engine, Outpay, Server};

/// Approximate duration of making an installation and starting it, with PostgreSQL in a debug build, in milliseconds.
const FIRST_START: u64 = 1500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Under load.
    Load,
    /// Right after the reply to a repeated key from a server that had been killed and restarted.
    Replay,
    /// During or after a backup, and again after it was restored and recovered.
    Restore,
    /// While an installation is made, or right after its first start.
    FirstStart,
}

/// In turn, so that a few cycles cover all of them.
const TURNS: [Scenario; 10] = {
    use Scenario::{FirstStart, Load, Replay, Restore};
    [Load, Replay, Restore, FirstStart, Load, Load, Replay, Load, Restore, Load]
};

impl Scenario {
    pub fn of_cycle(cycle: u64) -> Self {
        TURNS[usize::try_from((cycle - 1) % 10).expect("less than ten")]
    }
}

/// Load, then a power cut; or only the disk fails, so that the server has to notice by itself.
pub async fn load(machine: &mut Machine, client: &mut Client, engine: Engine) -> Result<String> {
    let load = client.start_load(machine.server()?);
    let moment = Duration::from_millis(client.random.u64(20..=1000));
    tokio::time::sleep(moment).await;
    let finds_out = engine == Engine::Sqlite && client.random.bool();
    if finds_out {
        machine.lose_disk().await?;
    } else {
        machine.lose_power().await?;
    }
    load.finish().await?;
    machine.regain_power().await?;
    machine.serve().await.context("starting after the cut")?;
    let how = if finds_out { ", and the server ended by itself" } else { "" };
    Ok(format!("cut after {} ms of load{how}", moment.as_millis()))
}

/// What a killed server wrote and did not sync is in its log when the next one starts, but not on the disk.
pub async fn replay(machine: &mut Machine, client: &mut Client) -> Result<String> {
    let load = client.start_load(machine.server()?);
    tokio::time::sleep(Duration::from_millis(client.random.u64(20..=500))).await;
    machine.server.take().context("no server runs")?.kill().await?;
    load.finish().await?;
    machine.serve().await.context("starting after the kill")?;
    let replayed = client.replay(machine.server()?).await?;
    machine.lose_power().await?;
    machine.regain_power().await?;
    machine.serve().await.context("starting after the cut")?;
    Ok(format!(
        "cut right after {}",
        if replayed { "a replayed answer" } else { "new answers; no kept one was replayed" }
    ))
}

/// Backup under load, cut, restore into an empty folder, recover, cut again.
pub async fn restore(
    machine: &mut Machine,
    client: &mut Client,
    cycle: u64,
    tally: &mut Tally,
) -> Result<String> {
    let before = client.acknowledged();
    let load = client.start_load(machine.server()?);
    tokio::time::sleep(Duration::from_millis(client.random.u64(20..=300))).await;
    let backup = machine.disk.root().join(format!("backup-{cycle}"));
    let is_made = back_up(machine, client, &backup).await?;
    machine.lose_power().await?;
    load.finish().await?;
    machine.regain_power().await?;
    tally.cuts += 1;

    let name = format!("restored_{cycle}");
    let is_whole = backup.join("manifest.json").is_file();
    ensure!(is_whole || !is_made, "a backup that was reported as made has no manifest after the cut");
    if is_whole {
        let copy = machine.another(&name).await?;
        std::fs::copy(machine.outpay.data().join("master.key"), copy.data().join("master.key"))?;
        machine.disk.settle().await?;
        copy.run(&["restore", text(&backup)?]).await?;
        copy.run(&["recover", "--accept-loss", "--revoke-keys", "none"]).await?;
        copy.run(&["audit"]).await?;
        machine.lose_power().await?;
        machine.regain_power().await?;
        client.compare_copy(&copy, &before, tally).await.context("the restored copy, after another cut")?;
        machine.remove(&name).await?;
    }
    if backup.is_dir() {
        std::fs::remove_dir_all(&backup)?;
    }
    machine.serve().await.context("starting after the cut")?;
    Ok(match (is_made, is_whole) {
        (true, _) => "backup made, cut, restored, recovered, cut again".to_owned(),
        (false, true) => "cut as a backup ended; restored, recovered, cut again".to_owned(),
        (false, false) => "cut within a backup, which does not count as one".to_owned(),
    })
}

/// Was the backup reported as finished before the cut?
async fn back_up(machine: &Machine, client: &mut Client, target: &Path) -> Result<bool> {
    let target = text(target)?.to_owned();
    // One in four is cut during the backup.
    if client.random.u64(..4) == 0 {
        let moment = Duration::from_millis(client.random.u64(20..=800));
        let arguments = ["backup", target.as_str()];
        return match tokio::time::timeout(moment, machine.outpay.run(&arguments)).await {
            Ok(made) => made.map(|_| true),
            Err(_) => Ok(false),
        };
    }
    machine.outpay.run(&["backup", &target]).await?;
    Ok(true)
}

/// `outpay init` makes key and database. After a cut both exist, or the missing ones can be made by running it again.
pub async fn first_start(machine: &mut Machine, client: &mut Client, cycle: u64) -> Result<String> {
    machine.server.take().context("no server runs")?.kill().await?;
    let name = format!("first_{cycle}");
    let first = machine.another(&name).await?;
    let mut business = None;
    let moment = match client.random.u64(..3) {
        0 => {
            let moment = Duration::from_millis(client.random.u64(..=FIRST_START));
            machine.maker = Some(first.begin_init()?);
            tokio::time::sleep(moment).await;
            format!("{} ms into making, before", moment.as_millis())
        }
        1 => {
            first.init().await?;
            machine.server = Some(first.serve().await?);
            "right after".to_owned()
        }
        _ => {
            first.init().await?;
            machine.server = Some(first.serve().await?);
            business = Some(first.create_business("first", 1000).await?);
            "with a business made after".to_owned()
        }
    };
    machine.lose_power().await?;
    machine.regain_power().await?;
    let key = if first.data().join("master.key").is_file() { "is there" } else { "is gone" };
    first
        .init()
        .await
        .with_context(|| format!("making it again; cut {moment} a first start, master.key {key}"))?;
    let started = first.serve().await;
    let again =
        started.with_context(|| format!("starting again; cut {moment} a first start, master.key {key}"))?;
    works(&first, again, business.map(|made| made.secret_key)).await?;
    machine.remove(&name).await?;
    machine.serve().await.context("starting after the cut")?;
    Ok(format!("cut {moment} a first start; master.key {key}"))
}

/// It accepts the keys from before the cut, and can be used.
async fn works(outpay: &Outpay, mut server: Server, known: Option<String>) -> Result<()> {
    let made = outpay.create_business("second", 1000).await?;
    for key in known.into_iter().chain([made.secret_key]) {
        let bearer = format!("Bearer {key}");
        let mut connection = crate::client::Connection::open(server.address).await?;
        let answer = connection.get("/balance", &[("Authorization", bearer.as_str())]).await?;
        answer.json(200).context("a key that was handed out")?;
    }
    outpay.run(&["audit"]).await?;
    server.kill().await
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not text")
}

/// The duration of `work` in seconds, for the line of a cycle.
pub async fn timed<T>(work: impl Future<Output = Result<T>>) -> (Result<T>, f64) {
    let started = clock::now();
    let done = work.await;
    (done, started.elapsed().as_secs_f64())
}
