//! How a connection to an SQLite file is made: its settings, the file itself, and what to do where the disk is full.

use super::Failure;
use crate::durable_file;
use anyhow::Context;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a writer waits for another process's transaction before it fails.
pub(super) const LONGEST_WAIT_FOR_A_WRITER: Duration = Duration::from_secs(30);

pub(super) fn connect(path: &Path, read_only: bool) -> Result<Connection, Failure> {
    let access = if read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    let mut connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .with_context(|| format!("cannot open the database {}", path.display()))?;
    connection.busy_timeout(LONGEST_WAIT_FOR_A_WRITER)?;
    // Without this a prepared statement is compiled anew whenever another value is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(256);
    connection
        .execute_batch("PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;")?;
    if read_only {
        connection.execute_batch("PRAGMA query_only = ON;")?;
        return Ok(connection);
    }
    // Waiting in steps of a millisecond: the writer of another process leaves only short gaps when it is busy.
    connection.busy_handler(Some(|tries: i32| {
        std::thread::sleep(Duration::from_millis(1));
        u128::from(tries.unsigned_abs()) < LONGEST_WAIT_FOR_A_WRITER.as_millis()
    }))?;
    let mode = switch_to_wal(&connection)?;
    anyhow::ensure!(
        mode == "wal",
        "the file system of {} does not allow WAL (it answered {mode})",
        path.display()
    );
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;",
    )?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    anyhow::ensure!(synchronous == 2, "SQLite did not accept synchronous=FULL");
    Ok(connection)
}

/// A connection that only reads, of a file that is there.
pub(in crate::store) fn look(path: &Path) -> Result<Connection, Failure> {
    connect(path, true)
}

/// Asks again while another process is at it: for the change of a new file's mode SQLite does not call the busy handler.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<String> {
    let mut waited = Duration::ZERO;
    loop {
        let asked = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match asked {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && waited < LONGEST_WAIT_FOR_A_WRITER =>
            {
                std::thread::sleep(Duration::from_millis(1));
                waited += Duration::from_millis(1);
            }
            other => return other,
        }
    }
}

/// On a full disk there is no room for the log's index, unless a process that ended by itself has left it.
pub(in crate::store) fn with_advice(failure: Failure) -> Failure {
    let error = failure.chain().find_map(|cause| cause.downcast_ref::<rusqlite::Error>()?.sqlite_error());
    if error.is_none_or(|error| error.extended_code != rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return failure;
    }
    failure.context("the disk is full: free 64 KiB beside the database and try again")
}

pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

#[cfg(unix)]
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        durable_file::create_folder(folder)?;
    }
    let is_new = !path.exists();
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    // SQLite syncs the names of the files that it makes, and this one was not made by it.
    if is_new { durable_file::sync_name(path) } else { Ok(()) }
}

#[cfg(not(unix))]
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}
