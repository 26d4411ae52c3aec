//! `xtask recover`: drills of what docs/RECOVERY.md says, under full load.
//!
//! Here: the drill from a new installation to its recovery. Not here: load, checks. Invariant: what was given out before the loss is
//! known from the answers that clients got, and every second drill has no witness, as on a new machine.

mod api;
mod checks;
mod given;
mod load;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::outpay::{Business, Engine, Outpay, Profile, build};
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};
use api::{Api, text};
use checks::{Checks, Recovered};
use given::{Given, new_ids_of};

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

const FUNDS: i64 = 1_000_000_000_000_000;
/// A drill that takes longer hangs.
const DRILL_LIMIT: Duration = Duration::from_secs(300);

#[derive(Default)]
struct Tally {
    creates: usize,
    withdrawals: usize,
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
    let Tally { creates, withdrawals, checks, violations } = tally;
    println!(
        "recover: {} cycles, {creates} creates, {withdrawals} withdrawals, {checks} checks, {violations} violations, {:.0} s",
        arguments.cycles,
        started.elapsed().as_secs_f64()
    );
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Drill<'a> {
    program: &'a Path,
    folder: &'a Path,
    cluster: Option<&'a Cluster>,
    cycle: u64,
    had_witness: bool,
    random: fastrand::Rng,
}

/// What is known of an installation whose database is lost.
struct Lost {
    business: Business,
    /// Another key of the same business, revoked after the backup.
    revoked: String,
    given: Given,
    kept: Given,
    rotated: String,
    next: u64,
}

