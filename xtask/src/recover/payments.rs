//! Payments on a chain that are in flight while the database is lost: who requested what before, and what an operator
//! does after the recovery by docs/RECOVERY.md and docs/OPERATIONS.md, until each transfer of the treasury is
//! assigned.
//!
//! Invariant: every withdrawal goes to its own address, so the chain's log says for each whether, and how often, it
//! was paid.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::api::{Api, text};
use super::chain::{Chain, Received, WEALTH};
use super::checks::Checks;
use crate::clock;
use crate::outpay::{Outpay, Server};

const PEOPLE: usize = 4;
const EACH_HAS: u64 = 10_000_000;
const END_LIMIT: Duration = Duration::from_secs(90);
/// A restored server that wrongly pays while paused has done so by then.
const WATCHED: Duration = Duration::from_secs(1);

/// A recipient who requests withdrawals again and again.
struct Person {
    email: String,
    hash: String,
}

/// A withdrawal that was acknowledged.
#[derive(Clone)]
pub struct Promise {
    pub address: String,
    pub cents: u64,
    pub email: String,
    pub hash: String,
}

/// The recipients, until they are stopped.
pub struct Asking {
    people: JoinSet<Result<Vec<Promise>>>,
    stop: tokio::sync::watch::Sender<bool>,
}

pub async fn start(server: &Server, key: &str, random: &mut fastrand::Rng) -> Result<Asking> {
    let mut business = Api::of_business(server.address, key).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut people = JoinSet::new();
    for index in 0..PEOPLE {
        let email = format!("paid{index}@example.com");
        let create = json!({"email": email, "amount": EACH_HAS});
        let made = business.post("/payout/create", &create).await?.json(201)?;
        let person = Person { email, hash: text(&made, "hash")?.to_owned() };
        let first = (index as u64 + 1) << 32;
        people.spawn(ask(server.address, person, first, random.fork(), stopped.clone()));
    }
    Ok(Asking { people, stop })
}

impl Asking {
    pub async fn stop(mut self) -> Result<Vec<Promise>> {
        self.stop.send_replace(true);
        let mut all = Vec::new();
        while let Some(ended) = self.people.join_next().await {
            all.extend(ended??);
        }
        Ok(all)
    }
}

async fn ask(
    server: SocketAddr,
    person: Person,
    first: u64,
    mut random: fastrand::Rng,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> Result<Vec<Promise>> {
    let mut api = Api::of_person(server, &person.hash).await?;
    let mut promises = Vec::new();
    while !*stopped.borrow() {
        let address = format!("0x{:040x}", first + promises.len() as u64 + 1);
        let cents = random.u64(1000..2000);
        let wish = json!({"method": "usdc", "amount": cents, "destination": {"address": address}});
        let answer = api.post("/payout/withdraw", &wish).await?;
        answer.json(202).with_context(|| format!("{} asks for {cents} cents", person.email))?;
        promises.push(Promise { address, cents, email: person.email.clone(), hash: person.hash.clone() });
        tokio::time::sleep(Duration::from_millis(random.u64(200..700))).await;
    }
    Ok(promises)
}

/// While all payments are paused the treasury sends nothing.
pub async fn nothing_is_sent(chain: &Chain, checks: &mut Checks) -> Result<()> {
    let before = chain.settle().await?;
    tokio::time::sleep(WATCHED).await;
    let after = chain.nonce("pending").await?;
    checks.holds(before == after, || format!("{} transactions were sent while paused", after - before));
    Ok(())
}

/// Withdrawals that the restored database has as queued may have been paid since the backup: they must not be
/// cancelled before an operator has checked.
pub async fn nothing_is_taken_back(server: &Server, promises: &[Promise], checks: &mut Checks) -> Result<()> {
    let hashes: HashSet<&str> = promises.iter().map(|promise| promise.hash.as_str()).collect();
    for hash in hashes {
        let mut person = Api::of_person(server.address, hash).await?;
        for operation in person.list("/payout/operations").await? {
            if operation["type"] == "withdrawal" && operation["status"] == "queued" {
                let path = format!("/payout/operations/{}/cancel", text(&operation, "id")?);
                let answer = person.post(&path, &json!({})).await?;
                checks.holds(answer.status == 409, || format!("it may be paid, and is cancelled: {answer}"));
            }
        }
    }
    Ok(())
}

/// The recovered installation: a business with a working key, and all that was promised before the loss.
pub struct Aftermath<'a> {
    pub outpay: &'a Outpay,
    pub chain: &'a Chain,
    pub key: &'a str,
    pub promises: &'a [Promise],
}

