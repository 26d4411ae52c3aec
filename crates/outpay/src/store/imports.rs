//! Imported files: what was brought, by whom, and how far it is. Their lines are in import_lines.rs. A running import is
//! leased by the process that pays it; that no line is paid twice does not depend on the lease but on the lines'
//! idempotency keys.

use super::audit_log::{self, NewAuditEntry};
use super::codes::{IMPORT_DRAFT, IMPORT_RUNNING};
use super::driver::{Row, Statement, WriteError};
use super::epoch::Floor;
use super::import_lines::{ImportLine, insert_line};
use super::sql::sql;
use super::states::ImportState;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Micros};

/// One imported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// 1, 2, … in the book.
    pub number: i64,
    /// The file's, for people.
    pub name: String,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// How many payments.
    pub lines: i64,
    /// Of all lines.
    pub total: Cents,
    /// Who brought it.
    pub actor: Actor,
    /// In whose name it pays; `Actor::NONE` before it is confirmed.
    pub confirmed_by: Actor,
    /// How far it is.
    pub state: ImportState,
    /// When it was brought.
    pub created_at: Micros,
    /// When its state changed last.
    pub changed_at: Micros,
}

/// The columns that `import` reads, in its order.
pub(super) const COLUMNS: &str =
    "number, name, digest, lines, total, actor, confirmed_by, state, created_at, changed_at";

impl Store {
    /// Keeps a file and its lines as a draft; gives its number.
    ///
    /// # Errors
    /// [`WriteError::Conflict`]: another process took the number at the same time; try again.
    pub async fn add_import(
        &self,
        book: BookId,
        import: &Import,
        lines: &[ImportLine],
    ) -> Result<(), WriteError> {
        let sql = sql!(
            "INSERT INTO import (book, {COLUMNS}, leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)"
        );
        let values = vec![
            book.0.into(),
            import.number.into(),
            import.name.as_str().into(),
            import.digest.as_slice().into(),
            import.lines.into(),
            import.total.0.into(),
            import.actor.0.into(),
            import.confirmed_by.0.into(),
            (import.state as i64).into(),
            import.created_at.into(),
            import.changed_at.into(),
        ];
        let mut statements = vec![Statement::one(sql, values)];
        statements.extend(lines.iter().flat_map(|line| insert_line(book, import.number, line)));
        self.driver.write(statements).await
    }

