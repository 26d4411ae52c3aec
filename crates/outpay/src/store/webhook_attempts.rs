//! Attempts to deliver: what a receiver answered, and what becomes of the delivery by it, written together. Only the worker
//! that has the delivery writes them.

use super::codes::{DELIVERY_PENDING, DELIVERY_SUPERSEDED};
use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::states::DeliveryState;
use super::{Failure, Store};
use ledger::{BookId, Micros};
use std::collections::BTreeMap;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAttempt {
    /// 1, 2, … inside its delivery.
    pub number: i64,
    /// When it ended.
    pub at: Micros,
    /// Where it went.
    pub url: String,
    /// The answer's status, if there was an answer.
    pub status: Option<i64>,
    /// Why there was none, in one word; empty where there was one.
    pub error: String,
    /// The answer's first bytes.
    pub body: Vec<u8>,
    /// How long it took.
    pub micros: Micros,
}

/// An attempt, and what becomes of the delivery by it.
#[derive(Clone, Debug)]
pub struct Attempted {
    pub book: BookId,
    pub delivery: i64,
    /// The endpoint's number.
    pub endpoint: i64,
    /// The withdrawal; 0 for a test send.
    pub withdrawal: i64,
    /// It is a test send.
    pub is_test: bool,
    /// It tells of the withdrawal's outcome.
    pub is_outcome: bool,
    /// Who had the delivery.
    pub worker: i64,
    /// Under which lease.
    pub lease: i64,
    /// The attempt.
    pub attempt: WebhookAttempt,
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// Tries of the present round, this one included.
    pub tries: i64,
    /// When to try again, where it is still pending.
    pub due_at: Option<Micros>,
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "number, at, url, status, error, body, micros";

impl Store {
    /// Writes attempts down, all in one transaction.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when one of the deliveries is another worker's by now; then none is written.
    pub async fn record_webhook_attempts(&self, attempted: &[Attempted]) -> Result<(), WriteError> {
        let mut statements = Vec::with_capacity(attempted.len() * 3);
        for one in attempted {
            statements.extend(supersede(one));
            statements.push(end(one));
            statements.push(insert(one));
        }
        statements.extend(health(attempted));
        self.driver.write(statements).await
    }

    /// A delivery's attempts, oldest first, at most `limit`.
    pub async fn webhook_attempts(
        &self,
        book: BookId,
        delivery: i64,
        limit: i64,
    ) -> Result<Vec<WebhookAttempt>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM webhook_attempt WHERE book = $1 AND delivery = $2 ORDER BY number LIMIT $3"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), delivery.into(), limit.into()]).await?;
        rows.iter().map(attempt).collect()
    }
}

fn end(one: &Attempted) -> Statement {
    // A delivery that was superseded while it was under way stays so, unless it was delivered.
    let sql = if one.state == DeliveryState::Delivered {
        sql!(
            "UPDATE webhook_delivery \
             SET state = $1, tries = $2, attempts = $3, due_at = $4, finished_at = $5, leased_until = 0, leased_by = 0 \
             WHERE book = $6 AND number = $7 AND state IN ({DELIVERY_PENDING}, {DELIVERY_SUPERSEDED}) AND leased_by = $8 \
             AND lease = $9"
        )
    } else {
        sql!(
            "UPDATE webhook_delivery SET state = CASE WHEN state = {DELIVERY_SUPERSEDED} THEN state ELSE $1 END, \
             tries = $2, attempts = $3, \
             due_at = CASE WHEN state = {DELIVERY_SUPERSEDED} THEN NULL ELSE CAST($4 AS BIGINT) END, \
             finished_at = CASE WHEN state = {DELIVERY_SUPERSEDED} THEN finished_at ELSE $5 END, \
             leased_until = 0, leased_by = 0 \
             WHERE book = $6 AND number = $7 AND state IN ({DELIVERY_PENDING}, {DELIVERY_SUPERSEDED}) AND leased_by = $8 \
             AND lease = $9"
        )
    };
    let finished_at = (one.state != DeliveryState::Pending).then_some(one.attempt.at);
    let values = vec![
        (one.state as i64).into(),
        one.tries.into(),
        one.attempt.number.into(),
        one.due_at.into(),
        finished_at.into(),
        one.book.0.into(),
        one.delivery.into(),
        one.worker.into(),
        one.lease.into(),
    ];
    Statement::one(sql, values)
}

/// Since when each endpoint only fails. A failed test send says nothing, a delivered one that the receiver is well.
fn health(attempted: &[Attempted]) -> Vec<Statement> {
    let mut endpoints: BTreeMap<(i64, i64), Option<Micros>> = BTreeMap::new();
    for one in attempted {
        let is_delivered = one.state == DeliveryState::Delivered;
        if one.is_test && !is_delivered {
            continue;
        }
        let failed_at = (!is_delivered).then_some(one.attempt.at);
        let of_endpoint = endpoints.entry((one.book.0, one.endpoint)).or_insert(failed_at);
        *of_endpoint = (*of_endpoint).and_then(|before| failed_at.map(|at| at.max(before)));
    }
    let update = |((book, number), failed_at): ((i64, i64), Option<Micros>)| match failed_at {
        None => Statement::new(
            "UPDATE webhook_endpoint SET failing_since = NULL, failed_at = NULL WHERE book = $1 AND number = $2 \
             AND failing_since IS NOT NULL",
            vec![book.into(), number.into()],
        ),
        Some(at) => Statement::new(
            "UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, $1), failed_at = $1 \
             WHERE book = $2 AND number = $3",
            vec![at.into(), book.into(), number.into()],
        ),
    };
    endpoints.into_iter().map(update).collect()
}

fn insert(one: &Attempted) -> Statement {
    let sql = "INSERT INTO webhook_attempt (book, delivery, number, at, url, status, error, body, micros) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = vec![
        one.book.0.into(),
        one.delivery.into(),
        one.attempt.number.into(),
        one.attempt.at.into(),
        one.attempt.url.as_str().into(),
        one.attempt.status.into(),
        one.attempt.error.as_str().into(),
        one.attempt.body.as_slice().into(),
        one.attempt.micros.into(),
    ];
    Statement::one(sql, values)
}

/// Once a receiver has the outcome of a withdrawal, it is not told of what came before. One that is under way stays with its
/// worker, whose answer still counts if it was delivered.
fn supersede(one: &Attempted) -> Option<Statement> {
    (one.is_outcome && one.state == DeliveryState::Delivered && one.withdrawal > 0).then(|| {
        let sql = sql!(
            "UPDATE webhook_delivery SET state = {DELIVERY_SUPERSEDED}, due_at = NULL, finished_at = $1 WHERE book = $2 \
             AND endpoint = $3 AND withdrawal = $4 AND state = {DELIVERY_PENDING} AND number < $5"
        );
        let values = vec![
            one.attempt.at.into(),
            one.book.0.into(),
            one.endpoint.into(),
            one.withdrawal.into(),
            one.delivery.into(),
        ];
        Statement::new(sql, values)
    })
}

fn attempt(row: &Row) -> Result<WebhookAttempt, Failure> {
    Ok(WebhookAttempt {
        number: row.int(0)?,
        at: row.int(1)?,
        url: row.text(2)?.to_owned(),
        status: row.maybe_int(3)?,
        error: row.text(4)?.to_owned(),
        body: row.bytes(5)?.to_vec(),
        micros: row.int(6)?,
    })
}
