//! What must hold after a recovery; every check is counted.
//!
//! Invariant: it compares what the clients were told before the loss with what the API says after it; it never reads
//! the database.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::api::{Api, text};
use super::given::{Given, new_ids_of};
use crate::clock;

/// The slowest of the sandbox's outcomes takes five seconds.
const OUTCOME_LIMIT: Duration = Duration::from_secs(30);
const NEW_PEOPLE: u64 = 40;

pub struct Checks {
    pub made: u64,
    pub violations: Vec<String>,
}

impl Checks {
    pub fn new() -> Self {
        Self { made: 0, violations: Vec::new() }
    }

    pub fn holds(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.made += 1;
        if !holds {
            self.violations.push(what());
        }
    }
}

/// A recovered installation, and what its recipients and businesses knew.
pub struct Recovered<'a> {
    pub address: SocketAddr,
    pub key: &'a str,
    /// Given out before the loss: all of it, and the part acknowledged before the backup began.
    pub given: &'a Given,
    pub kept: &'a Given,
    /// The hash that was rotated after the backup, and whether a witness recorded it.
    pub rotated: &'a str,
    pub had_witness: bool,
}

impl Recovered<'_> {
    /// Runs all checks; `next` is the number of the next amount.
    pub async fn check(&self, next: u64, checks: &mut Checks) -> Result<Given> {
        let mut business = Api::of_business(self.address, self.key).await?;
        let mut given = self.given.clone();
        let hashes = self.create_anew(&mut business, next, &mut given, checks).await?;
        self.look_with_every_hash(&given, checks).await?;
        self.nothing_leaves(&mut business, &hashes, checks).await?;
        Ok(given)
    }

    /// New users, users that were lost, and users from before the backup.
    async fn create_anew(
        &self,
        business: &mut Api,
        next: u64,
        given: &mut Given,
        checks: &mut Checks,
    ) -> Result<Vec<String>> {
        let kept = self.kept.emails();
        let known = self.given.emails();
        let mut lost: Vec<&str> = known.difference(&kept).copied().collect();
        lost.sort_unstable();
        let mut old: Vec<&str> = kept.iter().copied().collect();
        old.sort_unstable();
        let new = (0..NEW_PEOPLE).map(|index| format!("after{index}@example.com"));
        let again = lost.into_iter().take(20).chain(old.into_iter().take(10)).map(str::to_owned);
        let mut hashes = Vec::new();
        for (index, email) in new.chain(again).enumerate() {
            let amount = next + 10_000 + index as u64;
            let answer = business.post("/payout/create", &json!({"email": email, "amount": amount})).await?;
            let made = answer.json(201).with_context(|| format!("a create for {email}"))?;
            let hash = text(&made, "hash")?.to_owned();
            let owner = self.given.hashes.get(&hash);
            let is_new = owner.is_none();
            // It may be in the backup's database: acknowledged between the beginning of the backup and its snapshot.
            let is_own = owner == Some(&email);
            checks.holds(is_new || is_own, || format!("{email} was given the hash of {owner:?}"));
            if kept.contains(email.as_str()) {
                checks.holds(is_own || self.is_rotated(&email), || {
                    format!("{email} was in the backup and has another hash")
                });
            }
            checks.holds(!(self.had_witness && hash == self.rotated), || {
                format!("{email} was given the rotated hash again")
            });
            given.money.insert(amount, email.clone());
            given.hashes.entry(hash.clone()).or_insert(email);
            hashes.push(hash);
        }
        Ok(hashes)
    }

    fn is_rotated(&self, email: &str) -> bool {
        self.given.hashes.get(self.rotated).is_some_and(|owner| owner == email)
    }

    /// A hash shows the balance of the user it was given to, or nothing.
    async fn look_with_every_hash(&self, given: &Given, checks: &mut Checks) -> Result<()> {
        let mut person = Api::of_person(self.address, "").await?;
        let mut credits_of: HashMap<&str, HashSet<u64>> = HashMap::new();
        for (amount, email) in &self.kept.money {
            credits_of.entry(email).or_default().insert(*amount);
        }
        for (hash, email) in &given.hashes {
            person.now_as(hash);
            let answer = person.ask("/payout/operations?limit=1").await?;
            let is_old = self.given.hashes.contains_key(hash);
            if hash == self.rotated && self.had_witness {
                checks.holds(answer.status == 401, || format!("the rotated hash is answered with {answer}"));
                continue;
            }
            if answer.status == 401 {
                let was_kept = self.kept.hashes.contains_key(hash) && !self.is_rotated(email);
                checks.holds(is_old && !was_kept, || format!("{email}'s hash is refused"));
                continue;
            }
            let shown = answer.json(200)?;
            checks.holds(shown["email"] == email.as_str(), || {
                format!("the hash of {email} shows {}", shown["email"])
            });
            let operations = person.list("/payout/operations").await?;
            let credits: HashSet<u64> = operations
                .iter()
                .filter(|one| one["type"] == "credit")
                .filter_map(|one| one["amount"].as_u64())
                .collect();
            for amount in &credits {
                let owner = given.money.get(amount);
                checks.holds(owner.is_none_or(|owner| owner == email), || {
                    format!("the hash of {email} shows {amount} cents that were given to {owner:?}")
                });
            }
            let missing = credits_of.get(email.as_str()).and_then(|kept| kept.difference(&credits).next());
            checks.holds(missing.is_none(), || {
                format!("{email} has no longer {missing:?} cents, acknowledged before the backup began")
            });
        }
        Ok(())
    }

    /// Until the operator resumes: no rail is asked, and no new withdrawal is accepted.
    async fn nothing_leaves(&self, business: &mut Api, hashes: &[String], checks: &mut Checks) -> Result<()> {
        let mut person = Api::of_person(self.address, hashes.first().context("no new people")?).await?;
        let answer = person.post("/payout/withdraw", &wish(1000)).await?;
        let is_paused = answer.status == 409 && answer.json(409)?["code"] == "method_paused";
        checks.holds(is_paused, || format!("a withdrawal before anything was resumed: {answer}"));
        let events = business.events().await?;
        let since = events.iter().rposition(|event| event["type"] == "installation.recovered");
        let since = since.context("no event tells of the recovery")?;
        let sent = events[since..].iter().find(|event| event["type"] == "payout.processing");
        checks.holds(sent.is_none(), || format!("something was sent before it was resumed: {sent:?}"));
        Ok(())
    }

    /// After `outpay resume`: payments are made again, and no number repeats one from before the loss.
    pub async fn check_resumed(&self, given: &Given, checks: &mut Checks) -> Result<()> {
        let mut business = Api::of_business(self.address, self.key).await?;
        let mut person = Api::of_person(self.address, "").await?;
        let new = given.hashes.iter().filter(|(hash, _)| !self.given.hashes.contains_key(*hash));
        let mut asked = Vec::new();
        for (hash, email) in new {
            person.now_as(hash);
            let answer = person.post("/payout/withdraw", &wish(1000)).await?;
            checks.holds(answer.status == 202, || format!("{email} asks for money after a resume: {answer}"));
            if answer.status == 202 {
                asked.push(text(&answer.json(202)?, "id")?.to_owned());
            }
        }
        self.until_paid(&mut business, &asked, checks).await?;
        let events = business.events().await?;
        let since = events.iter().rposition(|event| event["type"] == "installation.recovered");
        for event in &events[since.context("no event tells of the recovery")?..] {
            for id in new_ids_of(event)? {
                checks.holds(!self.given.ids.contains(id), || format!("an id was given out again: {event}"));
            }
        }
        self.compare_amounts(&events, checks)?;
        for withdrawal in business.list("/payout/withdrawals").await? {
            if asked.iter().any(|id| withdrawal["id"] == id.as_str()) {
                let order = text(&withdrawal, "order_id")?;
                checks.holds(!self.given.ids.contains(order), || {
                    format!("order id {order} was given out again")
                });
            }
        }
        Ok(())
    }

    async fn until_paid(&self, business: &mut Api, asked: &[String], checks: &mut Checks) -> Result<()> {
        let deadline = clock::now() + OUTCOME_LIMIT;
        for id in asked {
            loop {
                let withdrawal = business.ask(&format!("/payout/withdrawals/{id}")).await?.json(200)?;
                let is_paid = withdrawal["status"] == "succeeded";
                if is_paid || clock::now() >= deadline {
                    checks.holds(is_paid, || format!("it does not end after a resume: {withdrawal}"));
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Each create occurs at most once, and a sequence has a gap only where a recovery says so.
    fn compare_amounts(&self, events: &[Value], checks: &mut Checks) -> Result<()> {
        let mut seen = HashSet::new();
        let mut last = 0;
        for event in events {
            let sequence = event["sequence"].as_u64().context("no sequence")?;
            let kind = text(event, "type")?;
            let says_so = event["data"]["reason"] == format!("previous sequence {last}").as_str();
            let is_next = sequence == last + 1 || (kind == "installation.recovered" && says_so);
            checks.holds(is_next, || format!("after sequence {last}: {event}"));
            last = sequence;
            if matches!(kind, "payout_user.created" | "payout_user.credited") {
                let is_first = seen.insert(event["data"]["amount"].as_u64());
                checks.holds(is_first, || format!("a create is there twice: {event}"));
            }
        }
        Ok(())
    }
}

pub fn wish(amount: u64) -> Value {
    json!({"method": "sandbox", "amount": amount, "destination": {"account": "drill"}})
}
