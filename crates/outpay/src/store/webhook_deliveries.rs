//! Webhook deliveries: made from journal entries together with the step of the endpoint's cursor, leased by workers, ended
//! by what was answered. Not here: what a body says, when to try again (webhooks/).

use super::codes::{DELIVERED, DELIVERY_FAILED, DELIVERY_PENDING, DELIVERY_SUPERSEDED};
use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::states::DeliveryState;
use super::webhook_endpoints::EndpointKey;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, EntryKind, Micros};
use std::sync::LazyLock;

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// 1, 2, … inside the book, in order of the events.
    pub number: i64,
    /// The endpoint's number.
    pub endpoint: i64,
    /// The journal entry it tells of; `None` for a test send.
    pub sequence: Option<i64>,
    /// The withdrawal; 0 for a test send.
    pub withdrawal: i64,
    /// The event.
    pub kind: EntryKind,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries of the present round.
    pub tries: i64,
    /// Tries in all.
    pub attempts: i64,
    pub created_at: Micros,
    /// When it will be tried next.
    pub due_at: Option<Micros>,
    /// When it was delivered or given up.
    pub finished_at: Option<Micros>,
    /// The number of the newest lease; it only grows.
    pub lease: i64,
}

/// A delivery to be made.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The journal entry it tells of; `None` for a test send.
    pub sequence: Option<i64>,
    /// The withdrawal; 0 for a test send.
    pub withdrawal: i64,
    /// The event.
    pub kind: EntryKind,
    /// The exact bytes.
    pub body: Vec<u8>,
}

static INSERT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO webhook_delivery (book, number, endpoint, sequence, withdrawal, kind, body, state, tries, attempts, \
     created_at, due_at, leased_until, leased_by, lease) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, {DELIVERY_PENDING}, 0, 0, $8, $9, $10, $11, $12)"
    )
});

/// The delivery's endpoint was not deleted.
const HAS_ENDPOINT: &str = "EXISTS (SELECT 1 FROM webhook_endpoint e WHERE e.book = webhook_delivery.book \
                            AND e.number = webhook_delivery.endpoint)";

/// The columns that `delivery` reads, in its order.
pub(super) const COLUMNS: &str = "number, endpoint, sequence, withdrawal, kind, body, state, tries, attempts, created_at, due_at, \
                       finished_at, lease";

impl Store {
    /// Makes deliveries, numbered on from `made`, and moves the endpoint's cursor from `cursor` to `to`, in one transaction.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the endpoint and the book's count are not as they were read: `revision`, `cursor` and
    /// `made` must be the same.
    pub async fn make_deliveries(
        &self,
        key: EndpointKey,
        (revision, cursor, made): (i64, i64, i64),
        to: i64,
        new: &[NewDelivery],
        now: Micros,
    ) -> Result<(), WriteError> {
        let last = made + i64::try_from(new.len()).context("too many deliveries")?;
        let step = "UPDATE webhook_endpoint SET cursor = $1 \
                    WHERE book = $2 AND number = $3 AND revision = $4 AND cursor = $5";
        let values = vec![to.into(), key.book.0.into(), key.number.into(), revision.into(), cursor.into()];
        let mut statements = vec![Statement::one(step, values), count(key.book, made, last)];
        let numbered = new.iter().zip(made + 1..);
        statements.extend(numbered.map(|(delivery, number)| insert(key, number, delivery, now, (0, 0))));
        self.driver.write(statements).await
    }

    /// Makes one delivery that `worker` has until `until`, and gives its number. For test sends.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when others made deliveries meanwhile.
    pub async fn make_leased_delivery(
        &self,
        key: EndpointKey,
        made: i64,
        new: &NewDelivery,
        now: Micros,
        (until, worker): (Micros, i64),
    ) -> Result<i64, WriteError> {
        let number = made + 1;
        let insert = insert(key, number, new, now, (until, worker));
        self.driver.write(vec![count(key.book, made, number), insert]).await?;
        Ok(number)
    }

