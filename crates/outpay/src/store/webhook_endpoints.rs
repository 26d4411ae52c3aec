//! Webhook endpoints: some per book, one of them the primary one. Every write is a compare-and-set on what the writer read, so
//! that no two processes make the same deliveries, and no change of the owner's is lost under another. A transaction takes rows
//! in one order, so that two cannot wait for each other: deliveries, endpoints, the book's count.

use super::audit_log::{self, NewAuditEntry};
use super::codes::{DELIVERY_FAILED, DELIVERY_PENDING};
use super::driver::{Row, Statement, Value, WriteError};
use super::epoch::Floor;
use super::sql::sql;
use super::{Failure, NewMail, Store, mails};
use ledger::{BookId, Micros};

/// Names an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointKey {
    pub book: BookId,
    /// 1, 2, … inside the book.
    pub number: i64,
}

/// An endpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub key: EndpointKey,
    /// It is the book's endpoint where only one is meant.
    pub is_primary: bool,
    /// Where to deliver.
    pub url: String,
    /// The owner's words; empty for none.
    pub description: String,
    /// While it is off, nothing is made for it and nothing is sent.
    pub enabled: bool,
    /// When it was switched off because it only failed.
    pub disabled_at: Option<Micros>,
    /// The wanted events as a sum of bits.
    pub events: i64,
    /// The number of its schedule.
    pub schedule: i64,
    /// Token and signing secret, encrypted.
    pub sealed: Vec<u8>,
    /// Those before the last roll.
    pub previous: Option<Vec<u8>>,
    /// Until when the previous ones sign; 0 where there are none.
    pub previous_until: Micros,
    /// A digest of the idempotency key of the last roll.
    pub rolled_by: Option<Vec<u8>>,
    /// The last journal entry that was looked at.
    pub cursor: i64,
    /// The first failed try since the last successful one. Written by workers alone.
    pub failing_since: Option<Micros>,
    /// The last failed try since then.
    pub failed_at: Option<Micros>,
    /// Raised by every change of the settings.
    pub revision: i64,
    pub created_at: Micros,
    /// When the owner changed it last.
    pub changed_at: Micros,
}

/// The columns that `endpoint` reads, in its order.
const COLUMNS: &str = "book, number, is_primary, url, description, enabled, disabled_at, events, schedule, sealed, previous, \
                       previous_until, rolled_by, cursor, failing_since, failed_at, revision, created_at, changed_at";

