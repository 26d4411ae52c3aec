//! The whole database as files, and back: what backup/ builds on. Not here: the engines' own ways (sqlite/copy.rs,
//! postgres/copy.rs), manifests, folders.

use super::driver::{Driver, Value};
use super::{DatabaseUrl, Failure, Snapshot, Store, migrations, postgres, sqlite};
use crate::durable_file;
use anyhow::Context;
use ledger::{BookId, ChainDigest};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The one file of a copy of SQLite.
const SQLITE_FILE: &str = "outpay.db";

/// Tables that a restored database fills by itself, from the others: they are emptied, so that nothing is trusted that can be made again.
pub(super) const MADE_AGAIN: [&str; 4] =
    ["search_row", "search_posting", "search_cursor", "payment_reference"];

/// A copy that is open to read.
pub struct OpenCopy {
    /// What it holds.
    pub snapshot: Snapshot,
    /// Where an older one was brought up to date; gone with this.
    _scratch: TempDir,
}

/// The last migration that this program knows.
#[must_use]
pub fn newest_schema() -> i64 {
    migrations::newest()
}

/// The files of which a copy by this engine consists at this migration, in the order that restores.
#[must_use]
pub fn files_of_copy(engine: &str, schema: i64) -> Vec<String> {
    if engine == "sqlite" {
        return vec![SQLITE_FILE.to_owned()];
    }
    migrations::tables(schema).into_iter().map(postgres::file_of).collect()
}

impl Store {
    /// Writes one moment of the database into `files` of [`files_of_copy`], which must stand in `folder` and be empty. They
    /// are on disk when this returns. Goes on beside any number of writers and delays none.
    ///
    /// # Errors
    /// When the database breaks or the folder cannot be written.
    pub async fn copy_into(&self, folder: &Path) -> Result<(), Failure> {
        match &self.driver {
            Driver::Sqlite(sqlite) => {
                let (sqlite, file) = (sqlite.clone(), folder.join(SQLITE_FILE));
                tokio::task::spawn_blocking(move || sqlite.copy_into(&file)).await?
            }
            Driver::Postgres(postgres) => postgres.copy_into(folder).await.map(drop),
        }
    }
}

/// Opens a copy to read and checks that it is whole: on SQLite every page, on PostgreSQL every row under every constraint,
/// in temporary tables of a connection to `scratch`.
///
/// # Errors
/// When it is not whole, or was made by a newer program.
pub async fn open_copy(
    engine: &str,
    folder: &Path,
    schema: i64,
    scratch: Option<&DatabaseUrl>,
) -> Result<OpenCopy, Failure> {
    anyhow::ensure!(
        schema <= migrations::newest(),
        "a newer Outpay made it (migration {schema}); use that version or a later one"
    );
    let own = tempfile::tempdir()?;
    let snapshot = if engine == "sqlite" {
        let (file, folder) = (folder.join(SQLITE_FILE), own.path().to_owned());
        let open = move || {
            let found = sqlite::schema_of_copy(&file)?;
            anyhow::ensure!(found == schema, "the database in it is at migration {found}, not {schema}");
            sqlite::open_copy(&file, migrations::after(schema), &folder)
        };
        Snapshot::Sqlite(tokio::task::spawn_blocking(open).await??)
    } else {
        let Some(DatabaseUrl::Postgres(url)) = scratch else {
            anyhow::bail!(
                "a backup of PostgreSQL is read in temporary tables of a server; name one with --database postgres://…"
            );
        };
        Snapshot::Postgres(postgres::Postgres::open(&url.0).await?.open_copy(folder, schema).await?)
    };
    Ok(OpenCopy { snapshot, _scratch: own })
}

/// Puts a copy where `database` says, where nothing may be, marked with a setting that was not in it.
///
/// # Errors
/// When the target is not empty, or the copy cannot be read.
pub async fn restore_copy(
    folder: &Path,
    schema: i64,
    database: &DatabaseUrl,
    mark: (&str, &[u8]),
) -> Result<(), Failure> {
    match database {
        DatabaseUrl::Sqlite(path) => {
            let (source, path) = (folder.join(SQLITE_FILE), path.clone());
            let (name, value) = (mark.0.to_owned(), mark.1.to_owned());
            tokio::task::spawn_blocking(move || restore_file(&source, &path, &name, &value)).await?
        }
        DatabaseUrl::Postgres(url) => {
            let postgres = postgres::Postgres::open(&url.0).await?;
            anyhow::ensure!(
                postgres.is_empty().await?,
                "the database holds tables of Outpay's already; name an empty one with --database"
            );
            postgres.restore_copy(folder, schema, mark).await
        }
    }
}

/// A file that prevents a restore to this path: the database itself, or a left-over log, which SQLite would apply to the
/// restored file.
#[must_use]
pub fn in_the_way(path: &Path) -> Option<PathBuf> {
    ["", "-wal", "-shm", "-journal"]
        .map(|ending| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
        .into_iter()
        .find(|file| file.symlink_metadata().is_ok())
}

fn restore_file(source: &Path, path: &Path, name: &str, value: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    durable_file::create_folder(folder)?;
    // A file of another name, which nothing takes for the database until it is whole, marked and on disk.
    let draft = tempfile::Builder::new().prefix(".restoring-").tempfile_in(folder)?;
    std::fs::copy(source, draft.path()).with_context(|| format!("copying {}", source.display()))?;
    only_for_its_owner(draft.path())?;
    sqlite::mark_copy(draft.path(), name, value)?;
    if let Some(there) = in_the_way(path) {
        anyhow::bail!("{} is there", there.display());
    }
    draft.persist_noclobber(path)?;
    Ok(durable_file::sync_folder(folder)?)
}

/// `copy` brings the permissions of its source along.
fn only_for_its_owner(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl Snapshot {
    /// The digest of one entry.
    pub async fn digest_of(&self, book: BookId, sequence: i64) -> Result<Option<ChainDigest>, Failure> {
        let sql = "SELECT chain FROM journal WHERE book = $1 AND sequence = $2";
        let rows = self.query(sql, vec![book.0.into(), sequence.into()]).await?;
        let digest = rows.first().map(|row| row.bytes(0)?.try_into().context("a chain digest has 32 bytes"));
        digest.transpose()
    }

    /// The installation's epoch; 0 before the first recovery.
    pub async fn epoch(&self) -> Result<i64, Failure> {
        let rows = self.query("SELECT coalesce(max(number), 0) FROM epoch", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    pub async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let sql = "SELECT value FROM setting WHERE name = $1";
        let rows = self.query(sql, vec![Value::from(name)]).await?;
        rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }
}
