//! SQLite: one writer connection per process, a few read-only readers, durable settings checked at open. Not here:
//! the teller's load and save (teller.rs).
//!
//! Settings: WAL and `synchronous=FULL` (a commit is on disk before it returns), foreign keys on, no memory mapping
//! (an I/O error would be a crash), checkpoints only on request (they must not delay an answer).

mod connect;
mod copy;
mod deposits;
mod in_place;
mod orders;
mod statistics;
mod teller;

pub(super) use connect::{look, with_advice};
pub(super) use copy::{mark_copy, open_copy, schema_of_copy};
pub use teller::SqliteTeller;

use super::Failure;
use super::audit_log_chain::{self, LogHead};
use super::driver::{Row, Statement, Value, WriteError};
use super::fail_stop::FailStop;
use super::migrations::{Dialect, Migration};
use crate::clock::Clock;
use anyhow::Context;
use connect::{LONGEST_WAIT_FOR_A_WRITER, connect, create_private, log_of};
use in_place::InPlace;
use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, TransactionBehavior, params_from_iter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Below 3.51.3 a WAL database that several connections write and checkpoint could be corrupted.
const OLDEST_VERSION: i32 = 3_051_003;

/// Statements past the teller after which the log is moved into the database.
const WRITES_PER_CHECKPOINT: usize = 16_384;

/// A handle to one SQLite database.
#[derive(Clone)]
pub struct Sqlite {
    path: Arc<PathBuf>,
    writer: Arc<Mutex<Connection>>,
    /// Idle read-only connections.
    idle: Arc<Mutex<Vec<Connection>>>,
    /// Statements written past the teller since the last checkpoint.
    written: Arc<AtomicUsize>,
    /// The files as they lay there once the tables were up to date.
    in_place: Arc<OnceLock<InPlace>>,
    fail_stop: FailStop,
}

