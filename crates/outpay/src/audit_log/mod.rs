//! The audit log: making entries, and reading them: names of actors, sentences (sentence.rs), differences (difference.rs). Not here: its rows (store/audit_log.rs).

pub mod difference;
pub mod export;
pub mod sentence;

use crate::platform::Platform;
use crate::store::{Failure, NewAuditEntry, WriteError};
use ledger::{Actor, BookId, Mode};
use serde_json::Value;
use std::collections::HashMap;

/// An entry about a business as a whole.
#[must_use]
pub fn in_business(
    platform: &Platform,
    business: i64,
    actor: Actor,
    action: &'static str,
    subject: &str,
    detail: &Value,
) -> NewAuditEntry {
    NewAuditEntry {
        business,
        book: None,
        at: platform.clock.now(),
        actor,
        action,
        subject: subject.to_owned(),
        detail: detail.to_string(),
    }
}

/// An entry about one of a business's books.
#[must_use]
pub fn in_book(
    platform: &Platform,
    book: BookId,
    actor: Actor,
    action: &'static str,
    subject: &str,
    detail: &Value,
) -> NewAuditEntry {
    NewAuditEntry {
        book: Some(book),
        ..in_business(platform, book.business(), actor, action, subject, detail)
    }
}

/// Writes an entry alone, for a change that is not the store's member or settings families'.
pub async fn write(platform: &Platform, entry: NewAuditEntry) -> Result<(), Failure> {
    platform.store.write_audit(&[entry]).await.map_err(|error| match error {
        WriteError::Conflict => anyhow::anyhow!("an audit entry of a business that does not exist"),
        WriteError::Failure(failure) => failure,
    })
}

/// What actors of one business are called.
pub struct Names(HashMap<Actor, String>);

impl Names {
    /// Of the team and of the keys of both books.
    pub async fn load(platform: &Platform, business: i64) -> Result<Self, Failure> {
        let mut names = HashMap::new();
        for member in platform.store.team(business).await? {
            names.insert(Actor::member(member.number), format!("{} ({})", member.name, member.email));
        }
        for mode in [Mode::Live, Mode::Test] {
            for key in platform.store.keys(BookId::new(business, mode)).await? {
                let name = if key.name.is_empty() { "API key" } else { &key.name };
                names.insert(Actor(key.number), format!("{name} ({})", key.hint));
            }
        }
        Ok(Self(names))
    }

    /// Invented ones, for snapshots.
    #[cfg(test)]
    pub(crate) fn sample<const MANY: usize>(names: [(Actor, &str); MANY]) -> Self {
        Self(names.into_iter().map(|(actor, name)| (actor, name.to_owned())).collect())
    }

    /// An actor's name.
    #[must_use]
    pub fn of(&self, actor: Actor) -> String {
        match actor {
            Actor::OPERATOR => "Operator".to_owned(),
            Actor::NONE => "Outpay".to_owned(),
            actor => self.0.get(&actor).cloned().unwrap_or_else(|| "Former member".to_owned()),
        }
    }
}
