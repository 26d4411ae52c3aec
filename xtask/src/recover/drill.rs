//! One drill, from a new installation under load to its recovery.
//!
//! Not here: load, checks, what an operator does about payments. Invariant: whatever is compared afterwards was given
//! to clients while the first database existed; nothing of it is read from the backup.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Tally;
use super::api::{Api, text};
use super::chain::{self, Chain, Kind};
use super::checks::{Checks, Recovered};
use super::given::{Given, new_ids_of};
use super::load;
use super::payments::{self, Aftermath, Assigned, Found, Promise};
use crate::outpay::{Business, Outpay, Server};
use crate::postgres::Cluster;

const FUNDS: i64 = 1_000_000_000_000_000;
const STOP_LIMIT: Duration = Duration::from_secs(60);
const TREASURY_KEY: &str = "DRILL_TREASURY_KEY";

pub struct Drill<'a> {
    pub program: &'a Path,
    pub folder: &'a Path,
    pub cluster: Option<&'a Cluster>,
    pub cycle: u64,
    pub had_witness: bool,
    pub kind: Kind,
    pub random: fastrand::Rng,
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
    /// The business that pays on a chain, in live money.
    payer: Business,
    promises: Vec<Promise>,
}

impl Drill<'_> {
    pub async fn run(mut self, tally: &mut Tally) -> Result<Checks> {
        let mut checks = Checks::new();
        let chain = Chain::start(self.kind).await?;
        let first = self.installation("data", "before").await?;
        let backup = self.folder.join("backup");
        let lost = self.until_the_loss(&first, &chain, &backup).await?;
        let second = self.destroy(&first).await?;
        self.recover(&second, &backup, &mut checks).await?;
        let mut server = second.serve().await.context("starting after the recovery")?;
        let key = self.key_after(&second, &lost.payer, &["payer"]).await?;
        let aftermath = Aftermath { outpay: &second, chain: &chain, key: &key, promises: &lost.promises };
        let found = self.compare(&server, &lost, &aftermath, &mut checks).await?;
        let assigned =
            aftermath.assign(&mut server, found, &|nonce| chain.table(TREASURY_KEY, nonce)).await?;
        aftermath.judge(&server, &mut checks).await?;
        server.stop(STOP_LIMIT).await?;
        let audit = second.run(&["audit"]).await;
        checks.holds(audit.is_ok(), || format!("the audit at the end: {audit:?}"));
        self.report(&lost, &assigned, &checks, tally);
        Ok(checks)
    }

    fn report(&self, lost: &Lost, assigned: &Assigned, checks: &Checks, tally: &mut Tally) {
        let Lost { given, kept, promises, .. } = lost;
        let (creates, promised) = (given.money.len(), promises.len());
        let withdrawals = given.ids.iter().filter(|id| id.starts_with("ord_")).count();
        tally.creates += creates;
        tally.withdrawals += withdrawals;
        tally.promised += promised;
        tally.resolved += assigned.resolved;
        tally.debited += assigned.debited;
        let how = if self.had_witness { "with the witness" } else { "without one, all keys revoked" };
        let Assigned { resolved, debited } = assigned;
        let (hashes, old, kind) = (given.hashes.len(), kept.hashes.len(), self.kind);
        let (made, violations) = (checks.made, checks.violations.len());
        println!(
            "cycle {}, {how}: {creates} creates, {withdrawals} withdrawals, {hashes} hashes, {old} of them before the backup; \
             {promised} payments on {kind:?}, {resolved} settled by hand, {debited} lost and debited; {made} checks, \
             {violations} violations",
            self.cycle
        );
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
        let outpay = Outpay::new(self.program, &data, database).knowing(TREASURY_KEY, chain::KEY);
        Ok(outpay.logging_to(&self.folder.join("outpay.log")))
    }

    /// Load with a backup in the middle of it; then a rotation and a revocation, more load, and the kill.
    async fn until_the_loss(&mut self, outpay: &Outpay, chain: &Chain, backup: &Path) -> Result<Lost> {
        std::fs::write(outpay.data().join("outpay.toml"), chain.table(TREASURY_KEY, 0))?;
        let business = outpay.create_test_business("drill", FUNDS).await?;
        let payer = outpay.create_business("payer", FUNDS).await?;
        outpay.run(&["method", "enable", "payer", "usdc"]).await?;
        let made = outpay.run(&["key", "create", "drill", "--test", "--name", "doomed", "--json"]).await?;
        let made: Value = serde_json::from_str(&made)?;
        let (revoked_id, revoked) = (text(&made, "id")?.to_owned(), text(&made, "key")?.to_owned());
        let mut server = outpay.serve().await?;
        server.fund_payouts(&business, FUNDS).await?;
        server.fund_payouts(&payer, FUNDS).await?;

        let asking = payments::start(&server, &payer.secret_key, &mut self.random).await?;
        let keys = [business.secret_key.as_str(), &revoked];
        let load = load::start(server.address, &keys, 1, &mut self.random);
        self.pause(300..=900).await;
        let kept = load.given().clone();
        outpay.run(&["backup", backup.to_str().context("a path that is not text")?]).await?;
        self.pause(50..=200).await;
        let (rotated, email) = self.someone_of(&kept)?;
        let new_hash = rotate(&mut Api::of_business(server.address, keys[0]).await?, &email).await?;
        load.given().note_hash(&new_hash, &email)?;
        outpay.run(&["key", "revoke", &revoked_id]).await?;
        self.pause(100..=600).await;
        let (mut given, next) = load.stop().await?;
        note_ids(&server, keys[0], &mut given).await?;
        let promises = asking.stop().await?;
        server.kill().await?;
        Ok(Lost { business, revoked, given, kept, rotated, next, payer, promises })
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

    /// Deletes the database; without a witness, also the data folder, except for files that have copies elsewhere.
    async fn destroy(&self, first: &Outpay) -> Result<Outpay> {
        match self.cluster {
            Some(cluster) => {
                cluster.execute(&format!("DROP DATABASE before_{} WITH (FORCE)", self.cycle)).await?;
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
        for name in ["master.key", "outpay.toml"] {
            std::fs::copy(first.data().join(name), second.data().join(name))?;
        }
        Ok(second)
    }

    async fn recover(&self, outpay: &Outpay, backup: &Path, checks: &mut Checks) -> Result<()> {
        outpay.run(&["restore", backup.to_str().context("a path that is not text")?]).await?;
        let early = outpay.run(&["business", "list"]).await;
        checks.holds(early.is_err(), || "a restored database was worked with before its recovery".to_owned());
        let served = outpay.begin_to_serve()?.wait(STOP_LIMIT).await?;
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

    /// People, keys and ids, first while all is paused, then after the resume, which requires that each transfer is
    /// assigned.
    async fn compare(
        &self,
        server: &Server,
        lost: &Lost,
        aftermath: &Aftermath<'_>,
        checks: &mut Checks,
    ) -> Result<Found> {
        let (outpay, chain) = (aftermath.outpay, aftermath.chain);
        let survives = if self.had_witness { 200 } else { 401 };
        let old =
            [(&lost.revoked, 401), (&lost.business.secret_key, survives), (&lost.payer.secret_key, survives)];
        for (key, expected) in old {
            let answer = Api::of_business(server.address, key).await?.ask("/balance").await?;
            checks.holds(answer.status == expected, || format!("an old key, expected {expected}: {answer}"));
        }
        let key = self.key_after(outpay, &lost.business, &["drill", "--test"]).await?;
        let recovered = Recovered {
            address: server.address,
            key: &key,
            given: &lost.given,
            kept: &lost.kept,
            rotated: &lost.rotated,
            had_witness: self.had_witness,
        };
        let given = recovered.check(lost.next, checks).await?;
        payments::nothing_is_sent(chain, checks).await?;
        payments::nothing_is_taken_back(server, &lost.promises, checks).await?;
        let resume = ["resume", "all", "--reason", "the drill looked into everything"];
        let found = aftermath
            .assign_what_was_found(server, async || outpay.run(&resume).await.is_err(), checks)
            .await?;
        outpay.run(&resume).await?;
        recovered.check_resumed(&given, checks).await?;
        Ok(found)
    }

    /// The old key if the witness knew which ones are good, else a new one.
    async fn key_after(&self, outpay: &Outpay, business: &Business, name: &[&str]) -> Result<String> {
        if self.had_witness {
            return Ok(business.secret_key.clone());
        }
        let made = outpay.run(&[&["key", "create", "--json"], name].concat()).await?;
        Ok(text(&serde_json::from_str(&made)?, "key")?.to_owned())
    }
}

/// All ids that the first database has given out.
async fn note_ids(server: &Server, key: &str, given: &mut Given) -> Result<()> {
    let mut api = Api::of_business(server.address, key).await?;
    for event in api.events().await? {
        given.ids.extend(new_ids_of(&event)?.into_iter().map(str::to_owned));
    }
    for withdrawal in api.list("/payout/withdrawals").await? {
        given.ids.insert(text(&withdrawal, "order_id")?.to_owned());
    }
    Ok(())
}

/// Rotates a user's hash; returns the new one.
async fn rotate(business: &mut Api, email: &str) -> Result<String> {
    let people = business.list("/payout/users").await?;
    let person = people.iter().find(|person| person["email"] == email).context("a person is not listed")?;
    let path = format!("/payout/users/{}/rotate-hash", text(person, "id")?);
    let answer = business.post(&path, &json!({})).await?;
    ensure!(matches!(answer.status, 200 | 201), "{path}: {answer}");
    Ok(text(&answer.json(answer.status)?, "hash")?.to_owned())
}
