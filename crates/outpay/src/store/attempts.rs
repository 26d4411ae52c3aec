//! Attempts to pay withdrawals: the evidence. A row is committed before its request is sent, and no column of it
//! but the answer ever changes.

use super::driver::{Row, Statement, WriteError};
use super::leases::Hold;
use super::rail_spending::{Reservation, reserve};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros};

/// One request to a rail, committed before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// 1, 2, … inside its withdrawal.
    pub number: i64,
    /// The rail's name.
    pub rail: String,
    /// What the rail knows it by.
    pub key: String,
    /// The exact bytes.
    pub request: Vec<u8>,
    /// The place in the rail's line; 0 where it has none.
    pub slot: i64,
    /// When it was committed.
    pub created_at: Micros,
    /// When the last answer came.
    pub answered_at: Option<Micros>,
    /// The last answer in one word: `accepted`, `succeeded`, `refused`, `unknown`, …; empty for none.
    pub answer: String,
    /// The last answer in the rail's words, for the operator.
    pub answer_text: String,
}

/// The columns that `attempt` reads, in its order.
const COLUMNS: &str = "number, rail, key, request, slot, created_at, answered_at, answer, answer_text";

impl Store {
    /// All attempts of a withdrawal, oldest first.
    pub async fn attempts(&self, book: BookId, withdrawal: i64) -> Result<Vec<Attempt>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM attempt WHERE book = $1 AND withdrawal = $2 ORDER BY number");
        let rows = self.driver.query(sql, vec![book.0.into(), withdrawal.into()]).await?;
        rows.iter().map(attempt).collect()
    }

    /// All attempts of these rails with this slot or a later one, whatever became of their withdrawals. Live books only: the
    /// simulated rails of test mode have the same names, and no line.
    pub async fn attempts_from(&self, rails: &[&str], slot: i64) -> Result<Vec<Attempt>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM attempt WHERE rail = $1 AND slot >= $2 AND book % 2 = 0 ORDER BY slot, number"
        );
        let mut found = Vec::new();
        for rail in rails {
            let rows = self.driver.query(sql, vec![(*rail).into(), slot.into()]).await?;
            found.extend(rows.iter().map(attempt).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// Commits an attempt before it is sent. `line`: the line in which it must get exactly the next free slot; `None` where it
    /// takes none, or keeps that of an earlier attempt.
    /// `false`: another worker was faster (it has the lease, or the attempt's number, key or slot is taken); nothing was
    /// written.
    pub async fn add_attempt(
        &self,
        hold: Hold,
        attempt: &Attempt,
        line: Option<&str>,
    ) -> Result<bool, Failure> {
        self.write_attempt(hold, attempt, line, Vec::new()).await
    }

    /// The same for the first attempt of a withdrawal, with its share of the rail's ceiling, in one transaction. `false` also
    /// where there is no room for it.
    pub async fn add_first_attempt(
        &self,
        hold: Hold,
        attempt: &Attempt,
        line: Option<&str>,
        reservation: &Reservation,
    ) -> Result<bool, Failure> {
        let share = reserve(&attempt.rail, reservation, self.now().await?);
        self.write_attempt(hold, attempt, line, share).await
    }

    async fn write_attempt(
        &self,
        hold: Hold,
        attempt: &Attempt,
        line: Option<&str>,
        share: Vec<Statement>,
    ) -> Result<bool, Failure> {
        let mut statements = vec![hold.is_still_held(self.now().await?)];
        statements.extend(share);
        if let Some(line) = line {
            let next = attempt.slot + 1;
            let make = "INSERT INTO rail_slot (rail, next) VALUES ($1, $2) ON CONFLICT (rail) DO NOTHING";
            let values = vec![line.into(), attempt.slot.into()];
            statements.push(Statement::new(make, values));
            // A slot beyond the next is valid only for a line that another rail has advanced.
            let take = "UPDATE rail_slot SET next = $1 WHERE rail = $2 AND next <= $3";
            let values = vec![next.into(), line.into(), attempt.slot.into()];
            statements.push(Statement::one(take, values));
        }
        let sql = "INSERT INTO attempt (book, withdrawal, number, rail, key, request, slot, created_at, answer, answer_text) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '')";
        let values = vec![
            hold.book.0.into(),
            hold.withdrawal.into(),
            attempt.number.into(),
            attempt.rail.as_str().into(),
            attempt.key.as_str().into(),
            attempt.request.as_slice().into(),
            attempt.slot.into(),
            attempt.created_at.into(),
        ];
        statements.push(Statement::one(sql, values));
        match self.driver.write(statements).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Writes down what the rail said to the last attempt, which has this number. `false`: another worker has the lease, or
    /// has made a later attempt; nothing was written.
    pub async fn record_answer(
        &self,
        hold: Hold,
        number: i64,
        (answer, text): (&str, &str),
        at: Micros,
    ) -> Result<bool, Failure> {
        let sql = "UPDATE attempt SET answer = $1, answer_text = $2, answered_at = $3 \
                   WHERE book = $4 AND withdrawal = $5 AND number = $6 \
                   AND NOT EXISTS (SELECT 1 FROM attempt WHERE book = $4 AND withdrawal = $5 AND number > $6)";
        let (book, withdrawal) = (hold.book.0, hold.withdrawal);
        let values =
            vec![answer.into(), text.into(), at.into(), book.into(), withdrawal.into(), number.into()];
        let held = hold.has_its_answer(self.now().await?);
        self.touches_one(vec![held, Statement::one(sql, values)]).await
    }

    /// The first slot of a line that no attempt has taken; 0 before the first. `rails` are those of the line: each counted
    /// for itself, under its own name, before lines were shared.
    pub async fn next_slot(&self, line: &str, rails: &[&str]) -> Result<i64, Failure> {
        let sql = "SELECT next FROM rail_slot WHERE rail = $1";
        let mut next = 0;
        for name in [line].iter().chain(rails) {
            let row = self.driver.query_one(sql, vec![(*name).into()]).await?;
            next = row.map_or(Ok(0), |row| row.int(0))?.max(next);
        }
        Ok(next)
    }
}

fn attempt(row: &Row) -> Result<Attempt, Failure> {
    Ok(Attempt {
        number: row.int(0)?,
        rail: row.text(1)?.to_owned(),
        key: row.text(2)?.to_owned(),
        request: row.bytes(3)?.to_vec(),
        slot: row.int(4)?,
        created_at: row.int(5)?,
        answered_at: row.maybe_int(6)?,
        answer: row.text(7)?.to_owned(),
        answer_text: row.text(8)?.to_owned(),
    })
}
