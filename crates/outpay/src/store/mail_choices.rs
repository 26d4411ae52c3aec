//! Which mails a book's people get, and the journal read for them. Mails and the step of the cursor are one transaction that
//! takes effect only if the choice is as it was read, so no entry is told of twice and none is passed over.

use super::driver::{Row, Statement, WriteError};
use super::mails::{self, NewMail};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Cents, EntryKind};

/// A choice as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailChoice {
    pub book: BookId,
    /// The wanted mails as a sum of bits.
    pub kinds: i64,
    /// The last journal entry that was looked at.
    pub cursor: i64,
    /// Raised by every change of the owner's.
    pub revision: i64,
}

/// A journal entry with what a mail could tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailEvent {
    /// The journal entry.
    pub sequence: i64,
    /// What happened.
    pub kind: EntryKind,
    /// The payout user's number; 0 for none.
    pub user: i64,
    /// The payout user's address; empty for none.
    pub email: String,
    /// What the payout user has now.
    pub balance: Cents,
    /// Of the withdrawal, or of the entry where there is none.
    pub amount: Cents,
    /// Of the withdrawal.
    pub fees: Cents,
    /// The withdrawal's method; empty for none.
    pub method: String,
    /// Why a withdrawal did not go well, in words that the person may read; or else what the journal notes.
    pub reason: String,
    /// What the journal notes.
    pub note: String,
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "book, kinds, cursor, revision";

impl Store {
    /// A book's choice.
    pub async fn mail_choice(&self, book: BookId) -> Result<Option<MailChoice>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM mail_choice WHERE book = $1");
        self.driver.query_one(sql, vec![book.0.into()]).await?.as_ref().map(choice).transpose()
    }

    /// Stores a book's first choice.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it has one.
    pub async fn create_mail_choice(&self, new: MailChoice) -> Result<(), WriteError> {
        let sql = "INSERT INTO mail_choice (book, kinds, cursor, revision) VALUES ($1, $2, $3, 1)";
        let values = vec![new.book.0.into(), new.kinds.into(), new.cursor.into()];
        self.driver.write(vec![Statement::one(sql, values)]).await
    }

    /// Stores other kinds and another cursor in place of `old`, as it was read.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it was changed, or mails were made, since it was read.
    pub async fn change_mail_choice(
        &self,
        old: MailChoice,
        kinds: i64,
        cursor: i64,
    ) -> Result<(), WriteError> {
        let sql = "UPDATE mail_choice SET kinds = $1, cursor = $2, revision = revision + 1 \
                   WHERE book = $3 AND revision = $4 AND cursor = $5";
        let values =
            vec![kinds.into(), cursor.into(), old.book.0.into(), old.revision.into(), old.cursor.into()];
        self.driver.write(vec![Statement::one(sql, values)]).await
    }

    /// The books that want mails and have entries that were not looked at.
    pub async fn mail_choices_behind(&self) -> Result<Vec<BookId>, Failure> {
        let sql = "SELECT c.book FROM mail_choice c JOIN book b ON b.id = c.book WHERE c.kinds > 0 AND b.sequence > c.cursor";
        self.driver.query(sql, Vec::new()).await?.iter().map(|row| Ok(BookId(row.int(0)?))).collect()
    }

    /// All entries after entry `after`, in sequence, at most `limit`.
    pub async fn mail_events(&self, book: BookId, after: i64, limit: i64) -> Result<Vec<MailEvent>, Failure> {
        let sql = "SELECT j.sequence, j.kind, j.payout_user, coalesce(u.email, ''), coalesce(a.balance, 0), coalesce(w.amount, j.amount), \
                   coalesce(w.fees, 0), coalesce(w.method, ''), coalesce(w.reason, ''), j.note FROM journal j \
                   LEFT JOIN payout_user u ON u.book = j.book AND u.number = j.payout_user \
                   LEFT JOIN account a ON a.book = j.book AND a.id = j.payout_user AND j.payout_user > 0 \
                   LEFT JOIN withdrawal w ON w.book = j.book AND w.number = j.withdrawal \
                   WHERE j.book = $1 AND j.sequence > $2 ORDER BY j.sequence LIMIT $3";
        let values = vec![book.0.into(), after.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(event).collect()
    }

    /// Writes mails and moves the choice's cursor to `to`, in one transaction.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the choice is not as it was read.
    pub async fn make_mails(&self, read: MailChoice, to: i64, new: &[NewMail]) -> Result<(), WriteError> {
        let step = "UPDATE mail_choice SET cursor = $1 WHERE book = $2 AND revision = $3 AND cursor = $4";
        let values = vec![to.into(), read.book.0.into(), read.revision.into(), read.cursor.into()];
        let mut statements = vec![Statement::one(step, values)];
        statements.extend(new.iter().map(mails::insert));
        self.driver.write(statements).await
    }
}

fn choice(row: &Row) -> Result<MailChoice, Failure> {
    let book = BookId(row.int(0)?);
    Ok(MailChoice { book, kinds: row.int(1)?, cursor: row.int(2)?, revision: row.int(3)? })
}

fn event(row: &Row) -> Result<MailEvent, Failure> {
    let code = row.int(1)?;
    Ok(MailEvent {
        sequence: row.int(0)?,
        kind: EntryKind::from_code(code).with_context(|| format!("there is no entry kind {code}"))?,
        user: row.int(2)?,
        email: row.text(3)?.to_owned(),
        balance: Cents(row.int(4)?),
        amount: Cents(row.int(5)?),
        fees: Cents(row.int(6)?),
        method: row.text(7)?.to_owned(),
        reason: row.text(8)?.to_owned(),
        note: row.text(9)?.to_owned(),
    })
}
