//! The audit log: who changed what, and when. Only ever appended to: there is no function that changes or deletes an entry.
//! Entries are written in the same transaction as the change wherever the change is of the store's member or settings
//! families; `note` writes one alone. Each is linked to the one before it (audit_log_chain.rs). Not here: money, which the
//! journal records.

use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros};

/// An entry to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Whose log.
    pub business: i64,
    /// In which of its books; `None` for the business as a whole.
    pub book: Option<BookId>,
    pub at: Micros,
    pub actor: Actor,
    /// A stable word, as in `member.invited`.
    pub action: &'static str,
    /// What it was done to: an id, an address, a name; empty for nothing in particular.
    pub subject: String,
    /// A JSON object without secrets.
    pub detail: String,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Rises with every entry of any business.
    pub number: i64,
    /// Where: a book, or the business as a whole.
    pub book: Option<BookId>,
    pub at: Micros,
    pub actor: Actor,
    /// A stable word.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// A JSON object.
    pub detail: String,
}

/// Which entries.
#[derive(Clone, Debug)]
pub struct AuditFilter {
    /// Whose log.
    pub business: i64,
    /// Actors from this number to that one.
    pub actors: (i64, i64),
    /// Only this action; empty for all.
    pub action: String,
    /// Only entries before this one.
    pub before: i64,
    /// At most so many.
    pub limit: i64,
}

pub(super) fn note(entry: &NewAuditEntry) -> Statement {
    Statement::one(
        "INSERT INTO audit_log (business, book, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            entry.business.into(),
            entry.book.map_or(0, |book| book.0).into(),
            entry.at.into(),
            entry.actor.0.into(),
            entry.action.into(),
            entry.subject.as_str().into(),
            entry.detail.as_str().into(),
        ],
    )
    .into_audit_log()
}

/// The same entry in the log of every business that the member belongs to: for what concerns the member alone.
pub(super) fn note_everywhere(
    member: i64,
    at: Micros,
    actor: Actor,
    action: &str,
    detail: &str,
) -> Statement {
    Statement::new(
        "INSERT INTO audit_log (business, book, at, actor, action, subject, detail) \
         SELECT s.business, 0, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), m.email, CAST($4 AS TEXT) \
         FROM membership s JOIN member m ON m.number = s.member WHERE s.member = $5 ORDER BY s.business",
        vec![at.into(), actor.0.into(), action.into(), detail.into(), member.into()],
    )
    .into_audit_log()
}

/// The columns that `entry` reads, in its order.
pub(super) const COLUMNS: &str = "number, book, at, actor, action, subject, detail";

impl Store {
    /// Writes entries, all or none.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when there is no such business.
    pub async fn write_audit(&self, entries: &[NewAuditEntry]) -> Result<(), WriteError> {
        self.driver.write(entries.iter().map(note).collect()).await
    }

    /// Entries of a business, newest first.
    pub async fn audit_log(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM audit_log WHERE business = $1 AND number < $2 AND actor BETWEEN $3 AND $4 \
             AND ($5 = '' OR action = $5) ORDER BY number DESC LIMIT $6"
        );
        let values = vec![
            filter.business.into(),
            filter.before.into(),
            filter.actors.0.into(),
            filter.actors.1.into(),
            filter.action.as_str().into(),
            filter.limit.into(),
        ];
        self.driver.query(sql, values).await?.iter().map(entry).collect()
    }

    /// Who did one of these things to `subject`.
    pub async fn audit_actors(
        &self,
        business: i64,
        subject: &str,
        actions: [&str; 2],
    ) -> Result<Vec<Actor>, Failure> {
        let sql = "SELECT actor FROM audit_log WHERE business = $1 AND subject = $2 AND action IN ($3, $4) ORDER BY number";
        let values = vec![business.into(), subject.into(), actions[0].into(), actions[1].into()];
        self.driver.query(sql, values).await?.iter().map(|row| Ok(Actor(row.int(0)?))).collect()
    }

    /// The words for actions that a business's log has.
    pub async fn audit_actions(&self, business: i64) -> Result<Vec<String>, Failure> {
        let sql = "SELECT DISTINCT action FROM audit_log WHERE business = $1 ORDER BY action";
        let rows = self.driver.query(sql, vec![business.into()]).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }
}

pub(super) fn entry(row: &Row) -> Result<AuditEntry, Failure> {
    Ok(AuditEntry {
        number: row.int(0)?,
        book: Some(row.int(1)?).filter(|book| *book != 0).map(BookId),
        at: row.int(2)?,
        actor: Actor(row.int(3)?),
        action: row.text(4)?.to_owned(),
        subject: row.text(5)?.to_owned(),
        detail: row.text(6)?.to_owned(),
    })
}