impl Drill<'_> {
    async fn run(mut self, tally: &mut Tally) -> Result<Checks> {
        let mut checks = Checks::new();
        let first = self.installation("data", "before").await?;
        let backup = self.folder.join("backup");
        let lost = self.until_the_loss(&first, &backup).await?;
        let (creates, withdrawals) =
            (lost.given.money.len(), lost.given.ids.iter().filter(|id| id.starts_with("ord_")).count());
        tally.creates += creates;
        tally.withdrawals += withdrawals;
        let second = self.destroy(&first).await?;
        self.recover(&second, &backup, &mut checks).await?;
        self.compare(&second, &lost, &mut checks).await?;
        println!(
            "cycle {}: {creates} creates and {withdrawals} withdrawals, {} hashes, {} of them from before the backup; recovered {}; \
             {} checks, {} violations",
            self.cycle,
            lost.given.hashes.len(),
            lost.kept.hashes.len(),
            if self.had_witness { "with the witness" } else { "without a witness, all keys revoked" },
            checks.made,
            checks.violations.len()
        );
        Ok(checks)
    }

    async fn installation(&self, data: &str, database: &str) -> Result<Outpay> {
        let data = self.folder.join(data);
        std::fs::create_dir_all(&data)?;
        let database = match self.cluster {
            None => None,
            Some(cluster) => {
                let name = format!("{database}_{}", self.cycle);
                cluster.execute(&format!("CREATE DATABASE {name}")).await?;
                Some(cluster.url_of(&name))
            }
        };
        Ok(Outpay::new(self.program, &data, database).logging_to(&self.folder.join("outpay.log")))
    }

    /// Load, in the middle of it a backup; then a rotation and a revocation, more load, and the kill.
    async fn until_the_loss(&mut self, outpay: &Outpay, backup: &Path) -> Result<Lost> {
        let business = outpay.create_test_business("drill", FUNDS).await?;
        let made = outpay.run(&["key", "create", "drill", "--test", "--name", "doomed", "--json"]).await?;
        let made: Value = serde_json::from_str(&made)?;
        let (revoked_id, revoked) = (text(&made, "id")?.to_owned(), text(&made, "key")?.to_owned());
        let mut server = outpay.serve().await?;
        server.fund_payouts(&business, FUNDS).await?;

        let keys = [business.secret_key.as_str(), &revoked];
        let load = load::start(server.address, &keys, 1, &mut self.random);
        self.pause(200..=500).await;
        let kept = load.given().clone();
        outpay.run(&["backup", backup.to_str().context("a path that is no text")?]).await?;
        self.pause(50..=200).await;
        let (rotated, email) = self.someone_of(&kept)?;
        let new_hash = rotate(&mut Api::of_business(server.address, keys[0]).await?, &email).await?;
        load.given().note_hash(&new_hash, &email)?;
        outpay.run(&["key", "revoke", &revoked_id]).await?;
        self.pause(100..=300).await;
        let (mut given, next) = load.stop().await?;

        let mut api = Api::of_business(server.address, keys[0]).await?;
        for event in api.events().await? {
            given.ids.extend(new_ids_of(&event)?.into_iter().map(str::to_owned));
        }
        for withdrawal in api.list("/payout/withdrawals").await? {
            given.ids.insert(text(&withdrawal, "order_id")?.to_owned());
        }
        server.kill().await?;
        Ok(Lost { business, revoked, given, kept, rotated, next })
    }

    async fn pause(&mut self, milliseconds: std::ops::RangeInclusive<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.u64(milliseconds))).await;
    }

    fn someone_of(&mut self, kept: &Given) -> Result<(String, String)> {
        let mut all: Vec<(&String, &String)> = kept.hashes.iter().collect();
        all.sort_unstable();
        let chosen = self.random.choice(all).context("no create was answered before the backup")?;
        Ok((chosen.0.clone(), chosen.1.clone()))
    }

    /// The database is gone; with it the data folder but for the master key, where there is to be no witness.
    async fn destroy(&self, first: &Outpay) -> Result<Outpay> {
        match self.cluster {
            Some(cluster) => {
                cluster.execute(&format!("DROP DATABASE before_{} WITH (FORCE)", self.cycle)).await?
            }
            None => {
                for file in std::fs::read_dir(first.data())? {
                    let file = file?;
                    if file.file_name().to_string_lossy().starts_with("outpay.db") {
                        std::fs::remove_file(file.path())?;
                    }
                }
            }
        }
        if self.had_witness {
            return self.installation("data", "after").await;
        }
        let second = self.installation("new-machine", "after").await?;
        std::fs::copy(first.data().join("master.key"), second.data().join("master.key"))?;
        Ok(second)
    }

    async fn recover(&self, outpay: &Outpay, backup: &Path, checks: &mut Checks) -> Result<()> {
        outpay.run(&["restore", backup.to_str().context("a path that is no text")?]).await?;
        let early = outpay.run(&["business", "list"]).await;
        checks.holds(early.is_err(), || "a restored database was worked with before its recovery".to_owned());
        let served = outpay.begin_to_serve()?.wait(Duration::from_secs(30)).await?;
        checks.holds(!served.success(), || "a server was content with a restored database".to_owned());
        let mut arguments = vec!["recover", "--accept-loss", "--json"];
        if !self.had_witness {
            let undecided = outpay.run(&arguments).await;
            checks.holds(undecided.is_err(), || "without a witness keys were kept unasked".to_owned());
            arguments.extend(["--revoke-keys", "all"]);
        }
        let done: Value = serde_json::from_str(&outpay.run(&arguments).await?)?;
        checks
            .holds(done["revoked_keys"].as_u64() >= Some(1), || format!("no key was revoked again: {done}"));
        if self.had_witness {
            checks.holds(done["rotated_hashes"] == 1, || format!("the rotation was not done again: {done}"));
        }
        outpay.run(&["audit"]).await?;
        let paused: Value = serde_json::from_str(&outpay.run(&["pause", "list", "--json"]).await?)?;
        checks.holds(paused[0]["scope"] == "all", || format!("not everything is paused: {paused}"));
        Ok(())
    }

    async fn compare(&self, outpay: &Outpay, lost: &Lost, checks: &mut Checks) -> Result<()> {
        let mut server = outpay.serve().await.context("starting after the recovery")?;
        let mut old_keys = vec![(&lost.revoked, 401)];
        old_keys.push((&lost.business.secret_key, if self.had_witness { 200 } else { 401 }));
        for (key, expected) in old_keys {
            let answer = Api::of_business(server.address, key).await?.ask("/balance").await?;
            checks.holds(answer.status == expected, || format!("an old key, expected {expected}: {answer}"));
        }
        let key = match self.had_witness {
            true => lost.business.secret_key.clone(),
            false => {
                let made = outpay.run(&["key", "create", "drill", "--test", "--json"]).await?;
                text(&serde_json::from_str(&made)?, "key")?.to_owned()
            }
        };
        let recovered = Recovered {
            address: server.address,
            key: &key,
            given: &lost.given,
            kept: &lost.kept,
            rotated: &lost.rotated,
            had_witness: self.had_witness,
        };
        let given = recovered.check(lost.next, checks).await?;
        outpay.run(&["resume", "all", "--reason", "the drill looked into everything"]).await?;
        recovered.check_resumed(&given, checks).await?;
        server.stop(Duration::from_secs(60)).await?;
        let audit = outpay.run(&["audit"]).await;
        checks.holds(audit.is_ok(), || format!("the audit at the end: {audit:?}"));
        Ok(())
    }
}

/// Rotates a person's hash; gives the new one.
async fn rotate(business: &mut Api, email: &str) -> Result<String> {
    let people = business.list("/payout/users").await?;
    let person = people.iter().find(|person| person["email"] == email).context("a person is not listed")?;
    let path = format!("/payout/users/{}/rotate-hash", text(person, "id")?);
    let answer = business.post(&path, &json!({})).await?;
    ensure!(matches!(answer.status, 200 | 201), "{path}: {answer}");
    Ok(text(&answer.json(answer.status)?, "hash")?.to_owned())
}
