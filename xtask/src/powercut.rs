//! `xtask powercut`: cuts the power of a loaded server's disk, again and again.
//!
//! Here: one run and its cycles. Not here: the disk, the scenarios, the comparison. Invariant: the control proves
//! that the tool can detect a loss: the same cut under a server (or a PostgreSQL) whose syncs do nothing must lose
//! what was acknowledged.

mod client;
mod control;
mod disk;
mod machine;
mod scenarios;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::outpay::{Engine, Profile, build};
use crate::{clock, scratch};
use client::Client;
use disk::FileSystem;
use machine::Machine;
use scenarios::{Scenario, timed};

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    engine: Engine,
    #[arg(long, default_value_t = 10)]
    cycles: u64,
    /// Run with syncs that do nothing (eatmydata): the tool must find a loss, or it proves nothing
    #[arg(long)]
    unsafe_control: bool,
    /// Only on this file system [default: both in turn]
    #[arg(long, value_enum)]
    filesystem: Option<FileSystem>,
    /// Chooses moments, users and what is cut; printed, so that a run can be repeated (up to the machine's timing)
    #[arg(long)]
    seed: Option<u64>,
}

/// A cycle that takes longer hangs.
const CYCLE_LIMIT: Duration = Duration::from_secs(240);
/// This many cycles continue from the data of the one before; then a new installation on a new disk begins.
const CYCLES_OF_A_DISK: u64 = 20;

/// Counts of a run.
#[derive(Default)]
pub struct Tally {
    cycles: u64,
    cuts: u64,
    acknowledged: u64,
    lost: u64,
    doubled: u64,
    /// Clean audits; a run ends at the first one that is not.
    audits: u64,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    ensure!(
        geteuid().is_root(),
        "powercut mounts file systems and so needs root: run it as root, or with sudo"
    );
    let mut tools = vec![("xfs_io", "xfsprogs"), ("mkfs.xfs", "xfsprogs"), ("mkfs.ext4", "e2fsprogs")];
    tools.extend([("mount", "mount"), ("umount", "mount"), ("sync", "coreutils")]);
    if arguments.unsafe_control {
        tools.push(("eatmydata", "eatmydata"));
    }
    disk::check_tools(&tools)?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let program = build(Profile::of_this_tool()?).await?;
    let mut run = Run { arguments, program, random: fastrand::Rng::with_seed(seed), tally: Tally::default() };
    println!("powercut: {} cycles, seed {seed}", run.arguments.cycles);
    let started = clock::now();
    let outcome = if run.arguments.unsafe_control { run.control().await } else { run.all().await };
    let Tally { cycles, cuts, acknowledged, lost, doubled, audits } = run.tally;
    println!(
        "powercut: {cycles} cycles, {cuts} cuts, {acknowledged} creates acknowledged, {lost} lost, {doubled} doubled, \
         {audits} audits right{}, {:.0} s",
        if outcome.is_err() { ", then an error" } else { "" },
        started.elapsed().as_secs_f64()
    );
    outcome.map(|()| ExitCode::SUCCESS)
}

struct Run {
    arguments: Arguments,
    program: PathBuf,
    random: fastrand::Rng,
    tally: Tally,
}

impl Run {
    async fn all(&mut self) -> Result<()> {
        let mut next = 1;
        while next <= self.arguments.cycles {
            let last = self.arguments.cycles.min(next + CYCLES_OF_A_DISK - 1);
            let mut folder = folder()?;
            let outcome = self.of_one_disk(folder.path(), next, last).await;
            if let Err(error) = outcome {
                folder.disable_cleanup(true);
                eprintln!("powercut: disk, journal and logs are kept in {}", folder.path().display());
                return Err(error);
            }
            next = last + 1;
        }
        Ok(())
    }

    async fn of_one_disk(&mut self, folder: &Path, first: u64, last: u64) -> Result<()> {
        let kind = self.file_system(first / CYCLES_OF_A_DISK);
        let mut machine = Machine::create(&self.program, folder, kind, self.arguments.engine).await?;
        let seed = self.random.u64(..1_000_000);
        let mut client = Client::set_up(&mut machine, &folder.join("journal"), seed).await?;
        let mut counted = 0;
        for cycle in first..=last {
            let work = tokio::time::timeout(CYCLE_LIMIT, self.cycle(&mut machine, &mut client, cycle));
            let (done, seconds) = timed(async { work.await.context("it hangs")? }).await;
            let acknowledged = client.acknowledged().len() as u64;
            self.tally.acknowledged += acknowledged - counted;
            counted = acknowledged;
            match done.with_context(|| format!("cycle {cycle}, {kind:?}")) {
                Ok(line) => println!("cycle {cycle}, {kind:?}: {line}, {seconds:.1} s"),
                Err(error) => {
                    machine.disk.keep();
                    return Err(error);
                }
            }
        }
        client.compare_from_the_start(&machine).await
    }

    async fn cycle(&mut self, machine: &mut Machine, client: &mut Client, cycle: u64) -> Result<String> {
        let from = client.journal().entries().len();
        let scenario = Scenario::of_cycle(cycle);
        let done = match scenario {
            Scenario::Load => scenarios::load(machine, client, self.arguments.engine).await?,
            Scenario::Replay => scenarios::replay(machine, client).await?,
            Scenario::Restore => scenarios::restore(machine, client, cycle, &mut self.tally).await?,
            Scenario::FirstStart => scenarios::first_start(machine, client, cycle).await?,
        };
        self.tally.cuts += 1;
        let found = client.compare(machine, from, &mut self.tally).await?;
        self.tally.cycles += 1;
        Ok(format!("{done}; {found}"))
    }

    async fn control(&mut self) -> Result<()> {
        for cycle in 1..=self.arguments.cycles {
            let folder = folder()?;
            let kind = self.file_system(cycle);
            let seed = self.random.u64(..1_000_000);
            let (program, engine) = (&self.program, self.arguments.engine);
            let work = control::cycle(program, folder.path(), kind, engine, seed, &mut self.tally);
            let done = tokio::time::timeout(CYCLE_LIMIT, work).await.context("it hangs").flatten();
            let line = done.with_context(|| format!("cycle {cycle}, {kind:?}"))?;
            println!("cycle {cycle}, {kind:?}: {line}");
        }
        if self.tally.lost == 0 {
            bail!("nothing was synced and nothing was lost: this tool proves nothing on this machine");
        }
        println!("powercut: without syncs a cut loses what was acknowledged, and this tool sees it");
        Ok(())
    }

    fn file_system(&self, turn: u64) -> FileSystem {
        let in_turn = if turn.is_multiple_of(2) { FileSystem::Ext4 } else { FileSystem::Xfs };
        self.arguments.filesystem.unwrap_or(in_turn)
    }
}

/// On a disk, and accessible to the user that PostgreSQL runs as.
fn folder() -> Result<TempDir> {
    let folder = scratch::on_disk("powercut")?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    Ok(folder)
}
