//! SQLite's whole database as one file: written from one moment beside a busy writer, read again, and prepared for being
//! put in the place of a database. Not here: where copies lie and what is said of them (backup/).

use super::{Sqlite, connect};
use crate::store::Failure;
use crate::store::copies::MADE_AGAIN;
use crate::store::migrations::Migration;
use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

impl Sqlite {
    /// Writes one moment of the database into `file`, which must be there and empty. It is on disk when this returns.
    ///
    /// `VACUUM INTO` reads under one read transaction, so it ends however much is written meanwhile; the online backup
    /// API begins anew with every commit of another connection and never ends under load.
    pub(in crate::store) fn copy_into(&self, file: &Path) -> Result<(), Failure> {
        let connection = Connection::open_with_flags(
            self.path.as_path(),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(super::LONGEST_WAIT_FOR_A_WRITER)?;
        let name = file.to_str().context("the folder's name is not UTF-8")?;
        connection.execute("VACUUM INTO ?1", [name])?;
        // SQLite does not sync what it made this way.
        std::fs::File::open(file)?.sync_all()?;
        Ok(())
    }
}

/// Opens a copy to read, once its pages and references are known to be whole. Where it lacks migrations, it is brought up to
/// date in `scratch`, which must be an empty folder; the copy itself stays as it is.
pub(in crate::store) fn open_copy(
    file: &Path,
    missing: &[Migration],
    scratch: &Path,
) -> Result<Connection, Failure> {
    let connection = connect(file, true)?;
    check_integrity(&connection)?;
    if missing.is_empty() {
        return begin(connection);
    }
    let moved = scratch.join("outpay.db");
    std::fs::copy(file, &moved)?;
    let sqlite = Sqlite::open(&moved)?;
    for migration in missing {
        sqlite.migrate(migration)?;
    }
    begin(sqlite.reader()?)
}

fn begin(connection: Connection) -> Result<Connection, Failure> {
    connection.execute_batch("BEGIN; SELECT count(*) FROM book;")?;
    Ok(connection)
}

/// The last migration that a copy has seen.
pub(in crate::store) fn schema_of_copy(file: &Path) -> Result<i64, Failure> {
    Ok(connect(file, true)?.query_row("SELECT max(version) FROM migration", [], |row| row.get(0))?)
}

fn check_integrity(connection: &Connection) -> Result<(), Failure> {
    let first: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    anyhow::ensure!(first == "ok", "the database in it is damaged: {first}");
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let table: Option<String> = check.query([])?.next()?.map(|row| row.get(0)).transpose()?;
    anyhow::ensure!(
        table.is_none(),
        "a row of {} refers to a row that is not there",
        table.unwrap_or_default()
    );
    Ok(())
}

/// Puts a setting into a copy that is about to become a database, and empties what it makes again; durably and without a log beside it.
pub(in crate::store) fn mark_copy(file: &Path, name: &str, value: &[u8]) -> Result<(), Failure> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    anyhow::ensure!(mode == "delete", "SQLite kept the journal mode {mode}");
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        rusqlite::params![name, value],
    )?;
    for table in MADE_AGAIN {
        if connection.table_exists(None, table)? {
            connection.execute(&format!("DELETE FROM {table}"), [])?;
        }
    }
    connection.close().map_err(|(_, error)| error)?;
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrations;

    #[test]
    fn a_copy_of_an_older_program_is_brought_up_to_date_elsewhere() {
        let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sqlite = Sqlite::open(&folder.path().join("outpay.db")).unwrap();
        let schema = migrations::newest();
        migrations::until(schema).iter().for_each(|migration| sqlite.migrate(migration).unwrap());
        let copy = folder.path().join("copy.db");
        std::fs::write(&copy, "").unwrap();
        sqlite.copy_into(&copy).unwrap();
        let before = std::fs::read(&copy).unwrap();
        assert_eq!(schema_of_copy(&copy).unwrap(), schema);
        let newer = [migrations::one_more("ALTER TABLE business ADD COLUMN later {int} NOT NULL DEFAULT 7;")];
        let opened = open_copy(&copy, &newer, scratch.path()).unwrap();
        let number = |sql| opened.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("SELECT max(version) FROM migration"), schema + 1);
        assert_eq!(number("SELECT coalesce(max(later), 0) FROM business"), 0);
        assert_eq!(std::fs::read(&copy).unwrap(), before);
    }
}
