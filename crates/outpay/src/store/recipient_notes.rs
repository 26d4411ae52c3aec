//! Notes of a team about a recipient. Each change is written with its entry in the audit log. Not here: who may (`dashboard/people/notes.rs`).

use super::audit_log::{NewAuditEntry, note};
use super::driver::{Row, Statement, WriteError};
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros};

/// A note that was not removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientNote {
    /// 1, 2, … of the recipient.
    pub number: i64,
    /// Who wrote it.
    pub author: Actor,
    pub at: Micros,
    pub text: String,
}

impl Store {
    /// A recipient's notes, newest first, at most `limit`.
    pub async fn recipient_notes(
        &self,
        book: BookId,
        user: i64,
        limit: i64,
    ) -> Result<Vec<RecipientNote>, Failure> {
        let sql = "SELECT number, actor, at, text FROM recipient_note WHERE book = $1 AND payout_user = $2 AND text <> '' \
                   ORDER BY number DESC LIMIT $3";
        let values = vec![book.0.into(), user.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(recipient_note).collect()
    }

    /// Adds a note under the recipient's next number, by the entry's actor.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when another note got the number in the meantime.
    pub async fn add_recipient_note(
        &self,
        book: BookId,
        user: i64,
        text: &str,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let last = "SELECT coalesce(max(number), 0) FROM recipient_note WHERE book = $1 AND payout_user = $2";
        let last = self.driver.query_one(last, vec![book.0.into(), user.into()]).await?;
        let number = last.map_or(Ok(0), |row| row.int(0))? + 1;
        let sql = "INSERT INTO recipient_note (book, payout_user, number, actor, at, text) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            book.0.into(),
            user.into(),
            number.into(),
            entry.actor.0.into(),
            entry.at.into(),
            text.into(),
        ];
        self.driver.write(vec![Statement::one(sql, values), note(entry)]).await
    }

    /// Removes a note; its text is gone.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when there is no such note.
    pub async fn remove_recipient_note(
        &self,
        book: BookId,
        (user, number): (i64, i64),
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = "UPDATE recipient_note SET text = '' WHERE book = $1 AND payout_user = $2 AND number = $3 AND text <> ''";
        let values = vec![book.0.into(), user.into(), number.into()];
        self.driver.write(vec![Statement::one(sql, values), note(entry)]).await
    }
}

fn recipient_note(row: &Row) -> Result<RecipientNote, Failure> {
    Ok(RecipientNote {
        number: row.int(0)?,
        author: Actor(row.int(1)?),
        at: row.int(2)?,
        text: row.text(3)?.to_owned(),
    })
}
