//! `xtask timing`: can the cause of a 401 be told from its time? Requests of all causes go over each connection in random order;
//! Welch's t is computed for each pair of causes of an endpoint (the method of "Dude, is my code constant time?", Reparaz,
//! Balasch and Verbauwhede, 2017): over all samples, and over those below the 90th percentile, where the noise of the machine is
//! smaller. |t| of 4.5 or more means that the two causes differ.
//!
//! Not here: which causes exist (auth/ in the product). Invariant: every answer that is timed is the same 401.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::client::{Connection, request};
use crate::outpay::{Business, Engine, Outpay, Profile, Server, build};
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "sqlite")]
    engine: Engine,
    /// Requests of each cause
    #[arg(long, default_value_t = 100_000)]
    samples: usize,
    /// Clients that ask at the same time; each gets the same share of the samples
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Fail if a |t| over the samples below the 90th percentile is larger
    #[arg(long)]
    bound: Option<f64>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure this program instead of building one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Samples of each cause and connection before the first that counts.
const WARM_UP: usize = 20;

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => build(Profile::of_this_tool()?).await?,
    };
    let folder = scratch::on_disk("timing")?;
    let cluster = match arguments.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Cluster::start(Place::Memory, &[]).await?),
    };
    let outpay = Outpay::new(&program, folder.path(), cluster.as_ref().map(Cluster::url));
    let business = outpay.create_business("Timing", 1_000_000).await?;
    let mut server = outpay.serve().await?;
    server.fund_payouts(&business, 1_000_000).await?;
    let people = people(&server, &business).await?;
    let keys = keys(&outpay, &business).await?;
    let mut worst: f64 = 0.0;
    for (name, causes) in
        [("business", business_causes(&keys, &people)), ("recipient", recipient_causes(&keys, &people))]
    {
        let times = measure(&server, &causes, &arguments).await?;
        worst = worst.max(report(name, &causes, &times));
    }
    server.stop(Duration::from_secs(30)).await?;
    if let Some(bound) = arguments.bound {
        ensure!(worst <= bound, "|t| is {worst:.1}, more than {bound}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A cause of a 401, and the request that has it.
struct Cause {
    name: &'static str,
    request: Vec<u8>,
}

struct People {
    active: String,
    inactive: String,
}

struct Keys {
    secret: String,
    public: String,
    revoked: String,
    expired: String,
    elsewhere: String,
    elsewhere_50: String,
}

async fn people(server: &Server, business: &Business) -> Result<People> {
    let mut connection = Connection::open(server.address).await?;
    let bearer = format!("Bearer {}", business.secret_key);
    let headers = [("Authorization", bearer.as_str())];
    let mut hashes = Vec::new();
    for email in ["active@example.com", "inactive@example.com"] {
        let body = json!({ "email": email, "amount": 1_000 }).to_string();
        let made = connection.post("/payout/create", &headers, &body).await?.json(201)?;
        hashes.push(text(&made, "payout_hash").or_else(|_| text(&made, "hash"))?);
    }
    let found = connection.get("/payout/users?email=inactive%40example.com", &headers).await?.json(200)?;
    let id = text(&found["data"][0], "id")?;
    let answer = connection.post(&format!("/payout/users/{id}/deactivate"), &headers, "{}").await?;
    ensure!(answer.status == 200, "deactivating: {answer}");
    let inactive = hashes.pop().context("two hashes")?;
    Ok(People { active: hashes.pop().context("two hashes")?, inactive })
}

async fn keys(outpay: &Outpay, business: &Business) -> Result<Keys> {
    let key = async |options: &[&str]| -> Result<(String, String)> {
        let arguments = [&["key", "create", &business.id, "--json"], options].concat();
        let made: Value = serde_json::from_str(&outpay.run(&arguments).await?)?;
        Ok((text(&made, "id")?, text(&made, "key")?))
    };
    let networks: Vec<String> = (0..50).map(|number| format!("198.51.100.{number}")).collect();
    let networks: Vec<&str> = networks.iter().flat_map(|network| ["--allow", network]).collect();
    let (revoked_id, revoked) = key(&[]).await?;
    outpay.run(&["key", "revoke", &revoked_id]).await?;
    let keys = Keys {
        secret: key(&[]).await?.1,
        public: key(&["--public"]).await?.1,
        revoked,
        expired: key(&["--expires-in", "1s"]).await?.1,
        elsewhere: key(&["--allow", "198.51.100.1"]).await?.1,
        elsewhere_50: key(&networks).await?.1,
    };
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    Ok(keys)
}

fn text(of: &Value, field: &str) -> Result<String> {
    Ok(of[field].as_str().with_context(|| format!("no {field} in {of}"))?.to_owned())
}

fn business_causes(keys: &Keys, people: &People) -> Vec<Cause> {
    let sent = |name, text: &str| {
        let bearer = format!("Bearer {text}");
        Cause { name, request: request("GET", "/payout/events", &[("Authorization", &bearer)], None) }
    };
    // As long as a real key, so that parsing the request takes as long.
    let unknown: String = keys.secret.chars().rev().collect();
    vec![
        Cause { name: "nothing sent", request: request("GET", "/payout/events", &[], None) },
        sent("unknown", &unknown),
        sent("public key", &keys.public),
        sent("revoked", &keys.revoked),
        sent("expired", &keys.expired),
        sent("bound to an address", &keys.elsewhere),
        sent("bound to 50", &keys.elsewhere_50),
        sent("hash", &people.active),
    ]
}

fn recipient_causes(keys: &Keys, people: &People) -> Vec<Cause> {
    let sent = |name, text: &str| Cause {
        name,
        request: request("GET", "/payout/operations", &[("X-Payout-Hash", text)], None),
    };
    let unknown: String = people.active.chars().rev().collect();
    vec![
        Cause { name: "nothing sent", request: request("GET", "/payout/operations", &[], None) },
        sent("unknown", &unknown),
        sent("inactive", &people.inactive),
        sent("key", &keys.secret),
    ]
}

/// Times of each cause in nanoseconds, from all connections.
async fn measure(server: &Server, causes: &[Cause], arguments: &Arguments) -> Result<Vec<Vec<f64>>> {
    let rounds = arguments.samples.div_ceil(arguments.connections);
    let clients = (0..arguments.connections).map(|client| {
        let random = fastrand::Rng::with_seed(arguments.seed.wrapping_add(client as u64));
        measure_over_one(server.address, causes, rounds, random)
    });
    let mut times = vec![Vec::with_capacity(arguments.samples); causes.len()];
    for of_client in try_join_all(clients).await? {
        for (all, own) in times.iter_mut().zip(of_client) {
            all.extend(own);
        }
    }
    Ok(times)
}

/// The same over one connection, the causes shuffled anew in every round.
async fn measure_over_one(
    server: SocketAddr,
    causes: &[Cause],
    rounds: usize,
    mut random: fastrand::Rng,
) -> Result<Vec<Vec<f64>>> {
    let mut connection = Connection::open(server).await?;
    let mut times = vec![Vec::with_capacity(rounds); causes.len()];
    let mut order: Vec<usize> = (0..causes.len()).collect();
    for round in 0..WARM_UP + rounds {
        random.shuffle(&mut order);
        for &place in &order {
            let before = clock::now();
            let answer = connection.exchange(&causes[place].request).await?;
            let took = before.elapsed();
            let is_401 = answer.status == 401 && answer.body() == br#"{"error":"Unauthorized"}"#;
            ensure!(is_401, "{}: {answer}", causes[place].name);
            if round >= WARM_UP {
                times[place].push(took.as_secs_f64() * 1e9);
            }
        }
    }
    Ok(times)
}

/// Prints the figures of each pair; returns the largest |t| below the 90th percentile.
fn report(name: &str, causes: &[Cause], times: &[Vec<f64>]) -> f64 {
    let mut all: Vec<f64> = times.concat();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    println!("\n{name}: {} requests of each cause; 90th percentile {:.1} us", times[0].len(), limit / 1e3);
    let cropped: Vec<Vec<f64>> =
        times.iter().map(|of| of.iter().copied().filter(|time| *time < limit).collect()).collect();
    for (cause, of) in causes.iter().zip(&cropped) {
        println!("  {:<22} mean {:>9.3} us", cause.name, mean_and_variance(of).0 / 1e3);
    }
    let mut worst: f64 = 0.0;
    println!("  {:<22} {:<22} {:>8} {:>8}", "|t|", "", "all", "< p90");
    for first in 0..causes.len() {
        for second in first + 1..causes.len() {
            let whole = welch(&times[first], &times[second]).abs();
            let below = welch(&cropped[first], &cropped[second]).abs();
            worst = worst.max(below);
            println!("  {:<22} {:<22} {whole:>8.1} {below:>8.1}", causes[first].name, causes[second].name);
        }
    }
    println!("  largest |t| below the 90th percentile: {worst:.1} (goal: less than 4.5)");
    worst
}

#[allow(clippy::cast_precision_loss, reason = "counts of samples")]
fn mean_and_variance(of: &[f64]) -> (f64, f64) {
    let count = of.len() as f64;
    let mean = of.iter().sum::<f64>() / count;
    (mean, of.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0))
}

/// Welch's t of two samples.
#[allow(clippy::cast_precision_loss, reason = "counts of samples")]
fn welch(first: &[f64], second: &[f64]) -> f64 {
    let ((mean_1, variance_1), (mean_2, variance_2)) = (mean_and_variance(first), mean_and_variance(second));
    (mean_1 - mean_2) / (variance_1 / first.len() as f64 + variance_2 / second.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_that_of_welch() {
        // Worked by hand: means 2 and 5, variances 1 and 1, three values each.
        let t = welch(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        assert!((t + 3.0 / (2.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{t}");
    }

    #[test]
    fn a_difference_is_found_and_noise_is_not() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut sample = |shift: f64| -> Vec<f64> { (0..10_000).map(|_| random.f64() + shift).collect() };
        let (first, same, other) = (sample(0.0), sample(0.0), sample(0.05));
        assert!(welch(&first, &same).abs() < 4.5);
        assert!(welch(&first, &other).abs() > 4.5);
    }
}