    /// Deliveries to an endpoint that are to be tried now and that no worker has, longest due first. One waits while an earlier
    /// one of the same withdrawal was not tried yet, so that a receiver that answers hears of a withdrawal's events in order; one
    /// that fails holds up nothing.
    pub async fn due_deliveries(
        &self,
        key: EndpointKey,
        now: Micros,
        limit: i64,
    ) -> Result<Vec<Delivery>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM webhook_delivery d WHERE d.book = $1 AND d.endpoint = $2 AND d.state = {DELIVERY_PENDING} \
             AND d.due_at <= $3 AND d.leased_until <= $3 AND NOT EXISTS (SELECT 1 FROM webhook_delivery p \
             WHERE p.book = d.book AND p.endpoint = d.endpoint AND p.withdrawal = d.withdrawal AND p.withdrawal > 0 \
             AND p.state = {DELIVERY_PENDING} AND p.tries = 0 AND p.number < d.number) ORDER BY d.due_at, d.number LIMIT $4"
        );
        let values = vec![key.book.0.into(), key.number.into(), now.into(), limit.into()];
        let rows = self.driver.query(sql, values).await?;
        rows.iter().map(delivery).collect()
    }

    /// Takes deliveries, given as number and newest lease, until `until`; says which of them it got. The lease of each is the
    /// next. Each is taken by a conditional update, so of two workers only one gets it.
    pub async fn lease_deliveries(
        &self,
        book: BookId,
        wanted: &[(i64, i64)],
        worker: i64,
        now: Micros,
        until: Micros,
    ) -> Result<Vec<bool>, Failure> {
        let sql = sql!(
            "UPDATE webhook_delivery SET leased_until = $1, leased_by = $2, lease = $3 WHERE book = $4 AND number = $5 \
             AND lease = $6 AND state = {DELIVERY_PENDING} AND leased_until <= $7"
        );
        let take = |(number, before): &(i64, i64)| {
            let values = vec![
                until.into(),
                worker.into(),
                (before + 1).into(),
                book.0.into(),
                (*number).into(),
                (*before).into(),
                now.into(),
            ];
            Statement::new(sql, values)
        };
        // In one order for all workers, so that two of them cannot wait for each other.
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|at| wanted[*at].0);
        let statements = order.iter().map(|at| take(&wanted[*at])).collect();
        let touched = match self.driver.write_counted(statements).await {
            Ok(touched) => touched,
            Err(WriteError::Conflict) => return Ok(vec![false; wanted.len()]),
            Err(WriteError::Failure(failure)) => return Err(failure),
        };
        let mut got = vec![false; wanted.len()];
        order.iter().zip(touched).for_each(|(at, touched)| got[*at] = touched == 1);
        Ok(got)
    }

    /// Deliveries, newest first, at most `limit`: in this state, with a smaller number than `below`.
    pub async fn deliveries(
        &self,
        book: BookId,
        state: Option<DeliveryState>,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Failure> {
        // One text per state, because only a constant lets the engines use the index over few.
        let sql = match state {
            None => {
                sql!(
                    "SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
                )
            }
            Some(DeliveryState::Pending) => {
                sql!(
                    "SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number < $2 AND state = {DELIVERY_PENDING} \
                     ORDER BY number DESC LIMIT $3"
                )
            }
            Some(DeliveryState::Delivered) => {
                sql!(
                    "SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number < $2 AND state = {DELIVERED} \
                     ORDER BY number DESC LIMIT $3"
                )
            }
            Some(DeliveryState::Failed) => {
                sql!(
                    "SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number < $2 AND state = {DELIVERY_FAILED} \
                     ORDER BY number DESC LIMIT $3"
                )
            }
            Some(DeliveryState::Superseded) => {
                sql!(
                    "SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number < $2 AND state = {DELIVERY_SUPERSEDED} \
                     ORDER BY number DESC LIMIT $3"
                )
            }
        };
        let values = vec![book.0.into(), below.unwrap_or(i64::MAX).into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(delivery).collect()
    }

    /// The delivery with this number.
    pub async fn delivery(&self, book: BookId, number: i64) -> Result<Option<Delivery>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM webhook_delivery WHERE book = $1 AND number = $2");
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        row.as_ref().map(delivery).transpose()
    }

    /// Lets a failed or superseded delivery be tried again, from the first try on.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it is not there, is pending or delivered, or its endpoint was deleted.
    pub async fn retry_delivery(&self, book: BookId, number: i64, now: Micros) -> Result<(), WriteError> {
        let sql = sql!(
            "UPDATE webhook_delivery SET state = {DELIVERY_PENDING}, tries = 0, due_at = $1, finished_at = NULL \
             WHERE book = $2 AND number = $3 AND state IN ({DELIVERY_FAILED}, {DELIVERY_SUPERSEDED}) AND {HAS_ENDPOINT}"
        );
        self.driver.write(vec![Statement::one(sql, vec![now.into(), book.0.into(), number.into()])]).await
    }

    /// The same for all, test sends aside, that failed at `since` or after; says how many.
    pub async fn retry_failed_deliveries(
        &self,
        book: BookId,
        since: Micros,
        now: Micros,
    ) -> Result<u64, Failure> {
        let sql = sql!(
            "UPDATE webhook_delivery SET state = {DELIVERY_PENDING}, tries = 0, due_at = $1, finished_at = NULL \
             WHERE book = $2 AND state = {DELIVERY_FAILED} AND finished_at >= $3 AND sequence IS NOT NULL AND {HAS_ENDPOINT}"
        );
        let values = vec![now.into(), book.0.into(), since.into()];
        let touched = self.driver.write_counted(vec![Statement::new(sql, values)]).await?;
        Ok(touched.first().copied().unwrap_or(0))
    }

    /// How many deliveries of all books are pending.
    pub async fn deliveries_waiting(&self) -> Result<i64, Failure> {
        let sql = sql!("SELECT count(*) FROM webhook_delivery WHERE state = {DELIVERY_PENDING}");
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
    }
}

