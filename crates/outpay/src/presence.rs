//! Whether a worker lives, for others on the same machine: as long as it does, a file of its own in the data folder is locked. A
//! start looks at the files of those that have leases, of withdrawals, webhooks, mails or imports, and takes back what the dead
//! had, instead of waiting for the leases' end. Of a worker on another machine there is no file here, and its leases run out.

use crate::clock::Entropy;
use crate::platform::Platform;
use crate::store::Failure;
use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// In the data folder.
const FOLDER: &str = "workers";

/// The lock of a worker that lives; the operating system gives it back however the process ends.
pub struct Presence {
    _locked: File,
    path: PathBuf,
}

/// A number that no other worker has. Zero stands for none.
#[must_use]
pub fn number(entropy: &Entropy) -> i64 {
    let mut bytes = [0u8; 8];
    entropy.fill(&mut bytes);
    (i64::from_be_bytes(bytes) & i64::MAX).max(1)
}

/// Says that these workers live, for as long as what it gives is kept, and takes back what dead ones of this machine had.
///
/// # Errors
/// When the data folder cannot be written, or the database breaks.
pub async fn begin(platform: &Platform, workers: &[i64]) -> Result<Vec<Presence>, Failure> {
    let lives: Vec<Presence> =
        workers.iter().map(|worker| Presence::begin(&platform.data, *worker)).collect::<Result<_, _>>()?;
    let ended = take_back(platform).await?;
    if ended > 0 {
        tracing::info!(leases = ended, "a worker that is gone had work; it is taken back");
    }
    Ok(lives)
}

/// The same for a process that works all the same where it fails.
pub async fn announce(platform: &Platform, workers: &[i64]) -> Vec<Presence> {
    begin(platform, workers).await.unwrap_or_else(|failure| {
        let error = format!("{failure:#}");
        tracing::warn!(error, "where this process dies, its work waits for the end of its leases");
        Vec::new()
    })
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
        // One that stays is found unlocked, which says the same.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Ends the leases of workers that are dead; how many there were.
async fn take_back(platform: &Platform) -> Result<u64, Failure> {
    let mut ended = 0;
    for worker in platform.store.lease_holders().await? {
        let path = path_of(&platform.data, worker);
        let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        ended += platform.store.end_leases_of(worker).await?;
        drop(std::fs::remove_file(&path));
    }
    Ok(ended)
}

fn path_of(data: &Path, worker: i64) -> PathBuf {
    data.join(FOLDER).join(format!("{worker:x}.lock"))
}
