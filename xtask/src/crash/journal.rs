//! The client's journal: every create, written before it is sent and again when it is acknowledged.
//!
//! Invariant: an amount occurs once in a run, so that each create can be identified by its effect.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Most creates top up one of these users, the rest create a new one.
const SHARED_USERS: u64 = 20;

pub struct Journal {
    seed: u64,
    entries: Vec<Entry>,
    file: File,
}

#[derive(Clone)]
pub struct Entry {
    /// In cents; it identifies the create.
    pub amount: u64,
    pub email: String,
    pub idempotency_key: String,
    /// The body of the 201, once there was one.
    pub answer: Option<Vec<u8>>,
}

impl Journal {
    pub fn create(path: &Path, seed: u64) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { seed, entries: Vec::new(), file })
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The indexes of the creates without a response.
    pub fn unacknowledged(&self) -> Vec<usize> {
        let without = self.entries.iter().enumerate().filter(|(_, entry)| entry.answer.is_none());
        without.map(|(index, _)| index).collect()
    }

    /// Records the next create; it may be sent once this returns.
    pub fn next(&mut self, random: &mut fastrand::Rng) -> Result<(usize, Entry)> {
        let index = self.entries.len();
        let amount = index as u64 + 1;
        let email = match random.u64(..10) {
            0 => format!("fresh{amount}@example.com"),
            _ => format!("shared{}@example.com", random.u64(..SHARED_USERS)),
        };
        let idempotency_key = format!("crash-{}-{amount}", self.seed);
        let entry = Entry { amount, email, idempotency_key, answer: None };
        // One write each, so that nothing is lost in a buffer if this process dies as well.
        self.file.write_all(format!("send {entry}\n").as_bytes())?;
        self.entries.push(entry.clone());
        Ok((index, entry))
    }

    pub fn acknowledge(&mut self, index: usize, answer: &[u8]) -> Result<()> {
        let entry = &mut self.entries[index];
        entry.answer = Some(answer.to_vec());
        self.file
            .write_all(format!("done {} {}\n", entry.amount, String::from_utf8_lossy(answer)).as_bytes())?;
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "create of {} cents for {}, key {}", self.amount, self.email, self.idempotency_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_written_first_and_what_is_answered_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path, 9).unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3 {
            journal.next(&mut random).unwrap();
        }
        journal.acknowledge(1, b"{}").unwrap();
        assert_eq!(journal.unacknowledged(), [0, 2]);
        let written = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!((lines.len(), lines[3]), (4, "done 2 {}"));
        assert!(lines[2].starts_with("send create of 3 cents for ") && lines[2].ends_with("key crash-9-3"));
    }
}
