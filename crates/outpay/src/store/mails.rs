//! Outgoing mails: ordered together with what they tell of, leased by workers, ended by what the mail server answered. Not
//! here: which events become mails (mail_choices.rs), what a mail says, when to try again (mail/). Invariant: no row holds a
//! hash, key or token in clear.

use super::codes::{MAIL_FAILED, MAIL_PENDING};
use super::driver::{Row, Statement, Value, WriteError};
use super::sql::sql;
use super::states::MailState;
use super::{Failure, Store};
use crate::mail_kind::MailKind;
use anyhow::Context;
use ledger::{BookId, Micros};

/// A mail to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Whose; `None` where it is of no book.
    pub book: Option<BookId>,
    /// What it tells.
    pub kind: MailKind,
    /// The journal entry it tells of.
    pub sequence: Option<i64>,
    /// To whom: an address.
    pub recipient: String,
    /// The payout user's number; 0 for other recipients.
    pub user: i64,
    /// What it says: a JSON object without any secret.
    pub data: String,
    /// The link that only its reader may see, encrypted.
    pub sealed: Option<Vec<u8>>,
    pub at: Micros,
}

/// A mail as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Given by the database.
    pub number: i64,
    /// As it was ordered.
    pub mail: NewMail,
    /// Where it stands.
    pub state: MailState,
    /// Tries of the present round.
    pub tries: i64,
    /// Tries in all.
    pub attempts: i64,
    /// When it will be tried next.
    pub due_at: Option<Micros>,
    /// When it was sent or given up.
    pub finished_at: Option<Micros>,
    /// What the mail server said last; empty for nothing yet.
    pub answer: String,
    /// The number of the newest lease; it only grows.
    pub lease: i64,
}

/// What became of a try.
#[derive(Clone, Debug)]
pub struct MailEnd {
    /// The mail's number.
    pub number: i64,
    /// Who had it.
    pub worker: i64,
    /// Under which lease.
    pub lease: i64,
    /// Where it stands now.
    pub state: MailState,
    /// Tries of the present round, this one included.
    pub tries: i64,
    /// Tries in all, this one included.
    pub attempts: i64,
    /// When to try again, where it is still pending.
    pub due_at: Option<Micros>,
    pub at: Micros,
    /// What the mail server said.
    pub answer: String,
}

/// The statement that writes a mail, for the transaction that writes the event.
pub(super) fn insert(mail: &NewMail) -> Statement {
    let sql = sql!(
        "INSERT INTO mail (book, kind, sequence, recipient, payout_user, data, sealed, state, tries, attempts, \
         created_at, due_at, answer, leased_until, leased_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, {MAIL_PENDING}, 0, 0, $8, $9, '', 0, 0)"
    );
    let values: Vec<Value> = vec![
        mail.book.map_or(0, |book| book.0).into(),
        mail.kind.code().into(),
        mail.sequence.into(),
        mail.recipient.as_str().into(),
        mail.user.into(),
        mail.data.as_str().into(),
        mail.sealed.as_deref().into(),
        mail.at.into(),
        mail.at.into(),
    ];
    Statement::one(sql, values)
}

/// The columns that `row` reads, in its order.
const COLUMNS: &str = "number, book, kind, sequence, recipient, payout_user, data, sealed, state, tries, attempts, created_at, due_at, \
    finished_at, answer, lease";

impl Store {
    /// Writes a mail that belongs to no other write.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when this journal entry is told of already.
    pub async fn order_mail(&self, mail: &NewMail) -> Result<(), WriteError> {
        self.driver.write(vec![insert(mail)]).await
    }