/// Raises the book's count of deliveries.
fn count(book: BookId, made: i64, last: i64) -> Statement {
    let sql = "UPDATE webhook_count SET deliveries = $1 WHERE book = $2 AND deliveries = $3";
    Statement::one(sql, vec![last.into(), book.0.into(), made.into()])
}

fn insert(
    key: EndpointKey,
    number: i64,
    new: &NewDelivery,
    now: Micros,
    (until, worker): (Micros, i64),
) -> Statement {
    let values = vec![
        key.book.0.into(),
        number.into(),
        key.number.into(),
        new.sequence.into(),
        new.withdrawal.into(),
        new.kind.code().into(),
        new.body.as_slice().into(),
        now.into(),
        now.into(),
        until.into(),
        worker.into(),
        i64::from(worker != 0).into(),
    ];
    Statement::one(&INSERT, values)
}

pub(super) fn delivery(row: &Row) -> Result<Delivery, Failure> {
    Ok(Delivery {
        number: row.int(0)?,
        endpoint: row.int(1)?,
        sequence: row.maybe_int(2)?,
        withdrawal: row.int(3)?,
        kind: kind(row.int(4)?)?,
        body: row.bytes(5)?.to_vec(),
        state: DeliveryState::from_code(row.int(6)?).context("no such delivery state")?,
        tries: row.int(7)?,
        attempts: row.int(8)?,
        created_at: row.int(9)?,
        due_at: row.maybe_int(10)?,
        finished_at: row.maybe_int(11)?,
        lease: row.int(12)?,
    })
}

pub(super) fn kind(code: i64) -> Result<EntryKind, Failure> {
    EntryKind::from_code(code).with_context(|| format!("there is no entry kind {code}"))
}
