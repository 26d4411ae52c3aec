//! Remembered replies: each has a reason (a paid reference, a recorded deposit, an answered request), each reason has
//! its reply, and the reply fits the entry.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Line;

type Key = (i64, [u8; 16]);

/// Idempotency keys that clients sent, by book; whether a reply was received under each.
pub type Requests = BTreeMap<(i64, String), bool>;

pub struct Remembered {
    rows: HashMap<Key, Value>,
}

impl Remembered {
    pub fn read(connection: &Connection) -> Result<Self> {
        let mut statement = connection.prepare("SELECT book, key, outcome FROM remembered")?;
        let mut rows = statement.query([])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let outcome: String = row.get(2)?;
            let outcome = serde_json::from_str(&outcome).context("a remembered answer is not JSON")?;
            found.insert((row.get(0)?, row.get(1)?), outcome);
        }
        Ok(Self { rows: found })
    }

    /// Removes what this entry accounts for.
    pub fn explain(&mut self, line: &Line) -> Result<()> {
        let name = match line.kind {
            1 => "deposit reference",
            4 | 5 if !line.note.is_empty() => "payout reference",
            _ => return Ok(()),
        };
        let key = short_digest(name, &line.note);
        let outcome = self.rows.remove(&(line.book, key)).context("its reference is not remembered")?;
        if line.kind == 1 {
            let balances = json!({"balances": {"main": line.main, "payout": line.payout}});
            ensure!(outcome == balances, "{outcome} is remembered, the balances are {balances}");
        } else {
            let paid = &outcome["paid"]["user"];
            ensure!(*paid == line.user, "{outcome} is remembered, user {} was paid", line.user);
        }
        Ok(())
    }

    /// The rest must be the replies of requests.
    pub fn finish(mut self, requests: &Requests) -> Result<()> {
        for ((book, key), answered) in requests {
            let found = self.rows.remove(&(*book, short_digest("request", key)));
            ensure!(found.is_some() || !answered, "book {book}: the answer to {key:?} is not remembered");
        }
        let left = self.rows.len();
        ensure!(left == 0, "{left} answers are remembered that nothing explains");
        Ok(())
    }
}

/// The first 16 bytes of SHA-256 over the parts, each prefixed with its length.
fn short_digest(purpose: &str, text: &str) -> [u8; 16] {
    let mut digest = Sha256::new();
    for part in [purpose, text] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let full: [u8; 32] = digest.finalize().into();
    *full.first_chunk().expect("32 bytes begin with 16")
}
