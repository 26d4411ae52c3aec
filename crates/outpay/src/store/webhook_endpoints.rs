//! Webhook endpoints: one per book. Every write is a compare-and-set on what the writer read, so that no two processes make
//! the same deliveries, and no change of the owner's is lost under another.

use super::audit_log::{self, NewAuditEntry};
use super::codes::DELIVERY_PENDING;
use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use crate::webhook_event::EVENTS;
use ledger::{BookId, Micros};

/// An endpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub book: BookId,
    /// Where to deliver.
    pub url: String,
    /// While it is off, nothing is made for it and nothing is sent.
    pub enabled: bool,
    /// The wanted events as a sum of bits.
    pub events: i64,
    /// Token and signing secret, encrypted.
    pub sealed: Vec<u8>,
    /// Those before the last roll.
    pub previous: Option<Vec<u8>>,
    /// Until when is also signed with the previous ones; 0 where there are none.
    pub previous_until: Micros,
    /// A digest of the idempotency key of the last roll.
    pub rolled_by: Option<Vec<u8>>,
    /// The last journal entry that was looked at.
    pub cursor: i64,
    /// The number of the last delivery.
    pub made: i64,
    /// Raised by every change of the owner's.
    pub revision: i64,
    /// When the owner changed it last.
    pub changed_at: Micros,
}

/// The columns that `endpoint` reads, in its order.
const COLUMNS: &str = "book, url, enabled, events, sealed, previous, previous_until, rolled_by, cursor, made, revision, changed_at";

impl Store {
    /// A book's endpoint.
    pub async fn webhook_endpoint(&self, book: BookId) -> Result<Option<WebhookEndpoint>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM webhook_endpoint WHERE book = $1");
        self.driver.query_one(sql, vec![book.0.into()]).await?.as_ref().map(endpoint).transpose()
    }

    /// Stores a book's first endpoint, with the entry of it.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it has one.
    pub async fn create_webhook_endpoint(
        &self,
        new: &WebhookEndpoint,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = "INSERT INTO webhook_endpoint (book, url, enabled, events, sealed, previous, previous_until, rolled_by, cursor, made, \
                   revision, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let values = vec![
            new.book.0.into(),
            new.url.as_str().into(),
            new.enabled.into(),
            new.events.into(),
            new.sealed.as_slice().into(),
            new.previous.as_deref().into(),
            new.previous_until.into(),
            new.rolled_by.as_deref().into(),
            new.cursor.into(),
            new.made.into(),
            new.revision.into(),
            new.changed_at.into(),
        ];
        self.driver.write(vec![Statement::one(sql, values), audit_log::note(entry)]).await
    }

    /// Stores a change of `old`, as it was read, with the entry of it, and raises its revision. `made` stays what it is. Where
    /// `rolled_by` is another one, it is remembered for ever.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it was changed, or deliveries were made, since it was read, or an earlier roll had that
    /// `rolled_by`.
    pub async fn change_webhook_endpoint(
        &self,
        old: &WebhookEndpoint,
        new: &WebhookEndpoint,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let sql = "UPDATE webhook_endpoint SET url = $1, enabled = $2, events = $3, sealed = $4, previous = $5, previous_until = $6, \
                   rolled_by = $7, cursor = $8, changed_at = $9, revision = revision + 1 \
                   WHERE book = $10 AND revision = $11 AND cursor = $12";
        let values = vec![
            new.url.as_str().into(),
            new.enabled.into(),
            new.events.into(),
            new.sealed.as_slice().into(),
            new.previous.as_deref().into(),
            new.previous_until.into(),
            new.rolled_by.as_deref().into(),
            new.cursor.into(),
            new.changed_at.into(),
            old.book.0.into(),
            old.revision.into(),
            old.cursor.into(),
        ];
        let mut statements = vec![Statement::one(sql, values), audit_log::note(entry)];
        if let Some(once) = new.rolled_by.as_deref().filter(|_| new.rolled_by != old.rolled_by) {
            let sql = "INSERT INTO webhook_roll (book, once) VALUES ($1, $2)";
            statements.push(Statement::one(sql, vec![old.book.0.into(), once.into()]));
        }
        self.driver.write(statements).await
    }

    /// Whether a book's endpoint was ever rolled under this digest of an idempotency key.
    pub async fn was_rolled_by(&self, book: BookId, once: &[u8]) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM webhook_roll WHERE book = $1 AND once = $2";
        Ok(self.driver.query_one(sql, vec![book.0.into(), once.into()]).await?.is_some())
    }

    /// The books whose endpoint is on and has not been told of an event that it wants.
    pub async fn webhook_endpoints_behind(&self) -> Result<Vec<BookId>, Failure> {
        let sql = sql!(
            "SELECT e.book FROM webhook_endpoint e WHERE e.enabled = 1 AND EXISTS ( SELECT 1 FROM journal j \
             WHERE j.book = e.book AND j.sequence > e.cursor AND j.withdrawal > 0 AND (CASE j.kind {bits} \
             ELSE 0 END & e.events) <> 0)",
            bits = EVENTS.map(|(kind, bit)| format!("WHEN {} THEN {bit}", kind.code())).join(" ")
        );
        self.driver.query(sql, Vec::new()).await?.iter().map(|row| Ok(BookId(row.int(0)?))).collect()
    }

    /// The books whose endpoint is on and has a delivery to be tried now.
    pub async fn webhook_endpoints_due(&self, now: Micros) -> Result<Vec<BookId>, Failure> {
        let sql = sql!(
            "SELECT e.book FROM webhook_endpoint e WHERE e.enabled = 1 AND EXISTS ( SELECT 1 FROM webhook_delivery d \
             WHERE d.book = e.book AND d.state = {DELIVERY_PENDING} AND d.due_at <= $1)"
        );
        let rows = self.driver.query(sql, vec![now.into()]).await?;
        rows.iter().map(|row| Ok(BookId(row.int(0)?))).collect()
    }

    /// The number of the last entry in a book's journal.
    pub async fn last_sequence(&self, book: BookId) -> Result<i64, Failure> {
        let row =
            self.driver.query_one("SELECT sequence FROM book WHERE id = $1", vec![book.0.into()]).await?;
        row.ok_or_else(|| anyhow::anyhow!("there is no such book"))?.int(0)
    }
}

fn endpoint(row: &Row) -> Result<WebhookEndpoint, Failure> {
    Ok(WebhookEndpoint {
        book: BookId(row.int(0)?),
        url: row.text(1)?.to_owned(),
        enabled: row.int(2)? == 1,
        events: row.int(3)?,
        sealed: row.bytes(4)?.to_vec(),
        previous: row.maybe_bytes(5)?.map(<[u8]>::to_vec),
        previous_until: row.int(6)?,
        rolled_by: row.maybe_bytes(7)?.map(<[u8]>::to_vec),
        cursor: row.int(8)?,
        made: row.int(9)?,
        revision: row.int(10)?,
        changed_at: row.int(11)?,
    })
}