    /// Mails that are to be tried now and that no worker has, longest due first, at most `limit`.
    pub async fn due_mails(&self, now: Micros, limit: i64) -> Result<Vec<MailRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM mail WHERE state = {MAIL_PENDING} AND due_at <= $1 AND leased_until <= $1 \
             ORDER BY due_at, number LIMIT $2"
        );
        self.driver.query(sql, vec![now.into(), limit.into()]).await?.iter().map(row).collect()
    }

    /// Takes a mail, given as number and newest lease, until `until`; its lease is the next one. `false`: it is another
    /// worker's, or not as it was read.
    pub async fn lease_mail(
        &self,
        (number, before): (i64, i64),
        worker: i64,
        now: Micros,
        until: Micros,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE mail SET leased_until = $1, leased_by = $2, lease = $3 WHERE number = $4 AND lease = $5 \
             AND state = {MAIL_PENDING} AND leased_until <= $6"
        );
        let values =
            vec![until.into(), worker.into(), (before + 1).into(), number.into(), before.into(), now.into()];
        match self.driver.write(vec![Statement::one(sql, values)]).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Writes down what became of a try. A mail that is sent has no link any more.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the mail is another worker's by now; then nothing is written.
    pub async fn end_mail_try(&self, end: &MailEnd) -> Result<(), WriteError> {
        let sql = sql!(
            "UPDATE mail \
             SET state = $1, tries = $2, attempts = $3, due_at = $4, finished_at = $5, answer = $6, leased_until = 0, \
             leased_by = 0 \
             WHERE number = $7 AND state = {MAIL_PENDING} AND leased_by = $8 AND lease = $9"
        );
        let finished_at = (end.state != MailState::Pending).then_some(end.at);
        let values = vec![
            (end.state as i64).into(),
            end.tries.into(),
            end.attempts.into(),
            end.due_at.into(),
            finished_at.into(),
            end.answer.as_str().into(),
            end.number.into(),
            end.worker.into(),
            end.lease.into(),
        ];
        let mut statements = vec![Statement::one(sql, values)];
        if end.state == MailState::Sent {
            let wipe = "UPDATE mail SET sealed = NULL WHERE number = $1";
            statements.push(Statement::new(wipe, vec![end.number.into()]));
        }
        self.driver.write(statements).await
    }

    /// Mails, newest first, at most `limit`: of this book, in this state, with a smaller number than `below`.
    pub async fn mails(
        &self,
        book: Option<BookId>,
        state: Option<MailState>,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MailRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM mail WHERE number < $1 AND book BETWEEN $2 AND $3 AND state BETWEEN $4 AND $5 \
             ORDER BY number DESC LIMIT $6"
        );
        let books = book.map_or((0, i64::MAX), |book| (book.0, book.0));
        let states = state.map_or((1, 3), |state| (state as i64, state as i64));
        let values: Vec<Value> = vec![
            below.unwrap_or(i64::MAX).into(),
            books.0.into(),
            books.1.into(),
            states.0.into(),
            states.1.into(),
            limit.into(),
        ];
        self.driver.query(sql, values).await?.iter().map(row).collect()
    }

    /// Mails to one payout user, newest first, at most `limit`.
    pub async fn mails_to_user(&self, book: BookId, user: i64, limit: i64) -> Result<Vec<MailRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM mail WHERE book = $1 AND payout_user = $2 AND payout_user > 0 \
             ORDER BY number DESC LIMIT $3"
        );
        let values = vec![book.0.into(), user.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(row).collect()
    }

    /// The mail with this number.
    pub async fn mail(&self, number: i64) -> Result<Option<MailRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM mail WHERE number = $1");
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(row).transpose()
    }

    /// Lets a failed mail be tried again, from the first try on.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it is not there or has not failed.
    pub async fn retry_mail(&self, number: i64, now: Micros) -> Result<(), WriteError> {
        let sql = sql!(
            "UPDATE mail SET state = {MAIL_PENDING}, tries = 0, due_at = $1, finished_at = NULL WHERE number = $2 \
             AND state = {MAIL_FAILED}"
        );
        self.driver.write(vec![Statement::one(sql, vec![now.into(), number.into()])]).await
    }

    /// The same for all that failed at `since` or after; says how many.
    pub async fn retry_failed_mails(&self, since: Micros, now: Micros) -> Result<u64, Failure> {
        let sql = sql!(
            "UPDATE mail SET state = {MAIL_PENDING}, tries = 0, due_at = $1, finished_at = NULL \
             WHERE state = {MAIL_FAILED} AND finished_at >= $2"
        );
        let retry = Statement::new(sql, vec![now.into(), since.into()]);
        Ok(self.driver.write_counted(vec![retry]).await?.first().copied().unwrap_or(0))
    }

    /// How many mails wait.
    pub async fn mails_waiting(&self) -> Result<i64, Failure> {
        let sql = sql!("SELECT count(*) FROM mail WHERE state = {MAIL_PENDING}");
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
    }
}

fn row(row: &Row) -> Result<MailRow, Failure> {
    let (book, kind) = (row.int(1)?, row.int(2)?);
    let mail = NewMail {
        book: (book > 0).then_some(BookId(book)),
        kind: MailKind::from_code(kind).with_context(|| format!("there is no mail of kind {kind}"))?,
        sequence: row.maybe_int(3)?,
        recipient: row.text(4)?.to_owned(),
        user: row.int(5)?,
        data: row.text(6)?.to_owned(),
        sealed: row.maybe_bytes(7)?.map(<[u8]>::to_vec),
        at: row.int(11)?,
    };
    Ok(MailRow {
        number: row.int(0)?,
        mail,
        state: MailState::from_code(row.int(8)?).context("no such mail state")?,
        tries: row.int(9)?,
        attempts: row.int(10)?,
        due_at: row.maybe_int(12)?,
        finished_at: row.maybe_int(13)?,
        answer: row.text(14)?.to_owned(),
        lease: row.int(15)?,
    })
}
