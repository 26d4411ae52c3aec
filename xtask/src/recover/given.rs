//! What was given out before the loss: hashes, money, ids. The clients' own record, kept outside of what is
//! destroyed.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::api::text;

#[derive(Default, Clone)]
pub struct Given {
    /// The address that each hash was given to. A user has one hash, and another after each rotation.
    pub hashes: HashMap<String, String>,
    /// The recipient of each amount, which occurs once in a drill.
    pub money: HashMap<u64, String>,
    /// Ids of events, users and withdrawals, and the rails' order numbers.
    pub ids: HashSet<String>,
}

impl Given {
    pub fn note_create(&mut self, hash: &str, email: &str, amount: u64) -> Result<()> {
        self.note_hash(hash, email)?;
        self.money.insert(amount, email.to_owned());
        Ok(())
    }

    pub fn note_hash(&mut self, hash: &str, email: &str) -> Result<()> {
        let owner = self.hashes.entry(hash.to_owned()).or_insert_with(|| email.to_owned());
        ensure!(owner == email, "one hash was given for {owner} and for {email}");
        Ok(())
    }

    pub fn emails(&self) -> HashSet<&str> {
        self.hashes.values().map(String::as_str).collect()
    }
}

/// The ids that an event gives out for the first time.
pub fn new_ids_of(event: &Value) -> Result<Vec<&str>> {
    let mut ids = vec![text(event, "id")?];
    let data = &event["data"];
    match text(event, "type")? {
        "payout_user.created" => ids.push(text(data, "payout_user_id")?),
        "payout.created" => ids.push(text(data, "withdrawal_id")?),
        _ => {}
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hash_belongs_to_one_address() {
        let mut given = Given::default();
        given.note_create("h1", "a@example.com", 1).unwrap();
        given.note_create("h1", "a@example.com", 2).unwrap();
        assert!(given.note_create("h1", "b@example.com", 3).is_err());
        assert_eq!((given.emails().len(), given.money[&2].as_str()), (1, "a@example.com"));
    }

    #[test]
    fn an_event_gives_out_its_own_id_and_those_of_what_it_creates() {
        let event = |kind: &str| {
            json!({"id": "evt_1", "type": kind,
                   "data": {"payout_user_id": "usr_1", "withdrawal_id": "ord_1"}})
        };
        assert_eq!(new_ids_of(&event("payout_user.created")).unwrap(), ["evt_1", "usr_1"]);
        assert_eq!(new_ids_of(&event("payout.created")).unwrap(), ["evt_1", "ord_1"]);
        assert_eq!(new_ids_of(&event("payout.queued")).unwrap(), ["evt_1"]);
    }
}