impl Store {
    /// The endpoint of this number.
    pub async fn webhook_endpoint(&self, key: EndpointKey) -> Result<Option<WebhookEndpoint>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM webhook_endpoint WHERE book = $1 AND number = $2");
        let values = vec![key.book.0.into(), key.number.into()];
        self.driver.query_one(sql, values).await?.as_ref().map(endpoint).transpose()
    }

    /// A book's primary endpoint.
    pub async fn primary_webhook_endpoint(&self, book: BookId) -> Result<Option<WebhookEndpoint>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM webhook_endpoint WHERE book = $1 AND is_primary = 1");
        self.driver.query_one(sql, vec![book.0.into()]).await?.as_ref().map(endpoint).transpose()
    }

    /// All endpoints of a book, oldest first.
    pub async fn webhook_endpoints(&self, book: BookId) -> Result<Vec<WebhookEndpoint>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM webhook_endpoint WHERE book = $1 ORDER BY number");
        self.driver.query(sql, vec![book.0.into()]).await?.iter().map(endpoint).collect()
    }

    /// The number for the book's next endpoint, unless another process takes it first.
    pub async fn next_endpoint_number(&self, book: BookId) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(endpoints), 0) FROM webhook_count WHERE book = $1";
        self.next_number(sql, vec![book.0.into()], Floor::Numbers).await
    }

    /// The number of the book's last delivery.
    pub async fn last_delivery(&self, book: BookId) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(deliveries), 0) FROM webhook_count WHERE book = $1";
        self.driver.query_one(sql, vec![book.0.into()]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Stores an endpoint under a number of [`Store::next_endpoint_number`], with the entry of it.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the number is taken, or it is to be the book's primary one and there is one.
    pub async fn create_webhook_endpoint(
        &self,
        new: &WebhookEndpoint,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let EndpointKey { book, number } = new.key;
        let count = "INSERT INTO webhook_count (book, endpoints, deliveries) VALUES ($1, $2, $3) \
                     ON CONFLICT (book) DO UPDATE SET endpoints = excluded.endpoints \
                     WHERE webhook_count.endpoints < excluded.endpoints";
        // A recovery raises the counts that it finds; one that was lost begins above its floor.
        let sql = "SELECT coalesce(max(deliveries), 0) FROM webhook_count WHERE book = $1";
        let next = self.next_number(sql, vec![book.0.into()], Floor::Numbers).await?;
        let values = vec![book.0.into(), number.into(), (next - 1).into()];
        let insert = sql!(
            "INSERT INTO webhook_endpoint ({COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
        );
        let mut statements =
            vec![Statement::one(count, values), Statement::one(insert, columns(new)), audit_log::note(entry)];
        statements.extend(new.rolled_by.as_deref().map(|once| roll(book, once)));
        self.driver.write(statements).await
    }

    /// Stores a change of `old`, as it was read, with the entry of it, and raises its revision. Where `rolled_by` is another
    /// one, it is remembered for ever. An endpoint that is switched on begins without failures.
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
        let sql = "UPDATE webhook_endpoint SET url = $1, description = $2, enabled = $3, disabled_at = $4, events = $5, \
                   schedule = $6, sealed = $7, previous = $8, previous_until = $9, rolled_by = $10, cursor = $11, \
                   changed_at = $12, revision = revision + 1 WHERE book = $13 AND number = $14 AND revision = $15 AND cursor = $16";
        let values = vec![
            new.url.as_str().into(),
            new.description.as_str().into(),
            new.enabled.into(),
            new.disabled_at.into(),
            new.events.into(),
            new.schedule.into(),
            new.sealed.as_slice().into(),
            new.previous.as_deref().into(),
            new.previous_until.into(),
            new.rolled_by.as_deref().into(),
            new.cursor.into(),
            new.changed_at.into(),
        ];
        let values = values.into_iter().chain(as_read(old)).collect();
        let mut statements = vec![Statement::one(sql, values)];
        if new.enabled && !old.enabled {
            let sql = "UPDATE webhook_endpoint SET failing_since = NULL, failed_at = NULL WHERE book = $1 AND number = $2";
            statements.push(Statement::new(sql, vec![old.key.book.0.into(), old.key.number.into()]));
        }
        statements.push(audit_log::note(entry));
        if let Some(once) = new.rolled_by.as_deref().filter(|_| new.rolled_by != old.rolled_by) {
            statements.push(roll(old.key.book, once));
        }
        self.driver.write(statements).await
    }

    /// The endpoints that are on and have only failed for at least so long, up to their last try.
    pub async fn failing_webhook_endpoints(&self, long: Micros) -> Result<Vec<WebhookEndpoint>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM webhook_endpoint WHERE enabled = 1 AND failed_at - failing_since >= $1 \
             ORDER BY book, number"
        );
        self.driver.query(sql, vec![long.into()]).await?.iter().map(endpoint).collect()
    }

    /// Switches an endpoint off that only failed, with the entry and the mails of it. `false`: it was changed or succeeded since it
    /// was read; nothing was written.
    pub async fn disable_webhook_endpoint(
        &self,
        old: &WebhookEndpoint,
        now: Micros,
        entry: &NewAuditEntry,
        told: &[NewMail],
    ) -> Result<bool, Failure> {
        let sql = "UPDATE webhook_endpoint SET enabled = 0, disabled_at = $1, changed_at = $1, revision = revision + 1 \
                   WHERE book = $2 AND number = $3 AND revision = $4 AND enabled = 1 AND failing_since = $5";
        let EndpointKey { book, number } = old.key;
        let values =
            vec![now.into(), book.0.into(), number.into(), old.revision.into(), old.failing_since.into()];
        let statements = [Statement::one(sql, values), audit_log::note(entry)];
        self.touches_one(statements.into_iter().chain(told.iter().map(mails::insert)).collect()).await
    }

    /// Deletes an endpoint, as it was read, with the entry of it. Its deliveries stay; those that are pending have failed.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it was changed, or deliveries were made, since it was read.
    pub async fn delete_webhook_endpoint(
        &self,
        old: &WebhookEndpoint,
        now: Micros,
        entry: &NewAuditEntry,
    ) -> Result<(), WriteError> {
        let end = sql!(
            "UPDATE webhook_delivery SET state = {DELIVERY_FAILED}, due_at = NULL, finished_at = $1, leased_until = 0, \
             leased_by = 0 WHERE book = $2 AND endpoint = $3 AND state = {DELIVERY_PENDING}"
        );
        let delete =
            "DELETE FROM webhook_endpoint WHERE book = $1 AND number = $2 AND revision = $3 AND cursor = $4";
        let EndpointKey { book, number } = old.key;
        let statements = vec![
            Statement::new(end, vec![now.into(), book.0.into(), number.into()]),
            Statement::one(delete, as_read(old).into()),
            audit_log::note(entry),
        ];
        self.driver.write(statements).await
    }

    /// Whether an endpoint of the book was ever rolled under this digest of an idempotency key.
    pub async fn was_rolled_by(&self, book: BookId, once: &[u8]) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM webhook_roll WHERE book = $1 AND once = $2";
        Ok(self.driver.query_one(sql, vec![book.0.into(), once.into()]).await?.is_some())
    }

    /// The endpoints that are on and have a delivery to be tried now.
    pub async fn webhook_endpoints_due(&self, now: Micros) -> Result<Vec<EndpointKey>, Failure> {
        let sql = sql!(
            "SELECT e.book, e.number FROM webhook_endpoint e WHERE e.enabled = 1 AND EXISTS ( SELECT 1 \
             FROM webhook_delivery d WHERE d.book = e.book AND d.endpoint = e.number AND d.state = {DELIVERY_PENDING} \
             AND d.due_at <= $1)"
        );
        self.driver.query(sql, vec![now.into()]).await?.iter().map(key).collect()
    }

    /// The number of the last entry in a book's journal.
    pub async fn last_sequence(&self, book: BookId) -> Result<i64, Failure> {
        let row =
            self.driver.query_one("SELECT sequence FROM book WHERE id = $1", vec![book.0.into()]).await?;
        row.ok_or_else(|| anyhow::anyhow!("there is no such book"))?.int(0)
    }
}

