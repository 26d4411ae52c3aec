//! Epochs: after a recovery everything is numbered above a floor that no lost row can have reached, so no id is made twice.
//! Here: the floor, and the counters that are raised to it. Not here: books, whose numbers the teller raises
//! ([`ledger::Command::Recover`]), and when an installation recovers (cli/recover.rs).

use super::driver::{Row, Statement, Value, WriteError};
use super::{Failure, Store};
use ledger::{Micros, floor_of_epoch};

/// Bits of a business's number below the epoch: a public id has 40 bits for the book, which is twice that number.
const BUSINESS_BITS: u32 = 24;

/// Which floor holds for a counter.
#[derive(Clone, Copy)]
pub(super) enum Floor {
    /// Of everything but businesses.
    Numbers,
    /// Of businesses.
    Businesses,
}

impl Store {
    /// The installation's epoch; 0 before the first recovery.
    pub async fn epoch(&self) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(number), 0) FROM epoch";
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Begins an epoch, which has to be later than the present one: from here on every counter of the installation but those
    /// of books goes on above the epoch's floor. `false`: another process was faster.
    pub async fn begin_epoch(&self, epoch: i64, now: Micros) -> Result<bool, Failure> {
        let floor = floor_of_epoch(epoch);
        let begin = "INSERT INTO epoch (number, floor, business_floor, raised_at) \
                     SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
                     WHERE NOT EXISTS (SELECT 1 FROM epoch WHERE number >= $1)";
        let values = vec![epoch.into(), floor.into(), (epoch << BUSINESS_BITS).into(), now.into()];
        let mut statements = vec![Statement::one(begin, values)];
        statements.push(Statement::new(
            "UPDATE webhook_count SET deliveries = $1 WHERE deliveries < $1",
            vec![floor.into()],
        ));
        match self.engine() {
            "sqlite" => statements.extend(raise_sqlite(floor)),
            _ => statements.extend(raise_postgres(floor)),
        }
        match self.driver.write(statements).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// The number that comes next, unless another process takes it first. `largest` selects the largest so far, 0 for none.
    pub(super) async fn next_number(
        &self,
        largest: &'static str,
        params: Vec<Value>,
        floor: Floor,
    ) -> Result<i64, Failure> {
        let largest = self.driver.query_one(largest, params).await?;
        let floor = match floor {
            Floor::Numbers => "SELECT coalesce(max(floor), 0) FROM epoch",
            Floor::Businesses => "SELECT coalesce(max(business_floor), 0) FROM epoch",
        };
        let floor = self.driver.query_one(floor, Vec::new()).await?;
        let number = |row: Option<Row>| row.map_or(Ok(0), |row| row.int(0));
        Ok(number(largest)?.max(number(floor)?) + 1)
    }
}

/// Tables whose numbers the engine counts.
const COUNTED: [&str; 6] =
    ["audit_log", "member_session", "invitation", "mail", "reconciliation_run", "reconciliation_mismatch"];

fn raise_sqlite(floor: i64) -> impl Iterator<Item = Statement> {
    let raise = move |table: &'static str| {
        [
            // A table that never had a row has none here either.
            Statement::new(
                "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
                vec![table.into()],
            ),
            Statement::new(
                "UPDATE sqlite_sequence SET seq = $1 WHERE name = $2 AND seq < $1",
                vec![floor.into(), table.into()],
            ),
        ]
    };
    COUNTED.into_iter().flat_map(raise)
}

fn raise_postgres(floor: i64) -> impl Iterator<Item = Statement> {
    // setval takes effect at once and for all sessions; the value is the last one given out.
    let sql = "SELECT setval(pg_get_serial_sequence($1, 'number'), $2)";
    COUNTED.into_iter().map(move |table| Statement::new(sql, vec![table.into(), floor.into()]))
}
