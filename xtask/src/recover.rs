//! `xtask recover`: drills of docs/RECOVERY.md under full load.
//!
//! Here: one run and its counts. Not here: the drill, load, checks. Invariant: what was given out before the loss is
//! known from the responses to clients and from the chain, and every second drill has no witness, as on a new
//! machine.

mod api;
mod chain;
mod checks;
mod drill;
mod given;
mod load;
mod payments;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::outpay::{Engine, Profile, build};
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};
use drill::Drill;

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    engine: Engine,
    #[arg(long, default_value_t = 2)]
    cycles: u64,
    /// Chooses people, amounts and moments; printed, so that a run can be repeated (up to the machine's timing)
    #[arg(long)]
    seed: Option<u64>,
}

/// A drill that takes longer hangs.
const DRILL_LIMIT: Duration = Duration::from_secs(300);

#[derive(Default)]
struct Tally {
    creates: usize,
    withdrawals: usize,
    /// Promised on a chain before the loss, settled by hand after it, and debited from balances because the database
    /// had lost them.
    promised: usize,
    resolved: usize,
    debited: usize,
    checks: u64,
    violations: u64,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let program = build(Profile::of_this_tool()?).await?;
    let cluster = match arguments.engine {
        Engine::Postgres => Some(Cluster::start(Place::Disk, &[]).await?),
        Engine::Sqlite => None,
    };
    println!("recover: {} cycles, seed {seed}", arguments.cycles);
    let started = clock::now();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tally = Tally::default();
    for cycle in 1..=arguments.cycles {
        let mut folder = scratch::on_disk("recover")?;
        let had_witness = cycle % 2 == 1;
        let drill = Drill {
            program: &program,
            folder: folder.path(),
            cluster: cluster.as_ref(),
            cycle,
            had_witness,
            // Each chain with and without a witness.
            kind: if cycle.div_ceil(2) % 2 == 1 { chain::Kind::Anvil } else { chain::Kind::Hardhat },
            random: random.fork(),
        };
        let done =
            tokio::time::timeout(DRILL_LIMIT, drill.run(&mut tally)).await.context("it hangs").flatten();
        let outcome = done.with_context(|| format!("cycle {cycle}"));
        if outcome.as_ref().map_or(true, |checks| !checks.violations.is_empty()) {
            folder.disable_cleanup(true);
            eprintln!("recover: data and logs are kept in {}", folder.path().display());
        }
        let checks = outcome?;
        for violation in &checks.violations {
            println!("cycle {cycle}: VIOLATION: {violation}");
        }
        tally.checks += checks.made;
        tally.violations += checks.violations.len() as u64;
    }
    let Tally { creates, withdrawals, promised, resolved, debited, checks, violations } = tally;
    println!(
        "recover: {} cycles, {creates} creates, {withdrawals} withdrawals in the sandbox, {promised} on chains ({resolved} settled by hand, \
         {debited} lost and debited), {checks} checks, {violations} violations, {:.0} s",
        arguments.cycles,
        started.elapsed().as_secs_f64()
    );
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
