//! `xtask bench`: the speed of a real server, as a ratio to two baselines measured in turns with it.
//!
//! Here: the order of measurements, and the tables. Not here: the load, the baselines, the stage. Invariant: every
//! participant is a process of its own, data is on disk with full durability, and a single unsuccessful response
//! fails the run.

pub mod baseline_empty;
pub mod baseline_per_request;
mod growth;
pub mod histogram;
mod lists;
pub mod load;
mod machine;
mod pages;
mod process;
mod stage;
mod table;
mod teller;
mod webhook_receiver;
mod webhooks;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::outpay::{Engine, Profile, build};
use load::{Plan, Report, Work};
use process::Baseline;
use stage::Stage;
use table::Row;

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    engine: Engine,
    /// Concurrent clients, each on its own connection, one request after the other
    #[arg(long, value_delimiter = ',', default_value = "1,64,256")]
    connections: Vec<usize>,
    /// Duration of each measurement
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Users created before the measurement; addresses are then drawn from them
    #[arg(long)]
    preload: Option<u64>,
    /// Addresses to draw from without preloading
    #[arg(long, default_value_t = 200_000)]
    addresses: u64,
    /// Rounds, in turns; the best one counts, because noise only ever slows down
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Also measure POST /payout/batch: 1,000 rows from 4 connections
    #[arg(long)]
    batch: bool,
    /// Also measure GET /payout/operations of random users
    #[arg(long)]
    operations: bool,
    /// Instead: measure at each of these numbers of preloaded users, as a ratio to the first
    #[arg(long, value_delimiter = ',')]
    growth: Vec<u64>,
    /// Instead: measure the teller alone, without HTTP
    #[arg(long)]
    teller: bool,
    /// Instead: measure the database queries of the dashboard's pages, with a million or the preloaded number of
    /// users
    #[arg(long)]
    pages: bool,
    /// Instead: measure webhooks to a receiver that sometimes fails, stalls and dies
    #[arg(long)]
    webhooks: bool,
    /// Number of webhooks
    #[arg(long, default_value_t = 100_000)]
    deliveries: usize,
    /// Threads of the load generator
    #[arg(long, default_value_t = 1)]
    load_threads: usize,
    /// A setting of the private PostgreSQL, `name=value`
    #[arg(long = "setting")]
    settings: Vec<String>,
}

const BATCH_ROWS: u64 = 1000;
const BATCH_CONNECTIONS: usize = 4;
const OPERATIONS_CONNECTIONS: usize = 64;
/// Enough hashes that reads do not hit the same rows again and again.
const HASHES: usize = 20_000;

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    ensure!(!arguments.connections.is_empty() && arguments.rounds > 0, "nothing to measure");
    machine::warn_when_busy().await;
    if arguments.webhooks {
        webhooks::run(&arguments).await?;
    } else if arguments.pages {
        pages::run(&arguments).await?;
    } else if arguments.teller {
        teller::run(&arguments).await?;
    } else if arguments.growth.is_empty() {
        compare(&arguments).await?;
    } else {
        growth::run(&arguments).await?;
    }
    machine::describe();
    Ok(ExitCode::SUCCESS)
}

/// Outpay against its baselines.
async fn compare(arguments: &Arguments) -> Result<()> {
    eprintln!("bench: building outpay");
    let program = build(Profile::Release).await?;
    let users = arguments.preload.unwrap_or(0);
    let stage = Stage::set(arguments.engine, &program, users, &arguments.settings).await?;
    let empty = Baseline::empty().await?;
    let per_request = match stage.postgres() {
        Some(url) => Some(Baseline::per_request(&url).await?),
        None => None,
    };

    let mut contestants = vec![("(a) empty handler", empty.address), ("outpay", stage.address())];
    if let Some(baseline) = &per_request {
        contestants.insert(1, ("(b) transaction per request", baseline.address));
    }
    let mut rows = Vec::new();
    let mut hashes = Vec::new();
    for &connections in &arguments.connections {
        let mut best: Vec<Option<Report>> = contestants.iter().map(|_| None).collect();
        for round in 1..=arguments.rounds {
            for ((name, address), best) in contestants.iter().zip(&mut best) {
                let work = Work::Create { addresses: arguments.drawn_from() };
                let plan = arguments.plan(*address, &stage, connections, work);
                let mut report = load::in_own_process(&plan).await?;
                eprintln!("bench: round {round}, {connections} connections, {name}: {:.0}/s", report.rate());
                if *name == "outpay" {
                    hashes = std::mem::take(&mut report.hashes);
                }
                Report::keep_better(best, report);
            }
        }
        let reports = contestants.iter().zip(best).filter_map(|((name, _), best)| Some((*name, best?)));
        rows.extend(reports.map(|(name, report)| Row { connections, name, report }));
    }
    println!("\nPOST /payout/create, {} addresses", arguments.drawn_from());
    table::print_comparison(&rows);

    if arguments.batch {
        batch(arguments, &stage).await?;
    }
    if arguments.operations {
        println!("\nGET /payout/operations of {} users", hashes.len());
        table::print_comparison(&[operations(arguments, &stage, hashes).await?]);
    }
    Ok(())
}

async fn batch(arguments: &Arguments, stage: &Stage) -> Result<()> {
    let work = Work::Batch { rows: BATCH_ROWS, addresses: arguments.drawn_from() };
    let plan = arguments.plan(stage.address(), stage, BATCH_CONNECTIONS, work);
    let mut best = None;
    for _ in 0..arguments.rounds {
        Report::keep_better(&mut best, load::in_own_process(&plan).await?);
    }
    let report = best.expect("there is at least one round");
    let payouts = report.rate() * BATCH_ROWS as f64;
    println!("\nPOST /payout/batch, {BATCH_ROWS} rows from {BATCH_CONNECTIONS} connections");
    println!("{payouts:.0} payouts/s, p50 {:.1} ms, p99 {:.1} ms per request", report.p50_ms, report.p99_ms);
    Ok(())
}

async fn operations(arguments: &Arguments, stage: &Stage, hashes: Vec<String>) -> Result<Row<'static>> {
    ensure!(!hashes.is_empty(), "no create answered with a hash");
    let plan = arguments.plan(stage.address(), stage, OPERATIONS_CONNECTIONS, Work::Operations { hashes });
    let mut best = None;
    for _ in 0..arguments.rounds {
        Report::keep_better(&mut best, load::in_own_process(&plan).await?);
    }
    let report = best.expect("there is at least one round");
    Ok(Row { connections: OPERATIONS_CONNECTIONS, name: "outpay", report })
}

impl Arguments {
    fn drawn_from(&self) -> u64 {
        self.preload.unwrap_or(self.addresses)
    }

    fn plan(&self, address: std::net::SocketAddr, stage: &Stage, connections: usize, work: Work) -> Plan {
        Plan {
            address,
            secret_key: stage.secret_key().to_owned(),
            connections,
            warm_up: Duration::from_secs(1),
            measured: Duration::from_secs(self.seconds),
            threads: self.load_threads,
            collect_hashes: HASHES,
            work,
        }
    }
}