/// The result of an aftermath.
pub struct Assigned {
    /// Withdrawals in the restored database that the operator settled by what the chain shows.
    pub resolved: usize,
    /// Transfers for withdrawals that the restored database lacks, debited from their recipients' balances.
    pub debited: usize,
}

/// What the recovery found in the treasury's log, and the operator assigned before payments were resumed.
pub struct Found {
    settled: usize,
    /// Addresses whose transfers were assigned to the recipients of lost withdrawals, and debited.
    debited: HashSet<String>,
}

impl Aftermath<'_> {
    /// Assigns each unmatched transfer of the recovery to the withdrawal of its address or, if that is lost, to its
    /// recipient. Before that, `outpay resume` must be refused.
    pub async fn assign_what_was_found(
        &self,
        server: &Server,
        resume_is_refused: impl AsyncFn() -> bool,
        checks: &mut Checks,
    ) -> Result<Found> {
        let mut business = Api::of_business(server.address, self.key).await?;
        let known = self.known(&mut business).await?;
        let people = business.list("/payout/users").await?;
        let mut found = Found { settled: 0, debited: HashSet::new() };
        // The command exits with an error while something is open, and still prints it.
        let status: Value =
            serde_json::from_str(&self.outpay.output(&["recover", "status", "--json"]).await?)?;
        let transfers = status["transfers"].as_array().context("no transfers are told")?;
        let open: Vec<&Value> = transfers.iter().filter(|transfer| transfer["whose"] == "open").collect();
        if !open.is_empty() {
            let is_refused = resume_is_refused().await;
            checks.holds(is_refused, || "payments were resumed with open transfers".to_owned());
        }
        for transfer in open {
            let (id, address) = (text(transfer, "transfer")?, text(transfer, "destination")?.to_lowercase());
            if let Some(withdrawal) = known.get(&address) {
                let withdrawal = text(withdrawal, "id")?;
                self.outpay.run(&["recover", "assign", id, "--withdrawal", withdrawal]).await?;
                found.settled += 1;
            } else {
                let promise = self.promises.iter().find(|promise| promise.address == address);
                let email = &promise.with_context(|| format!("{address} was promised nothing"))?.email;
                let person = people.iter().find(|person| person["email"] == email.as_str());
                let person = text(person.context("a person from before the backup is gone")?, "id")?;
                let whose = ["--person", person, "--business", "payer", "--reason", "paid before the loss"];
                self.outpay.run(&[&["recover", "assign", id][..], &whose].concat()).await?;
                found.debited.insert(address);
            }
        }
        Ok(found)
    }

    /// Payments are resumed while some are unclear: the server must not pay with a nonce that it does not know about.
    /// The operator settles what the chain shows as paid, debits what the database has lost, and sets the first
    /// nonce.
    pub async fn assign(
        &self,
        server: &mut Server,
        found: Found,
        table: &dyn Fn(u64) -> String,
    ) -> Result<Assigned> {
        let used = self.chain.settle().await?;
        let mut business = Api::of_business(server.address, self.key).await?;
        let known = self.known(&mut business).await?;
        let paid = self.chain.paid().await?;
        let mut debited = found.debited.len();
        // What no block contained when the recovery read the log.
        let lost = |promise: &&Promise| {
            !known.contains_key(&promise.address) && !found.debited.contains(&promise.address)
        };
        for promise in self.promises.iter().filter(lost) {
            if paid.contains_key(&promise.address) {
                debit(&mut business, promise).await?;
                debited += 1;
            }
        }
        let resolved = found.settled + self.resolve(&mut business, &paid).await?;
        server.stop(Duration::from_secs(60)).await?;
        std::fs::write(self.outpay.data().join("outpay.toml"), table(used))?;
        *server = self.outpay.serve().await?;
        Ok(Assigned { resolved, debited })
    }

    /// Withdrawals that the database has, by address.
    async fn known(&self, business: &mut Api) -> Result<HashMap<String, Value>> {
        let all = business.list("/payout/withdrawals").await?;
        let by_address = |one: Value| Ok((text(&one["destination"], "address")?.to_lowercase(), one));
        all.into_iter().map(by_address).collect()
    }

    /// Withdrawals that were paid without the database knowing: the worker does not send them, because it sees
    /// unknown nonces, and the operator resolves them by what the chain shows.
    async fn resolve(&self, business: &mut Api, paid: &HashMap<String, Received>) -> Result<usize> {
        let deadline = clock::now() + END_LIMIT;
        let mut resolved = 0;
        loop {
            let known = self.known(business).await?;
            let mut open =
                known.iter().filter(|(address, one)| paid.contains_key(*address) && !has_ended(one));
            let mut waits = false;
            for (address, one) in open.by_ref() {
                waits = true;
                if one["status"] == "sending" {
                    let arguments = ["withdrawal", "resolve", text(one, "id")?, "--paid", "--proof"];
                    let proof = paid[address].transaction.as_str();
                    // Refused if a worker is at it just now, or has an attempt and will find it on the chain by
                    // itself.
                    if self.outpay.run(&[&arguments[..], &[proof]].concat()).await.is_ok() {
                        resolved += 1;
                    }
                }
            }
            if !waits {
                return Ok(resolved);
            }
            ensure!(clock::now() < deadline, "paid on the chain, and it stays open: {}", open_ones(&known));
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// By the chain's own ledger: each withdrawal that succeeded was paid once, each other one never, and each
    /// balance is what is left.
    pub async fn judge(&self, server: &Server, checks: &mut Checks) -> Result<()> {
        let mut business = Api::of_business(server.address, self.key).await?;
        let known = self.until_all_ended(&mut business).await?;
        self.chain.settle().await?;
        let paid = self.chain.paid().await?;
        for (address, one) in &known {
            let transfers = paid.get(address).map(|received| received.transfers.clone()).unwrap_or_default();
            let expected = if one["status"] == "succeeded" {
                vec![one["net_amount"].as_u64().unwrap_or(0)]
            } else {
                vec![]
            };
            checks.holds(transfers == expected, || format!("the chain shows {transfers:?} cents for {one}"));
        }
        let mut spent: HashMap<&str, u64> = HashMap::new();
        for promise in self.promises {
            let transfers = paid.get(&promise.address).map(|one| one.transfers.clone()).unwrap_or_default();
            let (address, cents) = (&promise.address, promise.cents);
            checks.holds(transfers.is_empty() || transfers == [cents], || {
                format!("{address} was promised {cents} cents, and the chain shows {transfers:?}")
            });
            *spent.entry(&promise.email).or_default() += transfers.iter().sum::<u64>();
        }
        for person in business.list("/payout/users").await? {
            let email = text(&person, "email")?;
            let (has, got) =
                (person["balance"].as_u64().unwrap_or(0), spent.get(email).copied().unwrap_or(0));
            checks.holds(has + got == EACH_HAS, || {
                format!("{email} was given {EACH_HAS} cents, has {has} and got {got} on the chain")
            });
        }
        let (left, all): (u64, u64) =
            (self.chain.left().await?, paid.values().flat_map(|received| &received.transfers).sum());
        checks.holds(left + all == WEALTH, || format!("the treasury has {left} cents, and {all} left it"));
        Ok(())
    }

    async fn until_all_ended(&self, business: &mut Api) -> Result<HashMap<String, Value>> {
        let deadline = clock::now() + END_LIMIT;
        loop {
            let known = self.known(business).await?;
            if known.values().all(has_ended) {
                return Ok(known);
            }
            ensure!(clock::now() < deadline, "these do not end: {}", open_ones(&known));
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

fn has_ended(withdrawal: &Value) -> bool {
    let ends = ["succeeded", "failed", "rejected", "cancelled", "returned"];
    withdrawal["status"].as_str().is_some_and(|status| ends.contains(&status))
}

fn open_ones(known: &HashMap<String, Value>) -> String {
    let open: Vec<&Value> = known.values().filter(|one| !has_ended(one)).collect();
    let some: Vec<String> = open.iter().take(3).map(ToString::to_string).collect();
    format!("{} withdrawals, such as {}", open.len(), some.join(" and "))
}

/// The recipient was paid on the chain, and the restored balance still has the money.
async fn debit(business: &mut Api, promise: &Promise) -> Result<()> {
    let people = business.list("/payout/users").await?;
    let person = people.iter().find(|person| person["email"] == promise.email.as_str());
    let id = text(person.context("a person from before the backup is gone")?, "id")?;
    let body =
        json!({"amount": promise.cents, "reason": format!("paid to {} before the loss", promise.address)});
    let answer = business.post(&format!("/payout/users/{id}/debit"), &body).await?;
    ensure!(matches!(answer.status, 200 | 201), "debiting {}: {answer}", promise.email);
    Ok(())
}
