//! The numbers under which workers hold leases, and whether a worker on this machine is alive: as long as it is, it holds
//! a lock on its own file in the data folder. On start, a process checks the files of all workers that hold leases (of
//! withdrawals, webhooks, mails or imports) and ends the leases of dead ones, instead of waiting for them to expire. A
//! worker on another machine has no file here; its leases expire. Not here: the leases themselves (store/leases.rs).

use crate::clock::Entropy;
use crate::store::{Failure, Store};
use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// In the data folder.
const FOLDER: &str = "workers";

/// The lock of a live worker; the operating system releases it however the process ends.
pub struct Presence {
    _locked: File,
    path: PathBuf,
}

/// A random number that identifies a worker: the one rule for all of them. Zero means none.
#[must_use]
pub fn number(entropy: &Entropy) -> i64 {
    let mut bytes = [0u8; 8];
    entropy.fill(&mut bytes);
    (i64::from_be_bytes(bytes) & i64::MAX).max(1)
}

/// Marks these workers as alive for as long as the returned values exist, and ends the leases of dead workers of this
/// machine.
///
/// # Errors
/// When the data folder cannot be written, or on a failure of the database.
pub async fn begin(data: &Path, store: &Store, workers: &[i64]) -> Result<Vec<Presence>, Failure> {
    let lives: Vec<Presence> =
        workers.iter().map(|worker| Presence::begin(data, *worker)).collect::<Result<_, _>>()?;
    let ended = take_back(data, store).await?;
    if ended > 0 {
        tracing::info!(leases = ended, "took back the leases of a worker that has died");
    }
    Ok(lives)
}

/// The same for a process that continues even if this fails.
pub async fn announce(data: &Path, store: &Store, workers: &[i64]) -> Vec<Presence> {
    begin(data, store, workers).await.unwrap_or_else(|failure| {
        let error = format!("{failure:#}");
        tracing::warn!(
            error,
            "presence not announced: if this process dies, its work waits until its leases expire"
        );
        Vec::new()
    })
}

/// Releases what a worker of this process held when its task failed, before the task starts again under its number. Where that
/// fails the leases run out.
pub async fn take_back_own(store: &Store, worker: i64) {
    match store.end_leases_of(worker).await {
        Ok(0) => {}
        Ok(leases) => tracing::info!(leases, "a background task that failed had work; it is taken back"),
        Err(failure) => {
            let error = format!("{failure:#}");
            tracing::warn!(
                error,
                "the work of a background task that failed waits for the end of its leases"
            );
        }
    }
}

impl Presence {
    /// Locks the worker's file.
    fn begin(data: &Path, worker: i64) -> Result<Self, Failure> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = path_of(data, worker);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot make {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { _locked: file, path })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // If deleting fails, the file is found unlocked, which means the same.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Ends the leases of dead workers; returns how many.
async fn take_back(data: &Path, store: &Store) -> Result<u64, Failure> {
    let mut ended = 0;
    for worker in store.lease_holders().await? {
        let path = path_of(data, worker);
        let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        ended += store.end_leases_of(worker).await?;
        drop(std::fs::remove_file(&path));
    }
    Ok(ended)
}

fn path_of(data: &Path, worker: i64) -> PathBuf {
    data.join(FOLDER).join(format!("{worker:x}.lock"))
}
