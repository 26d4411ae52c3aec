//! `cargo xtask`: the project's own tools, one subcommand and one file each.
//!
//! Nothing here is part of the product. Invariant: everything that a tool starts (servers, clusters, folders) belongs
//! to a guard owned by a future, so that an interrupt, which drops the future, stops it all.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command-line tool talks through its standard output")]

mod bench;
mod client;
mod clock;
mod crash;
mod flood;
mod generators;
mod never_twice;
mod outpay;
mod package;
mod postgres;
mod powercut;
mod recover;
mod scratch;
mod simulate;
mod tidy;
mod timing;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Outpay's own tools")]
struct CommandLine {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Check the project's own rules over the whole tree
    Tidy,
    /// Run a command with a private PostgreSQL
    Postgres(postgres::Arguments),
    /// Measure a running server against two baselines
    Bench(bench::Arguments),
    /// Kill a loaded server again and again and compare its books with a journal
    Crash(crash::Arguments),
    /// Cut the power of a loaded server's disk again and again and look for what was acknowledged (root; Linux)
    Powercut(powercut::Arguments),
    /// Lose a loaded database, restore it from a backup, recover, and compare with what was given out before
    Recover(recover::Arguments),
    /// Hold on to a server with many connections and measure what a legitimate client gets
    Flood(flood::Arguments),
    /// Build what operators install (package, image, list of components) and try each as they would
    Package(package::Arguments),
    /// Generate clients from the OpenAPI document with several generators, and let them pay
    Generators(generators::Arguments),
    /// Run the platform with simulated clients, clock and crashes, and an independent auditor
    Simulate(simulate::Arguments),
    /// Pay by each rail, killed at every moment, and compare with the books of its counterpart
    NeverTwice(never_twice::Arguments),
    /// Tell the causes of a 401 apart by time, over all pairs of causes
    Timing(timing::Arguments),
    /// The load generator, a process of its own: reads its plan from standard input
    #[command(hide = true)]
    Load,
    /// Baseline (a): parses the JSON and does nothing
    #[command(hide = true)]
    BaselineEmpty(bench::baseline_empty::Arguments),
    /// Baseline (b): one PostgreSQL transaction per request
    #[command(hide = true)]
    BaselinePerRequest(bench::baseline_per_request::Arguments),
}

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().tool {
        Tool::Tidy => tidy::run(),
        Tool::Postgres(arguments) => until_interrupted(postgres::run(arguments)),
        Tool::Bench(arguments) => until_interrupted(bench::run(arguments)),
        Tool::Crash(arguments) => until_interrupted(crash::run(arguments)),
        Tool::Powercut(arguments) => until_interrupted(powercut::run(arguments)),
        Tool::Recover(arguments) => until_interrupted(recover::run(arguments)),
        Tool::Flood(arguments) => until_interrupted(flood::run(arguments)),
        Tool::Package(arguments) => until_interrupted(package::run(arguments)),
        Tool::Generators(arguments) => until_interrupted(generators::run(arguments)),
        Tool::Simulate(arguments) => until_interrupted(simulate::run(arguments)),
        Tool::NeverTwice(arguments) => until_interrupted(never_twice::run(arguments)),
        Tool::Timing(arguments) => until_interrupted(timing::run(arguments)),
        Tool::Load => bench::load::run(),
        Tool::BaselineEmpty(arguments) => until_interrupted(bench::baseline_empty::run(arguments)),
        Tool::BaselinePerRequest(arguments) => until_interrupted(bench::baseline_per_request::run(arguments)),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs `work` to its end, or drops it with all its guards on Ctrl-C or SIGTERM.
fn until_interrupted(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = work => outcome,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
            _ = terminate.recv() => Ok(ExitCode::from(143)),
        }
    })
}