impl Sqlite {
    /// Opens or creates the database file, readable by its owner alone.
    ///
    /// # Errors
    /// When the bundled SQLite is too old or the file cannot be opened with durable settings.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let version = rusqlite::version_number();
        anyhow::ensure!(
            version >= OLDEST_VERSION,
            "SQLite {} is too old: 3.51.3 or newer is needed",
            rusqlite::version()
        );
        create_private(path)
            .with_context(|| format!("cannot create the database file {}", path.display()))?;
        let writer = connect(path, false)?;
        // A killed process may have left commits in the log that were never synced: what is read from there must not be answered
        // before it is durable. A checkpoint syncs the log, then moves it into the database.
        if std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0) {
            match checkpoint(&writer) {
                // Commands that read must work on a full disk; there is no room to move the log, but it can be synced.
                Err(failure) if is_full(&failure) => std::fs::File::open(log_of(path))?.sync_all()?,
                other => other?,
            }
        }
        Ok(Self {
            path: Arc::new(path.to_owned()),
            writer: Arc::new(Mutex::new(writer)),
            idle: Arc::default(),
            written: Arc::default(),
            in_place: Arc::default(),
            fail_stop: FailStop::new(),
        })
    }

    /// Bounds what the writer keeps of the file in this process's memory. Taken only as pages are touched, so a small
    /// database never takes it all. Without this it is 16 MiB, as for every reader.
    pub(super) fn set_page_cache(&self, mib: u32) -> Result<(), Failure> {
        let writer = self.writer.lock();
        let kib = -i64::from(mib) * 1024;
        writer.pragma_update(None, "cache_size", kib)?;
        let set: i64 = writer.query_row("PRAGMA cache_size", [], |row| row.get(0))?;
        anyhow::ensure!(set == kib, "SQLite did not accept a page cache of {mib} MiB");
        Ok(())
    }

    /// The teller's face of the writer connection.
    #[must_use]
    pub fn teller(&self, clock: Clock) -> SqliteTeller {
        let fail_stop = self.fail_stop.clone();
        SqliteTeller::new(Arc::clone(&self.writer), clock, Arc::clone(&self.in_place), fail_stop)
    }

    /// A read-only connection of its own, for a long read.
    pub(super) fn reader(&self) -> Result<Connection, Failure> {
        connect(&self.path, true)
    }

    /// Reads on the calling thread: every read of the platform is short by construction (by key, at most a page of
    /// rows), and handing it to another thread would cost several times what it takes.
    pub(super) fn query(&self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        let idle = self.idle.lock().pop();
        let connection = idle.map_or_else(|| self.reader(), Ok)?;
        let rows = query(&connection, sql, params)?;
        self.idle.lock().push(connection);
        Ok(rows)
    }

    pub(super) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>, WriteError> {
        let (writer, written) = (Arc::clone(&self.writer), Arc::clone(&self.written));
        let (in_place, fail_stop) = (Arc::clone(&self.in_place), self.fail_stop.clone());
        let work = move || {
            let mut connection = writer.lock();
            fail_stop.check()?;
            let counts = write(&mut connection, &statements).inspect_err(|error| {
                if let WriteError::Failure(failure) = error {
                    fail_stop.judge(failure);
                }
            })?;
            // The teller counts its own rows; these would otherwise let the log grow for ever.
            let is_due = written.fetch_add(statements.len(), Ordering::Relaxed) >= WRITES_PER_CHECKPOINT;
            let ended = in_place.get().map_or(Ok(()), InPlace::check).and_then(|()| match is_due {
                true => checkpoint(&connection),
                false => Ok(()),
            });
            ended.inspect_err(|failure| fail_stop.trip(failure))?;
            if is_due {
                written.store(0, Ordering::Relaxed);
            }
            Ok(counts)
        };
        tokio::task::spawn_blocking(work).await.context("a write was cut off")?
    }

    /// Runs a migration if it is not recorded yet; the write lock makes two starters take turns. Looks before it takes that
    /// lock, so that a start beside a busy writer does not wait for it.
    pub(super) fn migrate(&self, migration: &Migration) -> Result<(), Failure> {
        let version = migration.number;
        let mut writer = self.writer.lock();
        let is_done = |connection: &Connection| -> rusqlite::Result<bool> {
            let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migration'";
            let exists: i64 = connection.query_row(tables, [], |row| row.get(0))?;
            let recorded = "SELECT count(*) FROM migration WHERE version = ?1";
            Ok(exists == 1 && connection.query_row(recorded, [version], |row| row.get::<_, i64>(0))? == 1)
        };
        if is_done(&writer)? {
            return Ok(());
        }
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !is_done(&transaction)? {
            transaction.execute_batch(
                "CREATE TABLE IF NOT EXISTS migration (version INTEGER NOT NULL PRIMARY KEY) STRICT",
            )?;
            transaction.execute_batch(&migration.script(Dialect::Sqlite))?;
            transaction.execute("INSERT INTO migration (version) VALUES (?1)", [version])?;
        }
        Ok(transaction.commit()?)
    }

    /// What follows the last migration: the planner learns of the tables.
    pub(super) fn migrated(&self) -> Result<(), Failure> {
        statistics::settle(&mut self.writer.lock())?;
        let _looked_before = self.in_place.set(InPlace::look(&self.path)?);
        Ok(())
    }

    /// Has no durable write of this process failed?
    pub(super) fn fail_stop(&self) -> &FailStop {
        &self.fail_stop
    }

    /// Is the file at its path the one that is open?
    pub(super) fn check_in_place(&self) -> Result<(), Failure> {
        self.in_place.get().map_or(Ok(()), InPlace::check)
    }
}

/// Moves what is in the log into the database, as far as no reader needs it.
fn checkpoint(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

fn is_full(failure: &Failure) -> bool {
    let code = failure.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    code == Some(ErrorCode::DiskFull)
}

pub(super) fn query(connection: &Connection, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(sqlite_row(row)?);
    }
    Ok(found)
}

fn expect_one(touched: usize) -> Result<(), Failure> {
    anyhow::ensure!(touched == 1, "a row that was loaded is gone");
    Ok(())
}

fn sqlite_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let columns = 0..row.as_ref().column_count();
    Ok(Row(columns.map(|column| row.get_ref(column).map(value)).collect::<Result<_, _>>()?))
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // No column holds floats; a text cannot be anything but UTF-8, since it came in as a `String`.
        ValueRef::Real(_) => Value::Null,
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn write(connection: &mut Connection, statements: &[Statement]) -> Result<Vec<u64>, WriteError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(anyhow::Error::from)?;
    let mut counts = Vec::with_capacity(statements.len());
    for statement in statements {
        counts.push(execute(&transaction, statement)?);
    }
    if statements.iter().any(|statement| statement.writes_audit_log) {
        link_audit_log(&transaction)?;
    }
    transaction.commit().map_err(|error| WriteError::Failure(error.into()))?;
    Ok(counts)
}

