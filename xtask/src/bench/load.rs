//! The load generator: a closed loop over many connections, in its own process.
//!
//! It reads its plan as JSON from standard input (a key must not appear in a process list), and writes its report as
//! one JSON line to standard output.

use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::histogram::Histogram;
use super::process;
use crate::client::{Answer, Connection, request};
use crate::clock;

#[derive(Clone, Serialize, Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    pub secret_key: String,
    pub connections: usize,
    pub warm_up: Duration,
    pub measured: Duration,
    pub threads: usize,
    /// How many hashes from create responses to report.
    pub collect_hashes: usize,
    pub work: Work,
}

#[derive(Clone, Serialize, Deserialize)]
pub enum Work {
    /// POST /payout/create for user0 … user(addresses-1).
    Create { addresses: u64 },
    /// POST /payout/batch with as many rows.
    Batch { rows: u64, addresses: u64 },
    /// GET /payout/operations with one of the hashes.
    Operations { hashes: Vec<String> },
}

#[derive(Serialize, Deserialize)]
pub struct Report {
    pub answered: u64,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub hashes: Vec<String>,
}

impl Report {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.seconds
    }

    pub fn keep_better(best: &mut Option<Self>, report: Self) {
        if best.as_ref().is_none_or(|best| report.rate() > best.rate()) {
            *best = Some(report);
        }
    }
}

/// Runs `plan` in its own process.
pub async fn in_own_process(plan: &Plan) -> Result<Report> {
    let mut generator = process::of_this_tool("load");
    let mut child = generator.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("the load generator has no standard input")?;
    input.write_all(&serde_json::to_vec(plan)?).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "the load generator failed, see above");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The entry point of that process.
pub fn run() -> Result<ExitCode> {
    let plan: Plan = serde_json::from_reader(std::io::stdin()).context("reading the plan")?;
    let mut builder = match plan.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(plan.threads.max(1)).enable_all().build()?;
    let report = runtime.block_on(drive(Arc::new(plan)))?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(ExitCode::SUCCESS)
}

struct Window {
    from: Instant,
    until: Instant,
}

async fn drive(plan: Arc<Plan>) -> Result<Report> {
    let from = clock::now() + plan.warm_up;
    let window = Arc::new(Window { from, until: from + plan.measured });
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..plan.connections {
        clients.spawn(client(plan.clone(), window.clone(), number));
    }
    let mut all = Tally::default();
    // The first failing client ends the run: a figure with errors in it would mean nothing.
    while let Some(tally) = clients.join_next().await {
        let tally = tally??;
        all.latencies.merge(&tally.latencies);
        all.hashes.extend(tally.hashes);
    }
    Ok(Report {
        answered: all.latencies.total(),
        seconds: plan.measured.as_secs_f64(),
        p50_ms: all.latencies.percentile_ms(0.50),
        p99_ms: all.latencies.percentile_ms(0.99),
        hashes: all.hashes,
    })
}

#[derive(Default)]
struct Tally {
    latencies: Histogram,
    hashes: Vec<String>,
}

async fn client(plan: Arc<Plan>, window: Arc<Window>, number: usize) -> Result<Tally> {
    let mut connection = Connection::open(plan.address).await.context("connecting")?;
    let mut random = fastrand::Rng::with_seed(number as u64);
    let bearer = format!("Bearer {}", plan.secret_key);
    let wanted = plan.collect_hashes.div_ceil(plan.connections.max(1));
    let mut tally = Tally::default();
    loop {
        let bytes = plan.work.next_request(&bearer, &mut random);
        let sent = clock::now();
        if sent >= window.until {
            return Ok(tally);
        }
        let answer = connection.exchange(&bytes).await?;
        let latency = clock::now() - sent;
        ensure!(answer.status == plan.work.success(), "the server answered {answer}");
        if sent >= window.from {
            tally.latencies.record(latency);
            if tally.hashes.len() < wanted {
                tally.hashes.extend(hash_in(&answer));
            }
        }
    }
}

impl Work {
    fn success(&self) -> u16 {
        if matches!(self, Self::Operations { .. }) { 200 } else { 201 }
    }

    fn next_request(&self, bearer: &str, random: &mut fastrand::Rng) -> Vec<u8> {
        match self {
            Self::Create { addresses } => {
                let body = row(*addresses, random);
                request("POST", "/payout/create", &[("Authorization", bearer)], Some(body.as_bytes()))
            }
            Self::Batch { rows, addresses } => {
                let rows: Vec<String> = (0..*rows).map(|_| row(*addresses, random)).collect();
                let body = format!("{{\"payouts\":[{}]}}", rows.join(","));
                request("POST", "/payout/batch", &[("Authorization", bearer)], Some(body.as_bytes()))
            }
            Self::Operations { hashes } => {
                let hash = &hashes[random.usize(..hashes.len())];
                request("GET", "/payout/operations", &[("X-Payout-Hash", hash)], None)
            }
        }
    }
}

fn row(addresses: u64, random: &mut fastrand::Rng) -> String {
    let (user, amount) = (random.u64(..addresses), random.u64(1..=1000));
    format!("{{\"email\":\"user{user}@example.com\",\"amount\":{amount}}}")
}

fn hash_in(answer: &Answer) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    Some(body.get("hash")?.as_str()?.to_owned())
}
