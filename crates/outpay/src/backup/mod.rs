//! Backups: a folder with a snapshot of the whole database and a manifest, written alongside a running server, and
//! opened again before it counts as a backup. It never contains the master key. Not here: how an engine copies itself
//! (store/copies.rs), what follows a restore (recovery/).
//!
//! Invariant: a folder with a manifest holds a copy that was read back completely; a backup being written has another
//! name.

mod folder;
mod manifest;
mod schedule;

pub use manifest::{CopiedFile, Manifest, ManifestHead};
pub use schedule::{Retention, keep_newest, name_at};

use crate::audit::{self, AuditProgress, AuditReport, Outside};
use crate::auth::{self, Secrets};
use crate::clock::{Clock, rfc3339};
use crate::store::{self, DatabaseUrl, Failure, OpenCopy, Store};
use anyhow::Context;
use folder::BackupDraft;
use std::path::Path;

/// Up to this many entries a new backup is audited at once; above, `outpay verify` does it later.
const AUDITED_AT_ONCE: i64 = 200_000;

/// Why a backup was not written, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something that the operator can change.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The result of checking a backup.
pub struct Verified {
    pub manifest: Manifest,
    /// Result of the audit; `None` if it was skipped.
    pub report: Option<AuditReport>,
}

/// Writes a backup into the new folder `target`, then opens and checks it. A PostgreSQL copy is read back on the
/// server of `database`.
///
/// # Errors
/// When `target` exists, on a failure, or when the copy differs from the database; no folder is left then.
pub async fn write(
    store: &Store,
    database: &DatabaseUrl,
    secrets: &Secrets,
    clock: &Clock,
    target: &Path,
) -> Result<Verified, BackupError> {
    let engine = store.engine();
    let schema = store::newest_schema();
    let before = store.snapshot().await?.books().await?;
    let created_at = rfc3339(clock.now());
    let names = store::files_of_copy(engine, schema);
    let draft = BackupDraft::begin(target, &names)?;
    store.copy_into(draft.path()).await?;
    let copy = store::open_copy(engine, draft.path(), schema, Some(database)).await?;
    for book in before.iter().filter(|book| book.head.sequence > 0) {
        let copied = copy.snapshot.digest_of(book.id, book.head.sequence).await?;
        let is_same = copied == Some(book.head.chain);
        let (id, sequence) = (book.id.0, book.head.sequence);
        check(is_same, || format!("the copy lacks entry {sequence} of book {id}"))?;
    }
    let manifest = Manifest {
        format: manifest::FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        engine: engine.to_owned(),
        schema,
        epoch: copy.snapshot.epoch().await?,
        created_at,
        key_fingerprint: manifest::fingerprint(secrets),
        heads: heads(&copy).await?,
        files: folder::digests(draft.path(), names).await?,
    };
    let entries: i64 = manifest.heads.iter().map(ManifestHead::entries).sum();
    let report =
        if entries <= AUDITED_AT_ONCE { Some(audited(copy, secrets, &mut |_, _| {}).await?) } else { None };
    draft.finish(&manifest)?;
    Ok(Verified { manifest, report })
}

/// Checks a backup in full: every file against the manifest, every page or row, the newest entry of each book, and
/// the audit.
///
/// # Errors
/// When it is damaged, or belongs to another master key.
pub async fn verify(
    source: &Path,
    scratch: Option<&DatabaseUrl>,
    secrets: &Secrets,
    progress: AuditProgress<'_>,
) -> Result<Verified, BackupError> {
    let (manifest, copy) = open(source, scratch, secrets).await?;
    let report = Some(audited(copy, secrets, progress).await?);
    Ok(Verified { manifest, report })
}

/// Checks a backup and restores it to `database`, which must not exist yet. The new database is marked: no process
/// works on it until `outpay recover` has run.
///
/// # Errors
/// When there is a database already, or the backup cannot be used.
pub async fn restore(
    source: &Path,
    database: &DatabaseUrl,
    secrets: &Secrets,
) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(source)?;
    let fits = matches!(
        (database, manifest.engine.as_str()),
        (DatabaseUrl::Sqlite(_), "sqlite") | (DatabaseUrl::Postgres(_), "postgres")
    );
    let engine = &manifest.engine;
    check(fits, || format!("it is a backup of {engine}; name such a database with --database"))?;
    check_key(&manifest, secrets)?;
    if let DatabaseUrl::Sqlite(path) = database
        && let Some(there) = store::in_the_way(path)
    {
        let there = there.display();
        return Err(BackupError::Refused(format!(
            "{there} is there, and a log that is left over would undo the restore; move the old database away, together with \
             its files ending in -wal and -shm, and keep them until the recovery is done"
        )));
    }
    drop(open(source, Some(database), secrets).await?);
    let mark = (store::RECOVERY_MARK, manifest.created_at.as_bytes());
    store::restore_copy(source, manifest.schema, database, mark).await.map_err(refused)?;
    Ok(manifest)
}

/// Opens a backup whose files match its manifest, and whose books end where the manifest says.
async fn open(
    source: &Path,
    scratch: Option<&DatabaseUrl>,
    secrets: &Secrets,
) -> Result<(Manifest, OpenCopy), BackupError> {
    let manifest = Manifest::read(source)?;
    check_key(&manifest, secrets)?;
    folder::check_files(source, &manifest).await?;
    let copy = store::open_copy(&manifest.engine, source, manifest.schema, scratch).await.map_err(refused)?;
    check(heads(&copy).await? == manifest.heads, || {
        "its books do not end where its manifest says".to_owned()
    })?;
    let stored = copy.snapshot.setting("master_key_check").await?;
    let is_ours = stored.is_none_or(|stored| stored == secrets.check_value());
    check(is_ours, || "the database in it was made with another master key".to_owned())?;
    auth::check_versions(&copy.snapshot.master_keys().await?, secrets).map_err(refused)?;
    Ok((manifest, copy))
}

fn check_key(manifest: &Manifest, secrets: &Secrets) -> Result<(), BackupError> {
    check(manifest.key_fingerprint == manifest::fingerprint(secrets), || {
        "it was made with another master key; put the right one into the data folder first".to_owned()
    })
}

async fn heads(copy: &OpenCopy) -> Result<Vec<ManifestHead>, Failure> {
    let books = copy.snapshot.books().await?;
    Ok(books.iter().map(|book| ManifestHead::new(book.id, &book.head)).collect())
}

async fn audited(
    copy: OpenCopy,
    secrets: &Secrets,
    progress: AuditProgress<'_>,
) -> Result<AuditReport, BackupError> {
    let report = audit::of(copy.snapshot, secrets, &Outside::default(), progress)
        .await
        .context("auditing the copy")?;
    check(report.is_clean(), || {
        let first = report.differences.first();
        let first =
            first.map_or_else(String::new, |first| format!(", the first in {}: {}", first.place, first.what));
        format!("the audit of the copy found {} differences{first}", report.found)
    })?;
    Ok(report)
}

fn check(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), BackupError> {
    if holds { Ok(()) } else { Err(BackupError::Refused(sentence())) }
}

/// Everything wrong with a backup is for the operator to fix.
fn refused(failure: Failure) -> BackupError {
    BackupError::Refused(format!("{failure:#}"))
}