/// Remembers for ever under what keys were made.
fn roll(book: BookId, once: &[u8]) -> Statement {
    let sql = "INSERT INTO webhook_roll (book, once) VALUES ($1, $2)";
    Statement::one(sql, vec![book.0.into(), once.into()])
}

/// All values, in the order of `COLUMNS`.
fn columns(new: &WebhookEndpoint) -> Vec<Value> {
    vec![
        new.key.book.0.into(),
        new.key.number.into(),
        new.is_primary.into(),
        new.url.as_str().into(),
        new.description.as_str().into(),
        new.enabled.into(),
        new.disabled_at.into(),
        new.events.into(),
        new.schedule.into(),
        new.sealed.as_slice().into(),
        new.previous.as_deref().into(),
        new.previous_until.into(),
        new.rolled_by.as_deref().into(),
        new.cursor.into(),
        new.failing_since.into(),
        new.failed_at.into(),
        new.revision.into(),
        new.created_at.into(),
        new.changed_at.into(),
    ]
}

/// What must not have changed since the endpoint was read.
fn as_read(old: &WebhookEndpoint) -> [Value; 4] {
    [old.key.book.0.into(), old.key.number.into(), old.revision.into(), old.cursor.into()]
}

fn key(row: &Row) -> Result<EndpointKey, Failure> {
    Ok(EndpointKey { book: BookId(row.int(0)?), number: row.int(1)? })
}

fn endpoint(row: &Row) -> Result<WebhookEndpoint, Failure> {
    Ok(WebhookEndpoint {
        key: key(row)?,
        is_primary: row.int(2)? == 1,
        url: row.text(3)?.to_owned(),
        description: row.text(4)?.to_owned(),
        enabled: row.int(5)? == 1,
        disabled_at: row.maybe_int(6)?,
        events: row.int(7)?,
        schedule: row.int(8)?,
        sealed: row.bytes(9)?.to_vec(),
        previous: row.maybe_bytes(10)?.map(<[u8]>::to_vec),
        previous_until: row.int(11)?,
        rolled_by: row.maybe_bytes(12)?.map(<[u8]>::to_vec),
        cursor: row.int(13)?,
        failing_since: row.maybe_int(14)?,
        failed_at: row.maybe_int(15)?,
        revision: row.int(16)?,
        created_at: row.int(17)?,
        changed_at: row.int(18)?,
    })
}
