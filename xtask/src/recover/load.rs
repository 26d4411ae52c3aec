//! Load of a drill: creates, and withdrawals in the sandbox, over several connections, until it is stopped.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::api::{Api, text};
use super::given::Given;

const CONNECTIONS: usize = 12;
const SHARED_PEOPLE: u64 = 30;
/// Above every withdrawn amount, so that a balance mostly covers it.
const LEAST: u64 = 10_000;

pub struct Load {
    clients: JoinSet<Result<()>>,
    given: Arc<Mutex<Given>>,
    next: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

/// Amounts continue from `next`, so that each occurs once in the whole drill.
pub fn start(address: SocketAddr, keys: &[&str], next: u64, random: &mut fastrand::Rng) -> Load {
    let given = Arc::new(Mutex::new(Given::default()));
    let (next, stopped) = (Arc::new(AtomicU64::new(next)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for index in 0..CONNECTIONS {
        let client = Client {
            address,
            key: keys[index % keys.len()].to_owned(),
            given: given.clone(),
            next: next.clone(),
            random: random.fork(),
        };
        clients.spawn(client.run(stopped.clone()));
    }
    Load { clients, given, next, stopped }
}

impl Load {
    pub fn given(&self) -> MutexGuard<'_, Given> {
        lock(&self.given)
    }

    /// Lets every client finish its request; returns the number at which the next amount begins.
    pub async fn stop(mut self) -> Result<(Given, u64)> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        let given = lock(&self.given).clone();
        Ok((given, self.next.load(Ordering::Relaxed)))
    }
}

struct Client {
    address: SocketAddr,
    key: String,
    given: Arc<Mutex<Given>>,
    next: Arc<AtomicU64>,
    random: fastrand::Rng,
}

impl Client {
    async fn run(mut self, stopped: Arc<AtomicBool>) -> Result<()> {
        let mut business = Api::of_business(self.address, &self.key).await?;
        let mut person = Api::of_person(self.address, "").await?;
        let mut hash = String::new();
        while !stopped.load(Ordering::Relaxed) {
            if hash.is_empty() || self.random.u32(..10) < 7 {
                let Some(made) = self.create(&mut business).await? else { return Ok(()) };
                hash = made;
            } else {
                person.now_as(&hash);
                self.withdraw(&mut person).await?;
            }
        }
        Ok(())
    }

    /// `None` once this client's key was revoked, which ends it.
    async fn create(&mut self, business: &mut Api) -> Result<Option<String>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let amount = LEAST + number;
        let email = match self.random.u32(..4) {
            0 => format!("fresh{number}@example.com"),
            _ => format!("shared{}@example.com", self.random.u64(..SHARED_PEOPLE)),
        };
        let answer = business.post("/payout/create", &json!({"email": email, "amount": amount})).await?;
        if answer.status == 401 {
            return Ok(None);
        }
        let made = answer.json(201).with_context(|| format!("{amount} cents for {email}"))?;
        let hash = text(&made, "hash")?.to_owned();
        lock(&self.given).note_create(&hash, &email, amount)?;
        Ok(Some(hash))
    }

    async fn withdraw(&mut self, person: &mut Api) -> Result<()> {
        let amount = self.random.u64(100..LEAST);
        let wish = json!({"method": "sandbox", "amount": amount, "destination": {"account": "drill"}});
        let answer = person.post("/payout/withdraw", &wish).await?;
        // 400: the balance does not cover it. 401: this hash was rotated meanwhile.
        if answer.status == 202 {
            let id = text(&answer.json(202)?, "id")?.to_owned();
            lock(&self.given).ids.insert(id);
        } else {
            ensure!(matches!(answer.status, 400 | 401), "a withdrawal of {amount} cents: {answer}");
        }
        Ok(())
    }
}

fn lock(given: &Mutex<Given>) -> MutexGuard<'_, Given> {
    given.lock().expect("no holder of this lock panics")
}
