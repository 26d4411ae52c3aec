//! What Outpay shows after a crash, read through its API alone, and its comparison with the journal.
//!
//! Invariant: nothing is taken on trust: creates are found in the events, users and balances are read separately, and
//! all three must agree.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::journal::{Entry, Journal};
use crate::client::{Answer, Connection};
use crate::outpay::Business;

/// The events of a create: one or the other, never both.
const CREATES: [&str; 2] = ["payout_user.created", "payout_user.credited"];

/// A connection with the business's key.
pub struct Reader {
    connection: Connection,
    bearer: String,
}

impl Reader {
    pub async fn open(address: SocketAddr, business: &Business) -> Result<Self> {
        let connection = Connection::open(address).await.context("connecting to outpay")?;
        Ok(Self { connection, bearer: format!("Bearer {}", business.secret_key) })
    }

    pub async fn create(&mut self, entry: &Entry) -> Result<Answer> {
        let body = json!({"email": entry.email, "amount": entry.amount}).to_string();
        let headers =
            [("Authorization", self.bearer.as_str()), ("Idempotency-Key", entry.idempotency_key.as_str())];
        self.connection.post("/payout/create", &headers, &body).await
    }

    pub async fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self.connection.get(path, &[("Authorization", &self.bearer)]).await?;
        answer.json(200).with_context(|| format!("GET {path}"))
    }
}

/// What was read from the events so far.
pub struct Books {
    funds: i64,
    last_sequence: u64,
    /// Recipient and count by amount.
    creates: HashMap<u64, Create>,
    /// Sum of all creates by user.
    credited: HashMap<String, i64>,
}

struct Create {
    user: String,
    times: u32,
}

impl Books {
    pub fn new(funds: i64) -> Self {
        Self { funds, last_sequence: 0, creates: HashMap::new(), credited: HashMap::new() }
    }

    pub fn has(&self, amount: u64) -> bool {
        self.creates.contains_key(&amount)
    }

    /// Reads the events since the last call.
    pub async fn read_on(&mut self, reader: &mut Reader) -> Result<()> {
        loop {
            let page = reader.get(&format!("/payout/events?after={}&limit=100", self.last_sequence)).await?;
            let events = page["data"].as_array().context("events without data")?;
            for event in events {
                self.note(event).with_context(|| format!("event {event}"))?;
            }
            if page["has_more"] != true {
                return Ok(());
            }
            ensure!(!events.is_empty(), "an empty page of events with more to come");
        }
    }

    fn note(&mut self, event: &Value) -> Result<()> {
        let sequence = event["sequence"].as_u64().context("no sequence")?;
        let kind = event["type"].as_str().context("no type")?;
        // The only gap that a sequence can have; its event names the sequence before it.
        let previous = format!("previous sequence {}", self.last_sequence);
        let is_recovery = kind == "installation.recovered" && event["data"]["reason"] == previous.as_str();
        let is_next = sequence == self.last_sequence + 1 || (is_recovery && sequence > self.last_sequence);
        ensure!(is_next, "a gap: {sequence} follows {} in the sequence of events", self.last_sequence);
        self.last_sequence = sequence;
        if !CREATES.contains(&kind) {
            return Ok(());
        }
        let amount = event["data"]["amount"].as_u64().context("no amount")?;
        let user = event["data"]["payout_user_id"].as_str().context("no payout_user_id")?.to_owned();
        *self.credited.entry(user.clone()).or_default() += i64::try_from(amount)?;
        self.creates.entry(amount).or_insert(Create { user, times: 0 }).times += 1;
        Ok(())
    }

    /// Acknowledged: exactly once. Not acknowledged: at most once. Not in the journal: never.
    pub fn compare_creates(&self, journal: &Journal) -> Result<()> {
        for entry in journal.entries() {
            let times = self.creates.get(&entry.amount).map_or(0, |create| create.times);
            match (&entry.answer, times) {
                (Some(_), 1) | (None, 0 | 1) => {}
                (Some(_), _) => bail!("{entry}: acknowledged, but found {times} times"),
                (None, _) => bail!("{entry}: not acknowledged, but found {times} times"),
            }
        }
        let sent = journal.entries().len() as u64;
        match self.creates.keys().find(|amount| **amount > sent) {
            Some(amount) => bail!("a create of {amount} cents was found that was never sent"),
            None => Ok(()),
        }
    }

    /// The amounts of acknowledged creates that are missing, and the number of creates that occur more than once.
    pub fn lost_and_doubled(&self, journal: &Journal) -> (Vec<u64>, u64) {
        let acknowledged = journal.entries().iter().filter(|entry| entry.answer.is_some());
        let lost = acknowledged.map(|entry| entry.amount).filter(|amount| !self.has(*amount)).collect();
        let doubled = self.creates.values().filter(|create| create.times > 1).count();
        (lost, doubled as u64)
    }