fn execute(connection: &Connection, statement: &Statement) -> Result<u64, WriteError> {
    let touched = connection
        .prepare_cached(statement.sql)
        .and_then(|mut prepared| prepared.execute(params_from_iter(&statement.params)))
        .map_err(write_error)? as u64;
    if statement.expect.is_some_and(|expect| expect != touched) {
        return Err(WriteError::Conflict);
    }
    Ok(touched)
}

/// Inside a write transaction, which on SQLite is the only one there is.
fn link_audit_log(connection: &Connection) -> Result<(), WriteError> {
    let mut head = LogHead::of(query(connection, audit_log_chain::HEAD, &[])?.first())?;
    loop {
        let rows = query(connection, audit_log_chain::UNLINKED.as_str(), &[head.number.into()])?;
        let (statements, more) = head.extend(&rows)?;
        statements.iter().try_for_each(|statement| execute(connection, statement).map(drop))?;
        if !more {
            return Ok(());
        }
    }
}

fn write_error(error: rusqlite::Error) -> WriteError {
    match &error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::ConstraintViolation => {
            WriteError::Conflict
        }
        _ => WriteError::Failure(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Below FULL a commit that was answered is lost when the power goes.
    #[test]
    fn a_commit_is_on_disk_before_it_returns() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&folder.path().join("outpay.db")).unwrap();
        let setting = |name: &str| {
            let writer = sqlite.writer.lock();
            writer.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
        };
        assert_eq!(setting("synchronous"), rusqlite::types::Value::Integer(2), "FULL");
        assert_eq!(setting("journal_mode"), rusqlite::types::Value::Text("wal".to_owned()));
        assert_eq!(setting("wal_autocheckpoint"), rusqlite::types::Value::Integer(0));
    }

    /// A power cut after a kill: the log that was never synced is gone. What a process answers from must not lie there alone.
    #[test]
    fn what_a_killed_process_left_in_the_log_is_durable_once_the_database_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let first = Sqlite::open(&at("first.db")).unwrap();
        first
            .writer
            .lock()
            .execute_batch("CREATE TABLE kept (one INTEGER); INSERT INTO kept VALUES (7)")
            .unwrap();
        std::fs::copy(at("first.db"), at("killed.db")).unwrap();
        std::fs::copy(at("first.db-wal"), at("killed.db-wal")).unwrap();
        let opened = Sqlite::open(&at("killed.db")).unwrap();
        std::fs::copy(at("killed.db"), at("without_log.db")).unwrap();
        let found = Connection::open(at("without_log.db")).unwrap();
        assert_eq!(found.query_row("SELECT one FROM kept", [], |row| row.get(0)), Ok(7));
        drop(opened);
    }

    #[test]
    fn the_page_cache_is_as_large_as_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&folder.path().join("outpay.db")).unwrap();
        let kib = || sqlite.writer.lock().query_row("PRAGMA cache_size", [], |row| row.get(0));
        assert_eq!(kib(), Ok(-16 * 1024));
        sqlite.set_page_cache(64).unwrap();
        assert_eq!(kib(), Ok(-64 * 1024));
    }

    /// After a failed write nothing more is written, by no part of the process: the next fsync may say that all is well.
    #[tokio::test]
    async fn a_full_disk_ends_all_writing() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&folder.path().join("outpay.db")).unwrap();
        let write = |sql: &'static str| sqlite.write(vec![Statement::new(sql, Vec::new())]);
        write("CREATE TABLE kept (text BLOB)").await.unwrap();
        assert!(write("INSERT INTO nowhere VALUES (1)").await.is_err());
        assert!(!sqlite.fail_stop().is_tripped(), "a wrong statement says nothing of the disk");
        let pages = |limit: i64| {
            sqlite
                .writer
                .lock()
                .query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))
                .unwrap();
        };
        pages(1);
        assert!(write("INSERT INTO kept VALUES (zeroblob(100000))").await.is_err());
        sqlite.fail_stop().tripped().await;
        pages(1_000_000);
        assert!(write("INSERT INTO kept VALUES (zeroblob(10))").await.is_err());
        let teller = sqlite.teller(Clock::System).load(&crate::store::Needs::default());
        assert!(teller.is_err());
        assert!(sqlite.query("SELECT count(*) FROM kept", &[]).is_ok(), "reading goes on");
    }
}