    /// The next free import number, unless another process takes it first.
    pub async fn next_import_number(&self, book: BookId) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(max(number), 0) FROM import WHERE book = $1";
        self.next_number(sql, vec![book.0.into()], Floor::Numbers).await
    }

    /// The import with this number.
    pub async fn import(&self, book: BookId, number: i64) -> Result<Option<Import>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM import WHERE book = $1 AND number = $2");
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        row.as_ref().map(import).transpose()
    }

    /// A book's imports, newest first.
    pub async fn imports(&self, book: BookId, limit: i64) -> Result<Vec<Import>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM import WHERE book = $1 ORDER BY number DESC LIMIT $2");
        self.driver.query(sql, vec![book.0.into(), limit.into()]).await?.iter().map(import).collect()
    }

    /// Imports of the same file, newest first.
    pub async fn imports_of_file(&self, book: BookId, digest: &[u8; 32]) -> Result<Vec<Import>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM import WHERE book = $1 AND digest = $2 ORDER BY number DESC LIMIT 20"
        );
        self.driver
            .query(sql, vec![book.0.into(), digest.as_slice().into()])
            .await?
            .iter()
            .map(import)
            .collect()
    }

    /// Gives a running import's lease back; with `is_done`, all of it is paid. `false`: another lease follows this one, or the
    /// import runs no more; nothing was written.
    pub async fn release_import(
        &self,
        (book, number): (BookId, i64),
        lease: i64,
        is_done: bool,
        now: Micros,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE import SET state = $1, changed_at = $2, leased_until = 0, leased_by = 0 WHERE book = $3 \
             AND number = $4 AND state = {IMPORT_RUNNING} AND lease = $5 AND leased_until > 0"
        );
        let to = if is_done { ImportState::Done } else { ImportState::Running };
        let values = vec![(to as i64).into(), now.into(), book.0.into(), number.into(), lease.into()];
        self.touches_one(vec![Statement::one(sql, values)]).await
    }

    /// Moves an import from one state to another, with an audit entry where a person did it. `false`: it was not in the first
    /// one any more, and nothing was written.
    pub async fn move_import(
        &self,
        book: BookId,
        number: i64,
        (from, to): (ImportState, ImportState),
        confirmed_by: Actor,
        now: Micros,
        entry: Option<&NewAuditEntry>,
    ) -> Result<bool, Failure> {
        let sql = "UPDATE import SET state = $1, confirmed_by = $2, changed_at = $3, leased_until = 0, leased_by = 0 \
                   WHERE book = $4 AND number = $5 AND state = $6";
        let values = vec![
            (to as i64).into(),
            confirmed_by.0.into(),
            now.into(),
            book.0.into(),
            number.into(),
            (from as i64).into(),
        ];
        let statements = [Statement::one(sql, values)].into_iter().chain(entry.map(audit_log::note));
        match self.driver.write(statements.collect()).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Lets a draft be paid by a process that is no worker: no worker takes it, and only the one who began it ends it. `false`: it
    /// was no draft any more.
    pub async fn run_import_outside(
        &self,
        book: BookId,
        number: i64,
        confirmed_by: Actor,
        now: Micros,
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE import \
             SET state = {IMPORT_RUNNING}, confirmed_by = $1, changed_at = $2, leased_until = 9223372036854775807, \
             lease = lease + 1 \
             WHERE book = $3 AND number = $4 AND state = {IMPORT_DRAFT}"
        );
        let values = vec![confirmed_by.0.into(), now.into(), book.0.into(), number.into()];
        match self.driver.write(vec![Statement::one(sql, values), audit_log::note(entry)]).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Takes a running import that no worker has, until `until`; with it, the number of the lease.
    pub async fn lease_import(
        &self,
        worker: i64,
        (now, until): (Micros, Micros),
    ) -> Result<Option<(BookId, Import, i64)>, Failure> {
        let due = sql!(
            "SELECT {COLUMNS}, book, lease FROM import WHERE state = {IMPORT_RUNNING} AND leased_until <= $1 \
             ORDER BY book, number LIMIT 1"
        );
        let Some(row) = self.driver.query_one(due, vec![now.into()]).await? else { return Ok(None) };
        let (book, found, before) = (BookId(row.int(10)?), import(&row)?, row.int(11)?);
        let take = sql!(
            "UPDATE import SET leased_until = $1, leased_by = $2, lease = $3 WHERE book = $4 AND number = $5 \
             AND state = {IMPORT_RUNNING} AND lease = $6 AND leased_until <= $7"
        );
        let values = vec![
            until.into(),
            worker.into(),
            (before + 1).into(),
            book.0.into(),
            found.number.into(),
            before.into(),
            now.into(),
        ];
        let taken = self.touches_one(vec![Statement::one(take, values)]).await?;
        Ok(taken.then_some((book, found, before + 1)))
    }
}

pub(super) fn import(row: &Row) -> Result<Import, Failure> {
    let state = row.int(7)?;
    Ok(Import {
        number: row.int(0)?,
        name: row.text(1)?.to_owned(),
        digest: row.bytes(2)?.try_into().context("a file's digest has 32 bytes")?,
        lines: row.int(3)?,
        total: Cents(row.int(4)?),
        actor: Actor(row.int(5)?),
        confirmed_by: Actor(row.int(6)?),
        state: ImportState::ALL.into_iter().find(|of| *of as i64 == state).context("no such import state")?,
        created_at: row.int(8)?,
        changed_at: row.int(9)?,
    })
}