    /// Every user got what the journal says and has one hash, and the total is right.
    pub fn compare_users(&self, balances: &Balances, journal: &Journal) -> Result<()> {
        let users = &balances.users;
        for (id, User { balance, .. }) in users {
            let credited = self.credited.get(id).copied().unwrap_or(0);
            ensure!(*balance == credited, "{id}: its balance is {balance}, its credits are {credited}");
        }
        for entry in journal.entries() {
            let Some(create) = self.creates.get(&entry.amount) else { continue };
            let email = users.get(&create.user).map(|user| user.email.as_str());
            ensure!(email == Some(&entry.email), "{entry}: credited to {email:?}, {}", create.user);
        }
        one_answer_per_user(journal)?;
        let (main, payout) = (balances.main, balances.payout);
        let total: i64 = users.values().map(|user| user.balance).sum();
        ensure!(
            main + payout + total == self.funds,
            "main {main} + payout {payout} + users {total} is not {}, what was deposited",
            self.funds
        );
        Ok(())
    }
}

/// Balances as the API lists them.
pub struct Balances {
    main: i64,
    payout: i64,
    users: HashMap<String, User>,
}

impl Balances {
    pub async fn read(reader: &mut Reader) -> Result<Self> {
        let own = reader.get("/balance").await?;
        let main = own["balance"].as_i64().context("no balance")?;
        let payout = own["payout_balance"].as_i64().context("no payout_balance")?;
        Ok(Self { main, payout, users: read_users(reader).await? })
    }
}

struct User {
    email: String,
    balance: i64,
}

async fn read_users(reader: &mut Reader) -> Result<HashMap<String, User>> {
    let mut users = HashMap::new();
    let mut path = "/payout/users?limit=100".to_owned();
    loop {
        let page = reader.get(&path).await?;
        for user in page["data"].as_array().context("users without data")? {
            let text = |field: &str| user[field].as_str().with_context(|| format!("no {field} in {user}"));
            let balance = user["balance"].as_i64().with_context(|| format!("no balance in {user}"))?;
            let (id, email) = (text("id")?.to_owned(), text("email")?.to_owned());
            ensure!(users.insert(id, User { email, balance }).is_none(), "listed twice: {user}");
        }
        if page["has_more"] != true {
            return Ok(users);
        }
        let cursor = page["next_cursor"].as_str().context("more users, but no cursor")?;
        path = format!("/payout/users?limit=100&cursor={cursor}");
    }
}

/// The response is the hash, and a user's hash stays the same over top-ups and crashes.
fn one_answer_per_user(journal: &Journal) -> Result<()> {
    let mut hashes: HashMap<&str, &[u8]> = HashMap::new();
    for entry in journal.entries() {
        if let Some(answer) = &entry.answer {
            let first = hashes.entry(&entry.email).or_insert(answer);
            ensure!(*first == answer.as_slice(), "{entry}: another hash than before");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(sequence: u64, amount: u64) -> Value {
        json!({"sequence": sequence, "type": "payout_user.credited",
               "data": {"payout_user_id": "usr_1", "amount": amount}})
    }

    fn journal(acknowledged: &[usize]) -> Journal {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(&folder.path().join("journal"), 1).unwrap();
        for _ in 0..3 {
            journal.next(&mut fastrand::Rng::with_seed(1)).unwrap();
        }
        acknowledged.iter().for_each(|index| journal.acknowledge(*index, b"{}").unwrap());
        journal
    }

    fn books(amounts: &[u64]) -> Books {
        let mut books = Books::new(0);
        for (before, amount) in amounts.iter().enumerate() {
            books.note(&credit(before as u64 + 1, *amount)).unwrap();
        }
        books
    }

    #[test]
    fn books_that_agree_with_the_journal() {
        books(&[1, 2]).compare_creates(&journal(&[0, 1])).unwrap();
        books(&[1, 3]).compare_creates(&journal(&[0])).unwrap();
        assert_eq!(books(&[1, 2]).credited["usr_1"], 3);
    }

    #[test]
    fn books_that_do_not() {
        for (amounts, acknowledged, place) in [
            (vec![1], vec![0, 1], "acknowledged, but found 0 times"),
            (vec![1, 1], vec![0], "acknowledged, but found 2 times"),
            (vec![1, 2, 2], vec![0], "not acknowledged, but found 2 times"),
            (vec![4], vec![], "4 cents was found that was never sent"),
        ] {
            let error = books(&amounts).compare_creates(&journal(&acknowledged)).unwrap_err();
            assert!(error.to_string().contains(place), "{error}");
        }
    }

    #[test]
    fn a_gap_in_the_sequence_is_found() {
        let mut books = books(&[1]);
        assert!(books.note(&credit(3, 2)).is_err());
        assert!(books.note(&json!({"sequence": 2, "type": "business.deposited"})).is_ok());
    }

    #[test]
    fn a_recovery_is_a_gap_where_it_says_so() {
        let recovered = |previous: u64| {
            json!({"sequence": 1_u64 << 40, "type": "installation.recovered",
                   "data": {"reason": format!("previous sequence {previous}")}})
        };
        assert!(books(&[1]).note(&recovered(2)).is_err());
        let mut books = books(&[1]);
        books.note(&recovered(1)).unwrap();
        assert!(books.note(&credit((1 << 40) + 2, 2)).is_err());
        books.note(&credit((1 << 40) + 1, 2)).unwrap();
    }

    #[test]
    fn lost_and_doubled_are_counted() {
        let counted = books(&[1, 1, 3]).lost_and_doubled(&journal(&[0, 1]));
        assert_eq!(counted, (vec![2], 1));
    }
}
